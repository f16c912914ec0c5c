"""Worlds in which nothing drifts: 80 columns of many kinds, a reference drawn anew, traffic of a month."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mlmonitor.backtest.steps import ColumnSteps, Traffic
from mlmonitor.backtest.values import Encoded, encode, encode_numbers
from mlmonitor.reference.build import from_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmonitor.reference import Column, Reference

ROWS: Final = 1_460
BINS: Final = 20
STEP: Final = 300.0
STEPS: Final = 28 * 288
KINDS: Final = (
    ("normal", 20), ("lognormal", 15), ("uniform", 10), ("discrete", 10), ("sparse", 10),
    ("category", 14),
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """One month of one model.

    Attributes:
        seed: the same seed gives the same month.
        rate: rows a second, on average.
    """

    seed: int
    rate: float

    @cached_property
    def reference(self) -> Reference:
        """The profile of rows drawn from the same distributions as the traffic."""
        frame = pd.DataFrame(
            {name: _texts(name, self._draw(name, ROWS, 0)) for name in column_names()}
        )
        kinds: dict[str, Any] = {
            name: kind for name in column_names() if (kind := _given_kind(name)) is not None
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return from_frame(
                frame, model="world", version="1", prediction="prediction", bins=BINS, kinds=kinds
            )

    @cached_property
    def place(self) -> np.ndarray:
        """The step of each row, int64 of shape (rows,)."""
        rng = np.random.default_rng((self.seed, 99_999))
        return np.repeat(np.arange(STEPS), rng.poisson(self.rate * STEP, STEPS))

    def traffic(self) -> Traffic:
        """The month, each column drawn when it is needed."""
        return Traffic(self.reference, 0.0, STEP, STEPS, self)

    def __iter__(self) -> Iterator[ColumnSteps]:
        for column in self.reference.columns:
            yield self.counted(column)

    def counted(
        self,
        column: Column,
        change: Callable[[np.ndarray], np.ndarray] | None = None,
        since: int = 0,
    ) -> ColumnSteps:
        """The counts of a column whose values may change after so many steps."""
        drawn = self._draw(column.name, len(self.place), 1)
        if change is not None:
            later = int(np.searchsorted(self.place, since))
            drawn[later:] = change(drawn[later:])
        return _encoded(column, drawn).counted(column, self.place, STEPS)

    def _draw(self, name: str, rows: int, part: int) -> np.ndarray:
        """Values of a column; of a categorical one the numbers of its categories."""
        index = column_names().index(name)
        rng = np.random.default_rng((self.seed, index, part))
        kind, number = name.split("_") if "_" in name else ("normal", "0")
        level = int(number)
        if kind == "normal":
            return rng.normal(level, 1.0 + level, rows)
        if kind == "lognormal":
            return np.exp(rng.normal(1.0, 0.3 + 0.06 * level, rows))
        if kind == "uniform":
            return rng.uniform(-1.0 - level, 1.0, rows)
        if kind == "discrete":
            return rng.poisson(1.0 + level, rows).astype(np.float64)
        if kind == "sparse":
            zero = rng.random(rows) < 0.5 + 0.04 * level
            return np.where(zero, 0.0, rng.exponential(3.0, rows))
        chances = _chances(level)
        return np.searchsorted(np.cumsum(chances)[:-1], rng.random(rows)).astype(np.float64)


def column_names() -> list[str]:
    """All 80 columns."""
    inputs = [f"{kind}_{number}" for kind, count in KINDS for number in range(count)]
    return [*inputs, "prediction"]


def _chances(level: int) -> np.ndarray:
    """Chances of 2 to 28 categories, Zipf's for every other column."""
    size = 2 + 2 * level
    weights = 1.0 / np.arange(1, size + 1) if level % 2 else np.ones(size)
    return np.asarray(weights / weights.sum())


def _texts(name: str, values: np.ndarray) -> Any:
    return [f"v{int(value)}" for value in values] if name.startswith("category") else values


def _given_kind(name: str) -> str | None:
    kind = name.split("_", maxsplit=1)[0]
    return {"category": "categorical", "discrete": "discrete", "sparse": "sparse"}.get(kind)


def _encoded(column: Column, values: np.ndarray) -> Encoded:
    if column.is_binned:
        return encode_numbers(column, values)
    names = [f"v{number}" for number in range(int(values.max(initial=0)) + 1)]
    known = encode(column, pd.Series(names, dtype=object))
    codes = values.astype(np.int64)
    return Encoded(known.cell[codes], known.missing[codes])
