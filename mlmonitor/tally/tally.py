"""The tally of one monitor: rows and durations in, counts out."""

from __future__ import annotations

import gc
import os
import threading
import time
from bisect import bisect_left
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from mlmonitor import names
from mlmonitor.tally import flusher
from mlmonitor.tally.business import Ledger
from mlmonitor.tally.channel import BACKLOG_ROWS, Channel
from mlmonitor.tally.kernel import view_of
from mlmonitor.tally.layout import DURATION_EDGES, Layout
from mlmonitor.tally.memory import MemoryMap
from mlmonitor.tally.store import PrivateStore, WorkerState
from mlmonitor.tally.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.store import Shared, Store

DURATIONS_A_FOLD: Final = 32
_NOTES_A_FOLD: Final = 64
_STATES_HOLD: Final = 0.2
"""Seconds for which what other workers said of themselves is not read again."""
_BACKLOG_WAIT: Final = 0.05
"""Seconds that a caller waits for its turn to fold before a backlog is shed."""
_DROPPED_BACKLOG: Final = names.DROP_REASONS.index("backlog")
_DROPPED_FOLD: Final = names.DROP_REASONS.index("fold")


class Tally:
    """Counts rows by the cells of a layout; any thread may add, any thread may read.

    Rows are read at once and folded a tile at a time by whichever caller completes the tile: when
    `watched` holds `watched_tile` rows, `durations` as many as `DURATIONS_A_FOLD`, or `opened`
    nothing, which is so until the first fold in this process.

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
        self._notes: list[tuple[int, float]] = []
        self._calls: list[tuple[float, int]] = []
        self._ticks: dict[int, list[None]] = {}
        fullest = min(self.channels.values(), key=lambda channel: channel.tile, default=None)
        self.watched: list[Any] = fullest.pending if fullest else self.durations
        self.watched_tile = fullest.tile if fullest else DURATIONS_A_FOLD
        self._waiting = [(c, c.pending, c.tile) for c in self.channels.values()]
        self._map = MemoryMap.of(layout)
        self._store = store or PrivateStore(self._map.size)
        self._on_failure = on_failure or _ignore
        self._lock = threading.Lock()
        self._memory: Floats | None = None
        self.opened: list[bool] = []
        self._shed_rows = 0
        self.business = Ledger(layout.business, self.opened, self._fold_business)
        self._business_waits = False
        self._seen: tuple[WorkerState, ...] = ()
        self._seen_at = -_STATES_HOLD
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
        if len(channel.pending) >= channel.tile or channel.reader.odd or not self.opened:
            self.fold()

    def fold_batch(self, side: str, data: Any) -> None:
        """Count a batch: a 2-D or structured array, a data frame, or a list of rows.

        Other threads come in between; a batch of rows in a list may leave a few pending.

        Raises:
            UnreadableRow: nothing tells which column is which.
        """
        self._write(_nothing)
        for step in self.channels[side].batch_steps(data):
            self._write(step)

    def fold(self) -> None:
        """Fold what fills a tile, unless another thread is at it."""
        if not self._lock.acquire(blocking=False):
            if not self._has_backlog():
                return
            # Waiting lets the thread that folds have its turn of the interpreter.
            if not self._lock.acquire(timeout=_BACKLOG_WAIT):
                self._shed()
                return
        try:
            self._fold(everything=False)
        finally:
            self._lock.release()

    def note(self, cell: int, amount: float = 1) -> None:
        """Add to one cell of the layout, at the next fold; never waits."""
        self._notes.append((cell, amount))
        if len(self._notes) >= _NOTES_A_FOLD:
            self.fold()

    def ticker(self, cell: int) -> Callable[[None], None]:
        """What adds one to a cell of the layout each time it is called with None, at the next fold.

        Unlike `note` it never folds by itself: it is for what happens once a call at most.
        """
        ticks = self._ticks.setdefault(cell, [])
        return ticks.append

    def finish(self, seconds: float, rows: int | None) -> None:
        """Count a call that succeeded.

        Args:
            seconds: how long it took.
            rows: how many rows it predicted, None for a single one.
        """
        if rows is not None:
            self._calls.append((seconds, rows))
            self.fold()
            return
        durations = self.durations
        durations.append(seconds)
        if (
            len(self.watched) >= self.watched_tile
            or len(durations) >= DURATIONS_A_FOLD
            or not self.opened
        ):
            self.fold()

    def fail(self, seconds: float, cell: int) -> None:
        """Count a call that raised, and the cell of its error."""
        self._calls.append((seconds, 0))
        self.note(cell)

    def _fold_business(self) -> None:
        """Fold what is recorded of business metrics; never waits."""
        self._business_waits = True
        self.fold()

    # On the way out.

    def totals(self) -> Totals:
        """All that has been counted, by every worker that shares the store."""
        with self._lock:
            self._fold(everything=True)
            counted = cast("Floats", self._memory).copy()
        cells = self._map.cells(counted)
        shared = self._shared()
        if shared is not None:
            cells = self.layout.added(cells, shared.cells)
        return Totals(self.layout, cells)

    def workers(self) -> list[WorkerState]:
        """This worker and the others that live."""
        if time.monotonic() - self._seen_at > _STATES_HOLD:
            self._shared()
        return [self._state(), *self._seen]

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
        self.opened.clear()
        self.durations.clear()
        self._notes.clear()
        self._calls.clear()
        for ticks in self._ticks.values():
            ticks.clear()
        self.business.clear()
        for channel in self.channels.values():
            channel.clear()
        self._store.forget()

    # Inside; the lock is held.

    def _write(self, change: Callable[[], None]) -> None:
        """Make a change to the memory that no reader sees half of."""
        with self._lock:
            if self._memory is None:
                self._open()
            begin, end = self._bounds
            begin()
            try:
                change()
            finally:
                end()

    def _open(self) -> None:
        """Get the memory, on first use in this process."""
        try:
            self._head, memory = self._store.open()
        except Exception as error:  # noqa: BLE001 - the prediction goes on, counted in private
            self._on_failure("store", error)
            self._store = PrivateStore(self._map.size)
            self._head, memory = self._store.open()
        cells = memory[: self.layout.size]
        self._cells = view_of(cells)
        shared = self._store.is_shared
        self._bounds = (self._head.begin, self._head.end) if shared else (_nothing, _nothing)
        for channel, numeric, others in zip(
            self.channels.values(), self._map.numeric, self._map.others, strict=True
        ):
            channel.bind(cells, memory[numeric], memory[others])
        self._head.describe(self._state())
        self._memory = memory
        self.opened.append(True)
        if shared:
            flusher.beat(self)

    def _fold(self, *, everything: bool) -> None:
        if self._memory is None:
            self._open()
        begin, end = self._bounds
        begin()
        try:
            for channel, pending, tile in self._waiting:
                if len(pending) >= tile or everything:
                    self._fold_pending(channel, 1 if everything else tile)
                if channel.reader.odd or channel.reader.unexpected:
                    self._fold_strange(channel)
            if self._business_waits or everything:
                self._fold_recorded()
            if self._notes or self._calls or self._shed_rows:
                self._count_rest()
            for cell, ticks in self._ticks.items():
                if ticks:
                    count = len(ticks)
                    del ticks[:count]
                    self._bump(cell, count)
            waiting = len(self.durations)
            if waiting >= DURATIONS_A_FOLD or (everything and waiting):
                taken = self.durations[:waiting]
                del self.durations[:waiting]
                self._count_calls(taken, waiting)
        finally:
            end()

    def _count_rest(self) -> None:
        """Count what is not a row: notes, calls that were no single row, rows that were shed."""
        if self._shed_rows:
            shed, self._shed_rows = self._shed_rows, 0
            self._bump(self.layout.dropped.start + _DROPPED_BACKLOG, shed)
        while self._notes:
            self._bump(*self._notes.pop())
        while self._calls:
            seconds, rows = self._calls.pop()
            self._count_calls([seconds], rows)

    def _fold_pending(self, channel: Channel, least: int) -> None:
        pending, tile = channel.pending, channel.tile
        left = len(pending)  # callers may add more, faster than this folds
        while left >= least and pending:
            items = pending[: min(tile, left)]
            del pending[: len(items)]
            left -= len(items)
            try:
                channel.fold_items(items)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                self._bump(self.layout.dropped.start + _DROPPED_FOLD, len(items))
                self._on_failure("fold", error)

    def _fold_strange(self, channel: Channel) -> None:
        try:
            channel.fold_strange()
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self._bump(self.layout.dropped.start + _DROPPED_FOLD, 1)
            self._on_failure("fold", error)

    def _fold_recorded(self) -> None:
        self._business_waits = False
        failed = partial(self._on_failure, "business")
        try:
            self.business.fold(self._cells, failed)
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            failed(error)

    def _count_calls(self, seconds: list[float], rows: int) -> None:
        buckets = [0] * (len(DURATION_EDGES) + 1)
        for duration in seconds:
            buckets[bisect_left(DURATION_EDGES, duration)] += 1
        cells, first = self._cells, self.layout.durations.start
        for index, count in enumerate(buckets):
            if count:
                cells[first + index] += count
        cells[self.layout.duration_sum] += sum(seconds)
        cells[self.layout.predictions] += rows

    def _bump(self, cell: int, amount: float) -> None:
        self._cells[cell] += amount

    def _has_backlog(self) -> bool:
        return any(len(pending) > BACKLOG_ROWS for _, pending, _ in self._waiting)

    def _shed(self) -> None:
        """Drop rows where the folding thread has not run for long."""
        for channel in self.channels.values():
            excess = len(channel.pending) - BACKLOG_ROWS
            if excess > 0:
                del channel.pending[-excess:]
                self._shed_rows += excess

    def _shared(self) -> Shared | None:
        try:
            shared = self._store.others()
        except OSError as error:
            self._on_failure("store", error)
            return None
        self._seen = shared.workers if shared is not None else ()
        self._seen_at = time.monotonic()
        return shared

    def _state(self) -> WorkerState:
        runs = [generation["collections"] for generation in gc.get_stats()]
        return WorkerState(os.getpid(), self.loaded, self.in_flight(), (runs[0], runs[1], runs[2]))


def _ignore(stage: str, error: Exception) -> None:
    """What a tally does with failures that nobody asked to hear of."""


def _nothing() -> None:
    """What marks the bounds of a write that nobody else can see."""
