"""A file that is followed: known by what it is, not by its name, and read line by line."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Final

from mlmonitor.shipping.entries import MAX_RECORD, Entry, Rejected, entry, place_id
from mlmonitor.shipping.registry import Place

if TYPE_CHECKING:
    from pathlib import Path

CHUNK: Final = 1 << 20
_FINGERPRINT: Final = 1024
_BIRTH: Final = 4096


class Followed:
    """An open file.

    It is held open, so that what was renamed or deleted meanwhile is read to its end. Lines that name no
    data stream are for `stream`.

    Attributes:
        path: where it was seen last.
        offset: bytes that are done with.
        sent: bytes that may be with Elasticsearch.
        position: bytes that were read.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, stream: str = "") -> None:
        self.path, self._stream = path, stream
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.device, self.inode = status.st_dev, status.st_ino
        self.offset = self.sent = self.position = 0
        self._length, self._fingerprint = 0, _hash(b"")
        self._birth: bytes | None = None
        self._searched = 0
        self._grown_at, self._size = time.monotonic(), -1

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from other files, while it is open."""
        return (self.device, self.inode)

    @property
    def size(self) -> int:
        """Its bytes."""
        return os.fstat(self._descriptor).st_size

    @property
    def waiting(self) -> int:
        """Bytes that are not done with."""
        return max(self.size - self.offset, 0)

    def fingerprint(self, length: int) -> str:
        """The hash of so many bytes at its start."""
        return _hash(os.pread(self._descriptor, length, 0))

    def resume(self, place: Place) -> None:
        """Go on where another run stopped."""
        self.offset = self.position = place.offset
        self.sent = place.sent
        self._length, self._fingerprint = place.length, place.fingerprint

    def doubt(self) -> None:
        """Take all that is there for sent already, by whomever."""
        self.sent = max(self.sent, self.size)

    def is_another(self) -> bool:
        """Whether it was truncated or overwritten since it was read."""
        if self.size < self.position:
            return True
        return self._length > 0 and self.fingerprint(self._length) != self._fingerprint

    def read(self, limit: int = CHUNK) -> list[Entry | Rejected]:
        """The whole lines among the next `limit` bytes, or one longer line.

        Raises:
            OSError: it cannot be read.
        """
        chunk = os.pread(self._descriptor, limit, self.position)
        end = chunk.rfind(b"\n") + 1
        if not end:
            return self._long_line() if len(chunk) == limit else []
        found = []
        for line in chunk[: end - 1].split(b"\n"):
            start, self.position = self.position, self.position + len(line) + 1
            if line.strip():
                found.append(self._entry(line, start))
        self._know()
        return found

    def confirm(self) -> None:
        """All that was read is done with."""
        self.offset = self.position
        self.sent = max(self.sent, self.offset)

    def place(self) -> Place:
        """What the registry keeps of it."""
        return Place(
            self.offset, self.sent, self.device, self.inode, self._length, self._fingerprint
        )

    def is_still(self, seconds: float) -> bool:
        """Whether it has not grown for so long."""
        size = self.size
        if size != self._size:
            self._size, self._grown_at = size, time.monotonic()
        return time.monotonic() - self._grown_at >= seconds

    def remainder(self) -> bytes:
        """What stands behind the last whole line."""
        return os.pread(self._descriptor, MAX_RECORD, self.position)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)

    def _know(self) -> None:
        """Know it by more of its start, as far as that is read."""
        length = min(_FINGERPRINT, self.position)
        if self._length < length:
            self._length, self._fingerprint = length, self.fingerprint(length)

    def _entry(self, line: bytes, start: int) -> Entry | Rejected:
        found = entry(
            line, lambda: self._place_id(start), self.path.name, self.position,
            fallback_stream=self._stream,
        )  # fmt: skip
        if isinstance(found, Entry):
            found.doubtful = start < self.sent
        return found

    def _place_id(self, start: int) -> str:
        if self._birth is None:
            self._birth = os.pread(self._descriptor, _BIRTH, 0).partition(b"\n")[0]
        return place_id(self._birth, start)

    def _long_line(self) -> list[Entry | Rejected]:
        """A line longer than what is read at once, if it has an end yet."""
        start = self.position
        place = max(self._searched, start)
        while chunk := os.pread(self._descriptor, CHUNK, place):
            end = chunk.find(b"\n")
            if end >= 0:
                self._searched, self.position = 0, place + end + 1
                length = min(self.position - 1 - start, MAX_RECORD + 1)
                self._know()
                return [self._entry(os.pread(self._descriptor, length, start), start)]
            place += len(chunk)
        self._searched = place
        return []


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
