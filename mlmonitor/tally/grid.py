"""The map from a value to its bin, by arithmetic and one look-up in place of a search.

Each column gets a fine grid whose cells are a power of two wide and counted downwards from `origin`,
so that a cell, like a bin, includes its upper end: `cell = int((origin - value) * scale)`. A table
gives for each cell the bin. Where every edge lies on the grid that is the answer; otherwise a value
is also compared with the one edge inside its cell. That is the same answer as
`numpy.searchsorted(edges, value, side="left")`, because both the value and the edge went through
the same monotone arithmetic; only on an aligned grid a value nearer to an edge than the rounding of
`origin - value` (2**-53 of it) counts as on the edge.
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

CELL_LIMIT: Final = 65_536
_CELLS_WANTED: Final = 64
_LARGEST: Final = 1e300
"""Differences of two values within this bound are finite."""


@dataclass(frozen=True)
class ColumnGrid:
    """The grid of one column.

    Attributes:
        low, high: values outside are not mapped by the grid; both finite.
        origin, scale: see the module; `scale` is a power of two.
        bins: int64 of shape (cells,), the bin of a value in the cell that is above no edge in it.
        edges: float64 of shape (cells,), the edge inside each cell, +Inf where there is none.
        aligned: whether no value of a cell is above the edge in it.
        crowded: whether edges share a cell, so that the values have to be searched.
    """

    low: float
    high: float
    origin: float
    scale: float
    bins: np.ndarray[tuple[int], np.dtype[np.int64]]
    edges: np.ndarray[tuple[int], np.dtype[np.float64]]
    aligned: bool
    crowded: bool

    @classmethod
    def of(cls, column: Column) -> ColumnGrid:
        """Choose the widest cells that tell the edges of `column` apart."""
        edges = np.array(column.edges or (), dtype=np.float64)
        low, high = value_bounds(column)
        inside = edges[(edges >= low) & (edges <= high)]
        width = _aligned_width(inside, high - low)
        if width is not None:
            return cls._with_width(edges, low, high, width, aligned=True)
        width = _separating_width(inside, low, high)
        if width is not None:
            return cls._with_width(edges, low, high, width, aligned=False)
        return cls(
            low, high, 0.0, 0.0, np.zeros(1, np.int64), np.full(1, np.inf), aligned=True, crowded=True
        )

    @classmethod
    def _with_width(
        cls, edges: np.ndarray, low: float, high: float, width: float, *, aligned: bool
    ) -> ColumnGrid:
        origin = math.ceil(high / width) * width
        scale = 1.0 / width
        cells = int((origin - low) * scale) + 1
        inside = edges[(edges >= low) & (edges <= high)]
        cell_of_edge = ((origin - inside) * scale).astype(np.int64)
        below = int((edges < low).sum())
        # Cells count downwards: the edges below a value are those in higher cells.
        bins = below + len(inside) - np.searchsorted(np.sort(cell_of_edge), np.arange(cells), "right")
        inner = np.full(cells, np.inf)
        inner[cell_of_edge] = inside
        return cls(low, high, origin, scale, bins.astype(np.int64), inner, aligned, crowded=False)


def value_bounds(column: Column) -> tuple[float, float]:
    """The values that need no second look: in range, and not extreme."""
    edges = column.edges or (0.0,)
    span = (edges[-1] - edges[0]) or abs(edges[0]) or 1.0
    low, high = column.range or (edges[0] - span, edges[-1] + span)
    mean, reach = column.mean or 0.0, DEVIATION_LIMIT * deviation_scale(column)
    low, high = max(low, mean - reach, -_LARGEST), min(high, mean + reach, _LARGEST)
    return (low, high) if low <= high else (mean, mean)


def deviation_scale(column: Column) -> float:
    """Unit of the column's deviations: the reference's standard deviation, 1 where that is 0."""
    return column.deviation or 1.0


def _aligned_width(edges: np.ndarray, span: float) -> float | None:
    """The widest power of two of which every edge is a multiple, if that makes few enough cells."""
    exponents = [_trailing_exponent(edge) for edge in edges.tolist() if edge]
    wanted = _exponent_below(span / _CELLS_WANTED) if span > 0 else 0
    exponent = min([wanted, *exponents])
    return _affordable(exponent, span)


def _separating_width(edges: np.ndarray, low: float, high: float) -> float | None:
    """The widest power of two that puts the edges into cells of their own, if there is one."""
    gap = float(np.diff(edges).min()) if len(edges) > 1 else high - low
    if not gap > 0:
        return None
    return _affordable(_exponent_below(gap / 2), high - low)


def _affordable(exponent: int, span: float) -> float | None:
    try:
        width = math.ldexp(1.0, exponent)
    except OverflowError:
        return None
    fits = math.isfinite(span) and width > 0 and span / width <= CELL_LIMIT
    return width if fits and math.isfinite(1.0 / width) else None


def _exponent_below(value: float) -> int:
    """Largest k with 2**k <= value."""
    return math.frexp(value)[1] - 1


def _trailing_exponent(value: float) -> int:
    """Largest k such that `value` is a multiple of 2**k."""
    numerator, denominator = value.as_integer_ratio()
    return (numerator & -numerator).bit_length() - denominator.bit_length()


@dataclass(frozen=True)
class Grid:
    """The grids of several columns in one table, for rows of all of them.

    `bins[starts[i] + cell]` is the bin of column i counted from the first bin of column 0.
    """

    columns: tuple[ColumnGrid, ...]
    starts: tuple[int, ...]
    bins: np.ndarray[tuple[int], np.dtype[np.int64]]
    edges: np.ndarray[tuple[int], np.dtype[np.float64]]
    aligned: bool
    crowded: tuple[int, ...]

    @classmethod
    def of(cls, columns: Sequence[Column], offsets: Sequence[int]) -> Grid:
        """Grids of `columns`, whose first bins are `offsets`."""
        grids = tuple(ColumnGrid.of(column) for column in columns)
        sizes = [len(grid.bins) for grid in grids]
        starts = np.cumsum([0, *sizes])[:-1].tolist()
        bins = [grid.bins + offset for grid, offset in zip(grids, offsets, strict=False)]
        return cls(
            grids,
            tuple(starts),
            np.concatenate([*bins, np.zeros(0, np.int64)]),
            np.concatenate([*(grid.edges for grid in grids), np.zeros(0)]),
            all(grid.aligned for grid in grids),
            tuple(i for i, grid in enumerate(grids) if grid.crowded),
        )
