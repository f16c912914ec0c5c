"""Records of predictions as structured logs, and the ids that tie other log lines to them."""

from mlmonitor.logs.context import bind, carried, prediction_id
from mlmonitor.logs.recorder import Recorder, sensitive_columns
from mlmonitor.logs.service import configure, processor
from mlmonitor.logs.settings import LogSettings

__all__ = [
    "LogSettings",
    "Recorder",
    "bind",
    "carried",
    "configure",
    "prediction_id",
    "processor",
    "sensitive_columns",
]
