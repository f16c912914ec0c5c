"""Which records are asked for: as a test of a record, and as a query of Elasticsearch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import orjson

from mlmonitor import durations, names, streams
from mlmonitor.errors import MlmonitorError
from mlmonitor.explain import record as records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.explain.record import Record

_CONDITION: Final = re.compile(r"\s*(.+?)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*")
_RANGES: Final = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_NANOSECONDS: Final = 1_000_000_000
_SIDES: Final = tuple(field.path[-1] for field in names.COLUMNS_OF_SIDE.values())


@dataclass(frozen=True)
class Condition:
    """What a field must be: a name as in `inputs.area`, one of = != < <= > >=, and a value."""

    name: str
    sign: str
    value: str | float

    @classmethod
    def parsed(cls, text: str) -> Condition:
        """The condition of a text such as `inputs.area>300`.

        Raises:
            MlmonitorError: it is none.
        """
        found = _CONDITION.fullmatch(text)
        if found is None:
            message = f"{text!r} is no condition; write one such as inputs.area>300 or event.outcome=failure."
            raise MlmonitorError(message)
        name, sign, given = found.groups()
        number = _number(given)
        if sign in _RANGES and number is None:
            message = f"{text!r}: {given!r} is no number to compare with; use = or a number."
            raise MlmonitorError(message)
        return cls(name, sign, given if number is None else number)

    def holds(self, record: Record) -> bool:
        """Whether it holds for a record."""
        found = records.value(record, self.name)
        return any(map(self._is, found if isinstance(found, list) else [found]))

    def _is(self, found: Any) -> bool:
        if self.sign in {"=", "!="}:
            text = found if isinstance(found, str) else orjson.dumps(found).decode()
            same = (
                _number(text) == self.value if isinstance(self.value, float) else text == self.value
            )
            return same == (self.sign == "=")
        number = _number(found)
        return number is not None and _TESTS[self.sign](number, self.value)

    @property
    def query(self) -> dict[str, Any]:
        """The same in the language of Elasticsearch."""
        field = ".".join(records.field_path(self.name))
        if self.sign in _RANGES:
            return {"range": {field: {_RANGES[self.sign]: self.value}}}
        # Of a text in words a term would be one word; of all else a phrase is the whole value.
        same = {"match_phrase": {field: self.value}}
        return same if self.sign == "=" else {"bool": {"must_not": [same]}}


@dataclass(frozen=True)
class Question:
    """Which records are asked for; what is left out does not matter.

    Attributes:
        model, version, role: whose.
        ids: of which predictions or batches.
        since, until: from when, and before when.
        failed: only those that raised.
        violating: only those in which this column breaks a rule; any, where it is empty.
        missing: only those in which this column has no value, on whatever side it is.
        slower: only calls that took as many seconds, or more.
        conditions: what their fields must be.
    """

    model: str | None = None
    version: str | None = None
    role: str | None = None
    ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    failed: bool = False
    violating: str | None = None
    missing: str | None = None
    slower: float | None = None
    conditions: tuple[Condition, ...] = ()

    def matches(self, record: Record) -> bool:
        """Whether a record is asked for."""
        return (
            self._is_of_model(record)
            and (not self.ids or self._is_named(record))
            and self._is_in_time(record)
            and (not self.failed or records.get(record, names.LOG_EVENT_OUTCOME) == names.FAILURE)
            and (self.violating is None or self._violates(record))
            and (self.missing is None or self._lacks(record))
            and (self.slower is None or records.seconds(record) >= self.slower)
            and all(one.holds(record) for one in self.conditions)
        )

    @property
    def query(self) -> dict[str, Any]:
        """The same in the language of Elasticsearch."""
        asked: list[dict[str, Any]] = [{"exists": {"field": names.LOG_EVENT_ID.name}}]
        asked += [{"term": {field.name: one}} for field, one in self._identity()]
        if self.ids:
            fields = (names.LOG_EVENT_ID.name, names.LOG_BATCH_ID.name)
            either = [{"terms": {field: list(self.ids)}} for field in fields]
            asked.append({"bool": {"should": either, "minimum_should_match": 1}})
        times = {"gte": self.since, "lt": self.until}
        if given := {key: one.isoformat() for key, one in times.items() if one is not None}:
            asked.append({"range": {names.LOG_TIMESTAMP.name: given}})
        if self.failed:
            asked.append({"term": {names.LOG_EVENT_OUTCOME.name: names.FAILURE}})
        if self.violating:
            asked.append({"term": {names.LOG_VIOLATION_COLUMN.name: self.violating}})
        elif self.violating is not None:
            asked.append({"exists": {"field": names.LOG_VIOLATION_COLUMN.name}})
        if self.missing is not None:
            asked.append(
                {"bool": {"must_not": [{"exists": {"field": one}} for one in self._fields()]}}
            )
        if self.slower is not None:
            least = int(self.slower * _NANOSECONDS)
            asked.append({"range": {names.LOG_EVENT_DURATION.name: {"gte": least}}})
        asked += [one.query for one in self.conditions]
        return {"bool": {"filter": asked}}

    @property
    def stream(self) -> str:
        """The data streams to look in."""
        return (
            streams.stream(self.model, "*") if self.model else f"{streams.TYPE}-{streams.PREFIX}*-*"
        )

    def _identity(self) -> list[tuple[names.Field, str]]:
        pairs = (
            (names.LOG_MODEL, self.model), (names.LOG_VERSION, self.version), (names.LOG_ROLE, self.role),
        )  # fmt: skip
        return [(field, given) for field, given in pairs if given is not None]

    def _is_of_model(self, record: Record) -> bool:
        return all(records.get(record, field) == given for field, given in self._identity())

    def _is_named(self, record: Record) -> bool:
        found = (records.get(record, names.LOG_EVENT_ID), records.get(record, names.LOG_BATCH_ID))
        return any(one in self.ids for one in found)

    def _is_in_time(self, record: Record) -> bool:
        if self.since is None and self.until is None:
            return True
        at = records.moment(record)
        return at is not None and (
            (self.since is None or at >= self.since) and (self.until is None or at < self.until)
        )

    def _violates(self, record: Record) -> bool:
        found = [column for _, column, _ in records.violations(record)]
        return self.violating in found if self.violating else bool(found)

    def _lacks(self, record: Record) -> bool:
        return all(records.value(record, f"{side}.{self.missing}") is None for side in _SIDES)

    def _fields(self) -> list[str]:
        """Where the column that is missing would be."""
        return [".".join(records.field_path(f"{side}.{self.missing}")) for side in _SIDES]


def moment(text: str, now: datetime | None = None) -> datetime:
    """A point in time: `1h` ago, or a date or time in ISO 8601.

    Raises:
        MlmonitorError: it is neither.
    """
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        try:
            ago = timedelta(seconds=durations.seconds(text))
        except MlmonitorError as error:
            message = f"{text!r} is no time; write 30m, 2d or 2024-06-01T12:00:00Z."
            raise MlmonitorError(message) from error
        return (now or datetime.now(timezone.utc)) - ago
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def conditions(texts: Sequence[str]) -> tuple[Condition, ...]:
    """Conditions of several texts; see `Condition.parsed`."""
    return tuple(map(Condition.parsed, texts))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
