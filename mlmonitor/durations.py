"""Lengths of time as Prometheus writes them."""

from __future__ import annotations

import re
from typing import Final

from mlmonitor.errors import GenerationError

LONGEST: Final = 106751 * 86400.0
"""Seconds of the longest duration that Prometheus counts, in whole days: 64 bits of nanoseconds."""

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_DIGITS: Final = 30
# ASCII digits alone: others are digits, too, and Prometheus takes none of them.
_DURATION: Final = re.compile(
    "".join(rf"(?:([0-9]+){unit})?" for unit in ("d", "h", "m(?!s)", "s", "ms"))
)


def duration(seconds: float) -> str:
    """A number of seconds as Prometheus writes it: 3599.999 is `59m59s999ms`.

    Raises:
        GenerationError: less than a millisecond.
    """
    rest = round(seconds * 1000)
    if rest <= 0:
        message = f"A duration of {seconds} seconds is too short; choose at least 1ms."
        raise GenerationError(message)
    text = ""
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    return text


def seconds(text: str) -> float:
    """The length of a duration as Prometheus writes it, such as `1h30m`.

    Raises:
        GenerationError: not a duration, of no length, or longer than Prometheus counts.
    """
    found = _DURATION.fullmatch(text)
    length = 0
    if found:
        for group, (_, unit) in zip(found.groups(), _UNITS, strict=True):
            # More digits than these are too many in any unit.
            length += int((group or "0").lstrip("0")[:_DIGITS] or 0) * unit
    if not length:
        message = f"{text!r} is no duration; write it as 30s, 5m, 1h or 1d."
        raise GenerationError(message)
    if length > LONGEST * 1000:
        message = (
            f"{_shown(text)} is longer than Prometheus counts; write {duration(LONGEST)} at most."
        )
        raise GenerationError(message)
    return length / 1000


def _shown(text: str) -> str:
    return repr(text if len(text) <= _DIGITS else f"{text[:_DIGITS]}…")
