"""Time ranges as Grafana writes them, and the steps and intervals that follow from them."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mlmonitor.errors import MlmonitorError

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_RELATIVE: Final = re.compile(r"now(?:-(\d+)([smhdwMy]))?(?:/([smhdwMy]))?")
_LENGTH: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_MILLISECONDS: Final = re.compile(r"-?\d{1,15}")
_STEPS: Final = (
    0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200,
    1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000,
)  # fmt: skip
_DEFAULT: Final = ("now-6h", "now")


@dataclass(frozen=True)
class TimeRange:
    """From when to when.

    Attributes:
        start: Unix time in seconds.
        end: likewise; after `start`.
        texts: both as they were asked for, such as `now-6h` and `now`.
    """

    start: float
    end: float
    texts: tuple[str, str]

    @classmethod
    def of(cls, texts: tuple[str, str] = _DEFAULT, now: float | None = None) -> TimeRange:
        """A range from texts: `now-6h`, `now-1d/d`, Unix time in milliseconds, or ISO 8601.

        Raises:
            MlmonitorError: a text is none of these, or the end is not after the start.
        """
        moment = time.time() if now is None else now
        start, end = _moment(texts[0], moment, up=False), _moment(texts[1], moment, up=True)
        if end <= start:
            message = f"from={texts[0]} to={texts[1]}: ends before it begins; swap them."
            raise MlmonitorError(message)
        return cls(start, end, texts)

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start

    def step(self, points: int, least: float) -> float:
        """Seconds between two points where about so many are drawn, a round number >= `least`."""
        wanted = max(self.seconds / points, least)
        return next((step for step in _STEPS if step >= wanted * 0.999), _STEPS[-1])


def rate_interval(step: float, scrape: float) -> float:
    """Grafana's `$__rate_interval`: whatever the step, it holds four scrapes."""
    return max(step + scrape, 4 * scrape)


def length(text: str) -> float:
    """Seconds of a length of time such as `30s` or `1h30m`.

    Raises:
        MlmonitorError: it is none.
    """
    parts = _LENGTH.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        message = f"{text!r} is no length of time; write it as 30s, 5m, 1h or 1d."
        raise MlmonitorError(message)
    return float(sum(int(number) * {**_UNITS, "ms": 1e-3}[unit] for number, unit in parts))


def text_of(seconds: float) -> str:
    """A length of time as Prometheus and Grafana write it, in one unit: `90s`, `2m`, `500ms`."""
    if seconds < 1 or not float(seconds).is_integer():
        return f"{math.ceil(seconds * 1000)}ms"
    whole = int(seconds)
    unit = next(name for name in ("d", "h", "m", "s") if whole % _UNITS[name] == 0)
    return f"{whole // _UNITS[unit]}{unit}"


def _moment(text: str, now: float, *, up: bool) -> float:
    found = _RELATIVE.fullmatch(text)
    if found:
        number, unit, rounded = found.groups()
        moment = now - int(number) * _UNITS[unit] if number else now
        return _rounded(moment, rounded, up=up) if rounded else moment
    if _MILLISECONDS.fullmatch(text):
        return int(text) / 1000
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        message = f"{text!r} is no time; write now-6h, 2026-01-31T12:00 or Unix milliseconds."
        raise MlmonitorError(message) from None


def _rounded(moment: float, unit: str, *, up: bool) -> float:
    """The beginning, or the end, of the unit of time that holds a moment, in local time."""
    local = datetime.fromtimestamp(moment).astimezone()
    start = local.replace(microsecond=0, second=0)
    if unit not in "sm":
        start = start.replace(minute=0)
    if unit in "dwMy":
        start = start.replace(hour=0)
    if unit == "w":
        start -= timedelta(days=start.weekday())
    if unit in "My":
        start = start.replace(day=1)
    if unit == "y":
        start = start.replace(month=1)
    if unit == "s":
        start = local.replace(microsecond=0)
    return start.timestamp() + (_UNITS[unit] if up else 0)
