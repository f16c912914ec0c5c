"""Elasticsearch's side of the records: templates, lifecycle, roles."""

from mlmonitor.generate.elastic.generated import OWNED
from mlmonitor.generate.elastic.objects import Kind, Object, files, objects

__all__ = ["OWNED", "Kind", "Object", "files", "objects"]
