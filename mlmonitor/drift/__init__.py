"""Drift: what a tally has counted against the reference profile, in NumPy and SciPy."""

from __future__ import annotations

from mlmonitor.drift.compare import compare
from mlmonitor.drift.files import drift_files, drift_frames
from mlmonitor.drift.report import ColumnReport, Report, json_schema
from mlmonitor.drift.scrape import Identity, from_metrics, window
from mlmonitor.drift.table import table
from mlmonitor.thresholds import Thresholds

__all__ = [
    "ColumnReport",
    "Identity",
    "Report",
    "Thresholds",
    "compare",
    "drift_files",
    "drift_frames",
    "from_metrics",
    "json_schema",
    "table",
    "window",
]
