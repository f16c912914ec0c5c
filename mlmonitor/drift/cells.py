"""What was counted of a column, in windows of time or in the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmonitor.reference.model import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Column
    from mlmonitor.tally.totals import ColumnTotals

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Windows:
    """The counts of one column in each of T spans of time.

    Attributes:
        column: the reference that they are counted against.
        rows, missing: shape (T,).
        cells: shape (T, B), values by bin, or by category with `__other__` and `__unseen__` last;
            B is 0 for a column that is only counted.
        above, below, squares: shape (T,), deviations as `ColumnTotals` has them.
        nonzero: shape (T,).
    """

    column: Column
    rows: Array
    missing: Array
    cells: Array
    above: Array
    below: Array
    squares: Array
    nonzero: Array

    @property
    def values(self) -> Array:
        """Rows with a value in a bin or category, shape (T,)."""
        return self.cells.sum(axis=1) if self.cells.shape[1] else self.rows - self.missing


def one_window(totals: ColumnTotals) -> Windows:
    """The counts of a tally as those of a single window."""
    names = ("rows", "missing", "above", "below", "squares", "nonzero")
    sums = {name: np.array([float(getattr(totals, name))]) for name in names}
    counted = totals.bins if totals.bins is not None else totals.categories
    cells = np.zeros((1, 0)) if counted is None else np.asarray(counted, dtype=np.float64)[None, :]
    return Windows(column=totals.column, cells=cells, **sums)


def reference_cells(column: Column) -> Array:
    """Reference rows by bin or category, the last two categories `__other__` and `__unseen__`.

    Shares of all values, so that they agree with what a monitor exposes.
    """
    if column.is_binned:
        counts: Sequence[float] = column.counts or ()
    else:
        counts = [*(column.categories or {}).values(), column.other, 0]
    return np.array(shares(counts)) * column.values
