"""The map from a value to its bin, by arithmetic in place of a search.

Each column gets a grid of cells, a power of two wide, on which its values are counted; bins are
unions of cells, summed when they are read. The cell comes out of the addition of a constant so large
that a float holds only multiples of the cell's width there: the last bits of the sum are the number
of the cell. Cells count downwards, so that a cell, like a bin, includes its upper end.

Where every edge lies on the grid that is all; a value above an edge by less than `TOLERANCE` cells
counts as on it. Otherwise a value is also compared with the one edge inside its cell, which gives the
same bin as `numpy.searchsorted(edges, value, side="left")`, since value and edge went through the
same monotone arithmetic. Edges too close for that are searched.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.tally.layout import DEVIATION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Column

    Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
    Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

TOLERANCE: Final = 2.0**-24
MOST_CELLS: Final = 16_384
_FEWEST_CELLS: Final = 256
_CELLS_IN_ALL: Final = 2_000_000
_LARGEST: Final = 1e300
"""Differences of two values within this bound are finite."""
_LARGEST_EXPONENT: Final = 900


@dataclass(frozen=True)
class ColumnGrid:
    """The grid of one column.

    Attributes:
        low, high: values outside are not mapped by the grid; both finite.
        origin, magic: `(origin - value) + magic` has the cell in its last bits, counted from those
            of `magic`.
        bins: shape (cells,), the bin of a value in the cell that is above no edge in it.
        edges: shape (cells,), the edge inside each cell, +Inf where no value can be above it.
        crowded: whether edges share a cell, so that values have to be searched; `bins` are then
            the bins themselves.
    """

    low: float
    high: float
    origin: float
    magic: float
    bins: Integers
    edges: Floats
    crowded: bool = False

    @classmethod
    def of(cls, column: Column, most_cells: int = MOST_CELLS) -> ColumnGrid:
        """Choose the widest cells that tell the edges of `column` apart."""
        edges = np.array(column.edges or (), dtype=np.float64)
        low, high = value_bounds(column)
        inside = edges[(edges >= low) & (edges <= high)]
        separating = _separating_exponent(inside, high - low)
        choices = [(_aligned_exponent(inside, high - low), 0.5 - TOLERANCE)]
        if separating is not None:
            choices += [(separating, 0.0), (separating - 1, 0.0)]
        for exponent, shift in choices:
            if _fits(exponent, high - low, most_cells):
                grid = cls._with_cells(edges, low, high, math.ldexp(1.0, exponent), shift)
                if grid is not None:
                    return grid
        bins = np.arange(len(edges) + 1)
        return cls(low, high, 0.0, 0.0, bins, np.full(len(bins), np.inf), crowded=True)

    @classmethod
    def _with_cells(
        cls, edges: Floats, low: float, high: float, width: float, shift: float
    ) -> ColumnGrid | None:
        """Cells of a width; None where an edge does not come to lie as it must."""
        top = (math.floor(high / width) + 2) * width
        grid = cls(low, high, top - shift * width, width * 2.0**52, np.zeros(0, np.int64), edges)
        inside = edges[(edges >= low) & (edges <= high)]
        cells = int(grid.cells_of(np.array([low]))[0]) + 1
        cell_of_edge = grid.cells_of(inside)
        if len(set(cell_of_edge.tolist())) < len(inside) or grid.cells_of(np.array([high]))[0] < 0:
            return None
        # Cells count downwards: the edges below a value are those in higher cells.
        above = np.searchsorted(np.sort(cell_of_edge), np.arange(cells), "right")
        bins = (edges < low).sum() + len(inside) - above
        inner = np.full(cells, np.inf)
        if shift:
            exact = np.rint((top - inside) / width)
            if (cell_of_edge != exact).any():
                return None
        else:
            inner[cell_of_edge] = inside
        return cls(low, high, grid.origin, grid.magic, bins.astype(np.int64), inner)

    def cells_of(self, values: Floats) -> Integers:
        """The cells of values within the bounds."""
        bits = ((self.origin - values) + self.magic).view(np.int64)
        return bits - np.array(self.magic).view(np.int64)


def value_bounds(column: Column) -> tuple[float, float]:
    """The values that need no second look: in range, and not extreme."""
    edges = column.edges or (0.0,)
    span = (edges[-1] - edges[0]) or abs(edges[0]) or 1.0
    low, high = column.range or (edges[0] - span, edges[-1] + span)
    mean, reach = column.mean or 0.0, DEVIATION_LIMIT * deviation_scale(column)
    low, high = max(low, mean - reach, -_LARGEST), min(high, mean + reach, _LARGEST)
    return (low, high) if low <= high else (mean, mean)


def deviation_scale(column: Column) -> float:
    """Unit of the column's deviations: the reference's standard deviation, 1 where that is 0.

    Or so near to it that its inverse is beyond the largest float.
    """
    deviation = column.deviation or 0.0
    return deviation if deviation > 1.0 / _LARGEST else 1.0


def _aligned_exponent(edges: Floats, span: float) -> int:
    """Of the widest power of two of which every edge is a multiple."""
    exponents = [_trailing_exponent(edge) for edge in edges.tolist() if edge]
    return min([_exponent_below(span) if span > 0 else 0, *exponents])


def _separating_exponent(edges: Floats, span: float) -> int | None:
    """Of the widest power of two that may put the edges into cells of their own.

    Half of it does so for certain. None where edges are not apart.
    """
    gap = float(np.diff(edges).min()) if len(edges) > 1 else span
    return _exponent_below(gap) if gap > 0 else None


def _fits(exponent: int, span: float, most_cells: int) -> bool:
    if abs(exponent) > _LARGEST_EXPONENT:
        return False
    return span / math.ldexp(1.0, exponent) <= most_cells - 4


def _exponent_below(value: float) -> int:
    """Largest k with 2**k <= value."""
    return math.frexp(value)[1] - 1


def _trailing_exponent(value: float) -> int:
    """Largest k such that `value` is a multiple of 2**k."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator & -numerator).bit_length() - denominator.bit_length()


