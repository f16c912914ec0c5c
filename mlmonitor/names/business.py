"""Series that are recorded of business metrics, for their alerts."""

from __future__ import annotations

from typing import Final

from mlmonitor.names.records import RECORDS, Record

BUSINESS_STATISTIC: Final = "mlmonitor:business:statistic"
BUSINESS_LOWER: Final = "mlmonitor:business:lower"
BUSINESS_UPPER: Final = "mlmonitor:business:upper"
_LABELS: Final = ("model", "metric", "severity")

RECORDS.update(
    (record.name, record)
    for record in (
        Record(
            BUSINESS_STATISTIC,
            "What is judged of a business metric; of a gauge each segment's.",
            (*_LABELS, "segment"),
            declared=True,
        ),
        Record(BUSINESS_LOWER, "Smaller values of it alert.", _LABELS, declared=True),
        Record(BUSINESS_UPPER, "Larger values of it alert.", _LABELS, declared=True),
    )
)
