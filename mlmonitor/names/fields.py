"""Every field of a log record.

A record is one JSON object a line, in UTF-8, with objects nested at the dots of the names below and
keys in the order below. What is not known is left out. A value of a column is a text, number, truth
value, null, or a flat list of those; all else has become text. NaN and infinities are null, and a
violation says which. A name of a model or column stands in a field's name, or in that of a data set,
in the escaped form of `mlmonitor.streams`; in values it stands as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ECS_VERSION: Final = "8.11.0"
PREDICTIONS_LOGGER: Final = "mlmonitor.predictions"


@dataclass(frozen=True)
class Field:
    """One field of a log record: its name, Elasticsearch type, unit and meaning.

    Of a field of type `object`, the names below it are those of columns, or those of the service.
    """

    name: str
    type: str
    help: str
    unit: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """Keys from the record down to the value."""
        return tuple(self.name.split("."))

    @property
    def is_own(self) -> bool:
        """Whether it is the project's, and not of the Elastic Common Schema."""
        return self.name.startswith("mlmonitor.")


LOG_FIELDS: Final[dict[str, Field]] = {}


def _field(name: str, kind: str, text: str, unit: str = "") -> Field:
    field = Field(name, kind, text, unit)
    LOG_FIELDS[name] = field
    return field


LOG_TIMESTAMP = _field(
    "@timestamp", "date", "When the prediction began, or the event happened; UTC, in microseconds."
)
LOG_ECS_VERSION = _field(
    "ecs.version", "keyword", "Version of the Elastic Common Schema that the record follows."
)
LOG_LEVEL = _field(
    "log.level", "keyword", "Severity of the record: info, or error where it failed."
)
LOG_LOGGER = _field("log.logger", "keyword", "Name of the logger.")
LOG_MESSAGE = _field("message", "text", "The event in words.")
LOG_EVENT_ID = _field("event.id", "keyword", "Id of the prediction; unique.")
LOG_EVENT_KIND = _field("event.kind", "keyword", "Always event.")
LOG_EVENT_ACTION = _field("event.action", "keyword", "What happened: prediction.")
LOG_EVENT_DATASET = _field("event.dataset", "keyword", "Data set that the record belongs to.")
LOG_EVENT_DURATION = _field(
    "event.duration", "long", "Duration of the call that predicted.", "nanoseconds"
)
LOG_EVENT_OUTCOME = _field("event.outcome", "keyword", "success or failure.")
LOG_STREAM_TYPE = _field("data_stream.type", "keyword", "Always logs.")
LOG_STREAM_DATASET = _field("data_stream.dataset", "keyword", "The same as event.dataset.")
LOG_STREAM_NAMESPACE = _field(
    "data_stream.namespace", "keyword", "Environment that the data stream belongs to."
)
LOG_SERVICE_NAME = _field("service.name", "keyword", "Name of the service.")
LOG_SERVICE_VERSION = _field("service.version", "keyword", "Version of the service.")
LOG_SERVICE_ENVIRONMENT = _field(
    "service.environment", "keyword", "Environment that the service runs in."
)
LOG_HOST_NAME = _field("host.name", "keyword", "Name of the host.")
LOG_PROCESS_PID = _field("process.pid", "long", "Id of the process.")
LOG_THREAD_NAME = _field(
    "process.thread.name", "keyword", "Name of the thread; the service's lines."
)
LOG_TRACE_ID = _field("trace.id", "keyword", "Id of the trace, from OpenTelemetry or traceparent.")
LOG_SPAN_ID = _field("span.id", "keyword", "Id of the span that the prediction is part of.")
LOG_ERROR_TYPE = _field("error.type", "keyword", "Class of the exception.")
LOG_ERROR_MESSAGE = _field("error.message", "text", "Text of the exception.")
LOG_ERROR_STACK = _field("error.stack_trace", "keyword", "Where the exception was raised.")
LOG_LABELS = _field("labels", "object", "What the service's own lines carry as `extra`, as text.")
LOG_MODEL = _field("mlmonitor.model", "keyword", "Name of the model.")
LOG_VERSION = _field("mlmonitor.version", "keyword", "Version of the model.")
LOG_ROLE = _field("mlmonitor.role", "keyword", "live, shadow or fallback.")
LOG_REFERENCE = _field(
    "mlmonitor.reference", "keyword", "First eight hex digits of the hash of the reference profile."
)
LOG_PREDICTION_ID = _field(
    "mlmonitor.prediction.id",
    "keyword",
    "Id of the prediction that a record, or a line of the service, belongs to.",
)
LOG_BATCH_ID = _field("mlmonitor.batch.id", "keyword", "Id of the call, where it predicted rows.")
LOG_BATCH_ROW = _field("mlmonitor.batch.row", "long", "Place of the row in its batch, from 0.")
LOG_BATCH_ROWS = _field("mlmonitor.batch.rows", "long", "Rows of the batch.")
LOG_INPUTS = _field("mlmonitor.inputs", "object", "Inputs, by column.")
LOG_OUTPUTS = _field("mlmonitor.outputs", "object", "Outputs, by column.")
LOG_SCORES = _field("mlmonitor.scores", "object", "Scores, by column.")
LOG_VIOLATION_SIDE = _field("mlmonitor.violations.side", "keyword", "input, output or score.")
LOG_VIOLATION_COLUMN = _field(
    "mlmonitor.violations.column",
    "keyword",
    "Name of a column that breaks a rule of the reference.",
)
LOG_VIOLATION_REASON = _field(
    "mlmonitor.violations.reason",
    "keyword",
    "Which: wrong_type, not_finite, out_of_range, not_allowed, unseen or missing.",
)
LOG_SLICE = _field("mlmonitor.slice", "keyword", "Declared sub-populations that the row is in.")
LOG_SAMPLE_RATE = _field(
    "mlmonitor.sample.rate",
    "double",
    "Share of such records that is kept; each stands for 1 / rate predictions.",
    "ratio",
)
LOG_SAMPLE_KEPT_FOR = _field(
    "mlmonitor.sample.kept_for",
    "keyword",
    "Why it is kept whatever the rate: error, violation, slow or disagreement.",
)
LOG_REDACTED = _field(
    "mlmonitor.redacted", "keyword", "Columns of which something was masked, hashed or dropped."
)
LOG_TRUNCATED = _field("mlmonitor.truncated", "keyword", "Columns that were cut to size.")
LOG_REASON = _field("mlmonitor.reason", "keyword", "Stage of the monitor that failed.")

