"""Ids of predictions: made where the caller gives none, and whether one is in the sample."""

from __future__ import annotations

import itertools
import math
import os
import secrets
import time
from hashlib import sha256
from typing import Final, TypeGuard

LIMIT: Final = 512
"""Bytes that Elasticsearch accepts in an id."""
_MILLISECOND: Final = 1_000_000
_BLOCKS: Final = (1 << 20) - 1
_THREE_DIGITS: Final = tuple(b"%03d" % number for number in range(1_000))
_LAST_DIGITS: Final = tuple(b"%03x" % count for count in range(1 << 12))


Instant = tuple[int, int, bytes, bytes]
"""A millisecond: where it begins and ends in nanoseconds since the epoch, its beginning in ISO 8601, and
how its ids begin. A plain tuple: at a low rate one is made for each call."""


class Source:
    """Ids in the form of UUID version 7: the time, 42 random bits of the process, and a count.

    An id is how those of its millisecond begin, and the next of `rests`.

    Attributes:
        now: the millisecond in which the last id was made.
        rests: how the next ids go on; `new` begins more of them when these are used up.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew: a child must not go on with its parent's ids."""
        bits = secrets.randbits(42)
        middle = f"7{bits & 0xFFF:03x}-{0x8000 | (bits >> 12) & 0x3FFF:04x}-{bits >> 26:04x}"
        self._middle = middle.encode()
        self._second = (-1, b"")
        self._blocks = itertools.count(secrets.randbits(19)).__next__
        self.now: Instant = (0, 0, b"", b"")
        self._renew()

    def _renew(self) -> None:
        start = self._middle + b"%05x" % (self._blocks() & _BLOCKS)
        self.rests = map(start.__add__, _LAST_DIGITS)

    def at(self, moment: int) -> Instant:
        """The millisecond of a moment, in nanoseconds since the epoch."""
        number = moment // _MILLISECOND
        second, rest = divmod(number, 1_000)
        known, spelled = self._second
        if second != known:
            spelled = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()
            self._second = second, spelled
        first = number * _MILLISECOND
        start = b"%08x-%04x-" % (number >> 16, number & 0xFFFF)
        self.now = now = (first, first + _MILLISECOND, spelled + _THREE_DIGITS[rest], start)
        return now

    def new(self) -> str:
        """A new id, later in sorted order than those of earlier milliseconds."""
        moment = time.time_ns()
        first, end, _, start = self.now
        if not first <= moment < end:
            start = self.at(moment)[3]
        rest = next(self.rests, b"")
        while not rest:
            self._renew()
            rest = next(self.rests, b"")
        return (start + rest).decode()


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
