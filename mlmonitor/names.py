"""The catalogue: every metric, label and log field, with its type, unit and help text.

No other Python module spells a metric name. Rules, dashboards, log templates and docs spell them
plainly, and generation refuses a name that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MetricType = Literal["counter", "gauge", "histogram", "info"]

# Labels ------------------------------------------------------------------------------------------

LABELS: Final[dict[str, str]] = {
    "model": "Name of the model.",
    "version": "Version of the model.",
    "role": "What the predictions are used for: live, shadow or fallback.",
    "reference": "First eight hex digits of the hash of the reference profile.",
    "side": "Which values of a prediction: input, output, score or outcome.",
    "column": "Name of the monitored column.",
    "kind": "Kind of the column, as the reference profile declares it.",
    "lower": "Exclusive lower edge of a bin, -Inf for the first.",
    "upper": "Inclusive upper edge of a bin, +Inf for the last.",
    "le": "Inclusive upper edge of a histogram bucket.",
    "category": "Value of a categorical column, __other__ or __unseen__.",
    "direction": "Side of the reference mean: above or below.",
    "reason": "Why something was counted, from a declared set.",
    "exception": "Class of an exception from a declared set, or other.",
    "slice": "Declared sub-population.",
    "window": "Length of the window that a statistic covers.",
    "test": "Which difference is tested: distribution, mean, missing or nonzero.",
    "pid": "Process id of a worker.",
    "generation": "Generation of the garbage collector.",
}

IDENTITY: Final = ("model", "version", "role")
COLUMN: Final = (*IDENTITY, "reference", "side", "column")

SIDES: Final = ("input", "output", "score", "outcome")
ROLES: Final = ("live", "shadow", "fallback")
OTHER: Final = "__other__"
UNSEEN: Final = "__unseen__"
DIRECTIONS: Final = ("above", "below")

# Reasons for which a value is invalid.
WRONG_TYPE: Final = "wrong_type"
NOT_FINITE: Final = "not_finite"
OUT_OF_RANGE: Final = "out_of_range"
NOT_ALLOWED: Final = "not_allowed"
EXTREME: Final = "extreme"
INVALID_REASONS: Final = (WRONG_TYPE, NOT_FINITE, OUT_OF_RANGE, NOT_ALLOWED, EXTREME)

# Stages of the monitor in which something of its own can fail.
FAILURE_REASONS: Final = ("input", "output", "fold", "store", "expose")
DROP_REASONS: Final = ("backlog", "fold")


# Metrics -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Metric:
    """One metric family: its full name, type, unit, help text and the labels it carries."""

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...]
    unit: str = ""

    @property
    def family(self) -> str:
        """Name of the family in OpenMetrics: a counter's without `_total`, an info's without `_info`."""
        if self.type == "counter":
            return self.name.removesuffix("_total")
        return self.name.removesuffix("_info") if self.type == "info" else self.name


METRICS: Final[dict[str, Metric]] = {}


def _metric(
    kind: MetricType, name: str, text: str, labels: tuple[str, ...], unit: str = ""
) -> Metric:
    metric = Metric(name, kind, text, labels, unit)
    METRICS[name] = metric
    return metric


PREDICTIONS = _metric(
    "counter", "mlmonitor_predictions_total", "Rows predicted without an error.", IDENTITY
)
PREDICTION_DURATION = _metric(
    "histogram",
    "mlmonitor_prediction_duration_seconds",
    "Duration of one call of the model, a batch counting as one.",
    IDENTITY,
    "seconds",
)
PREDICTION_ERRORS = _metric(
    "counter",
    "mlmonitor_prediction_errors_total",
    "Calls of the model that raised, by class of exception.",
    (*IDENTITY, "exception"),
)
IN_FLIGHT = _metric(
    "gauge",
    "mlmonitor_predictions_in_flight",
    "Calls of the model that have not returned yet.",
    IDENTITY,
)
MODEL_INFO = _metric(
    "info",
    "mlmonitor_model_info",
    "A model that is served, and the reference profile it is compared with.",
    (*IDENTITY, "reference"),
)
MODEL_LOADED = _metric(
    "gauge",
    "mlmonitor_model_load_timestamp_seconds",
    "Unix time at which the oldest live worker loaded the model.",
    IDENTITY,
    "seconds",
)

COLUMN_ROWS = _metric(
    "counter", "mlmonitor_column_rows_total", "Rows in which the column was looked for.", COLUMN
)
COLUMN_MISSING = _metric(
    "counter",
    "mlmonitor_column_missing_total",
    "Rows in which the column was absent, None or NaN.",
    COLUMN,
)
COLUMN_INVALID = _metric(
    "counter",
    "mlmonitor_column_invalid_total",
    "Values that break a rule of the reference, by reason; a value may break several.",
    (*COLUMN, "reason"),
)
COLUMN_CUMULATIVE = _metric(
    "counter",
    "mlmonitor_column_cumulative_total",
    "Values at or below the upper edge of a bin whose lower edge is given too.",
    (*COLUMN, "lower", "upper"),
)
COLUMN_CATEGORY = _metric(
    "counter",
    "mlmonitor_column_category_total",
    "Values by category; __other__ is the tail of the reference, __unseen__ was never in it.",
    (*COLUMN, "category"),
)
COLUMN_DEVIATION = _metric(
    "counter",
    "mlmonitor_column_deviation_total",
    "Sum of distances from the reference mean in reference standard deviations, each at most 1e4.",
    (*COLUMN, "direction"),
)
COLUMN_SQUARED_DEVIATION = _metric(
    "counter",
    "mlmonitor_column_squared_deviation_total",
    "Sum of squared distances from the reference mean in reference standard deviations.",
    COLUMN,
)
COLUMN_NONZERO = _metric(
    "counter", "mlmonitor_column_nonzero_total", "Values other than zero.", COLUMN
)
UNEXPECTED_COLUMNS = _metric(
    "counter",
    "mlmonitor_unexpected_columns_total",
    "Values that arrived under a name that the reference lacks.",
    (*IDENTITY, "reference", "side"),
)

REFERENCE_ROWS = _metric(
    "gauge", "mlmonitor_reference_rows", "Rows of the reference profile.", COLUMN
)
REFERENCE_MISSING = _metric(
    "gauge",
    "mlmonitor_reference_missing_ratio",
    "Share of reference rows without a value.",
    COLUMN,
    "ratio",
)
REFERENCE_MEAN = _metric(
    "gauge", "mlmonitor_reference_mean", "Mean of the reference values.", COLUMN
)
REFERENCE_DEVIATION = _metric(
    "gauge", "mlmonitor_reference_deviation", "Standard deviation of the reference values.", COLUMN
)
REFERENCE_MEDIAN = _metric(
    "gauge", "mlmonitor_reference_median", "Median of the reference values.", COLUMN
)
REFERENCE_NONZERO = _metric(
    "gauge",
    "mlmonitor_reference_nonzero_ratio",
    "Share of reference values other than zero.",
    COLUMN,
    "ratio",
)
REFERENCE_CUMULATIVE = _metric(
    "gauge",
    "mlmonitor_reference_cumulative_ratio",
    "Share of reference values at or below the upper edge of a bin.",
    (*COLUMN, "lower", "upper"),
    "ratio",
)
REFERENCE_CATEGORY = _metric(
    "gauge",
    "mlmonitor_reference_category_ratio",
    "Share of reference values in a category.",
    (*COLUMN, "category"),
    "ratio",
)
COLUMN_INFO = _metric(
    "info",
    "mlmonitor_column_info",
    "A column of the reference profile and its kind.",
    (*COLUMN, "kind"),
)

MONITOR_FAILURES = _metric(
    "counter",
    "mlmonitor_monitor_failures_total",
    "Failures inside the monitor itself, by stage; the prediction went on.",
    (*IDENTITY, "reason"),
)
MONITOR_DROPPED = _metric(
    "counter",
    "mlmonitor_monitor_dropped_rows_total",
    "Rows that were predicted but could not be counted.",
    (*IDENTITY, "reason"),
)
MONITOR_UNMONITORED = _metric(
    "gauge",
    "mlmonitor_monitor_unmonitored_columns",
    "Columns of the reference that are left out because of the cap on series.",
    IDENTITY,
)
MONITOR_WORKERS = _metric(
    "gauge",
    "mlmonitor_monitor_workers",
    "Live worker processes that share this exposition.",
    IDENTITY,
)

PROCESS: Final = (*IDENTITY, "pid")
PROCESS_CPU = _metric(
    "counter",
    "mlmonitor_process_cpu_seconds_total",
    "CPU time used by a live worker.",
    PROCESS,
    "seconds",
)
PROCESS_MEMORY = _metric(
    "gauge",
    "mlmonitor_process_resident_memory_bytes",
    "Resident memory of a live worker.",
    PROCESS,
    "bytes",
)
PROCESS_DESCRIPTORS = _metric(
    "gauge",
    "mlmonitor_process_open_descriptors",
    "Open file descriptors of a live worker.",
    PROCESS,
)
PROCESS_GC = _metric(
    "counter",
    "mlmonitor_process_gc_collections_total",
    "Runs of the garbage collector in a live worker.",
    (*PROCESS, "generation"),
)

# Recorded series ---------------------------------------------------------------------------------


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

# Log fields --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One field of a log record: its name, Elasticsearch type, unit and meaning."""

    name: str
    type: str
    help: str
    unit: str = ""


LOG_FIELDS: Final[dict[str, Field]] = {
    field.name: field
    for field in (
        Field("@timestamp", "date", "When the event happened, UTC."),
        Field(
            "ecs.version",
            "keyword",
            "Version of the Elastic Common Schema that the record follows.",
        ),
        Field("log.level", "keyword", "Severity of the record."),
        Field("log.logger", "keyword", "Name of the logger."),
        Field("message", "text", "The event in words."),
        Field("event.dataset", "keyword", "Data set that the record belongs to."),
        Field("event.duration", "long", "Duration of the prediction.", "nanoseconds"),
        Field("event.outcome", "keyword", "success or failure."),
        Field("error.type", "keyword", "Class of the exception."),
        Field("error.message", "text", "Text of the exception."),
        Field("mlmonitor.model", "keyword", "Name of the model."),
        Field("mlmonitor.version", "keyword", "Version of the model."),
        Field("mlmonitor.role", "keyword", "live, shadow or fallback."),
        Field("mlmonitor.reason", "keyword", "Stage of the monitor that failed."),
    )
}
