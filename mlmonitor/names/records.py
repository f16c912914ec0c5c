"""Every series that a recording rule makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlmonitor.names.labels import COLUMN, IDENTITY


@dataclass(frozen=True)
class Record:
    """One series that a recording rule makes: its name, help text and labels.

    The scope labels of the configuration come in addition, and `window` where a window is covered.
    What is `declared` is recorded only of models for which monitoring.yaml declares it.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    declared: bool = False


MODEL_COLUMNS: Final = "mlmonitor:model:columns"

_WINDOW: Final = (*COLUMN, "window")
_REFERENCE_MODEL: Final = (*IDENTITY, "reference")
_MODEL_WINDOW: Final = (*_REFERENCE_MODEL, "window")
_BASELINE: Final = (*COLUMN, "baseline", "window")
_TEST: Final = (*_WINDOW, "test")
_COMPARED: Final = (*_WINDOW, "baseline")
_COMPARED_TEST: Final = (*_COMPARED, "test")
_FAMILY: Final = (*_MODEL_WINDOW, "baseline", "side_group")

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
        Record("mlmonitor:reference_deviation:max", "Deviation of the reference.", COLUMN),
        Record("mlmonitor:reference_values:count", "Rows of the reference with a value.", COLUMN),
        Record(
            "mlmonitor:reference_category:ratio",
            "Share of reference values in a category.",
            (*COLUMN, "category"),
        ),
        Record("mlmonitor:reference_bins:count", "Bins or categories of the reference.", COLUMN),
        Record(MODEL_COLUMNS, "Columns that are counted.", _REFERENCE_MODEL),
        Record(
            "mlmonitor:model:previous_windows",
            "Windows that the baseline `previous` holds.",
            (*_MODEL_WINDOW, "baseline"),
        ),
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
        Record(
            "mlmonitor:model:threshold_alpha",
            "False discovery rate.",
            (*_MODEL_WINDOW, "side_group"),
        ),
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
            (*_COMPARED, "lower", "category"),
        ),
        Record(
            "mlmonitor:column:noise", "1/n + 1/m of n values and m in the reference.", _COMPARED
        ),
        Record("mlmonitor:column:psi", "Population stability index.", _COMPARED),
        Record("mlmonitor:column:psi_noise", "PSI to expect without drift.", _COMPARED),
        Record("mlmonitor:column:js", "Jensen-Shannon distance of the categories.", _COMPARED),
        Record("mlmonitor:column:ks", "Kolmogorov-Smirnov distance of the bins.", _COMPARED),
        Record("mlmonitor:column:ks_tail", "First term of Kolmogorov's series.", _COMPARED),
        Record("mlmonitor:column:chi2", "Chi-square of the categories.", _COMPARED),
        Record("mlmonitor:column:chi2_df", "Degrees of freedom of chi-square.", _COMPARED),
        Record("mlmonitor:column:missing_ratio", "Missing share.", _WINDOW),
        Record("mlmonitor:column:mean_shift", "Mean in reference deviations.", _WINDOW),
        Record("mlmonitor:column:variance_ratio", "Variance over the reference's.", _WINDOW),
        Record(
            "mlmonitor:column_test:share_shift",
            "Share less the reference's, by test.",
            _COMPARED_TEST,
        ),
        Record(
            "mlmonitor:column_test:share_error", "Squared standard error of that.", _COMPARED_TEST
        ),
        Record("mlmonitor:column_test:z", "Normal deviate of a test.", _COMPARED_TEST),
        Record(
            "mlmonitor:column_test:tail", "Normal tail beyond its distance from 0.", _COMPARED_TEST
        ),
        Record("mlmonitor:column_test:p_value", "P-value of a test.", _COMPARED_TEST),
        Record(
            "mlmonitor:column_test:effect",
            "Effect over its threshold; above 1 is large.",
            _COMPARED_TEST,
        ),
        Record(
            "mlmonitor:column:p_value",
            "Smallest p-value times the number of tests.",
            (*_COMPARED, "side_group"),
        ),
        Record(
            "mlmonitor:column:p_value_rank",
            "That in units of the first limit.",
            (*_COMPARED, "side_group"),
        ),
        Record(
            "mlmonitor:model:threshold_spread",
            "Change of spread that is too large.",
            _REFERENCE_MODEL,
        ),
        Record(
            "mlmonitor:model:threshold_rank", "Shift of ranks that is too large.", _REFERENCE_MODEL
        ),
        Record(
            "mlmonitor:model:threshold_correlation",
            "Correlation where none was measured.",
            _REFERENCE_MODEL,
        ),
        Record("mlmonitor:baseline_rows:count", "Rows of the time before.", _BASELINE),
        Record(
            "mlmonitor:baseline_values:count", "Rows of a baseline that hold a value.", _BASELINE
        ),
        Record("mlmonitor:baseline_values:effective", "Those as rows of evidence.", _BASELINE),
        Record(
            "mlmonitor:baseline_cumulative:sum",
            "Values of the time before at or below an upper edge.",
            (*_BASELINE, "lower", "upper"),
        ),
        Record(
            "mlmonitor:baseline_category:sum",
            "Values of the time before in a category.",
            (*_BASELINE, "category"),
        ),
        Record(
            "mlmonitor:baseline_deviation:sum",
            "Distances from the reference mean in the time before, summed.",
            (*_BASELINE, "direction"),
        ),
        Record(
            "mlmonitor:baseline_cumulative:ratio",
            "Share of a baseline at or below an upper edge.",
            (*_BASELINE, "lower", "upper"),
        ),
        Record(
            "mlmonitor:baseline_category:ratio",
            "Share of a baseline in a category.",
            (*_BASELINE, "category"),
        ),
        Record(
            "mlmonitor:baseline_bin:ratio", "Share of a baseline in a bin.", (*_BASELINE, "lower")
        ),
        Record(
            "mlmonitor:baseline_bin:middle",
            "Share of a baseline below the middle of a bin.",
            (*_BASELINE, "lower"),
        ),
        Record(
            "mlmonitor:baseline_share:smoothed",
            "Smoothed share of a baseline in a bin or category.",
            (*_BASELINE, "lower", "category"),
        ),
        Record(
            "mlmonitor:baseline_part:ratio",
            "Missing or non-zero share of a baseline.",
            (*_BASELINE, "test"),
        ),
        Record(
            "mlmonitor:baseline_part:effective",
            "Rows of evidence of that share.",
            (*_BASELINE, "test"),
        ),
        Record(
            "mlmonitor:baseline_moment:value",
            "Mean of z or of its distance from 0, of a baseline.",
            (*_BASELINE, "test"),
        ),
        Record(
            "mlmonitor:baseline_moment:variance",
            "Variance of z or of its distance from 0.",
            (*_BASELINE, "test"),
        ),
        Record("mlmonitor:column_invalid:sum", "Invalid values by reason.", (*_WINDOW, "reason")),
        Record("mlmonitor:column_bin:sum", "Values in a bin.", (*_WINDOW, "lower")),
        Record("mlmonitor:column:correlation", "Correlation of rows within a window.", _WINDOW),
        Record(
            "mlmonitor:column_values:effective", "Rows of evidence, n / (1 + (n - 1) rho).", _WINDOW
        ),
        Record("mlmonitor:column_part:effective", "Rows of evidence of a share.", _TEST),
        Record("mlmonitor:column_part:ratio", "Missing or non-zero share.", _TEST),
        Record(
            "mlmonitor:column:invalid_ratio",
            "Share of rows that are invalid, by reason.",
            (*_WINDOW, "reason"),
        ),
        Record("mlmonitor:column:unseen_ratio", "Share of values that are unseen.", _WINDOW),
        Record("mlmonitor:column_moment:value", "Mean of z or of its distance from 0.", _TEST),
        Record(
            "mlmonitor:column_moment:variance", "Variance of z or of its distance from 0.", _TEST
        ),
        Record("mlmonitor:column:quantile", "Quantile from the bins.", (*_WINDOW, "quantile")),
        Record(
            "mlmonitor:column_category:both",
            "Rows of evidence of a category, here and there.",
            (*_COMPARED, "category"),
        ),
        Record("mlmonitor:column:evidence_both", "n + m in rows of evidence.", _COMPARED),
        Record("mlmonitor:column:evidence_product", "n m in rows of evidence.", _COMPARED),
        Record(
            "mlmonitor:column:rank_shift",
            "How much oftener a value lies above one of the baseline than below.",
            _COMPARED,
        ),
        Record("mlmonitor:column:rank_ties", "Correction of ranks for ties.", _COMPARED),
        Record("mlmonitor:column_test:difference", "Moment less the baseline's.", _COMPARED_TEST),
        Record("mlmonitor:column_test:variance", "The larger of both variances.", _COMPARED_TEST),
        Record(
            "mlmonitor:column_test:own_error",
            "Squared standard error of the moment.",
            _COMPARED_TEST,
        ),
        Record(
            "mlmonitor:column_test:error",
            "Squared standard error of the difference.",
            _COMPARED_TEST,
        ),
        Record("mlmonitor:column_test:df", "Degrees of freedom of Welch's test.", _COMPARED_TEST),
        Record(
            "mlmonitor:column_test:distance", "Squared normal deviate, first order.", _COMPARED_TEST
        ),
        Record("mlmonitor:column_test:share_pooled", "Share in both together.", _COMPARED_TEST),
        Record("mlmonitor:column:tests", "Tests of a column.", _COMPARED),
        Record(
            "mlmonitor:column:p_value_limit",
            "P-value that counts as evidence, by column.",
            (*_COMPARED, "side_group"),
        ),
        Record(
            "mlmonitor:column:drifted", "1 with a large effect and evidence, else 0.", _COMPARED
        ),
        Record("mlmonitor:model:tested_columns", "Columns with enough rows.", _FAMILY),
        Record("mlmonitor:model:p_value_limit", "P-value that counts as evidence.", _FAMILY),
        Record(
            "mlmonitor:model:drifted_columns", "Columns that drifted.", (*_MODEL_WINDOW, "baseline")
        ),
    )
}
