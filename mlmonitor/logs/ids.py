"""Ids of predictions: made where the caller gives none, and whether one is in the sample."""

from __future__ import annotations

import itertools
import os
import secrets
from hashlib import sha256
from time import time_ns
from typing import Final

LIMIT: Final = 512
"""Bytes that Elasticsearch accepts in an id."""
_MILLISECOND: Final = 1_000_000
_COUNTS: Final = (1 << 32) - 1


class Source:
    """Ids in the form of UUID version 7: the time, 42 random bits of the process, and a count."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: a child must not go on with its parent's ids."""
        bits = secrets.randbits(42)
        self._middle = f"7{bits & 0xFFF:03x}-{0x8000 | (bits >> 12) & 0x3FFF:04x}-{bits >> 26:04x}"
        self._start = (-1, "")
        self._next = itertools.count(secrets.randbits(31)).__next__

    def new(self) -> str:
        """A new id, later in sorted order than those of earlier milliseconds."""
        now = time_ns() // _MILLISECOND
        known, start = self._start
        if now != known:
            digits = f"{now:012x}"
            start = f"{digits[:8]}-{digits[8:]}-{self._middle}"
            self._start = now, start
        return start + "%08x" % (self._next() & _COUNTS)


_source = Source()
os.register_at_fork(after_in_child=_source.after_fork)
new = _source.new


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
