"""The tally of one monitor: rows and durations in, counts out."""

from __future__ import annotations

import gc
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.tally import flusher
from mlmonitor.tally.channel import BACKLOG_ROWS, Channel
from mlmonitor.tally.layout import DURATION_EDGES, Layout
from mlmonitor.tally.memory import MemoryMap
from mlmonitor.tally.store import PrivateStore, WorkerState
from mlmonitor.tally.totals import Totals

if TYPE_CHECKING:
    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.store import Shared, Store

_DURATIONS_A_FOLD: Final = 32
_DROPPED_BACKLOG: Final = names.DROP_REASONS.index("backlog")
_DROPPED_FOLD: Final = names.DROP_REASONS.index("fold")


class Tally:
    """Counts rows by the cells of a layout; any thread may add, any thread may read.

    Rows are read at once and folded a tile at a time by whichever caller completes the tile.

    Args:
        layout: the cells.
        store: where they live; in this process alone by default.
        on_failure: told the stage and the exception when something in here goes wrong.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store | None = None,
        on_failure: Callable[[str, Exception], None] | None = None,
    ) -> None:
        self.layout = layout
        self.loaded = time.time()
        self.in_flight: Callable[[], int] = int
        self.durations: list[float] = []
        self.channels = {block.side: Channel(block) for block in layout.blocks}
        self._map = MemoryMap.of(layout)
        self._store = store or PrivateStore(self._map.size)
        self._on_failure = on_failure or _ignore
        self._lock = threading.Lock()
        self._memory: Floats | None = None
        self._shed_rows = 0
        flusher.watch(self)

    # On the way in: called in the prediction.

    def fold_row(self, side: str, row: object) -> None:
        """Count one row of a side.

        Raises:
            UnreadableRow: nothing tells which value belongs to which column.
        """
        channel = self.channels[side]
        item = channel.read(row)
        if item is not None:
            channel.pending.append(item)
        if len(channel.pending) >= channel.tile or channel.reader.odd:
            self.fold()

    def fold_batch(self, side: str, data: Any) -> None:  # noqa: ANN401 - any frame or array
        """Count a batch: a 2-D or structured array, a data frame, or a list of rows.

        Other threads come in between; a batch of rows in a list may leave a few pending.

        Raises:
            UnreadableRow: nothing tells which column is which.
        """
        for step in self.channels[side].batch_steps(data):
            self._write(step)

    def fold(self) -> None:
        """Fold what fills a tile, unless another thread is at it."""
        if not self._lock.acquire(blocking=False):
            self._shed()
            return
        try:
            self._fold(everything=False)
        finally:
            self._lock.release()

    def add(self, cell: int, amount: float = 1) -> None:
        """Add to one cell of the layout."""
        self._write(lambda: self._bump(cell, amount))

    def add_duration(self, seconds: float, rows: int) -> None:
        """Count a call that took so long and predicted so many rows."""

        def count() -> None:
            self._count_durations([seconds])
            self._bump(self.layout.predictions, rows - 1)

        self._write(count)

    # On the way out.

    def totals(self) -> Totals:
        """All that has been counted, by every worker that shares the store."""
        with self._lock:
            memory = self._opened()
            self._fold(everything=True)
            counted = memory.copy()
        shared = self._shared()
        if shared is not None:
            counted += shared.memory
        return Totals(self.layout, self._map.cells(counted))

    def workers(self) -> list[WorkerState]:
        """This worker and the others that live."""
        shared = self._shared()
        return [self._state(), *(shared.workers if shared is not None else ())]

    def heartbeat(self) -> None:
        """Fold everything that waits and tell the other workers how this one is; never raises."""
        try:
            with self._lock:
                if self._memory is not None:
                    self._fold(everything=True)
                    self._head.describe(self._state())
        except Exception as error:  # noqa: BLE001 - on a thread of its own, with nobody to catch it
            self._on_failure("store", error)

    def after_fork(self) -> None:
        """Start at zero in a forked child: what was counted so far is the parent's."""
        self._lock = threading.Lock()
        self._memory = None
        self.durations.clear()
        for channel in self.channels.values():
            channel.clear()
        self._store.forget()

    # Inside; the lock is held.

    def _write(self, change: Callable[[], None]) -> None:
        """Make a change to the memory that no reader sees half of."""
        with self._lock:
            self._opened()
            self._head.begin()
            try:
                change()
            finally:
                self._head.end()

    def _opened(self) -> Floats:
        """The memory, opened on first use in this process."""
        if self._memory is None:
            try:
                self._head, memory = self._store.open()
            except Exception as error:  # noqa: BLE001 - the prediction goes on, counted in private
                self._on_failure("store", error)
                self._store = PrivateStore(self._map.size)
                self._head, memory = self._store.open()
            self._cells = memoryview(memory)[: self.layout.size]
            for channel, numeric, others in zip(
                self.channels.values(), self._map.numeric, self._map.others, strict=True
            ):
                channel.bind(memory[: self.layout.size], memory[numeric], memory[others])
            self._head.describe(self._state())
            self._memory = memory
            if self._store.is_shared:
                flusher.beat(self)
        return self._memory

    def _fold(self, *, everything: bool) -> None:
        self._opened()
        self._head.begin()
        try:
            if self._shed_rows:
                shed, self._shed_rows = self._shed_rows, 0
                self._bump(self.layout.dropped.start + _DROPPED_BACKLOG, shed)
            for channel in self.channels.values():
                self._fold_channel(channel, 1 if everything else channel.tile)
            if len(self.durations) >= (1 if everything else _DURATIONS_A_FOLD):
                count = len(self.durations)
                self._count_durations(self.durations[:count])
                del self.durations[:count]
        finally:
            self._head.end()

    def _fold_channel(self, channel: Channel, least: int) -> None:
        while len(channel.pending) >= least:
            items = channel.take_tile()
            try:
                channel.fold_items(items)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                self._bump(self.layout.dropped.start + _DROPPED_FOLD, len(items))
                self._on_failure("fold", error)
        try:
            channel.fold_strange()
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self._bump(self.layout.dropped.start + _DROPPED_FOLD, 1)
            self._on_failure("fold", error)

    def _count_durations(self, seconds: list[float]) -> None:
        buckets = [0] * (len(DURATION_EDGES) + 1)
        for duration in seconds:
            buckets[bisect_left(DURATION_EDGES, duration)] += 1
        cells, first = self._cells, self.layout.durations.start
        for index, count in enumerate(buckets):
            if count:
                cells[first + index] += count
        cells[self.layout.duration_sum] += sum(seconds)
        cells[self.layout.predictions] += len(seconds)

    def _bump(self, cell: int, amount: float) -> None:
        self._cells[cell] += amount

    def _shed(self) -> None:
        """Drop rows where the folding thread has not run for long."""
        for channel in self.channels.values():
            excess = len(channel.pending) - BACKLOG_ROWS
            if excess > 0:
                del channel.pending[-excess:]
                self._shed_rows += excess

    def _shared(self) -> Shared | None:
        try:
            return self._store.others()
        except OSError as error:
            self._on_failure("store", error)
            return None

    def _state(self) -> WorkerState:
        runs = [generation["collections"] for generation in gc.get_stats()]
        return WorkerState(os.getpid(), self.loaded, self.in_flight(), (runs[0], runs[1], runs[2]))


def _ignore(stage: str, error: Exception) -> None:
    """What a tally does with failures that nobody asked to hear of."""
