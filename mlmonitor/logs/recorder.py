"""One record a prediction: what a call was given, what came of it, and whether it is kept."""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlmonitor import names, streams
from mlmonitor.logs import context, counters, ids
from mlmonitor.logs.files import FileWriter
from mlmonitor.logs.lines import SIDES, LineMaker, Notes
from mlmonitor.logs.privacy import Privacy
from mlmonitor.logs.quick import Trip, quick_begin, quick_finish
from mlmonitor.logs.rows import SideRows
from mlmonitor.logs.settings import FILES, STDOUT
from mlmonitor.logs.sinks import HandlerSink, QueueFullError, Sink, Stdout
from mlmonitor.logs.values import text
from mlmonitor.logs.violations import Checker
from mlmonitor.reference.unknown import PREDICTION
from mlmonitor.tally.batches import is_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextvars import Token

    from mlmonitor.logs.context import Current
    from mlmonitor.logs.lines import Call, Line
    from mlmonitor.logs.quick import Finish, Quick, QuickBegin
    from mlmonitor.logs.rows import Row
    from mlmonitor.logs.settings import LogSettings
    from mlmonitor.logs.violations import Violation
    from mlmonitor.reference import Reference
    from mlmonitor.tally.layout import Block, RecordCells

R = TypeVar("R")

_INPUT, _OUTPUT, _SCORE = SIDES
_UNNAMED: Final = {_INPUT: "value", _OUTPUT: PREDICTION, _SCORE: "score"}
"""Columns of single values of which nothing is known."""
_LINES_AT_ONCE: Final = 512
_ID, _ROW, _ROWS = (
    field.path[-1] for field in (names.LOG_BATCH_ID, names.LOG_BATCH_ROW, names.LOG_BATCH_ROWS)
)


def sensitive_columns(reference: Reference | None, settings: LogSettings) -> tuple[str, ...]:
    """Columns that are marked, and those that may hold text."""
    columns = reference.columns if reference else ()
    texts = (column.name for column in columns if not column.is_binned)
    return tuple(dict.fromkeys((*settings.sensitive, *texts)))


