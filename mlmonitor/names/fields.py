"""Every field of a log record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
