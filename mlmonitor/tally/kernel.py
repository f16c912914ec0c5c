"""Folding rows of numbers into cells and moments, a tile of rows at a time.

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
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.tally.grid import Grid, deviation_scale
from mlmonitor.tally.layout import DEVIATION_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.reference import Column
    from mlmonitor.tally.layout import Block

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Integers = np.ndarray[tuple[int], np.dtype[np.int64]]

TILE_VALUES: Final = 496
TILE_ROWS: Final = 32


def view_of(values: Floats) -> memoryview[float]:
    """The same values, of which single ones are read and written faster than through NumPy."""
    return values.data.cast("B").cast("d")


def rows_a_tile(block: Block) -> int:
    """How many rows of a block are folded at once."""
    width = max(len(block.binned), len(block.categorical) + len(block.counted), 1)
    return max(1, min(TILE_ROWS, TILE_VALUES // width))


@lru_cache(maxsize=64)
def grid_of(block: Block) -> Grid:
    """The grid of a block's binned columns."""
    return Grid.of(block.binned, block.offsets, rows_a_tile(block))


@dataclass(frozen=True)
class Planes:
    """What a kernel counts in: runs of float64 values in one memory.

    Attributes:
        counts: a plane of cells for each row of a tile; where the grid compares with edges inside
            its cells, as many again for the values above them.
        above, below, squares, nonzero: shape (rows * columns,), sums of deviations, in units of
            `_fold_unit`, and of values other than zero.
    """

    counts: Floats
    above: Floats
    below: Floats
    squares: Floats
    nonzero: Floats

    @staticmethod
    def size(block: Block) -> int:
        """Float64 values that the planes of a block need."""
        grid, rows = grid_of(block), rows_a_tile(block)
        return rows * (grid.width * (1 + grid.compares) + 4 * len(block.binned))

    @classmethod
    def of(cls, block: Block, memory: Floats) -> Planes:
        """The planes of a block in a memory of shape (size,)."""
        tile = rows_a_tile(block) * len(block.binned)
        counts = len(memory) - 4 * tile
        ends = range(counts, len(memory), tile) if tile else [0] * 4
        sums = [memory[end : end + tile] for end in ends]
        return cls(memory[:counts], *sums)

    def add_to(self, cells: Floats, block: Block) -> None:
        """Sum the planes and add them to the layout's cells."""
        if not block.binned:
            return
        grid, rows, columns = grid_of(block), rows_a_tile(block), len(block.binned)
        bins = np.concatenate([grid.bins, grid.bins + 1]) if grid.compares else grid.bins
        summed = self.counts.reshape(-1, rows, grid.width).sum(axis=1).reshape(-1)
        counted = np.bincount(bins, summed, minlength=block.offsets[-1] + columns + 1)
        cells[block.bins] += counted[: block.offsets[-1]]
        cells[block.nan] += counted[block.offsets[-1] : block.offsets[-1] + columns]
        scale = np.array([1.0 / (deviation_scale(c) * _fold_unit(c)) for c in block.binned])
        for part, plane, factor in (
            (block.above, self.above, scale),
            (block.below, self.below, scale),
            (block.squares, self.squares, scale * scale),
            (block.nonzero, self.nonzero, 1.0),
        ):
            cells[part] += plane.reshape(rows, columns).sum(axis=0) * factor


def _fold_unit(column: Column) -> float:
    """What deviations are multiplied by as they are summed, before they are standardised.

    1 for all but columns so wide or narrow that their squares would leave the range of a float:
    standardising the sums in place of the values saves a step a tile.
    """
    scale = deviation_scale(column)
    return 1.0 if 1e-100 < scale < 1e100 else 1.0 / scale  # noqa: PLR2004 - squares stay in range


