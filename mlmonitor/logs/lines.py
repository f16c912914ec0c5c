"""The line of a record: its fixed parts, its values cut to size, and what belongs to the call."""

from __future__ import annotations

import time
import traceback
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from mlmonitor import names
from mlmonitor.logs import context
from mlmonitor.logs.safe import shown
from mlmonitor.logs.template import Template, key, nested
from mlmonitor.logs.values import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mlmonitor.logs.rows import Row, SideRows, Written
    from mlmonitor.logs.settings import LogSettings
    from mlmonitor.logs.violations import Violation

SIDES: Final = tuple(names.COLUMNS_OF_SIDE)

_SECOND: Final = 1_000_000_000
_STACK: Final = 4
"""Times `max_field` that a stack trace may have."""
_SHORTER: Final = ((1_024, 64), (256, 16), (64, 4), (16, 0))
"""Limits of texts and lists that are tried, one after the other, until a record is short enough."""
SIDE_KEYS: Final = {side: b"," + key(field) for side, field in names.COLUMNS_OF_SIDE.items()}
_SAMPLE: Final = b"," + key(names.LOG_SAMPLE_RATE.path[-2])
_VIOLATIONS: Final = b"," + key(names.VIOLATIONS)
_VIOLATION_KEYS: Final = tuple(
    field.path[-1]
    for field in (names.LOG_VIOLATION_SIDE, names.LOG_VIOLATION_COLUMN, names.LOG_VIOLATION_REASON)
)
_RATE: Final = names.LOG_SAMPLE_RATE.path[-1]
_KEPT_FOR: Final = names.LOG_SAMPLE_KEPT_FOR.path[-1]


class Call(NamedTuple):
    """What the records of one call have in common.

    Attributes:
        template: the fixed parts.
        begun: its beginning, as JSON has it.
        duration: nanoseconds.
        further: its trace and error, as members of the record with a comma behind each.
    """

    template: Template
    begun: bytes
    duration: bytes
    further: bytes


class Notes(NamedTuple):
    """What there is to say of a row besides its columns.

    Attributes:
        violations: what is wrong with it.
        kept_for: why it is kept whatever the sample.
        redacted: columns of which something is hidden.
        batch: the members of `batch`, where it is one of several rows.
    """

    violations: Sequence[Violation] = ()
    kept_for: Sequence[str] = ()
    redacted: Sequence[str] = ()
    batch: Mapping[str, Any] | None = None


class Line(NamedTuple):
    """A line, its end included, and whether values, or all of them together, were cut."""

    data: bytes
    cut_field: bool
    cut_record: bool


