"""Records that Elasticsearch refuses, kept with the reason."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import orjson

from mlmonitor import names
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlmonitor.shipping.entries import Rejected


class DeadLetters:
    """A file of JSON lines: when, why, of which file, and the record as it was.

    Args:
        path: made with the first letter, readable by its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, letters: Sequence[Rejected]) -> None:
        """Append letters; when this returns they are on the disk.

        Raises:
            MlmonitorError: they cannot be written.
        """
        data = b"".join(_line(letter) for letter in letters)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path, flags, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                _append(descriptor, data, size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            message = f"{self.path}: dead letters cannot be written ({error.strerror}); make room."
            raise MlmonitorError(message) from error


def _append(descriptor: int, data: bytes, size: int) -> None:
    """Write all of it or nothing."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _line(letter: Rejected) -> bytes:
    told = {
        names.LOG_TIMESTAMP.name: datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "reason": letter.reason,
        "status": letter.status,
        "stream": letter.stream,
        "id": letter.id,
        "file": letter.source,
        "end": letter.end,
        "record": letter.line.decode(errors="replace"),
    }
    return orjson.dumps(told) + b"\n"
