"""The mapping of a model's columns: one typed field each, from the references of its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, streams
from mlmonitor.generate.elastic.fields import LENIENT, nested
from mlmonitor.generate.elastic.profile import KEYWORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmonitor.generate.elastic.profile import Profile
    from mlmonitor.reference import Column, Reference

TYPES: Final[dict[str, str]] = {
    "numeric": "double",
    "discrete": "double",
    "sparse": "double",
    "categorical": "keyword",
    "boolean": "boolean",
    "identifier": "keyword",
    "text": "text",
    "timestamp": "date",
}
"""Type of a column's field, by the column's kind. All numbers are doubles: whole ones may cease to be."""

_TIMES: Final = "strict_date_optional_time_nanos||yyyy-MM-dd HH:mm:ss||epoch_millis"


def sides(references: Iterable[Reference], profile: Profile) -> dict[str, Any]:
    """Properties of inputs, outputs and scores.

    Columns that no reference has are kept with the record, and not searched. Where versions disagree
    on a column's type, the first decides; each other type is a field of its own below, named by it.
    """
    types = types_of(references)
    fields: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [
        (field.path, {"type": "object", "dynamic": False})
        for field in names.COLUMNS_OF_SIDE.values()
    ]
    for (side, column), kinds in types.items():
        path = (*names.COLUMNS_OF_SIDE[side].path, streams.field(column))
        fields.append((path, _mapping(kinds, profile)))
    return nested(fields)


def types_of(references: Iterable[Reference]) -> dict[tuple[str, str], list[str]]:
    """Types of a column's field by side and name, in the order in which versions bring them up."""
    found: dict[tuple[str, str], list[str]] = {}
    for reference in references:
        for column in reference.columns:
            if column.side in names.COLUMNS_OF_SIDE:
                kinds = found.setdefault((column.side, column.name), [])
                if TYPES[column.kind] not in kinds:
                    kinds.append(TYPES[column.kind])
    return found


def field_of(column: Column) -> str:
    """The whole name of a column's field."""
    return ".".join((names.COLUMNS_OF_SIDE[column.side].name, streams.field(column.name)))


def _mapping(types: list[str], profile: Profile) -> dict[str, Any]:
    known: dict[str, Mapping[str, Any]] = {
        "boolean": {"type": "boolean", **LENIENT},
        "date": {"type": "date", "format": _TIMES, **LENIENT},
        "double": {"type": "double", **LENIENT},
        "keyword": KEYWORD,
        "text": profile.text,
    }
    first, *others = types
    mapping = dict(known[first])
    if others:
        mapping["fields"] = {other: dict(known[other]) for other in others}
    return mapping
