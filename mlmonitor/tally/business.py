"""Business metrics on their way into the tally: recorded in the call, folded some at a time."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.tally.layout import BusinessCells

    Take = Callable[[Any, str | None], None]

VALUES_A_FOLD: Final = 32
"""Values of one series that may wait before they are folded."""
LARGEST: Final = 1e12
"""Larger values are refused by what adds up: one of them would hide all others for ever."""


class UnusableValueError(MlmonitorError, ValueError):
    """A value that the type of its business metric cannot count."""


class Ledger:
    """The business metrics of one tally.

    Args:
        business: the series and their cells.
        opened: holds nothing until the tally has its memory.
        fold: asks the tally to fold what waits here.
    """

    def __init__(
        self, business: Sequence[BusinessCells], opened: list[bool], fold: Callable[[], None]
    ) -> None:
        self._series = [(one, list[Any]()) for one in business]
        self._opened, self._fold = opened, fold
        waiting: dict[str, dict[str, list[Any]]] = {}
        for one, pending in self._series:
            waiting.setdefault(one.metric.name, {})[one.segment] = pending
        self._takers: dict[str, Take] = {}
        for one in business:
            name = one.metric.name
            dated = one.metric.type == "gauge"
            self._takers.setdefault(name, self._taker(waiting[name], dated=dated))

    def taker(self, name: str) -> Take:
        """What records a value and a segment of a metric; it never waits.

        Raises:
            MlmonitorError: the metric is not declared.
        """
        found = self._takers.get(name)
        if found is None:
            message = f"{name!r} is not declared; add it to `business`"
            raise MlmonitorError(message)
        return found

    def fold(self, cells: memoryview[float], failed: Callable[[Exception], None]) -> None:
        """Count all that waits; the tally's lock is held."""
        for one, pending in self._series:
            if pending:
                values = pending[:]
                del pending[: len(values)]
                _FOLDS[one.metric.type](one, cells, values, failed)

    def clear(self) -> None:
        """Forget what waits: a forked child's values are its parent's."""
        for _, pending in self._series:
            pending.clear()

    def _taker(self, waiting: dict[str, list[Any]], *, dated: bool) -> Take:
        opened, fold = self._opened, self._fold
        *_, rest = waiting.values()
        if len(waiting) == 1 and not dated:
            return self._plain_taker(rest)
        now, segment_of = time.time, waiting.get

        def take(value: Any, segment: str | None) -> None:
            pending = segment_of(segment, rest)  # type: ignore[arg-type] # None is no key
            pending.append((now(), value) if dated else value)
            if len(pending) >= VALUES_A_FOLD or not opened:
                fold()

        return take

    def _plain_taker(self, pending: list[Any]) -> Take:
        """A shorter way for the metric that has one series."""
        opened, fold, append = self._opened, self._fold, pending.append

        def take(value: Any, _segment: str | None) -> None:
            append(value)
            if len(pending) >= VALUES_A_FOLD or not opened:
                fold()

        return take


def _fold_counter(
    one: BusinessCells,
    cells: memoryview[float],
    values: list[Any],
    failed: Callable[[Exception], None],
) -> None:
    amount, _ = _summed(one, values, failed)
    cells[one.cells.start] += amount


def _fold_distribution(
    one: BusinessCells,
    cells: memoryview[float],
    values: list[Any],
    failed: Callable[[Exception], None],
) -> None:
    amount, usable = _summed(one, values, failed)
    first = one.cells.start
    for bucket, count in Counter(map(partial(bisect_left, one.metric.buckets), usable)).items():
        cells[first + bucket] += count
    cells[one.cells.stop - 1] += amount


def _fold_gauge(
    one: BusinessCells,
    cells: memoryview[float],
    values: list[Any],
    failed: Callable[[Exception], None],
) -> None:
    for at, value in values:
        number = _number(one, value, failed, -math.inf, math.inf)
        if number is not None:
            cells[one.cells.start], cells[one.cells.start + 1] = number, at


_FOLDS: Final = {
    "counter": _fold_counter,
    "distribution": _fold_distribution,
    "gauge": _fold_gauge,
}


def _summed(
    one: BusinessCells, values: list[Any], failed: Callable[[Exception], None]
) -> tuple[float, list[Any]]:
    """The sum of the values that count, and these."""
    with suppress(Exception):  # looked at one by one
        total = math.fsum(values)
        if math.isfinite(total) and min(values) >= 0 and max(values) <= LARGEST:
            return total, values
    numbers = (_number(one, value, failed, 0.0, LARGEST) for value in values)
    usable = [number for number in numbers if number is not None]
    return math.fsum(usable), usable


def _number(
    one: BusinessCells, value: Any, failed: Callable[[Exception], None], least: float, most: float
) -> float | None:
    """A value as a finite float within bounds; None, and a failure, where it is none."""
    try:
        number = math.nan if isinstance(value, (str, bytes)) else float(value)
    except Exception as error:  # noqa: BLE001 - a value may raise anything from __float__
        failed(error)
        return None
    if math.isfinite(number) and least <= number <= most:
        return number
    what = (
        f"{number:g}" if type(value) in {int, float} else f"a value of type {type(value).__name__}"
    )
    failed(
        UnusableValueError(f"{what} cannot be counted by the {one.metric.type} {one.metric.name}")
    )
    return None
