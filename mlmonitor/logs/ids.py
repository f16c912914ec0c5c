"""Ids of predictions: made where the caller gives none, and whether one is in the sample."""

from __future__ import annotations

import itertools
import math
import os
import secrets
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: Final = 512
"""Bytes that Elasticsearch accepts in an id."""
_MILLISECOND: Final = 1_000_000
_COUNTS: Final = (1 << 20) - 1
_LAST_DIGITS: Final = tuple(b"%03x" % count for count in range(1 << 12))


class Instant(NamedTuple):
    """A millisecond that runs.

    Attributes:
        first, end: where it begins and ends, in nanoseconds since the epoch.
        stamp: its beginning in ISO 8601, to the millisecond.
        new: makes an id; raises StopIteration when it has made 4,096.
    """

    first: int
    end: int
    stamp: bytes
    new: Callable[[], bytes]


class Source:
    """Ids in the form of UUID version 7: the time, 42 random bits of the process, and a count.

    What a millisecond's ids have in common is made once: their first 33 digits, of which the last
    five count such beginnings, so that no two are the same.

    Attributes:
        now: the millisecond in which the last id was made.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: a child must not go on with its parent's ids."""
        bits = secrets.randbits(42)
        self._middle = f"7{bits & 0xFFF:03x}-{0x8000 | (bits >> 12) & 0x3FFF:04x}-{bits >> 26:04x}"
        self._second = (-1, "")
        self._next = itertools.count(secrets.randbits(19)).__next__
        self.now = Instant(0, 0, b"", iter(()).__next__)

    def at(self, moment: int) -> Instant:
        """The millisecond of a moment, in nanoseconds since the epoch."""
        number = moment // _MILLISECOND
        second, rest = divmod(number, 1_000)
        known, spelled = self._second
        if second != known:
            spelled = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second, spelled
        digits = f"{number:012x}"
        start = f"{digits[:8]}-{digits[8:]}-{self._middle}{self._next() & _COUNTS:05x}"
        new = map(start.encode().__add__, _LAST_DIGITS).__next__
        first = number * _MILLISECOND
        self.now = Instant(first, first + _MILLISECOND, f"{spelled}.{rest:03d}".encode(), new)
        return self.now

    def new(self) -> str:
        """A new id, later in sorted order than those of earlier milliseconds."""
        moment = time.time_ns()
        now = self.now
        if not now.first <= moment < now.end:
            now = self.at(moment)
        try:
            return now.new().decode()
        except StopIteration:
            return self.at(moment).new().decode()


source: Final = Source()
os.register_at_fork(after_in_child=source.after_fork)
new: Final = source.new


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


def is_plain(value: object) -> TypeGuard[str]:
    """Whether an id that the caller gave is a text that stands in JSON as it is."""
    return (
        type(value) is str
        and 0 < len(value) <= LIMIT
        and value.isascii()
        and value.isprintable()
        and '"' not in value
        and "\\" not in value
    )


def share(rate: float) -> bytes:
    """What the SHA-256 of an id is below, as bytes, where it is in the sample; for rates below 1."""
    return math.ceil(rate * 2.0**64).to_bytes(8, "big")


def is_sampled(identity: str, rate: float) -> bool:
    """Whether a prediction is among the share `rate`: the same wherever its id is the same.

    The first eight bytes of the SHA-256 of the id, as a fraction of 2**64, are less than the rate.
    """
    if rate >= 1:
        return True
    digest = sha256(identity.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < rate * 2.0**64
