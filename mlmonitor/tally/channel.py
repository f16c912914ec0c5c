"""One side of the monitored rows on its way into the tally: read, pending, folded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.tally.batches import is_row_list, read_batch
from mlmonitor.tally.categories import CategoryKernel
from mlmonitor.tally.kernel import Kernel, rows_a_tile, view_of
from mlmonitor.tally.rows import OddRow, RowReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.layout import Block
    from mlmonitor.tally.rows import Item

BACKLOG_ROWS: Final = 8_192
"""Rows that may wait for a thread that is not running; more are dropped and counted."""


class Channel:
    """The rows of one block.

    `read` is called in the prediction and `pending.append` with what it gives; everything named
    `fold` is called under the tally's lock, with memory opened.

    Attributes:
        tile: rows folded at once.
        pending: rows that wait to be folded.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.tile = rows_a_tile(block)
        self.pending: list[Item] = []
        self.reader = RowReader(block)
        self.read: Callable[[object], Item | None] = self.reader.read
        self._fold_values: Callable[[Sequence[Item]], None]
        self._has_numbers = bool(block.binned)
        self._has_others = bool(block.categorical or block.counted)

    def bind(self, cells: Floats, numeric: Floats, others: Floats) -> None:
        """Count in this memory from now on: the layout's cells and the planes of this block."""
        self._cells = view_of(cells)
        self._numeric = Kernel(self.block, numeric, cells)
        self._others = CategoryKernel(self.block, others)
        if not self._has_others:
            self._fold_values = self._numeric.fold_packed
        elif not self._has_numbers:
            self._fold_values = self._others.fold
        else:
            self._fold_values = self._fold_both

    def clear(self) -> None:
        """Forget what waits: a forked child's rows are its parent's."""
        for waiting in (self.pending, self.reader.odd, self.reader.unexpected):
            waiting.clear()

    def fold_items(self, items: Sequence[Item]) -> None:
        """Fold up to a tile of rows."""
        self._fold_values(items)
        self._cells[self.block.rows] += len(items)

    def _fold_both(self, items: Sequence[Item]) -> None:
        numbers, others = zip(*items, strict=True)
        self._numeric.fold_packed(numbers)
        self._others.fold(others)

    def fold_strange(self) -> None:
        """Fold odd rows one by one, and count unexpected values."""
        odd, unexpected = self.reader.odd, self.reader.unexpected
        while odd:
            self._fold_odd(odd.pop())
        while unexpected:
            self._cells[self.block.unexpected] += unexpected.pop()

    def _fold_odd(self, row: OddRow) -> None:
        if self._has_numbers:
            self._numeric.fold_packed([row.numbers])
        if self._has_others:
            self._others.fold([row.others])
        self.note(row.notes)
        self._cells[self.block.rows] += 1

    def note(self, notes: Sequence[tuple[int, int]]) -> None:
        """Change cells by the amounts given."""
        for cell, amount in notes:
            self._cells[cell] += amount

    def batch_steps(self, data: Any) -> Iterator[Callable[[], None]]:
        """Read a batch; each step, called under the lock, folds a part of it.

        Raises:
            UnreadableRow: nothing tells which column is which.
        """
        if is_row_list(data):
            yield from self._list_steps(data)
            return
        block = self.block
        batch = read_batch(block, data)
        if self._has_numbers:
            for values, notes in batch.blocks_of_rows(block):
                yield from self._number_steps(values, notes)
        for index, column in enumerate(batch.others):
            items = [None] * batch.rows if column is None else column
            yield partial(self._others.fold_column, index, items)
        yield partial(self.note, [(block.rows, batch.rows), (block.unexpected, batch.unexpected)])

    def _number_steps(
        self, values: Floats, notes: list[tuple[int, int]]
    ) -> Iterator[Callable[[], None]]:
        tile = self.tile * len(self.block.binned)
        size = tile * _TILES_A_STEP

        def fold(part: Floats) -> None:
            whole, fold_full = len(part) - len(part) % tile, self._numeric.fold_full
            for first in range(0, whole, tile):
                fold_full(part[first : first + tile])
            self._numeric.fold(part[whole:])

        for first in range(0, len(values), size):
            yield partial(fold, values[first : first + size])
        yield partial(self.note, notes)

    def _list_steps(self, rows: Sequence[object]) -> Iterator[Callable[[], None]]:
        """Rows of a list join those that wait, a tile at a time."""
        for first in range(0, len(rows), self.tile):
            items = [self.read(row) for row in rows[first : first + self.tile]]
            self.pending.extend(item for item in items if item is not None)
            yield self._fold_waiting

    def _fold_waiting(self) -> None:
        while len(self.pending) >= self.tile:
            items = self.pending[: self.tile]
            del self.pending[: len(items)]
            self.fold_items(items)
        self.fold_strange()


_TILES_A_STEP: Final = 16
