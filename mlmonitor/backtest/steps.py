"""Counts in steps of time: what Prometheus records of a model's counters."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import names
from mlmonitor.drift.cells import Array, Windows
from mlmonitor.reference import Reference  # noqa: TC001 - a field
from mlmonitor.tally.totals import ColumnTotals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.reference import Column

REASONS: Final = names.INVALID_REASONS
"""What may be wrong with a value."""


@dataclass(frozen=True)
class ColumnSteps(Windows):
    """The counts of one column in each of S spans of time: steps, or windows.

    Attributes:
        invalid: shape (S, 5), values by what is wrong with them, in the order of `REASONS`.
    """

    invalid: Array

    def sums(self, first: np.ndarray, last: np.ndarray) -> ColumnSteps:
        """The counts of windows: of the steps from `first` up to, not with, `last`.

        Both are integers of shape (T,); so are the first axes of what is returned.
        """
        return self._each(lambda counts: _window_sums(counts, first, last))

    def spread(self, lengths: np.ndarray) -> ColumnSteps:
        """The counts of each span spread evenly over its steps; `lengths` has the shape (S,)."""
        return self._each(
            lambda counts: np.repeat(
                counts / lengths.reshape(-1, *[1] * (counts.ndim - 1)), lengths, axis=0
            )
        )

    def _each(self, change: object) -> ColumnSteps:
        counted = [one.name for one in fields(self) if one.name != "column"]
        return replace(self, **{name: change(getattr(self, name)) for name in counted})  # type: ignore[operator]

    def totals(self, index: int) -> ColumnTotals:
        """The counts of one span, as a tally gives them."""
        counts = self.cells[index]
        binned, column = self.column.is_binned, self.column
        return ColumnTotals(
            column,
            float(self.rows[index]),
            float(self.missing[index]),
            dict(zip(REASONS, self.invalid[index].tolist(), strict=True)),
            bins=counts.copy() if binned else None,
            categories=counts.copy() if column.is_categorical else None,
            above=float(self.above[index]),
            below=float(self.below[index]),
            squares=float(self.squares[index]),
            nonzero=float(self.nonzero[index]),
        )


def _window_sums(counts: Array, first: np.ndarray, last: np.ndarray) -> Array:
    # A cumulative sum of counts is exact; of deviations it is so to 1e-12 of a month's sum.
    shape = (len(counts) + 1, *counts.shape[1:])
    summed = np.zeros(shape)
    np.cumsum(counts, axis=0, out=summed[1:])
    return np.asarray(summed[last] - summed[first])


@dataclass(frozen=True)
class Traffic:
    """Traffic of one model, counted in steps.

    Attributes:
        reference: the profile that it is counted against.
        start: seconds since the epoch at which the first step begins, a multiple of `step`.
        step: seconds a step.
        steps: number of steps.
        columns: counts of each column, shape (steps,); may be gone through more than once, and
            make each column anew, so that a month of wide traffic need not be held at once.
        left_out: columns of the reference that the traffic does not hold, by side and name.
    """

    reference: Reference
    start: float
    step: float
    steps: int
    columns: Iterable[ColumnSteps]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> float:
        """Length in days."""
        return self.steps * self.step / 86400.0


def cell_count(column: Column) -> int:
    """Bins, or categories with `__other__` and `__unseen__`; 0 for a column only counted."""
    if column.is_binned:
        return len(column.edges or ()) + 1
    return len(column.categories or ()) + 2 if column.is_categorical else 0
