"""Folding rows of numbers into bins and moments, a tile of rows at a time.

A tile is a few rows of float64 laid end to end, at most `TILE_VALUES` values: NumPy's element-wise
functions keep the GIL below 500 elements, so that no call can lose its turn to another thread, and
their cost there is the call itself, whatever the number of columns. Each row of a tile counts into
a plane of its own, since one assignment by index counts a repeated cell once; planes are summed when
they are read. docs/decisions/0002-hot-path.md has the measurements.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.tally.grid import Grid, deviation_scale
from mlmonitor.tally.layout import DEVIATION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.reference import Column
    from mlmonitor.tally.layout import Block

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

TILE_VALUES: Final = 496
TILE_ROWS: Final = 32


def rows_a_tile(block: Block) -> int:
    """How many rows of a block are folded at once."""
    width = max(len(block.binned), len(block.categorical) + len(block.counted), 1)
    return max(1, min(TILE_ROWS, TILE_VALUES // width))


@dataclass(frozen=True)
class PlaneShape:
    """The scratch cells of a kernel, float64 values in one run of memory.

    `counts` is (rows, bins + columns): bins and, behind them, the NaNs of each column. `above`,
    `below`, `squares` and `nonzero` are (rows, columns).
    """

    rows: int
    columns: int
    bins: int

    @classmethod
    def of(cls, block: Block) -> PlaneShape:
        """The planes that the binned columns of `block` need."""
        return cls(rows_a_tile(block), len(block.binned), block.offsets[-1])

    @property
    def size(self) -> int:
        """Number of float64 values."""
        return self.rows * (self.bins + 5 * self.columns)

    def split(self, memory: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Flat views of counts, above, below, squares and nonzero in `memory`."""
        counts, tile = self.rows * (self.bins + self.columns), self.rows * self.columns
        ends = [counts + i * tile for i in range(5)]
        above, below, squares, nonzero = (memory[end : end + tile] for end in ends[:4])
        return memory[:counts], above, below, squares, nonzero

    def add_to(self, cells: Floats, block: Block, memory: Floats) -> None:
        """Sum the planes in `memory` and add them to the layout's `cells`."""
        if not self.columns:
            return
        counts, above, below, squares, nonzero = self.split(memory)
        summed = counts.reshape(self.rows, -1).sum(axis=0)
        cells[block.bins] += summed[: self.bins]
        cells[block.nan] += summed[self.bins :]
        scale = np.array([1.0 / (deviation_scale(c) * _fold_unit(c)) for c in block.binned])
        for part, plane, factor in (
            (block.above, above, scale),
            (block.below, below, scale),
            (block.squares, squares, scale * scale),
            (block.nonzero, nonzero, 1.0),
        ):
            cells[part] += plane.reshape(self.rows, self.columns).sum(axis=0) * factor


def _fold_unit(column: Column) -> float:
    """What deviations are multiplied by as they are summed, before they are standardised.

    1 for all but columns so wide or narrow that their squares would leave the range of a float:
    standardising the sums in place of the values saves a step a tile.
    """
    scale = deviation_scale(column)
    return 1.0 if 1e-100 < scale < 1e100 else 1.0 / scale  # noqa: PLR2004 - squares stay in range


