"""What happens to the simulated world in a phase, as `alerts/tests/*.yaml` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from mlmonitor.config import Section
from mlmonitor.errors import GenerationError
from mlmonitor.generate.promtool.model import ROWS, Row, reference, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Number = float | str
"""A number, or one times a threshold: `0.9 * threshold`, `1.5 * psi`, `1 + -2 * threshold`."""

_QUICK: Final = 0.03


class Slow(Section):
    """Calls that take long."""

    share: Number = Field(description="Share of the calls.")
    seconds: Number = Field(default="4 * latency", description="How long they take.")


class Replacement(Section):
    """Values that are replaced by another."""

    value: Any = Field(description="The other value.")
    share: Number = Field(default=1.0, description="Share of the rows.")


class Gauge(Section):
    """A gauge that rises steadily."""

    start: Number
    per_hour: Number = 0.0


class Change(Section):
    """What differs from normal traffic; an empty one is normal traffic."""

    rate: Number = Field(default=1.0, description="Rows, times the usual 60 a minute.")
    down: bool = Field(default=False, description="The service cannot be scraped.")
    gone: bool = Field(default=False, description="The service is not even a target.")
    rarer: float = Field(
        default=1,
        ge=1,
        description="One of so many scrapes is made: 2 halves them, 1.25 leaves four of five.",
    )
    restarts: bool = Field(default=False, description="Its counters start again at 0.")
    errors: Number = Field(default=0.0, description="Share of the calls that raise.")
    slow: Slow | None = Field(default=None, description="Slow calls.")
    missing: dict[str, Number] = Field(default={}, description="Column: share without a value.")
    shift: dict[str, Number] = Field(default={}, description="Column: shift in deviations.")
    scale: dict[str, float] = Field(default={}, description="Column: factor.")
    offset: dict[str, float] = Field(default={}, description="Column: number that is added.")
    replace: dict[str, Replacement] = Field(default={}, description="Column: another value.")
    extra: dict[str, Number] = Field(
        default={}, description="Column that the reference lacks: share of rows with it."
    )
    growth: dict[str, Number] = Field(
        default={}, description="Counter, with labels or without: growth a minute in addition."
    )
    gauges: dict[str, Number | Gauge] = Field(
        default={}, description="Gauge, with labels or without: its value."
    )
    absent: tuple[str, ...] = Field(default=(), description="Metrics that are not exposed.")
    series: dict[str, Number] = Field(
        default={}, description="Series of other programs: their value."
    )
    counters: dict[str, Number] = Field(
        default={}, description="Counters of other programs: growth a minute."
    )


def number(value: Number, factors: Mapping[str, float], place: str) -> float:
    """A number, a number times one of the named factors, or a sum of both.

    Raises:
        GenerationError: neither.
    """
    if not isinstance(value, str):
        return float(value)
    try:
        return sum(_product(part, factors) for part in value.split(" + "))
    except (ValueError, KeyError):
        known = ", ".join(sorted(factors))
        message = (
            f"{place}: {value!r} is no number, no number times one of {known}, and no sum of those."
        )
        raise GenerationError(message) from None


def _product(text: str, factors: Mapping[str, float]) -> float:
    left, times, right = (part.strip() for part in text.partition("*"))
    if times:
        return float(left) * factors[right]
    return factors[left] if left in factors else float(left)


def seen_in_rows(change: Change, value: Callable[[Number], float]) -> Change:
    """What of a change is seen in the rows; its numbers are those that `value` finds."""
    return Change(
        errors=value(change.errors),
        missing={column: value(share) for column, share in change.missing.items()},
        shift={column: value(shift) for column, shift in change.shift.items()},
        scale=change.scale,
        offset=change.offset,
        replace={
            column: Replacement(value=new.value, share=value(new.share))
            for column, new in change.replace.items()
        },
        extra={column: value(share) for column, share in change.extra.items()},
    )


def changed_rows(change: Change, value: Callable[[Number], float]) -> list[Row]:
    """The rows of the model under a change, whose numbers `value` resolves."""
    traffic = rows()
    deviations = {column.name: column.deviation or 1.0 for column in reference().columns}
    deviations["price"] = deviations["prediction"]
    for column, shift in change.shift.items():
        _each(traffic, column, step=value(shift) * deviations[column])
    for column, factor in change.scale.items():
        _each(traffic, column, factor=factor)
    for column, step in change.offset.items():
        _each(traffic, column, step=step)
    for column, new in change.replace.items():
        for row in _share(traffic, value(new.share)):
            row[column] = new.value
    for column, share in change.missing.items():
        for row in _share(traffic, value(share)):
            row[column] = None
    for column, share in change.extra.items():
        for row in _share(traffic, value(share)):
            row[column] = 1
    return traffic


def latencies(change: Change, value: Callable[[Number], float]) -> list[tuple[float, float]]:
    """Seconds and share of the calls that take them."""
    if change.slow is None:
        return [(_QUICK, 1.0)]
    share = value(change.slow.share)
    return [(_QUICK, 1 - share), (value(change.slow.seconds), share)]


def _each(traffic: list[Row], column: str, factor: float = 1.0, step: float = 0.0) -> None:
    for row in traffic:
        if row[column] is not None:
            row[column] = row[column] * factor + step


def _share(traffic: list[Row], share: float) -> Iterator[Row]:
    """A share of the rows that is spread over all of them, independent of every column."""
    for index, row in enumerate(traffic):
        if (index * 23 % ROWS + 0.5) / ROWS < share:
            yield row
