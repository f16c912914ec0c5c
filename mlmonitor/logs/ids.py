"""Ids of predictions: made where the caller gives none, and whether one is in the sample."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from hashlib import sha256
from typing import Final

LIMIT: Final = 512
"""Bytes that Elasticsearch accepts in an id."""
_MILLISECOND: Final = 1_000_000
_COUNTS: Final = 1 << 32


class _Source:
    """Ids in the form of UUID version 7: the time, 42 random bits of the process, and a count."""

    def __init__(self) -> None:
        bits = secrets.randbits(42)
        self._middle = f"7{bits & 0xFFF:03x}-{0x8000 | (bits >> 12) & 0x3FFF:04x}-{bits >> 26:04x}"
        self._next = itertools.count(secrets.randbits(31)).__next__

    def make(self) -> str:
        now = f"{time.time_ns() // _MILLISECOND:012x}"
        return f"{now[:8]}-{now[8:]}-{self._middle}{self._next() % _COUNTS:08x}"


_source = _Source()


def _after_fork() -> None:
    global _source  # noqa: PLW0603 - a child must not go on with its parent's ids
    _source = _Source()


os.register_at_fork(after_in_child=_after_fork)


def new() -> str:
    """A new id, later in sorted order than those of earlier milliseconds."""
    return _source.make()


def given(value: object) -> str:
    """An id that the caller gave, as text.

    Raises:
        ValueError: it is empty, too long, or holds control characters or lone surrogates.
    """
    text = str(value)
    if not text or not text.isprintable() or len(text.encode("utf-8", "replace")) > LIMIT:
        message = f"an id must be 1 to {LIMIT} bytes of printable text"
        raise ValueError(message)
    return text


def is_sampled(identity: str, rate: float) -> bool:
    """Whether a prediction is among the share `rate`: the same wherever its id is the same.

    The first eight bytes of the SHA-256 of the id, as a fraction of 2**64, are less than the rate.
    """
    if rate >= 1:
        return True
    digest = sha256(identity.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < rate * 2.0**64
