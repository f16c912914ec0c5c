"""The questions about single predictions: answered from files of records, or from Elasticsearch."""
