"""What shipping records to Elasticsearch tells of itself."""

from __future__ import annotations

from typing import Final

from mlmonitor.names.metrics import metric

SHIPPING_RECORDS = metric(
    "counter",
    "mlmonitor_shipping_records_total",
    "Records that are done with: shipped, present (there already) or dead_letter (refused).",
    ("outcome",),
)
SHIPPING_RETRIES = metric(
    "counter",
    "mlmonitor_shipping_retries_total",
    "Requests that have to be made again, by what went wrong.",
    ("reason",),
)
SHIPPING_DROPPED = metric(
    "counter",
    "mlmonitor_shipping_dropped_records_total",
    "Records that the direct handler could not keep, by reason.",
    ("reason",),
)
SHIPPING_LAG_BYTES = metric(
    "gauge",
    "mlmonitor_shipping_lag_bytes",
    "Bytes in files or in the queue that are not shipped yet.",
    (),
    "bytes",
)
SHIPPING_LAG_SECONDS = metric(
    "gauge",
    "mlmonitor_shipping_lag_seconds",
    "Time for which the record at the head has been waiting; 0 with nothing to ship.",
    (),
    "seconds",
)
SHIPPING_FILES = metric("gauge", "mlmonitor_shipping_files", "Files that are followed.", ())

SHIPPED: Final = "shipped"
PRESENT: Final = "present"
DEAD_LETTER: Final = "dead_letter"
SHIPPING_OUTCOMES: Final = (SHIPPED, PRESENT, DEAD_LETTER)

RETRY_REASONS: Final = (
    "connection", "timeout", "too_large", "too_many_requests", "unavailable", "refused", "other",
)  # fmt: skip
DROP_QUEUE: Final = "queue_full"
DROP_SPOOL: Final = "spool_full"
DROP_EXIT: Final = "exit"
DROP_REJECTED: Final = "rejected"
DROP_BROKEN: Final = "broken"
SHIPPING_DROP_REASONS: Final = (
    DROP_QUEUE, DROP_SPOOL, DROP_EXIT, DROP_REJECTED, DROP_BROKEN,
)  # fmt: skip
