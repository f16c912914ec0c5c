"""Elasticsearch's side of the records: templates, lifecycle, roles."""

from mlmonitor.generate.elastic.objects import Kind, Object, files, objects

__all__ = ["Kind", "Object", "files", "objects"]
