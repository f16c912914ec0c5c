"""The short way of the usual record: a dict in, of the reference's columns and right in all of them.

What is said here is what `LineMaker.line` would say; whatever is unusual is left to it.
"""

from __future__ import annotations

import functools
import sys
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson

from mlmonitor.logs import context, ids
from mlmonitor.logs.lines import SIDE_KEYS, SIDES
from mlmonitor.logs.safe import is_safe
from mlmonitor.logs.template import key
from mlmonitor.reference.unknown import PREDICTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import Token

    from mlmonitor.logs.context import Current
    from mlmonitor.logs.lines import LineMaker
    from mlmonitor.logs.rows import Row, SideRows
    from mlmonitor.logs.settings import LogSettings
    from mlmonitor.logs.violations import Checker
    from mlmonitor.tally.layout import RecordCells

_INPUT, _OUTPUT, _ = SIDES
_TRACES: Final = "opentelemetry.trace"
_LARGEST: Final = sys.float_info.max
_SECOND: Final = 1_000_000_000


class Trip(NamedTuple):
    """A call on its way.

    Attributes:
        identity: its id; of a batch, that of the call.
        token: puts back what was current before.
        row: the inputs of a single row.
        rows: the inputs of a batch.
        row_ids: ids of the rows of a batch, where the caller gave them.
        is_quick: whether it is a single dict with an id made here, and nothing was bound.
    """

    identity: str
    token: Token[Current | None]
    row: Row | None
    rows: list[Row] | None
    row_ids: Sequence[str] | None
    is_quick: bool


class Begin(Protocol):
    """Takes note of a call; never raises."""

    def __call__(
        self,
        inputs: Any,
        batch: bool | None,  # noqa: FBT001 - as its callers have it
        args: Any = None,
        kwargs: Any = None,
        *,
        given: Any = None,
    ) -> Trip | None:
        """Take note of a call.

        Args:
            inputs: a row or a batch; None for none.
            batch: whether it is a batch; None for what its form says.
            args: the call's arguments, of which nothing is read.
            kwargs: the same.
            given: the caller's id; of a batch, that of the call, or a list with one for each row.
        """


def quick_begin(identity: tuple[str, str, str], otherwise: Begin) -> Begin:
    """Begins a single dict that nothing is bound to by itself, and others as `otherwise` does."""
    new, bound, nothing = ids.new, context.bound.get, context.NOTHING
    enter, trip = context.current.set, functools.partial(tuple.__new__, Trip)

    def begin(
        inputs: Any,
        batch: bool | None,  # noqa: FBT001 - Begin
        args: Any = None,
        kwargs: Any = None,
        *,
        given: Any = None,
    ) -> Trip | None:
        if type(inputs) is dict and given is None and not batch and bound() is nothing:
            made = new()
            found: Trip = trip((made, enter((made, identity)), inputs.copy(), None, None, True))
            return found
        return otherwise(inputs, batch, args, kwargs, given=given)

    return begin


def quick_finish(
    settings: LogSettings,
    rows: Mapping[str, SideRows],
    checkers: Mapping[str, Checker],
    maker: LineMaker,
    *,
    passes: Callable[[Row], bool] | None,
    write: Callable[[bytes, int], None],
    refused: Callable[[Exception], None],
    note: Callable[[int, float], None],
    cells: RecordCells,
) -> Callable[[Trip, Any, float], bool]:
    """Records a row that `quick_begin` began; False where there is more to it and nothing was done.

    Args:
        settings: see `LogSettings`.
        rows: as the recorder has them.
        checkers: the same.
        maker: the same.
        passes: whether a row holds nothing that must be hidden; None where nothing ever is.
        write: writes a line.
        refused: told what `write` raised.
        note: adds to a cell.
        cells: where is counted what is written and what is not in the sample.
    """
    checker = checkers.get(_INPUT)
    if checker is None or not rows[_INPUT].is_ordinary:
        return lambda *_: False
    expected, is_fine, dumps = checker.size, checker.is_fine, orjson.dumps
    has_texts, written = checker.has_texts, cells.written
    start, low, high = _quick_output(rows[_OUTPUT], checkers.get(_OUTPUT), settings)
    slow = float("inf") if settings.slow is None else settings.slow
    rate, most = settings.sample, min(settings.max_field, settings.max_record // 2)
    modules, end, inputs_key = sys.modules, maker.kept_in_sample, SIDE_KEYS[_INPUT]

    def finish(trip: Trip, output: Any, seconds: float) -> bool:
        identity, _, row, *_ = trip
        try:
            if (
                row is None
                or len(row) != expected
                or type(output) is not float
                or not low <= output <= high
                or seconds >= slow
                or not is_fine(row)
                or (passes is not None and not passes(row))
            ):
                return False
            inputs = dumps(row)
        except Exception:  # noqa: BLE001 - a strange value: looked at with more care
            return False
        if len(inputs) > most or (has_texts and not is_safe(inputs)):
            return False
        if rate < 1 and not ids.is_sampled(identity, rate):
            note(cells.sampled_out, 1)
            return True
        template, duration = maker.success, int(seconds * _SECOND)
        quoted, between = identity.encode(), template.to_tail_at_once
        if _TRACES in modules and (trace := context.trace()) is not None:
            between = template.to_rest + maker.further(trace) + template.to_own
        line = b"".join((
            template.start, maker.stamp(time_ns() - duration), template.to_id, quoted,
            template.to_duration, b"%d" % duration, between, quoted, template.to_tail, inputs_key,
            inputs, start, dumps(output), b"}", end, template.end,
        ))  # fmt: skip
        try:
            write(line, 1)
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            refused(error)
        else:
            note(written, 1)
        return True

    return finish


def _quick_output(
    rows: SideRows, checker: Checker | None, settings: LogSettings
) -> tuple[bytes, float, float]:
    """What stands in front of an output that is one number, and between what such a one is right.

    Nothing is right where an output needs care.
    """
    low, high = (-_LARGEST, _LARGEST) if checker is None else checker.only_range
    name = rows.order[0] if len(rows.order) == 1 else PREDICTION
    if not rows.is_ordinary or len(rows.order) > 1 or name in settings.sensitive:
        low, high = 1.0, 0.0
    return SIDE_KEYS[_OUTPUT] + b"{" + key(name), low, high