@dataclass(frozen=True)
class Grid:
    """The grids of several columns side by side: the cells of one row of a tile.

    The cells of column i are `starts[i] : starts[i + 1] - 1`; the cell behind them counts NaN.

    Attributes:
        bins: shape (width,), the bin of each cell counted from the first bin of column 0; the NaN
            of column i is `offsets[-1] + i`.
        edges: shape (width,), the edge inside each cell, +Inf where there is none.
        compares: whether any cell has an edge inside, so that there are cells above edges too.
        crowded: the columns that are searched.
    """

    columns: tuple[ColumnGrid, ...]
    starts: tuple[int, ...]
    bins: Integers
    edges: Floats
    compares: bool
    crowded: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[Column], offsets: Sequence[int], rows: int) -> Grid:
        """Grids of `columns`, whose first bins are `offsets`, for tiles of so many rows."""
        share = _CELLS_IN_ALL // (rows * max(1, len(columns)))
        most = max(_FEWEST_CELLS, min(MOST_CELLS, share))
        grids = tuple(ColumnGrid.of(column, most) for column in columns)
        starts = np.cumsum([0, *(len(grid.bins) + 1 for grid in grids)])
        bins = [np.zeros(0, np.int64)]
        for index, grid in enumerate(grids):
            bins += [grid.bins + offsets[index], np.array([offsets[-1] + index])]
        edges = [np.append(grid.edges, np.inf) for grid in grids]
        joined = np.concatenate([np.zeros(0), *edges])
        return cls(
            grids,
            tuple(starts.tolist()),
            np.concatenate(bins),
            joined,
            bool(np.isfinite(joined).any()),
            tuple(index for index, grid in enumerate(grids) if grid.crowded),
        )

    @property
    def width(self) -> int:
        """Cells of one row."""
        return self.starts[-1]