class LineMaker:
    """Makes the lines of one monitor.

    Args:
        identity: model, version and role.
        reference: hash of the reference profile, if there is one.
        settings: see `LogSettings`.
        rows: how the columns of each side are written.
        cleaned: masks what is sensitive in a text that is of no column, given further secrets.
    """

    def __init__(
        self,
        identity: tuple[str, str, str],
        reference: str | None,
        settings: LogSettings,
        rows: Mapping[str, SideRows],
        cleaned: Callable[[str, Iterable[str]], str],
    ) -> None:
        self._identity, self._reference, self._settings = identity, reference, settings
        self._rows, self._cleaned = rows, cleaned
        self._second = (-1, b"")
        self.kept_in_sample = _SAMPLE + orjson.dumps({_RATE: settings.sample})
        self.after_fork()

    def after_fork(self) -> None:
        """Name the process anew."""
        made = {
            outcome: Template(self._identity, self._reference, self._settings, outcome)
            for outcome in (names.SUCCESS, names.FAILURE)
        }
        self.success, self.failure = made[names.SUCCESS], made[names.FAILURE]

    def call(
        self, seconds: float, error: BaseException | None, secrets: Sequence[str] = ()
    ) -> Call:
        """What the records of a call that ends now have in common.

        `secrets` are texts that must not appear in what is said of the error.
        """
        duration = int(seconds * _SECOND)
        template = self.success if error is None else self.failure
        trace = context.trace()
        further = b""
        if trace is not None or error is not None:
            further = self.further(trace, error, secrets)
        return Call(template, self.stamp(time_ns() - duration), b"%d" % duration, further)

    def line(
        self,
        call: Call,
        identity: str,
        sides: Mapping[str, Row],
        notes: Notes,
    ) -> Line:
        """The record of a row.

        Args:
            call: what it shares with the other rows of its batch.
            identity: id of the prediction.
            sides: columns by side; those without any are left out.
            notes: what else there is to say of it.
        """
        rest = self._rest(notes)
        written = {side: self._rows[side].write(row) for side, row in sides.items() if row}
        line = self._joined(call, identity, written, rest)
        cut = any(one.cut for one in written.values())
        shorter = iter(_SHORTER)
        too_long = len(line) > self._settings.max_record
        while len(line) > self._settings.max_record and (limits := next(shorter, None)):
            written = {side: self._rows[side].shortened(sides[side], *limits) for side in written}
            line = self._joined(call, identity, written, rest)
        if len(line) > self._settings.max_record:
            line = self._joined(
                call, identity, {}, self._rest(notes._replace(violations=(), redacted=("*",)))
            )
        return Line(line, cut, too_long)

    def _joined(
        self, call: Call, identity: str, written: Mapping[str, Written], rest: bytes
    ) -> bytes:
        template, quoted = call.template, orjson.dumps(identity)[1:-1]
        parts = [
            template.start, call.begun, template.to_id, quoted, template.to_duration,
            call.duration, template.to_rest, call.further, template.to_own, quoted,
            template.to_tail,
        ]  # fmt: skip
        cut: list[str] = []
        for side, one in written.items():
            parts += (SIDE_KEYS[side], one.data)
            cut += one.cut
        parts.append(rest)
        if cut:
            parts.append(b"," + key(names.LOG_TRUNCATED) + orjson.dumps(cut))
        parts.append(template.end)
        return shown(b"".join(parts))

    def _rest(self, notes: Notes) -> bytes:
        """Members of our own behind the columns, each with a comma in front."""
        violations, kept_for, redacted, batch = notes
        if not kept_for and not redacted and batch is None and not context.bound.get().slices:
            return self.kept_in_sample
        parts = []
        if violations:
            listed = [dict(zip(_VIOLATION_KEYS, one, strict=True)) for one in violations]
            parts.append(_VIOLATIONS + _dumped(listed))
        if slices := context.bound.get().slices:
            parts.append(b"," + key(names.LOG_SLICE) + _dumped(list(slices)))
        if kept_for:
            parts.append(_SAMPLE + orjson.dumps({_RATE: 1.0, _KEPT_FOR: list(kept_for)}))
        else:
            parts.append(self.kept_in_sample)
        if redacted:
            parts.append(b"," + key(names.LOG_REDACTED) + _dumped(list(redacted)))
        if batch is not None:
            parts.append(b"," + key(names.LOG_BATCH_ID.path[-2]) + _dumped(dict(batch)))
        return b"".join(parts)

    def further(
        self,
        trace: context.Trace | None,
        error: BaseException | None = None,
        secrets: Sequence[str] = (),
    ) -> bytes:
        """The trace and error of a record, as members with a comma behind each."""
        found: dict[names.Field, Any] = {}
        if trace is not None:
            found |= {names.LOG_TRACE_ID: trace.trace, names.LOG_SPAN_ID: trace.span}
        if error is not None:
            found |= self._error(error, secrets)
        return orjson.dumps(nested(found))[1:-1] + b","

    def _error(self, error: BaseException, secrets: Sequence[str]) -> dict[names.Field, str]:
        limit = self._settings.max_field
        found = {
            names.LOG_ERROR_TYPE: text(type(error).__qualname__, limit)[0],
            names.LOG_ERROR_MESSAGE: self._cleaned(text(_message(error), limit)[0], secrets),
        }
        if self._settings.stack_traces:
            stack = "".join(traceback.format_tb(error.__traceback__))
            found[names.LOG_ERROR_STACK] = self._cleaned(text(stack, _STACK * limit)[0], secrets)
        return found

    def stamp(self, moment: int) -> bytes:
        """Nanoseconds since the epoch in ISO 8601, in microseconds."""
        second, rest = divmod(moment, _SECOND)
        known, form = self._second
        if second != known:
            form = time.strftime("%Y-%m-%dT%H:%M:%S.%%06dZ", time.gmtime(second)).encode()
            self._second = second, form
        return form % (rest // 1_000)


def _dumped(value: Any) -> bytes:
    """JSON of texts that may hold lone surrogates."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_encodable(value))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {name: _encodable(one) for name, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list) else value


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - __str__ may raise anything
        return "no message"
