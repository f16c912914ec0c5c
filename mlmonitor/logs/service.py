"""The service's own log lines in the form of the records, with the ids of the prediction they tell of."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError
from mlmonitor.logs import context, counters, detector
from mlmonitor.logs.settings import LogSettings
from mlmonitor.logs.template import nested, service
from mlmonitor.logs.values import plain, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

LIMIT: Final = 4_096
_STACK: Final = 4
_OWN: Final = (
    "event",
    "level",
    "logger",
    "timestamp",
    "exc_info",
    "exception",
    "stack_info",
    "stack",
)
_MICROSECONDS: Final = 1_000_000


def configure(
    *,
    level: int | str = logging.INFO,
    stream: TextIO | None = None,
    service: str | None = None,
    version: str | None = None,
    environment: str | None = None,
    detect: bool = True,
) -> logging.Handler:
    """Write what `logging` logs as JSON lines in the form of the records.

    A line that is logged while a prediction runs carries its id, in tasks and in threads that
    `mlmonitor.logs.carried` starts. `extra` becomes `labels`. Calling it again replaces what it set up
    before, and leaves the handlers of others alone.

    Args:
        level: least severity.
        stream: where to; stderr by default.
        service: name of the service.
        version: its version.
        environment: where it runs.
        detect: whether messages and labels are searched for sensitive values, which are masked.

    Returns:
        The handler, which is on the root logger.

    Raises:
        MlmonitorError: python-json-logger is not installed.
    """
    try:
        from mlmonitor.logs.formatter import RecordFormatter  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "logs: python-json-logger is not installed; run `pip install 'mlmonitor[logs]'`."
        raise MlmonitorError(message) from error
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RecordFormatter(Service(service, version, environment, detect=detect)))
    root = logging.getLogger()
    for one in [one for one in root.handlers if isinstance(one.formatter, RecordFormatter)]:
        root.removeHandler(one)
    root.addHandler(handler)
    root.setLevel(level)
    return handler


class Service:
    """Makes the lines of a service.

    Args:
        name: what `service.name` says; that of the model in a prediction without it.
        version: what `service.version` says.
        environment: what `service.environment` says.
        detect: whether texts are searched for sensitive values, which are masked.
    """

    def __init__(
        self,
        name: str | None = None,
        version: str | None = None,
        environment: str | None = None,
        *,
        detect: bool = True,
    ) -> None:
        self._settings = LogSettings(
            service=name, service_version=version, environment=environment, detect=detect
        )

    def line(
        self,
        message: str,
        *,
        level: str,
        logger: str,
        created: float,
        labels: Mapping[str, Any],
        thread: str | None = None,
        error: tuple[str, str, str] | None = None,
    ) -> dict[str, Any]:
        """A line as a nested object.

        Args:
            message: the event in words.
            level: its severity.
            logger: who tells it.
            created: seconds since the epoch.
            labels: what else there is to say.
            thread: name of the thread.
            error: class, text and stack trace of an exception.
        """
        running = context.current.get()
        model, version, role = (None, None, None) if running is None else running[1]
        found: dict[names.Field, Any] = {
            names.LOG_TIMESTAMP: _time(created),
            names.LOG_ECS_VERSION: names.ECS_VERSION,
            names.LOG_LEVEL: level.lower(),
            names.LOG_LOGGER: logger,
            names.LOG_MESSAGE: self._clean(message),
            **service(self._settings, model, None),
            names.LOG_THREAD_NAME: thread,
            **self._where(),
            names.LOG_LABELS: self._labels(labels) or None,
            names.LOG_MODEL: model,
            names.LOG_VERSION: version,
            names.LOG_ROLE: role,
            names.LOG_PREDICTION_ID: context.prediction_id(),
        }
        if error is not None:
            fields = (names.LOG_ERROR_TYPE, names.LOG_ERROR_MESSAGE, names.LOG_ERROR_STACK)
            found |= {
                field: self._clean(part, _STACK * LIMIT)
                for field, part in zip(fields, error, strict=True)
                if part
            }
        return nested({field: value for field, value in found.items() if value is not None})

    def _where(self) -> dict[names.Field, str]:
        trace = context.trace()
        if trace is None:
            return {}
        return {names.LOG_TRACE_ID: trace.trace, names.LOG_SPAN_ID: trace.span}

    def _labels(self, given: Mapping[str, Any]) -> dict[str, str]:
        return {
            self._clean(str(name)).replace(".", "_"): self._clean(_label(value))
            for name, value in given.items()
            if value is not None
        }

    def _clean(self, message: str, limit: int = LIMIT) -> str:
        short = text(message, limit)[0]
        if not self._settings.detect:
            return short
        clean, kinds = detector.masked(short)
        if kinds:
            counters.tell(kinds)
        return clean


def processor(
    name: str | None = None,
    version: str | None = None,
    environment: str | None = None,
    *,
    detect: bool = True,
) -> Processor:
    """A processor of structlog that gives lines the form of the records.

    It stands in front of the renderer, such as `structlog.processors.JSONRenderer()`; arguments are
    those of `configure`.
    """
    return Processor(Service(name, version, environment, detect=detect))


class Processor:
    """See `processor`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, logger: Any, method: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event of a line as a nested object."""
        return self._service.line(
            str(event.get("event", "")),
            level=str(event.get("level", method)),
            logger=str(event.get("logger", getattr(logger, "name", None) or "structlog")),
            created=time.time(),
            labels={key: value for key, value in event.items() if key not in _OWN},
            error=_raised(event),
        )


def _raised(event: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Class, text and stack trace of the exception that an event of structlog tells of."""
    given = event.get("exc_info")
    error = (
        given if isinstance(given, BaseException) else sys.exc_info()[1] if given is True else None
    )
    if isinstance(given, tuple):
        error = given[1]
    if error is not None:
        stack = logging.Formatter().formatException((type(error), error, error.__traceback__))
        return type(error).__qualname__, str(error), stack
    told = event.get("exception")
    return ("", "", str(told)) if told else None


def _label(value: Any) -> str:
    found, _ = plain(value, LIMIT)
    return found if isinstance(found, str) else str(found)


def _time(created: float) -> str:
    second, rest = divmod(int(created * _MICROSECONDS), _MICROSECONDS)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)) + f".{rest:06d}Z"
