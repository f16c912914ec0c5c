"""What is counted of the records of predictions."""

from __future__ import annotations

from typing import Final

from mlmonitor.names.labels import IDENTITY
from mlmonitor.names.metrics import metric

# Reasons for which a record is not where it should be.
RECORD_BUILD: Final = "build"
RECORD_WRITE: Final = "write"
RECORD_VANISHED: Final = "vanished"
RECORD_UNSHIPPED: Final = "unshipped"
RECORD_EXPIRED: Final = "expired"
RECORD_QUEUE: Final = "queue"
RECORD_DROP_REASONS: Final = (
    RECORD_BUILD, RECORD_WRITE, RECORD_VANISHED, RECORD_UNSHIPPED, RECORD_EXPIRED, RECORD_QUEUE,
)  # fmt: skip
"""It could not be made; its writer refused it; its file was deleted by others; it was deleted for
`max_disk` before it was shipped, or where nobody ships; the queue was full."""

CUT_FIELD: Final = "field"
CUT_RECORD: Final = "record"
CUT_REASONS: Final = (CUT_FIELD, CUT_RECORD)
"""A value was too long, or all of them together."""

SENSITIVE_MARKED: Final = "marked"
SENSITIVE_KINDS: Final = (
    SENSITIVE_MARKED, "email", "phone", "card", "iban", "national_id", "api_key", "jwt", "private_key",
)  # fmt: skip
"""What was found in a text; `marked` is a column that the configuration marks."""
SENSITIVE_ELSEWHERE: Final = "message"
"""Stands for a column where a message or an unexpected column held it."""

LOGGED = metric(
    "counter", "mlmonitor_log_records_total", "Records of predictions written.", IDENTITY
)
LOG_SAMPLED_OUT = metric(
    "counter",
    "mlmonitor_log_sampled_out_total",
    "Predictions not recorded because they are not in the sample.",
    IDENTITY,
)
LOG_DROPPED = metric(
    "counter",
    "mlmonitor_log_dropped_total",
    "Records of predictions that are lost, by reason.",
    (*IDENTITY, "reason"),
)
LOG_CUT = metric(
    "counter",
    "mlmonitor_log_cut_total",
    "Records of predictions with values cut to size, by what was too large.",
    (*IDENTITY, "reason"),
)
SENSITIVE = metric(
    "counter",
    "mlmonitor_sensitive_total",
    "Values that were masked, hashed or dropped before they were written, by what they held.",
    (*IDENTITY, "kind", "column"),
)

RECORD_METRICS: Final = (LOGGED, LOG_SAMPLED_OUT, LOG_DROPPED, LOG_CUT, SENSITIVE)
