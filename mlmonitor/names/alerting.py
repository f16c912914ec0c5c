"""Series that are recorded from `monitoring.yaml`, for alerts and dashboards."""

from __future__ import annotations

from typing import Final

from mlmonitor.names.labels import COLUMN, IDENTITY
from mlmonitor.names.records import RECORDS, Record

ALERT_THRESHOLD: Final = "mlmonitor:model:alert_threshold"
SLO_AVAILABILITY: Final = "mlmonitor:model:slo_availability"
SLO_LATENCY_EDGE: Final = "mlmonitor:model:slo_latency_edge"
SLO_LATENCY_OBJECTIVE: Final = "mlmonitor:model:slo_latency_objective"
IMPORTANCE: Final = "mlmonitor:column:importance"
TEST_EFFECT: Final = "mlmonitor:column_test:effect"
COLUMN_DRIFTED: Final = "mlmonitor:column:drifted"
DEPENDENCY_UP: Final = "mlmonitor:dependency:up"
DEPENDENCY_AGE: Final = "mlmonitor:dependency:age_ratio"
DEPENDENCY_CHANGED: Final = "mlmonitor:dependency:changes"
_DEPENDENCY: Final = (*IDENTITY, "dependency")

RECORDS.update(
    (record.name, record)
    for record in (
        Record(ALERT_THRESHOLD, "Threshold of an alert for a model.", (*IDENTITY, "alert")),
        Record(SLO_AVAILABILITY, "Share of calls that must not raise.", IDENTITY),
        Record(SLO_LATENCY_EDGE, "1 at the bucket of quick calls.", (*IDENTITY, "le")),
        Record(SLO_LATENCY_OBJECTIVE, "Share of calls that must be quick.", IDENTITY),
        Record(IMPORTANCE, "Weight of a column when the worst are named.", COLUMN),
        Record(DEPENDENCY_UP, "1 while an upstream is there.", _DEPENDENCY, declared=True),
        Record(
            DEPENDENCY_AGE,
            "Age of an upstream's last update over the age that is allowed.",
            _DEPENDENCY,
            declared=True,
        ),
        Record(
            DEPENDENCY_CHANGED,
            "Changes of what should stay the same, in an hour.",
            _DEPENDENCY,
            declared=True,
        ),
    )
)
