"""Where the lines of records go, besides files: stdout, and handlers of `logging`."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Protocol, runtime_checkable

from mlmonitor import names


class QueueFullError(Exception):
    """A sink had no room for `records` of the lines it was given; the rest is taken."""

    def __init__(self, records: int) -> None:
        super().__init__(f"no room for {records} records")
        self.records = records


@runtime_checkable
class Sink(Protocol):
    """Takes whole lines."""

    def write(self, lines: bytes, records: int, *, failed: bool = False) -> None:
        """Write `records` lines, each with its end; `failed` is whether they tell of a failure.

        Raises:
            QueueFullError: some were not taken.
            Exception: nothing was written.
        """


class Stdout:
    """Writes to `sys.stdout`, whatever that is at the time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def write(self, lines: bytes, records: int, *, failed: bool = False) -> None:  # noqa: ARG002 - a Sink
        """See `Sink`."""
        with self._lock:
            sys.stdout.write(lines.decode())
            sys.stdout.flush()


class HandlerSink:
    """Hands each line to a handler, as the message of a record of `logging`.

    The record's name is `mlmonitor.predictions`, and its level ERROR for a failure, else INFO. What
    the handler raises itself is the monitor's to count; what it tells `handleError`, as those of the
    standard library do, is told on stderr.
    """

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler

    def write(self, lines: bytes, records: int, *, failed: bool = False) -> None:  # noqa: ARG002 - a Sink
        """See `Sink`."""
        level = logging.ERROR if failed else logging.INFO
        if level < self._handler.level:
            return
        for line in lines.splitlines():
            record = logging.LogRecord(
                names.PREDICTIONS_LOGGER, level, "", 0, line.decode(), None, None
            )
            self._handler.handle(record)