class Kernel:
    """Folds tiles of rows over the binned columns of one block.

    `memory` holds the planes, and rare values are counted in the layout's `cells`.
    """

    def __init__(self, block: Block, memory: Floats, cells: Floats) -> None:
        self.block, self.cells = block, cells
        self.rows, self.columns = rows_a_tile(block), len(block.binned)
        self.grid, self.planes = grid_of(block), Planes.of(block, memory)
        self.fold_full = _make_fold(self, self.rows)
        """Count a tile of `rows` rows."""
        self._partial: dict[int, Callable[[Floats], None]] = {}
        self._values = self.rows * self.columns
        self._buffer = bytearray(8 * self._values)
        self._tile = np.frombuffer(self._buffer, np.float64) if self._values else np.zeros(0)

    def fold(self, values: Floats) -> None:
        """Count a tile of whole rows: float64 of shape (n * columns,), n up to `rows`."""
        if len(values) == self._values:
            self.fold_full(values)
        elif len(values):
            rows = len(values) // self.columns
            if rows not in self._partial:
                self._partial[rows] = _make_fold(self, rows)
            self._partial[rows](values)

    def fold_packed(self, rows: Sequence[bytes]) -> None:
        """Count a tile of rows, each the bytes of its float64 values."""
        if len(rows) == self.rows:
            self._buffer[:] = b"".join(rows)
            self.fold_full(self._tile)
        else:
            self.fold(np.frombuffer(b"".join(rows)))

    def second_look(
        self, values: Floats, deviation: Floats, slot: Integers, differs: np.ndarray, last: Integers
    ) -> None:
        """Put right the slots and deviations of the values that the grid does not map.

        `last` is the last slot of each value's column, that of NaN.
        """
        nan = np.isnan(values)
        missing = np.count_nonzero(nan)
        if missing:
            np.copyto(slot, last, where=nan)
            np.copyto(deviation, 0.0, where=nan)
        if np.count_nonzero(differs) == missing:
            return
        starts = self.grid.starts
        for position in np.flatnonzero(differs & ~nan).tolist():
            index = position % self.columns
            value = float(values[position])
            first = int(last[position]) + 1 - (starts[index + 1] - starts[index])
            slot[position] = first + self._cell_of_bin(index, value)
            deviation[position] = self._judge(index, value)

    def _cell_of_bin(self, index: int, value: float) -> int:
        """A cell that belongs to the bin of a value out of bounds."""
        column, grid = self.block.binned[index], self.grid.columns[index]
        found = bisect_left(column.edges or (), value)
        if grid.crowded:
            return found
        return self._rest_of_bins(index, found, above=value > grid.high)

    def _rest_of_bins(self, index: int, wanted: int, *, above: bool) -> int:
        """The cell nearest to a bound whose bin is the wanted one, else note the difference.

        Out of bounds a value lies in the outermost bin but where the user has drawn the range
        narrower than the bins; it is then counted in its bin at once.
        """
        bins = self.grid.columns[index].bins
        cell = 0 if above else len(bins) - 1
        mapped = int(bins[cell])
        if mapped != wanted:
            first = self.block.bins.start + self.block.offsets[index]
            self.cells[first + wanted] += 1
            self.cells[first + mapped] -= 1
        return cell

    def _judge(self, index: int, value: float) -> float:
        """Count what is wrong with a value out of bounds; its deviation within the limit."""
        block, cells = self.block, self.cells
        column = block.binned[index]
        allowed = column.range
        unit = _fold_unit(column)
        reach = DEVIATION_LIMIT * deviation_scale(column) * unit
        deviation = (value - (column.mean or 0.0)) * unit
        if math.isinf(value):
            cells[block.infinite.start + index] += 1
        else:
            if allowed is not None and not allowed[0] <= value <= allowed[1]:
                cells[block.out_of_range.start + index] += 1
            if abs(deviation) > reach:
                cells[block.extreme.start + index] += 1
        return min(max(deviation, -reach), reach)

    def search(self, values: Floats, slot: Integers, first: Integers) -> None:
        """Find the bins of the columns whose edges lie too close for a grid."""
        for index in self.grid.crowded:
            edges = np.array(self.block.binned[index].edges)
            found = np.searchsorted(edges, values[index :: self.columns])
            slot[index :: self.columns] = first[index :: self.columns] + found


def _make_fold(kernel: Kernel, rows: int) -> Callable[[Floats], None]:  # noqa: PLR0915 - one straight run
    """The fold of a tile of `rows` rows, with its constants and buffers bound once.

    Everything is computed before anything is counted, so that a failure counts nothing.
    """
    block, grid, planes = kernel.block, kernel.grid, kernel.planes
    columns, size = kernel.columns, rows * kernel.columns
    counts, upper = planes.counts, np.full(size, kernel.rows * grid.width)
    above, below = planes.above[:size], planes.below[:size]
    squares, nonzero = planes.squares[:size], planes.nonzero[:size]

    def tiled(values: list[float]) -> Floats:
        return np.tile(np.array(values, dtype=np.float64), rows)

    low, high = tiled([g.low for g in grid.columns]), tiled([g.high for g in grid.columns])
    origin, magic = tiled([g.origin for g in grid.columns]), tiled([g.magic for g in grid.columns])
    mean = tiled([column.mean or 0.0 for column in block.binned])
    unit = tiled([_fold_unit(column) for column in block.binned])
    plane = np.repeat(np.arange(rows, dtype=np.int64) * grid.width, columns)
    first = plane + np.tile(np.array(grid.starts[:-1], dtype=np.int64), rows)
    last = plane + np.tile(np.array(grid.starts[1:], dtype=np.int64) - 1, rows)
    base = magic.view(np.int64) - first
    edges = np.tile(grid.edges, kernel.rows) if grid.compares else grid.edges
    zero, one = np.zeros(size), np.ones(size)
    clipped, deviation, up, down, square, summed = (np.empty(size) for _ in range(6))
    bits, slot, higher = summed.view(np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    differs, filled = np.empty(size, np.bool_), np.empty(size, np.bool_)
    rescales, searches, compares = bool((unit != 1.0).any()), bool(grid.crowded), grid.compares
    tracks_nonzero = any(column.kind == "sparse" for column in block.binned)
    second_look, search = kernel.second_look, kernel.search
    add, subtract, multiply, fmax, fmin = np.add, np.subtract, np.multiply, np.fmax, np.fmin
    not_equal, greater, count_nonzero = np.not_equal, np.greater, np.count_nonzero
    copyto = np.copyto

    def fold(values: Floats) -> None:
        fmax(values, low, clipped)
        fmin(clipped, high, clipped)
        not_equal(clipped, values, differs)
        subtract(clipped, mean, deviation)
        if rescales:
            multiply(deviation, unit, deviation)
        subtract(origin, clipped, summed)
        add(summed, magic, summed)
        subtract(bits, base, slot)
        if searches:
            search(values, slot, first)
        if compares:
            greater(clipped, edges[slot], filled)
            add(slot, upper, higher)
            copyto(slot, higher, where=filled)
        if count_nonzero(differs):
            second_look(values, deviation, slot, differs, last)
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
