"""Kibana's saved objects: data views, searches, dashboards."""

from mlmonitor.generate.kibana.objects import FILE, files, ndjson, saved_objects

__all__ = ["FILE", "files", "ndjson", "saved_objects"]
