"""Traffic drawn from the reference itself: what is seen where nothing has drifted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.backtest.steps import ColumnSteps, Traffic
from mlmonitor.backtest.support import Support
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.reference import Column, Reference

_MOST_STEPS: Final = 200_000
_MOST_ROWS: Final = 1e9
_FEWEST_ROWS: Final = 1e-9
BLOCK_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Simulation:
    """The columns of simulated traffic, each drawn anew, and alike, whenever it is asked for.

    Attributes:
        reference: what rows are drawn from.
        steps: number of steps.
        step: seconds a step.
        rate: rows a second, on average; Poisson's distribution gives those of a step.
        seed: the same seed gives the same traffic.
        correlation: intra-class correlation of the rows within each `block` seconds, by which the
            shares of bins and categories vary from block to block (Dirichlet's distribution).
        block: seconds.
        counts: rows of each step, shape (steps,), in place of `rate`.
    """

    reference: Reference
    steps: int
    step: float
    rate: float
    seed: int
    correlation: float = 0.0
    block: float = BLOCK_SECONDS
    counts: np.ndarray | None = field(default=None, compare=False)
    _supports: dict[tuple[str, str], Support] = field(default_factory=dict, compare=False)

    def __iter__(self) -> Iterator[ColumnSteps]:
        for column in self.reference.columns:
            yield self.column(column)

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of each step, int64 of shape (steps,)."""
        if self.counts is not None:
            return self.counts.astype(np.int64)
        rng = np.random.default_rng((self.seed, 0))
        return rng.poisson(self.rate * self.step, self.steps)

    def support(self, column: Column) -> Support:
        """The distribution of a column."""
        key = column.side, column.name
        if key not in self._supports:
            self._supports[key] = Support.of(column)
        return self._supports[key]

    def column(self, column: Column, support: Support | None = None) -> ColumnSteps:
        """The counts of a column, or what they would be with another distribution."""
        drawn_from = support or self.support(column)
        index = self.reference.columns.index(column)
        rng = np.random.default_rng((self.seed, 1 + index))
        chances = None
        if self.correlation > 0 and len(drawn_from.values):
            blocks = int(np.ceil(self.steps * self.step / self.block))
            weight = (1 - self.correlation) / self.correlation
            by_block = rng.dirichlet(np.maximum(drawn_from.chances, _FEWEST_ROWS) * weight, blocks)
            place = (np.arange(self.steps) * self.step // self.block).astype(np.int64)
            chances = by_block[place]
        return drawn_from.counted(self.rows, rng, chances)


def simulate(
    reference: Reference,
    seconds: float,
    rate: float,
    *,
    seed: int = 0,
    step: float = 300.0,
    correlation: float = 0.0,
) -> Traffic:
    """Traffic without drift, as counts in steps.

    Bins and categories have the reference's shares, numbers its means and deviations; columns are
    independent of each other, and so are rows unless `correlation` says otherwise.

    Raises:
        MlmonitorError: too short or too long, or a rate that gives no rows.
    """
    steps = int(seconds // step)
    if not 0 < steps <= _MOST_STEPS:
        message = (
            f"--simulate: {seconds:g} seconds are {steps:.6g} steps of {step:g} seconds; simulate "
            f"between 1 and {_MOST_STEPS} of them, such as 28d."
        )
        raise MlmonitorError(message)
    if not 0 < rate <= _MOST_ROWS:
        message = (
            f"--rate: {rate:g} rows a second give no traffic that can be simulated; choose up to "
            f"{_MOST_ROWS:g}, such as 1/s."
        )
        raise MlmonitorError(message)
    if not reference.columns:
        message = f"The reference of {reference.model!r} has no columns; profile some data."
        raise MlmonitorError(message)
    simulation = Simulation(reference, steps, step, rate, seed, correlation)
    if not simulation.rows.any():
        message = f"--rate: {rate:g} rows a second give none in {seconds:g} seconds; choose more, such as 1/s."
        raise MlmonitorError(message)
    return Traffic(reference, 0.0, step, steps, simulation)
