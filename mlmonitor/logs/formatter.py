"""The formatter of `logging` that writes a service's lines; alone imports python-json-logger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pythonjsonlogger.core import BaseJsonFormatter

from mlmonitor.logs.safe import shown

if TYPE_CHECKING:
    import logging

    from mlmonitor.logs.service import Service

_TAKEN: Final = ("message", "name", "levelname", "created", "threadName", "exc_info")


class RecordFormatter(BaseJsonFormatter):
    """Formats lines as a service makes them."""

    def __init__(self, service: Service) -> None:
        super().__init__("%(message)s %(name)s %(levelname)s %(created)s %(threadName)s")
        self._service = service

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Take the line of a record, and what it was given besides."""
        found: dict[str, Any] = {}
        super().add_fields(found, record, message_dict)
        log_data |= self._service.line(
            str(found.get("message") or ""),
            level=record.levelname,
            logger=record.name,
            created=record.created,
            thread=record.threadName,
            labels={key: value for key, value in found.items() if key not in _TAKEN},
            error=_raised(record, found.get("exc_info")),
        )

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        """The line as JSON."""
        return shown(orjson.dumps(log_data)).decode()


def _raised(record: logging.LogRecord, told: Any) -> tuple[str, str, str] | None:
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        return type(error).__qualname__, str(error), str(told)
    return ("", "", str(told)) if told else None
