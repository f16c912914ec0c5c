"""Shipping records to Elasticsearch: from files without loss or doubles, or straight from a service."""
