"""Monitoring for machine-learning models, as code.

Put a `Monitor` around a model, expose `/metrics`, and let Prometheus compute the rest.
"""

from __future__ import annotations

from mlmonitor.calls import Prediction
from mlmonitor.errors import MlmonitorError
from mlmonitor.expose import asgi_app, start_server, wsgi_app
from mlmonitor.monitor import Monitor
from mlmonitor.provenance import fingerprint
from mlmonitor.reference import Reference

__version__ = "0.1.0"

__all__ = [
    "MlmonitorError",
    "Monitor",
    "Prediction",
    "Reference",
    "__version__",
    "asgi_app",
    "fingerprint",
    "start_server",
    "wsgi_app",
]
