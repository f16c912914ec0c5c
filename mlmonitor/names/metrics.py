"""Every metric that a monitored service or a program of the project exposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from mlmonitor.names.labels import COLUMN, IDENTITY

MetricType = Literal["counter", "gauge", "histogram", "info"]


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


def metric(
    kind: MetricType, name: str, text: str, labels: tuple[str, ...], unit: str = ""
) -> Metric:
    """Enter a metric into the catalogue."""
    found = Metric(name, kind, text, labels, unit)
    METRICS[name] = found
    return found


PREDICTIONS = metric(
    "counter", "mlmonitor_predictions_total", "Rows predicted without an error.", IDENTITY
)
PREDICTION_DURATION = metric(
    "histogram",
    "mlmonitor_prediction_duration_seconds",
    "Duration of one call of the model, a batch counting as one.",
    IDENTITY,
    "seconds",
)
PREDICTION_ERRORS = metric(
    "counter",
    "mlmonitor_prediction_errors_total",
    "Calls of the model that raised, by class of exception.",
    (*IDENTITY, "exception"),
)
IN_FLIGHT = metric(
    "gauge",
    "mlmonitor_predictions_in_flight",
    "Calls of the model that have not returned yet.",
    IDENTITY,
)
MODEL_INFO = metric(
    "info",
    "mlmonitor_model_info",
    "A model that is served, and the reference profile it is compared with.",
    (*IDENTITY, "reference"),
)
MODEL_LOADED = metric(
    "gauge",
    "mlmonitor_model_load_timestamp_seconds",
    "Unix time at which the oldest live worker loaded the model.",
    IDENTITY,
    "seconds",
)
MODEL_TRAINED = metric(
    "gauge",
    "mlmonitor_model_trained_timestamp_seconds",
    "Unix time at which the model was trained, as far as it is known.",
    IDENTITY,
    "seconds",
)
MODEL_MISMATCH = metric(
    "gauge",
    "mlmonitor_model_mismatch",
    "1 where the live model is not the one that was profiled, by what differs, else 0.",
    (*IDENTITY, "reason"),
)

COLUMN_ROWS = metric(
    "counter", "mlmonitor_column_rows_total", "Rows in which the column was looked for.", COLUMN
)
COLUMN_MISSING = metric(
    "counter",
    "mlmonitor_column_missing_total",
    "Rows in which the column was absent, None or NaN.",
    COLUMN,
)
COLUMN_INVALID = metric(
    "counter",
    "mlmonitor_column_invalid_total",
    "Values that break a rule of the reference, by reason; a value may break several.",
    (*COLUMN, "reason"),
)
COLUMN_CUMULATIVE = metric(
    "counter",
    "mlmonitor_column_cumulative_total",
    "Values at or below the upper edge of a bin whose lower edge is given too.",
    (*COLUMN, "lower", "upper"),
)
COLUMN_CATEGORY = metric(
    "counter",
    "mlmonitor_column_category_total",
    "Values by category; __other__ is the tail of the reference, __unseen__ was never in it.",
    (*COLUMN, "category"),
)
COLUMN_DEVIATION = metric(
    "counter",
    "mlmonitor_column_deviation_total",
    "Sum of distances from the reference mean in reference standard deviations, each at most 1e4.",
    (*COLUMN, "direction"),
)
COLUMN_SQUARED_DEVIATION = metric(
    "counter",
    "mlmonitor_column_squared_deviation_total",
    "Sum of squared distances from the reference mean in reference standard deviations.",
    COLUMN,
)
COLUMN_NONZERO = metric(
    "counter", "mlmonitor_column_nonzero_total", "Values other than zero.", COLUMN
)
UNEXPECTED_COLUMNS = metric(
    "counter",
    "mlmonitor_unexpected_columns_total",
    "Values that arrived under a name that the reference lacks.",
    (*IDENTITY, "reference", "side"),
)

REFERENCE_ROWS = metric(
    "gauge", "mlmonitor_reference_rows", "Rows of the reference profile.", COLUMN
)
REFERENCE_MISSING = metric(
    "gauge",
    "mlmonitor_reference_missing_ratio",
    "Share of reference rows without a value.",
    COLUMN,
    "ratio",
)
REFERENCE_MEAN = metric(
    "gauge", "mlmonitor_reference_mean", "Mean of the reference values.", COLUMN
)
REFERENCE_DEVIATION = metric(
    "gauge", "mlmonitor_reference_deviation", "Standard deviation of the reference values.", COLUMN
)
REFERENCE_MEDIAN = metric(
    "gauge", "mlmonitor_reference_median", "Median of the reference values.", COLUMN
)
REFERENCE_NONZERO = metric(
    "gauge",
    "mlmonitor_reference_nonzero_ratio",
    "Share of reference values other than zero.",
    COLUMN,
    "ratio",
)
REFERENCE_CUMULATIVE = metric(
    "gauge",
    "mlmonitor_reference_cumulative_ratio",
    "Share of reference values at or below the upper edge of a bin.",
    (*COLUMN, "lower", "upper"),
    "ratio",
)
REFERENCE_CATEGORY = metric(
    "gauge",
    "mlmonitor_reference_category_ratio",
    "Share of reference values in a category.",
    (*COLUMN, "category"),
    "ratio",
)
REFERENCE_ABSOLUTE_DEVIATION = metric(
    "gauge",
    "mlmonitor_reference_absolute_deviation_ratio",
    "Mean distance of the reference values from their mean, over their standard deviation.",
    COLUMN,
    "ratio",
)
REFERENCE_EXTREME = metric(
    "gauge",
    "mlmonitor_reference_extreme_deviation_ratio",
    "Distance of the farthest reference value from the mean, over their standard deviation.",
    COLUMN,
    "ratio",
)
REFERENCE_EFFECTIVE = metric(
    "gauge",
    "mlmonitor_reference_effective_rows",
    "Reference rows with a value, as independent rows of evidence; where it was measured.",
    COLUMN,
)
REFERENCE_CORRELATION = metric(
    "gauge",
    "mlmonitor_reference_correlation_ratio",
    "Upper bound of the correlation of rows within a window; where it was measured.",
    (*COLUMN, "window"),
    "ratio",
)
REFERENCE_CREATED = metric(
    "gauge",
    "mlmonitor_reference_created_timestamp_seconds",
    "Unix time at which the reference data were gathered, as far as it is known.",
    (*IDENTITY, "reference"),
    "seconds",
)
COLUMN_INFO = metric(
    "info",
    "mlmonitor_column_info",
    "A column of the reference profile and its kind.",
    (*COLUMN, "kind"),
)

MONITOR_FAILURES = metric(
    "counter",
    "mlmonitor_monitor_failures_total",
    "Failures inside the monitor itself, by stage; the prediction went on.",
    (*IDENTITY, "reason"),
)
MONITOR_DROPPED = metric(
    "counter",
    "mlmonitor_monitor_dropped_rows_total",
    "Rows that were predicted but could not be counted.",
    (*IDENTITY, "reason"),
)
MONITOR_UNMONITORED = metric(
    "gauge",
    "mlmonitor_monitor_unmonitored_columns",
    "Columns of the reference that are left out because of the cap on series.",
    IDENTITY,
)
MONITOR_WORKERS = metric(
    "gauge",
    "mlmonitor_monitor_workers",
    "Live worker processes that share this exposition.",
    IDENTITY,
)

BUSINESS: Final = (*IDENTITY, "metric", "segment")
BUSINESS_TOTAL = metric(
    "counter", "mlmonitor_business_total", "Amount of a business metric that adds up.", BUSINESS
)
BUSINESS_VALUE = metric(
    "gauge",
    "mlmonitor_business_value",
    "Value of a business metric as it was set last, by whichever worker.",
    BUSINESS,
)
BUSINESS_UPDATED = metric(
    "gauge",
    "mlmonitor_business_updated_timestamp_seconds",
    "Unix time at which the value of a business metric was set last.",
    BUSINESS,
    "seconds",
)
BUSINESS_DISTRIBUTION = metric(
    "histogram",
    "mlmonitor_business_distribution",
    "Values of a business metric by bucket.",
    BUSINESS,
)

PROCESS: Final = (*IDENTITY, "pid")
PROCESS_CPU = metric(
    "counter",
    "mlmonitor_process_cpu_seconds_total",
    "CPU time used by a live worker.",
    PROCESS,
    "seconds",
)
PROCESS_MEMORY = metric(
    "gauge",
    "mlmonitor_process_resident_memory_bytes",
    "Resident memory of a live worker.",
    PROCESS,
    "bytes",
)
PROCESS_DESCRIPTORS = metric(
    "gauge",
    "mlmonitor_process_open_descriptors",
    "Open file descriptors of a live worker.",
    PROCESS,
)
PROCESS_MAX_DESCRIPTORS = metric(
    "gauge",
    "mlmonitor_process_max_descriptors",
    "Most file descriptors that a live worker may open.",
    PROCESS,
)
PROCESS_STARTED = metric(
    "gauge",
    "mlmonitor_process_start_timestamp_seconds",
    "Unix time at which a live worker started.",
    PROCESS,
    "seconds",
)
PROCESS_MEMORY_LIMIT = metric(
    "gauge",
    "mlmonitor_process_memory_limit_bytes",
    "Most memory that the workers of a pod may use together.",
    IDENTITY,
    "bytes",
)
PROCESS_CPU_LIMIT = metric(
    "gauge",
    "mlmonitor_process_cpu_limit_cores",
    "CPUs that the workers of a pod may use together.",
    IDENTITY,
    "cores",
)
PROCESS_GC = metric(
    "counter",
    "mlmonitor_process_gc_collections_total",
    "Runs of the garbage collector in a live worker.",
    (*PROCESS, "generation"),
)

RESPOND_REQUESTS = metric(
    "counter", "mlmonitor_respond_requests_total", "Requests that were answered.", ("code",)
)
RESPOND_STEPS = metric(
    "counter",
    "mlmonitor_respond_steps_total",
    "Steps of the response ladder that came due.",
    ("model", "action", "outcome"),
)
BREAKER_STATE = metric(
    "gauge",
    "mlmonitor_breaker_state",
    "1 for the phase that the breaker of a model is in, 0 for the others.",
    ("model", "phase"),
)
BREAKER_SWITCHES = metric(
    "counter",
    "mlmonitor_breaker_switches_total",
    "Times that a model was switched to its fallback or cut off.",
    ("model",),
)
