"""Every series that a recording rule makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlmonitor.names.labels import COLUMN, IDENTITY


@dataclass(frozen=True)
class Record:
    """One series that a recording rule makes: its name, help text and labels.

    The scope labels of the configuration come in addition, and `window` where a window is covered.
    """

    name: str
    help: str
    labels: tuple[str, ...]


MODEL_COLUMNS: Final = "mlmonitor:model:columns"

_WINDOW: Final = (*COLUMN, "window")
_REFERENCE_MODEL: Final = (*IDENTITY, "reference")
_MODEL_WINDOW: Final = (*_REFERENCE_MODEL, "window")
_TEST: Final = (*_WINDOW, "test")

RECORDS: Final[dict[str, Record]] = {
    record.name: record
    for record in (
        Record("mlmonitor:column_rows:increase", "Rows in the last step.", _WINDOW),
        Record("mlmonitor:column_missing:increase", "Missing values in the last step.", _WINDOW),
        Record(
            "mlmonitor:column_cumulative:increase",
            "Values at or below an upper edge in the last step.",
            (*_WINDOW, "lower", "upper"),
        ),
        Record(
            "mlmonitor:column_category:increase",
            "Values of a category in the last step.",
            (*_WINDOW, "category"),
        ),
        Record(
            "mlmonitor:column_deviation:increase",
            "Distances from the reference mean summed over the last step.",
            (*_WINDOW, "direction"),
        ),
        Record(
            "mlmonitor:column_squared_deviation:increase",
            "Squared distances from the reference mean summed over the last step.",
            _WINDOW,
        ),
        Record(
            "mlmonitor:column_nonzero:increase", "Values other than zero in the last step.", _WINDOW
        ),
        Record("mlmonitor:reference_rows:max", "Rows of the reference.", COLUMN),
        Record("mlmonitor:reference_missing:ratio", "Missing share of the reference.", COLUMN),
        Record("mlmonitor:reference_values:count", "Rows of the reference with a value.", COLUMN),
        Record("mlmonitor:reference_spread:bool", "1 where the reference values vary.", COLUMN),
        Record("mlmonitor:reference_nonzero:ratio", "Non-zero share of the reference.", COLUMN),
        Record(
            "mlmonitor:reference_cumulative:ratio",
            "Share of reference values at or below an upper edge.",
            (*COLUMN, "lower", "upper"),
        ),
        Record(
            "mlmonitor:reference_category:ratio",
            "Share of reference values in a category.",
            (*COLUMN, "category"),
        ),
        Record("mlmonitor:reference_bins:count", "Bins or categories of the reference.", COLUMN),
        Record(
            "mlmonitor:reference_share:smoothed",
            "Smoothed share of the reference in a bin or category.",
            (*COLUMN, "lower", "category"),
        ),
        Record(MODEL_COLUMNS, "Columns that are counted.", _REFERENCE_MODEL),
        Record("mlmonitor:model:threshold_psi", "PSI that is too large.", _REFERENCE_MODEL),
        Record("mlmonitor:model:threshold_ks", "KS that is too large.", _REFERENCE_MODEL),
        Record(
            "mlmonitor:model:threshold_mean_shift",
            "Mean shift that is too large.",
            _REFERENCE_MODEL,
        ),
        Record(
            "mlmonitor:model:threshold_missing",
            "Change of the missing share that is too large.",
            _REFERENCE_MODEL,
        ),
        Record(
            "mlmonitor:model:threshold_nonzero",
            "Change of the non-zero share that is too large.",
            _REFERENCE_MODEL,
        ),
        Record("mlmonitor:model:threshold_alpha", "False discovery rate.", _REFERENCE_MODEL),
        Record(
            "mlmonitor:model:threshold_minimum_rows", "Rows needed for a verdict.", _REFERENCE_MODEL
        ),
        Record("mlmonitor:column_rows:sum", "Rows.", _WINDOW),
        Record("mlmonitor:column_missing:sum", "Missing values.", _WINDOW),
        Record(
            "mlmonitor:column_cumulative:sum",
            "Values at or below an upper edge.",
            (*_WINDOW, "lower", "upper"),
        ),
        Record("mlmonitor:column_category:sum", "Values of a category.", (*_WINDOW, "category")),
        Record(
            "mlmonitor:column_deviation:sum",
            "Distances from the reference mean, summed.",
            (*_WINDOW, "direction"),
        ),
        Record(
            "mlmonitor:column_squared_deviation:sum",
            "Squared distances from the reference mean, summed.",
            _WINDOW,
        ),
        Record("mlmonitor:column_nonzero:sum", "Values other than zero.", _WINDOW),
        Record("mlmonitor:column_values:sum", "Rows that hold a value.", _WINDOW),
        Record(
            "mlmonitor:column_share:ratio",
            "Share of a bin or category over its share in the reference, both smoothed.",
            (*_WINDOW, "lower", "category"),
        ),
        Record("mlmonitor:column:noise", "1/n + 1/m of n values and m in the reference.", _WINDOW),
        Record("mlmonitor:column:psi", "Population stability index.", _WINDOW),
        Record("mlmonitor:column:psi_noise", "PSI to expect without drift.", _WINDOW),
        Record("mlmonitor:column:js", "Jensen-Shannon distance of the categories.", _WINDOW),
        Record("mlmonitor:column:ks", "Kolmogorov-Smirnov distance of the bins.", _WINDOW),
        Record("mlmonitor:column:ks_tail", "First term of Kolmogorov's series.", _WINDOW),
        Record("mlmonitor:column:chi2", "Chi-square of the categories.", _WINDOW),
        Record("mlmonitor:column:chi2_df", "Degrees of freedom of chi-square.", _WINDOW),
        Record("mlmonitor:column:missing_ratio", "Missing share.", _WINDOW),
        Record("mlmonitor:column:mean_shift", "Mean in reference deviations.", _WINDOW),
        Record("mlmonitor:column:variance_ratio", "Variance over the reference's.", _WINDOW),
        Record("mlmonitor:column:mean_error", "Squared standard error of the mean shift.", _WINDOW),
        Record("mlmonitor:column:mean_df", "Degrees of freedom of Welch's test.", _WINDOW),
        Record("mlmonitor:column:mean_distance", "Squared normal deviate, first order.", _WINDOW),
        Record("mlmonitor:column_test:share_shift", "Share less the reference's, by test.", _TEST),
        Record("mlmonitor:column_test:share_error", "Squared standard error of that.", _TEST),
        Record("mlmonitor:column_test:z", "Normal deviate of a test.", _TEST),
        Record("mlmonitor:column_test:tail", "Normal tail beyond its distance from 0.", _TEST),
        Record("mlmonitor:column_test:p_value", "P-value of a test.", _TEST),
        Record(
            "mlmonitor:column_test:effect", "Effect over its threshold; above 1 is large.", _TEST
        ),
        Record("mlmonitor:column:p_value", "Smallest p-value times the number of tests.", _WINDOW),
        Record("mlmonitor:column:p_value_rank", "That in units of the first limit.", _WINDOW),
        Record("mlmonitor:column:drifted", "1 with a large effect and evidence, else 0.", _WINDOW),
        Record("mlmonitor:model:tested_columns", "Columns with enough rows.", _MODEL_WINDOW),
        Record("mlmonitor:model:p_value_limit", "P-value that counts as evidence.", _MODEL_WINDOW),
        Record("mlmonitor:model:drifted_columns", "Columns that drifted.", _MODEL_WINDOW),
    )
}
