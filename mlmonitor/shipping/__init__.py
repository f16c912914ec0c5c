"""Shipping records to Elasticsearch: from files without loss or doubles, or straight from a service."""

from mlmonitor.shipping.handler import ElasticsearchHandler

__all__ = ["ElasticsearchHandler"]
