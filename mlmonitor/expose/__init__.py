"""`/metrics`: what the monitors of a registry have counted, for Prometheus to scrape."""

from __future__ import annotations

from mlmonitor.expose.apps import asgi_app, wsgi_app
from mlmonitor.expose.budget import (
    Cardinality,
    ColumnCardinality,
    business_series,
    cardinality,
    left_out,
    record_series,
)
from mlmonitor.expose.collector import register, render, unregister
from mlmonitor.expose.server import start_server
from mlmonitor.expose.source import Source

__all__ = [
    "Cardinality",
    "ColumnCardinality",
    "Source",
    "asgi_app",
    "business_series",
    "cardinality",
    "left_out",
    "record_series",
    "register",
    "render",
    "start_server",
    "unregister",
    "wsgi_app",
]