LOG_SAMPLE_WEIGHT: Final = Field(
    "mlmonitor.sample.weight",
    "double",
    "Predictions that a record stands for, 1 / rate. No record has it; Kibana computes it.",
)

VIOLATIONS: Final = "mlmonitor.violations"
"""A list of objects, each with a side, a column and a reason."""

COLUMNS_OF_SIDE: Final = {"input": LOG_INPUTS, "output": LOG_OUTPUTS, "score": LOG_SCORES}
"""The field below which the columns of a side stand."""

SUCCESS: Final = "success"
FAILURE: Final = "failure"
UNSEEN_VALUE: Final = "unseen"
MISSING_VALUE: Final = "missing"
VIOLATION_REASONS: Final = (
    "wrong_type", "not_finite", "out_of_range", "not_allowed", UNSEEN_VALUE, MISSING_VALUE,
)  # fmt: skip

KEPT_FOR_ERROR: Final = "error"
KEPT_FOR_VIOLATION: Final = "violation"
KEPT_FOR_SLOW: Final = "slow"
KEPT_FOR_DISAGREEMENT: Final = "disagreement"
KEPT_FOR: Final = (KEPT_FOR_ERROR, KEPT_FOR_VIOLATION, KEPT_FOR_SLOW, KEPT_FOR_DISAGREEMENT)
