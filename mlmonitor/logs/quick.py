"""The short way of the usual record: a dict in, of the reference's columns and right in all of them.

What is said here is what `LineMaker.line` would say; whatever is unusual is left to it. All that can
be known of the row is found out before the model is called, from what the tally has read of it: a row
outside the sample is never written as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from hashlib import sha256
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson

from mlmonitor.logs import context, ids
from mlmonitor.logs.lines import SIDE_KEYS, SIDES
from mlmonitor.logs.safe import is_safe
from mlmonitor.logs.template import key
from mlmonitor.logs.violations import row_check
from mlmonitor.reference.unknown import PREDICTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Token

    from mlmonitor.logs.context import Current
    from mlmonitor.logs.lines import LineMaker
    from mlmonitor.logs.rows import Row, SideRows
    from mlmonitor.logs.settings import LogSettings
    from mlmonitor.logs.violations import Checker
    from mlmonitor.tally.layout import Block
    from mlmonitor.tally.rows import Item

_INPUT, _OUTPUT, _ = SIDES
_TRACES: Final = "opentelemetry.trace"
_LARGEST: Final = sys.float_info.max
_SECOND: Final = 1_000_000_000
_MICROSECOND: Final = 1_000
_MICROSECONDS: Final = tuple(b"%03dZ" % micro for micro in range(1_000))
_ONLY_PLAIN: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME
)  # fmt: skip
"""Numbers come back from JSON as they were; what is no plain number is none of ours."""


class Trip(NamedTuple):
    """A call on its way.

    Attributes:
        identity: its id; of a batch, that of the call.
        token: puts back what was current before; None where that is done.
        row: the inputs of a single row.
        rows: the inputs of a batch.
        row_ids: ids of the rows of a batch, where the caller gave them.
    """

    identity: str
    token: Token[Current | None] | None
    row: Row | None
    rows: list[Row] | None = None
    row_ids: Sequence[str] | None = None


Quick = tuple[bytes, "Token[Current | None]", bytes, bytes | None, "Row | None"]
"""A single row that is right, on its way: id, token, time, inputs as JSON if it is in the sample, and
the inputs where they cannot be had from that. A plain tuple, which is made in no time."""

QuickBegin = Callable[[dict[str, Any], "Item", tuple[Any, ...], "str | None"], "Quick | None"]
"""Begins a row that has all columns and no others, of what `RowReader.split` says of it, and the caller's
id; None where it needs care."""


class Finish(Protocol):
    """Records a call; never raises."""

    def __call__(
        self,
        trip: Trip | Quick | None,
        output: Any,
        seconds: float,
        scores: Any = None,
        error: BaseException | None = None,
    ) -> None:
        """Record a call that returned an output, and scores perhaps, or raised an error."""


def quick_begin(
    settings: LogSettings,
    identity: tuple[str, str, str],
    rows: SideRows,
    checker: Checker | None,
    block: Block | None,
    *,
    passes: Callable[[Row], bool] | None,
) -> QuickBegin | None:
    """The way to begin a single row.

    Args:
        settings: see `LogSettings`.
        identity: model, version and role.
        rows: how the inputs are written.
        checker: tells which inputs break a rule.
        block: the columns that the tally reads.
        passes: whether a row of plain values holds nothing that must be hidden; None where nothing
            ever is.

    Returns:
        None where no row can go the short way.
    """
    if checker is None or block is None or not rows.is_ordinary or settings.sensitive:
        return None
    if not block.binned or len(block.columns) != checker.size:
        return None
    source, enter, is_fine, dumps = ids.source, context.current.set, row_check(block), orjson.dumps
    has_texts = checker.has_texts
    options = None if has_texts else _ONLY_PLAIN
    most = min(settings.max_field, settings.max_record // 2)
    takes_all = settings.sample >= 1
    share = b"" if takes_all else ids.share(settings.sample)
    is_harmless = _texts_check(passes)

    def begin(
        row: dict[str, Any], item: Item, numbers: tuple[Any, ...], given: str | None
    ) -> Quick | None:
        try:
            if not is_fine(item, numbers):
                return None
            moment = time_ns()
            first, end, stamp, start = source.now
            if not first <= moment < end:
                first, end, stamp, start = source.at(moment)
            made = start + next(source.rests) if given is None else given.encode()
            inputs, kept = None, None
            if takes_all or sha256(made).digest() < share:
                inputs = dumps(row, None, options)
                if len(inputs) > most or (has_texts and not is_harmless(row, inputs)):
                    return None
            if has_texts or inputs is None:
                kept = row.copy()
            begun = stamp + _MICROSECONDS[(moment - first) // _MICROSECOND]
            return made, enter((made, identity)), begun, inputs, kept
        except Exception:  # noqa: BLE001 - a strange value, or no id left: looked at with more care
            return None

    return begin


def _texts_check(passes: Callable[[Row], bool] | None) -> Callable[[Row, bytes], bool]:
    """Whether a row with texts can be written as it is."""

    def check(row: Row, written: bytes) -> bool:
        return is_safe(written) and (passes is None or passes(row))

    return check


def quick_finish(
    settings: LogSettings,
    rows: SideRows,
    checker: Checker | None,
    maker: LineMaker,
    *,
    write: Callable[[bytes, int], None],
    refused: Callable[[Exception], None],
    failed: Callable[[BaseException], None],
    written: Callable[[None], object],
    sampled_out: Callable[[None], object],
    otherwise: Finish,
) -> Finish:
    """Records a row that `quick_begin` began, and leaves what there is more to to `otherwise`.

    Args:
        settings: see `LogSettings`.
        rows: how the output is written.
        checker: tells whether it breaks a rule.
        maker: has the fixed parts of the line.
        write: writes a line.
        refused: told what `write` raised.
        failed: told of what should not happen.
        written: counts a record.
        sampled_out: counts a prediction outside the sample.
        otherwise: records any other call.
    """
    leave, stay, dumps = context.current.reset, context.current.set, orjson.dumps
    to_output, low, high = _quick_output(rows, checker, settings)
    slow = float("inf") if settings.slow is None else settings.slow
    modules = sys.modules
    end = b"}" + maker.kept_in_sample + maker.success.end

    def finish(
        trip: Trip | Quick | None,
        output: Any,
        seconds: float,
        scores: Any = None,
        error: BaseException | None = None,
    ) -> None:
        if trip is None or isinstance(trip, Trip):
            otherwise(trip, output, seconds, scores, error)
            return
        identity, token, begun, inputs, row = trip
        try:
            leave(token)
        except (ValueError, RuntimeError):  # in another context than it began in, as in a generator
            stay(None)
        if (
            type(output) is not float
            or not low <= output <= high
            or seconds >= slow
            or error is not None
            or scores is not None
        ):
            known = orjson.loads(inputs) if row is None and inputs is not None else row
            otherwise(Trip(identity.decode(), None, known), output, seconds, scores, error)
            return
        if inputs is None:
            sampled_out(None)
            return
        try:
            template = maker.success
            between = template.to_tail_at_once
            if _TRACES in modules and (trace := context.trace()) is not None:
                between = template.to_rest + maker.further(trace) + template.to_own
            line = b"".join((
                template.start, begun, template.to_id, identity, template.to_duration,
                b"%d" % (seconds * _SECOND), between, identity, template.to_inputs, inputs, to_output,
                dumps(output), end,
            ))  # fmt: skip
        except Exception as problem:  # noqa: BLE001 - the prediction goes on
            failed(problem)
            return
        try:
            write(line, 1)
        except Exception as problem:  # noqa: BLE001 - the prediction goes on
            refused(problem)
        else:
            written(None)

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
