"""A record as it is asked about: its fields by name, its columns by theirs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, streams

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]

_SIDES: Final = {field.path[-1]: field for field in names.COLUMNS_OF_SIDE.values()}
_NANOSECONDS: Final = 1e9


def get(record: Mapping[str, Any], field: names.Field) -> Any:
    """The value of a field; None where it is not there."""
    return _at(record, field.path)


def _at(record: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(record, dict):
            return None
        record = record.get(part)
    return record


def field_path(name: str) -> tuple[str, ...]:
    """Where a name stands in a record: `inputs.area` is a column, all else a field's name."""
    side, _, column = name.partition(".")
    if side in _SIDES and column:
        return (*_SIDES[side].path, streams.field(column))
    return tuple(name.split("."))


def value(record: Mapping[str, Any], name: str) -> Any:
    """The value under a name as `field_path` reads it."""
    return _at(record, field_path(name))


def columns(record: Mapping[str, Any], side: str) -> dict[str, Any]:
    """The columns of a side by their own names, as far as the names in the record tell them."""
    found = get(record, names.COLUMNS_OF_SIDE[side])
    return {_column(key): one for key, one in found.items()} if isinstance(found, dict) else {}


def _column(key: str) -> str:
    try:
        return streams.column(key)
    except ValueError:
        return key


def violations(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Side, column and reason of each."""
    side, column, reason = (
        field.path[-1]
        for field in (
            names.LOG_VIOLATION_SIDE, names.LOG_VIOLATION_COLUMN, names.LOG_VIOLATION_REASON,
        )
    )  # fmt: skip
    found = _at(record, tuple(names.VIOLATIONS.split(".")))
    return [
        (str(one.get(side, "")), str(one.get(column, "")), str(one.get(reason, "")))
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    ]


def is_prediction(record: object) -> bool:
    """Whether it is one of ours, and not a line of the service."""
    return isinstance(record, dict) and isinstance(get(record, names.LOG_EVENT_ID), str)


def identity(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Model, version and role."""
    model, version, role = (
        str(get(record, field) or "?")
        for field in (names.LOG_MODEL, names.LOG_VERSION, names.LOG_ROLE)
    )
    return model, version, role


def seconds(record: Mapping[str, Any]) -> float:
    """How long the call took."""
    duration = get(record, names.LOG_EVENT_DURATION)
    return duration / _NANOSECONDS if isinstance(duration, (int, float)) else 0.0


def weight(record: Mapping[str, Any]) -> float:
    """How many predictions it stands for."""
    rate = get(record, names.LOG_SAMPLE_RATE)
    return 1 / rate if isinstance(rate, (int, float)) and 0 < rate <= 1 else 1.0


def moment(record: Mapping[str, Any]) -> datetime | None:
    """When it happened."""
    try:
        found = datetime.fromisoformat(str(get(record, names.LOG_TIMESTAMP)).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
