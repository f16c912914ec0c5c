"""Series that are recorded of what arrived lately, for alerts on broken columns."""

from __future__ import annotations

from typing import Final

from mlmonitor.names.labels import COLUMN, IDENTITY
from mlmonitor.names.records import RECORDS, Record

_RECENT: Final = (*COLUMN, "window")

RECORDS.update(
    (record.name, record)
    for record in (
        Record(
            "mlmonitor:column_invalid:increase",
            "Invalid values in the last step, by reason.",
            (*_RECENT, "reason"),
        ),
        Record(
            "mlmonitor:model_unexpected:increase",
            "Values in the last step under a name that the reference lacks.",
            (*IDENTITY, "reference", "side", "window"),
        ),
        Record("mlmonitor:reference_mean:max", "Mean of the reference.", COLUMN),
        Record(
            "mlmonitor:reference_extreme:ratio",
            "Distance of the farthest value of the reference from its mean, in deviations.",
            COLUMN,
        ),
        Record("mlmonitor:column_recent:rows", "Rows lately.", _RECENT),
        Record("mlmonitor:column_recent:effective", "Rows lately that count as evidence.", _RECENT),
        Record("mlmonitor:column_recent:values", "Rows lately that hold a value.", _RECENT),
        Record("mlmonitor:column_recent:missing_ratio", "Missing share lately.", _RECENT),
        Record(
            "mlmonitor:column_recent:missing_errors",
            "Missing share lately above the reference's, in standard errors of that.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:invalid_ratio",
            "Share of rows lately that are invalid, by reason.",
            (*_RECENT, "reason"),
        ),
        Record("mlmonitor:column_recent:unseen_ratio", "Unseen share lately.", _RECENT),
        Record(
            "mlmonitor:column_recent:top_ratio", "Share of the commonest category lately.", _RECENT
        ),
        Record(
            "mlmonitor:column_recent:mean_shift", "Mean lately in reference deviations.", _RECENT
        ),
        Record(
            "mlmonitor:column_recent:spread_ratio",
            "Standard deviation lately over the reference's.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:design_effect",
            "Rows with a value lately that are worth one row of evidence.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:least_shift",
            "Mean lately, in reference deviations, that a few values at its extreme do not explain.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:least_spread",
            "Deviation lately, over the reference's, that a few values at its extreme do not explain.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:mean_errors",
            "Distance of the mean lately from the reference's in standard errors.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_recent:implausible",
            "1 where chance does not explain mean or range lately.",
            _RECENT,
        ),
        Record("mlmonitor:column_recent:mean_ratio", "Mean lately over the reference's.", _RECENT),
        Record(
            "mlmonitor:column_recent:factor",
            "What values were multiplied by lately; 0 unknown, 32 and -32 Celsius and Fahrenheit.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_lately:missing_excess",
            "Missing share above the reference's where it is surely more, in the last hour or in six.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_lately:unseen_ratio",
            "Unseen share of enough values, in the last hour or in six.",
            _RECENT,
        ),
        Record(
            "mlmonitor:column_lately:invalid_ratio",
            "Share of enough rows that are invalid, by reason, in the last hour or in six.",
            (*_RECENT, "reason"),
        ),
    )
)