class Kernel:
    """Folds tiles of rows over the binned columns of one block.

    `fold(values)` counts a tile: float64 of shape (n * columns,), row after row, n up to
    `shape.rows`; `memory` holds the planes, and rare values are counted in the layout's `cells`.
    """

    def __init__(self, block: Block, memory: Floats, cells: Floats) -> None:
        self.shape = PlaneShape.of(block)
        self._block, self._memory, self._cells = block, memory, cells
        self._grid = Grid.of(block.binned, block.offsets)
        rows, columns = self.shape.rows, self.shape.columns
        self._full = _make_fold(self, rows)
        self._partial: dict[int, Callable[[Floats], None]] = {}
        self._values = rows * columns

    def fold(self, values: Floats) -> None:
        """Count a tile of whole rows."""
        if len(values) == self._values:
            self._full(values)
        elif len(values):
            rows = len(values) // self.shape.columns
            if rows not in self._partial:
                self._partial[rows] = _make_fold(self, rows)
            self._partial[rows](values)

    def second_look(
        self, values: Floats, deviation: Floats, slot: np.ndarray, differs: np.ndarray, nan_slot: np.ndarray
    ) -> None:
        """Put right the slots and deviations of the values that the grid does not map."""
        nan = np.isnan(values)
        missing = np.count_nonzero(nan)
        if missing:
            np.copyto(slot, nan_slot, where=nan)
            np.copyto(deviation, 0.0, where=nan)
        if np.count_nonzero(differs) == missing:
            return
        columns, plane = self.shape.columns, self.shape.bins + self.shape.columns
        for position in np.flatnonzero(differs & ~nan).tolist():
            row, index = divmod(position, columns)
            value = float(values[position])
            edges = self._block.binned[index].edges or ()
            slot[position] = row * plane + self._block.offsets[index] + bisect_left(edges, value)
            deviation[position] = self._judge(index, value, float(deviation[position]))

    def _judge(self, index: int, value: float, deviation: float) -> float:
        """Count what is wrong with a value out of bounds; its deviation within the limit."""
        block, cells = self._block, self._cells
        column = block.binned[index]
        allowed = column.range
        reach = DEVIATION_LIMIT * deviation_scale(column) * _fold_unit(column)
        if math.isinf(value):
            cells[block.infinite.start + index] += 1
        else:
            if allowed is not None and not allowed[0] <= value <= allowed[1]:
                cells[block.out_of_range.start + index] += 1
            if abs(deviation) > reach:
                cells[block.extreme.start + index] += 1
        return min(max(deviation, -reach), reach)

    def search(self, values: Floats, slot: np.ndarray) -> None:
        """Find the bins of the columns whose edges lie too close for a grid."""
        columns, plane = self.shape.columns, self.shape.bins + self.shape.columns
        starts = np.arange(len(values) // columns) * plane
        for index in self._grid.crowded:
            edges = np.array(self._block.binned[index].edges)
            found = np.searchsorted(edges, values[index::columns])
            slot[index::columns] = found + starts + self._block.offsets[index]


def _make_fold(kernel: Kernel, rows: int) -> Callable[[Floats], None]:  # noqa: PLR0915 - one straight run
    """The fold of a tile of `rows` rows, with its constants and buffers bound once.

    Everything is computed before anything is counted, so that a failure counts nothing.
    """
    block, shape, grid = kernel._block, kernel.shape, kernel._grid  # noqa: SLF001 - its own kernel
    columns, size = shape.columns, rows * shape.columns
    counts, *planes = shape.split(kernel._memory)  # noqa: SLF001
    above, below, squares, nonzero = (plane[:size] for plane in planes)

    def tiled(values: list[float]) -> Floats:
        return np.tile(np.array(values, dtype=np.float64), rows)

    low, high = tiled([g.low for g in grid.columns]), tiled([g.high for g in grid.columns])
    origin, scale = tiled([g.origin for g in grid.columns]), tiled([g.scale for g in grid.columns])
    mean = tiled([column.mean or 0.0 for column in block.binned])
    unit = tiled([_fold_unit(column) for column in block.binned])
    rescales = bool((unit != 1.0).any())
    start = np.tile(np.array(grid.starts, dtype=np.int64), rows)
    plane = np.repeat(np.arange(rows, dtype=np.int64) * (shape.bins + columns), columns)
    nan_slot = plane + shape.bins + np.tile(np.arange(columns), rows)
    zero, one = np.zeros(size), np.ones(size)
    clipped, deviation, part, up, down, square = (np.empty(size) for _ in range(6))
    cell, slot = np.empty(size, np.int64), np.empty(size, np.int64)
    differs, filled = np.empty(size, np.bool_), np.empty(size, np.bool_)
    bin_of_cell, edge_of_cell = grid.bins, grid.edges
    searches, compares = bool(grid.crowded), not grid.aligned
    tracks_nonzero = any(column.kind == "sparse" for column in block.binned)
    second_look, search = kernel.second_look, kernel.search
    add, subtract, multiply, fmax, fmin = np.add, np.subtract, np.multiply, np.fmax, np.fmin
    not_equal, greater, copyto, count_nonzero = np.not_equal, np.greater, np.copyto, np.count_nonzero

    def fold(values: Floats) -> None:
        fmax(values, low, clipped)
        fmin(clipped, high, clipped)
        not_equal(clipped, values, differs)
        subtract(values, mean, deviation)
        if rescales:
            multiply(deviation, unit, deviation)
        subtract(origin, clipped, part)
        multiply(part, scale, part)
        copyto(cell, part, casting="unsafe")
        add(cell, start, cell)
        add(bin_of_cell[cell], plane, slot)
        if compares:
            add(slot, greater(clipped, edge_of_cell[cell]), slot)
        if searches:
            search(values, slot)
        if count_nonzero(differs):
            second_look(values, deviation, slot, differs, nan_slot)
        fmax(deviation, zero, up)
        subtract(up, deviation, down)
        multiply(deviation, deviation, square)
        if tracks_nonzero:
            multiply(not_equal(values, zero, filled), values == values, filled)  # noqa: PLR0124 - not NaN
            add(nonzero, filled, nonzero)
        counted = counts[slot]
        add(counted, one, counted)
        counts[slot] = counted
        add(above, up, above)
        add(below, down, below)
        add(squares, square, squares)

    return fold
