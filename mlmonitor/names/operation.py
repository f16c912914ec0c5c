"""Series that are recorded of calls, for alerts on the service."""

from __future__ import annotations

from mlmonitor.names.labels import IDENTITY
from mlmonitor.names.records import RECORDS, Record

RECORDS.update(
    (record.name, record)
    for record in (
        Record(
            "mlmonitor:model_target:info",
            "Targets that expose a model, or did and do not answer now, without fallbacks; the value is 1.",
            (*IDENTITY, "instance", "job"),
        ),
        Record(
            "mlmonitor:model_job:info",
            "Jobs whose targets expose a model, or did and do not answer now; the value is 1.",
            (*IDENTITY, "job"),
        ),
        Record("mlmonitor:model_calls:increase", "Calls in the last step.", IDENTITY),
        Record(
            "mlmonitor:model_calls:expected",
            "Calls in the half hour that ended a week ago, or a day ago if the model is younger.",
            ("model",),
        ),
        Record(
            "mlmonitor:model_drained:info",
            "Versions that got no call in two hours, while another version in their role did; the value is 1.",
            IDENTITY,
        ),
        Record("mlmonitor:model_errors:increase", "Calls that raised in the last step.", IDENTITY),
        Record(
            "mlmonitor:model_slow:increase",
            "Calls in the last step that took longer than the objective.",
            IDENTITY,
        ),
        Record(
            "mlmonitor:model_errors:ratio",
            "Share of the calls of a step that raised; a step without calls has none.",
            IDENTITY,
        ),
        Record(
            "mlmonitor:model_slow:ratio",
            "Share of the calls of a step that took longer than the objective; a step without calls has none.",
            IDENTITY,
        ),
        Record("mlmonitor:model_busy:increase", "Seconds of calls in the last step.", IDENTITY),
    )
)
