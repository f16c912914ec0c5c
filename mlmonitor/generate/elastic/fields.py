"""The mapping of the fields that every record has, from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.generate.elastic.profile import KEYWORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmonitor.generate.elastic.profile import Profile

LENIENT: Final = {"ignore_malformed": True}
"""A value that is no number is kept, only not found by a search; its record is not refused."""

_CONSTANT: Final = (names.LOG_STREAM_TYPE, names.LOG_STREAM_DATASET, names.LOG_STREAM_NAMESPACE)


def common(profile: Profile) -> dict[str, Any]:
    """Properties of the fields of the Elastic Common Schema."""
    return nested(
        (field.path, _mapping(field, profile))
        for field in names.LOG_FIELDS.values()
        if not field.is_own
    )


def own(profile: Profile) -> dict[str, Any]:
    """Properties of the project's own fields, but for columns."""
    sides = names.COLUMNS_OF_SIDE.values()
    return nested(
        (field.path, _mapping(field, profile))
        for field in names.LOG_FIELDS.values()
        if field.is_own and field not in sides
    )


def nested(fields: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]) -> dict[str, Any]:
    """Mappings by path as the `properties` of objects within one another."""
    properties: dict[str, Any] = {}
    for path, mapping in fields:
        inner = properties
        for key in path[:-1]:
            inner = inner.setdefault(key, {}).setdefault("properties", {})
        inner.setdefault(path[-1], {}).update(mapping)
    return properties


def flat(properties: Mapping[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Mappings of all fields by their whole names, multi-fields among them, objects left out."""
    found: dict[str, dict[str, Any]] = {}
    for key, mapping in properties.items():
        name = f"{prefix}{key}"
        if "properties" in mapping or mapping.get("type") == "object":
            found |= flat(mapping.get("properties", {}), f"{name}.")
            continue
        found[name] = {part: value for part, value in mapping.items() if part != "fields"}
        found |= flat(mapping.get("fields", {}), f"{name}.")
    return found


def _mapping(field: names.Field, profile: Profile) -> dict[str, Any]:
    if field in _CONSTANT:
        return dict(profile.constant)
    if field is names.LOG_ERROR_STACK:
        return dict(profile.long)
    known: dict[str, dict[str, Any]] = {
        "date": {"type": "date"},
        "double": {"type": "double", **LENIENT},
        "keyword": dict(KEYWORD),
        "long": {"type": "long", **LENIENT},
        "object": {"type": "flattened", "ignore_above": KEYWORD["ignore_above"]},
        "text": dict(profile.text),
    }
    return known[field.type]
