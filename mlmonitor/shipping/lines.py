"""Lines between the threads that predict and the one that ships, bounded in number and bytes."""

from __future__ import annotations

import threading
from collections import deque


class Lines:
    """A queue that never waits: what has no room is turned away.

    Nobody is woken when something comes; whoever takes looks again after a while. That keeps the
    cost of a line to that of a lock that nobody else holds.

    Args:
        most: lines, and `size`: bytes, that it holds.
    """

    def __init__(self, most: int, size: int) -> None:
        self._most, self._limit = most, size
        self._lock = threading.Lock()
        self._lines: deque[bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def size(self) -> int:
        """Bytes in it."""
        return self._size

    def put(self, line: bytes) -> bool:
        """Add a line; whether there was room."""
        with self._lock:
            if len(self._lines) >= self._most or self._size + len(line) > self._limit:
                return False
            self._lines.append(line)
            self._size += len(line)
        return True

    def take(self, most: int, size: int) -> list[bytes]:
        """Remove the oldest lines, together at most so many bytes but for a single longer one."""
        found: list[bytes] = []
        taken = 0
        while len(found) < most:
            with self._lock:
                if not self._lines or (found and taken + len(self._lines[0]) > size):
                    break
                line = self._lines.popleft()
                self._size -= len(line)
            found.append(line)
            taken += len(line)
        return found
