"""What a tally has counted, column by column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlmonitor import names
from mlmonitor.tally import layout as cells_of

if TYPE_CHECKING:
    from mlmonitor.reference import Column
    from mlmonitor.tally.layout import Block, Layout

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class ColumnTotals:
    """The counts of one column over some rows; they add up.

    Attributes:
        column: the reference that they are counted against.
        rows: rows in which the column was looked for.
        missing: rows without a value.
        invalid: values by reason that they broke a rule.
        bins: float64 of shape (len(column.edges) + 1,) for a binned column, else None.
        categories: float64 of shape (len(column.categories) + 2,) for a categorical one, the last
            two `__other__` and `__unseen__`, else None.
        above, below: summed distances from the reference mean, in reference deviations.
        squares: summed squared distances, in squared reference deviations.
        nonzero: values other than zero.
    """

    column: Column
    rows: float
    missing: float
    invalid: dict[str, float] = field(default_factory=dict)
    bins: Floats | None = None
    categories: Floats | None = None
    above: float = 0.0
    below: float = 0.0
    squares: float = 0.0
    nonzero: float = 0.0

    @property
    def values(self) -> float:
        """Values in bins or categories."""
        counted = self.bins if self.bins is not None else self.categories
        return self.rows - self.missing if counted is None else float(counted.sum())


@dataclass(frozen=True)
class Totals:
    """One consistent reading of a tally: `cells`, float64 of shape (layout.size,)."""

    layout: Layout
    cells: Floats

    def columns(self) -> list[ColumnTotals]:
        """The counts of every column, by side, in the layout's order."""
        return [
            totals
            for block in self.layout.blocks
            for totals in (*self._binned(block), *self._categorical(block), *self._counted(block))
        ]

    def column(self, side: str, name: str) -> ColumnTotals:
        """The counts of one column.

        Raises:
            KeyError: the layout has no such column.
        """
        for totals in self.columns():
            if (totals.column.side, totals.column.name) == (side, name):
                return totals
        raise KeyError((side, name))

    def __add__(self, other: Totals) -> Totals:
        """The counts of both; the layouts must mean the same."""
        if self.layout.digest != other.layout.digest:
            message = "tallies of different references cannot be added"
            raise ValueError(message)
        return Totals(self.layout, self.layout.added(self.cells, other.cells))

    def _binned(self, block: Block) -> list[ColumnTotals]:
        cells, rows = self.cells, float(self.cells[block.rows])
        bins = np.split(cells[block.bins], block.offsets[1:-1]) if block.binned else []
        missing, not_finite = missing_and_not_finite(block, cells)
        rest = (cells[part] for part in (block.wrong_type, block.out_of_range, block.extreme))
        invalid = np.stack([not_finite, *rest], axis=1).tolist()
        reasons = (names.NOT_FINITE, names.WRONG_TYPE, names.OUT_OF_RANGE, names.EXTREME)
        return [
            ColumnTotals(
                column, rows, float(missing[i]), dict(zip(reasons, invalid[i], strict=True)),
                bins[i], None, float(cells[block.above][i]), float(cells[block.below][i]),
                float(cells[block.squares][i]), float(cells[block.nonzero][i]),
            )
            for i, column in enumerate(block.binned)
        ]  # fmt: skip

    def _categorical(self, block: Block) -> list[ColumnTotals]:
        rows = float(self.cells[block.rows])
        found = []
        for column, start in zip(block.categorical, block.category_starts, strict=True):
            known = len(column.categories or ())
            extra = self.cells[start + known : start + known + cells_of.CATEGORY_EXTRA]
            unseen = extra[cells_of.UNSEEN] + extra[cells_of.UNSEEN_ALLOWED]
            counts = np.append(self.cells[start : start + known], [extra[cells_of.OTHER], unseen])
            invalid = {
                names.WRONG_TYPE: float(extra[cells_of.WRONG_TYPE]),
                names.NOT_ALLOWED: not_allowed(column, counts[:known], extra),
            }
            missing = float(extra[cells_of.MISSING])
            found.append(ColumnTotals(column, rows, missing, invalid, None, counts))
        return found

    def _counted(self, block: Block) -> list[ColumnTotals]:
        rows = float(self.cells[block.rows])
        return [
            ColumnTotals(
                column, rows, float(self.cells[start + cells_of.ABSENT]),
                {names.WRONG_TYPE: float(self.cells[start + cells_of.MISTYPED])},
            )
            for column, start in zip(block.counted, block.counted_starts, strict=True)
        ]  # fmt: skip


def missing_and_not_finite(block: Block, cells: Floats) -> tuple[Floats, Floats]:
    """Missing and non-finite values of the binned columns; a NaN is missing only in an input."""
    nan, none, infinite = cells[block.nan], cells[block.none], cells[block.infinite]
    if block.side == "input":
        return nan + none, infinite.copy()
    return none.copy(), nan + infinite


def not_allowed(column: Column, known: Floats, extra: Floats) -> float:
    """Values outside `column.allowed`: categories that it lacks, and unseen ones."""
    if column.allowed is None:
        return 0.0
    allowed = set(column.allowed)
    barred = [value not in allowed for value in column.categories or ()]
    return float(known[np.array(barred, dtype=bool)].sum() + extra[cells_of.UNSEEN])