class Recorder:
    """Writes the records of one monitor; nothing in it raises, but for the making.

    Args:
        identity: model, version and role.
        reference: what rows are judged by; without it none is in violation.
        settings: see `LogSettings`.
        cells: where is counted what is written, left out, lost, cut and hidden.
        note: adds to a cell.
        tick: gives what adds one to a cell, in the least time.
        failed: told the exceptions that happen in here.

    Raises:
        MlmonitorError: the folder cannot be written, or the key of the hashes is missing.
    """

    def __init__(
        self,
        identity: tuple[str, str, str],
        reference: Reference | None,
        settings: LogSettings,
        *,
        cells: RecordCells,
        note: Callable[[int, float], None],
        tick: Callable[[int], Callable[[None], object]],
        failed: Callable[[BaseException], None],
    ) -> None:
        model, version, role = (text(one, settings.max_field)[0] for one in identity)
        self.identity = (model, version, role)
        self._cells, self._note, self._failed = cells, note, failed
        columns = {
            side: tuple(c for c in (reference.columns if reference else ()) if c.side == side)
            for side in SIDES
        }
        self._privacy = Privacy(settings, self.hidden)
        cleaned = self._privacy.cleaned
        self._rows = {
            side: SideRows(
                [c.name for c in columns[side]], _UNNAMED[side], settings.max_field, cleaned
            )
            for side in SIDES
        }
        self._checkers = {side: Checker(found) for side, found in columns.items() if found}
        self._rate = settings.sample
        self._slow = float("inf") if settings.slow is None else settings.slow
        profile = reference.hash8 if reference else None
        self._maker = LineMaker(self.identity, profile, settings, self._rows, cleaned)
        self._sink = self._made(settings, model)
        self._settings = settings
        self.finish: Finish = quick_finish(
            settings,
            self._rows[_OUTPUT],
            self._checkers.get(_OUTPUT),
            self._maker,
            write=self._sink.write,
            refused=self._refused,
            failed=self._spoiled,
            written=tick(cells.written),
            sampled_out=tick(cells.sampled_out),
            otherwise=self._finish,
        )
        """Records a call that `begin`, or what `quickly` gives, took note of; see `Finish`."""
        _recorders.add(self)
        counters.register(self.identity, self)

    def after_fork(self) -> None:
        """Name the process anew in a forked child."""
        self._maker.after_fork()

    # Around a call --------------------------------------------------------------------------------

    def quickly(self, block: Block | None) -> QuickBegin | None:
        """Takes note of single rows that the tally has read as those of a block, without a detour.

        None where each row needs care.
        """
        return quick_begin(
            self._settings,
            self.identity,
            self._rows[_INPUT],
            self._checkers.get(_INPUT),
            block,
            passes=None if self._privacy.is_idle else self._privacy.passes,
        )

    def begin(
        self,
        inputs: Any,
        batch: bool | None,  # noqa: FBT001 - as its callers have it
        given: Any = None,
    ) -> Trip | None:
        """Take note of a call and its inputs, before the model can change them; never raises.

        Args:
            inputs: a row or a batch; None for none.
            batch: whether it is a batch; None for what its form says.
            given: the caller's id; of a batch, that of the call, or a list with one for each row.
        """
        try:
            several = inputs is not None and (is_batch(inputs) if batch is None else batch)
            chosen = context.bound.get().prediction if given is None else given
            row_ids = None
            if several and isinstance(chosen, (list, tuple)):
                row_ids, chosen = [self._id(one) for one in chosen], None
            identity = ids.new() if chosen is None else self._id(chosen)
            token = context.current.set((identity, self.identity))
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self._failed(error)
            return None
        row = rows = None
        try:
            if several:
                rows = self._rows[_INPUT].rows(inputs)
            elif inputs is not None:
                row = self._rows[_INPUT].row(inputs)
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self._failed(error)
        return Trip(identity, token, row, rows, row_ids)

    def _finish(
        self,
        trip: Trip | Quick | None,
        output: Any,
        seconds: float,
        scores: Any = None,
        error: BaseException | None = None,
    ) -> None:
        """See `Finish`."""
        if not isinstance(trip, Trip):
            return
        try:
            if trip.token is not None:
                self._leave(trip.token)
            self._record(trip, (output, scores), seconds, error)
        except Exception as problem:  # noqa: BLE001 - the prediction goes on
            self._spoiled(problem, 1 if trip.rows is None else len(trip.rows))

    def _leave(self, token: Token[Current | None]) -> None:
        try:
            context.current.reset(token)
        except (ValueError, RuntimeError):  # it ends in another context than it began in
            context.current.set(None)

    def _id(self, value: Any) -> str:
        """The caller's id, or a new one where it cannot be used."""
        try:
            return ids.given(value)
        except Exception as error:  # noqa: BLE001 - __str__ may raise anything
            self._failed(error)
            return ids.new()

    # From a call to lines -------------------------------------------------------------------------

    def _record(
        self,
        trip: Trip,
        results: tuple[Any, Any],
        seconds: float,
        error: BaseException | None,
    ) -> None:
        always = [names.KEPT_FOR_ERROR] if error is not None else []
        if seconds >= self._slow:
            always.append(names.KEPT_FOR_SLOW)
        call: Call | None = None
        lines: list[Line] = []
        left_out = 0
        secrets = [] if error is None else self._privacy.secrets(trip.rows or [trip.row or {}])
        for identity, sides, batch in self._parts(trip, results):
            violations = self._violations(sides, only_inputs=error is not None)
            kept_for = [*always, names.KEPT_FOR_VIOLATION] if violations else always
            if not kept_for and not ids.is_sampled(identity, self._rate):
                left_out += 1
                continue
            call = call or self._maker.call(seconds, error, secrets)
            redacted = [] if self._privacy.is_idle else self._privacy.rows(sides)
            notes = Notes(violations, kept_for, redacted, batch)
            lines.append(self._maker.line(call, identity, sides, notes))
            if len(lines) >= _LINES_AT_ONCE:
                self._write(lines, failed=error is not None)
        if lines:
            self._write(lines, failed=error is not None)
        if left_out:
            self._note(self._cells.sampled_out, left_out)

    def _parts(
        self, trip: Trip, results: tuple[Any, Any]
    ) -> Iterator[tuple[str, dict[str, Row], dict[str, Any] | None]]:
        """Id, columns by side, and place in the batch, of each row."""
        if trip.rows is None:
            sides = {} if trip.row is None else {_INPUT: trip.row}
            sides |= self._results(results, SideRows.row)
            yield trip.identity, sides, None
            return
        size = len(trip.rows)
        columns = [(_INPUT, trip.rows), *self._results(results, SideRows.rows).items()]
        given = trip.row_ids if trip.row_ids and len(trip.row_ids) == size else None
        for index in range(size):
            sides = {side: rows[index] for side, rows in columns if index < len(rows)}
            identity = given[index] if given else f"{trip.identity}-{index}"
            yield identity, sides, {_ID: trip.identity, _ROW: index, _ROWS: size}

    def _results(
        self, results: tuple[Any, Any], read: Callable[[SideRows, Any], R]
    ) -> dict[str, R]:
        """Output and scores, as far as they can be read."""
        found = {}
        for side, value in zip(SIDES[1:], results, strict=True):
            if value is not None:
                try:
                    found[side] = read(self._rows[side], value)
                except Exception as error:  # noqa: BLE001 - the prediction goes on
                    self._failed(error)
        return found

    def _violations(self, sides: Mapping[str, Row], *, only_inputs: bool) -> list[Violation]:
        found: list[Violation] = []
        for side, row in sides.items():
            checker = self._checkers.get(side)
            if checker is not None and (side == _INPUT or not only_inputs):
                found += checker(row)
        return found

    # What is written, and what is counted ---------------------------------------------------------

    def _made(self, settings: LogSettings, model: str) -> Sink:
        if settings.to == STDOUT:
            return Stdout()
        if settings.to == FILES:
            return FileWriter(
                Path(os.fspath(settings.directory)),
                streams.dataset(model),
                file_size=settings.file_size,
                max_disk=settings.max_disk,
                lost=self._lost,
            )
        return settings.to if isinstance(settings.to, Sink) else HandlerSink(settings.to)

    def _write(self, lines: list[Line], *, failed: bool) -> None:
        """Write lines and forget them."""
        count = len(lines)
        data = lines[0].data if count == 1 else b"".join(line.data for line in lines)
        for reason, cut in (
            (names.CUT_FIELD, sum(line.cut_field for line in lines)),
            (names.CUT_RECORD, sum(line.cut_record for line in lines)),
        ):
            if cut:
                self._note(self._cells.cut.start + names.CUT_REASONS.index(reason), cut)
        lines.clear()
        try:
            self._sink.write(data, count, failed=failed)
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self._refused(error, count)
        else:
            self._note(self._cells.written, count)

    def _refused(self, error: Exception, count: int = 1) -> None:
        """Count lines that the sink did not take."""
        if isinstance(error, QueueFullError):
            self._lost(names.RECORD_QUEUE, error.records)
            self._note(self._cells.written, count - error.records)
        else:
            self._lost(names.RECORD_WRITE, count)
            self._failed(error)

    def _spoiled(self, problem: BaseException, count: int = 1) -> None:
        """Count records that could not be made."""
        self._lost(names.RECORD_BUILD, count)
        self._failed(problem)

    def _lost(self, reason: str, count: int) -> None:
        self._note(self._cells.dropped.start + names.RECORD_DROP_REASONS.index(reason), count)

    def hidden(self, kind: str, column: str) -> None:
        """Count a sensitive value that was hidden; `column` is the catalogue's word where it is in none."""
        self._note(self._cells.sensitive_cell(kind, column), 1)


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder.after_fork()


os.register_at_fork(after_in_child=_after_fork)
