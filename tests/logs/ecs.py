"""Holds records against Elastic's own list of fields, and ours against the catalogue."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from mlmonitor import names

_TEXTS = {"keyword", "match_only_text", "text", "wildcard", "constant_keyword", "ip"}
_OPEN = tuple(f"{field.name}." for field in names.COLUMNS_OF_SIDE.values())


def problems(record: dict[str, Any], fields: dict[str, dict[str, Any]]) -> list[str]:
    """What is wrong with the fields of a record."""
    return [
        problem
        for name, value in leaves(record)
        if (
            problem := _own(name, value)
            if name.startswith("mlmonitor.")
            else _ecs(name, value, fields)
        )
    ]


def leaves(record: Any, above: str = "") -> list[tuple[str, Any]]:
    """Values by dotted name; objects in lists count as if they stood alone."""
    if isinstance(record, dict):
        return [
            leaf
            for key, value in record.items()
            for leaf in leaves(value, f"{above}.{key}".lstrip("."))
        ]
    if isinstance(record, list) and record and isinstance(record[0], dict):
        return [leaf for one in record for leaf in leaves(one, above)]
    return [(above, record)]


def _own(name: str, value: Any) -> str | None:
    if name.startswith(_OPEN):
        flat = value if isinstance(value, list) else [value]
        bad = [one for one in flat if isinstance(one, (dict, list))]
        return f"{name} is nested" if bad or name.count(".") > 2 else None
    field = names.LOG_FIELDS.get(name)
    return f"{name} is not in the catalogue" if field is None else _typed(name, value, field.type)


def _ecs(name: str, value: Any, fields: dict[str, dict[str, Any]]) -> str | None:
    if name.startswith("labels."):
        return _typed(name, value, fields["labels"]["object_type"])
    field = fields.get(name)
    if field is None:
        return f"{name} is no field of ECS"
    if isinstance(value, list) and "array" not in field["normalize"]:
        return f"{name} may not be a list"
    allowed = [one["name"] for one in field.get("allowed_values", ())]
    if allowed and value not in allowed:
        return f"{name} is {value!r}, not one of {allowed}"
    if "pattern" in field and not re.fullmatch(field["pattern"], value):
        return f"{name} is {value!r}, which does not match {field['pattern']}"
    return _typed(name, value, field["type"])


def _typed(name: str, value: Any, kind: str) -> str | None:
    flat = value if isinstance(value, list) else [value]
    for one in flat:
        if kind in _TEXTS and not isinstance(one, str):
            return f"{name} is {one!r}, no text"
        if kind == "long" and (not isinstance(one, int) or isinstance(one, bool)):
            return f"{name} is {one!r}, no integer"
        if kind == "double" and not isinstance(one, (int, float)):
            return f"{name} is {one!r}, no number"
        if (
            kind == "date"
            and datetime.fromisoformat(one.replace("Z", "+00:00")).utcoffset() is None
        ):
            return f"{name} is {one!r}, of no time zone"
    return None
