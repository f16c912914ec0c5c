"""Putting templates, lifecycle policies and roles into Elasticsearch, and nothing that would break it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import InstallError
from mlmonitor.generate.elastic import Kind
from mlmonitor.generate.elastic.fields import flat
from mlmonitor.generate.elastic.templates import ANY
from mlmonitor.install.connection import NOT_FOUND
from mlmonitor.install.difference import difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlmonitor.generate.elastic import Object
    from mlmonitor.install.connection import Answer, Connection

_SAME_PRIORITY: Final = re.compile(
    r"existing templates \[([^\]]+)\].* same priority \[(\d+)\]", re.DOTALL
)
_FIXED: Final = ("type", "format")
"""What cannot change in the mapping of a field that is there."""
_LISTING: Final = f"/_resolve/index/{ANY}"
_SHOWN_CONFLICTS: Final = 3


@dataclass(frozen=True)
class Change:
    """One object that is not there, or is there and differs."""

    object: Object
    diff: str
    is_new: bool


@dataclass(frozen=True)
class Stream:
    """A data stream that is there, and what its newest index lacks or types otherwise.

    Attributes:
        lacks: names of fields that would be added.
        conflicts: what would have another type, as `name is a and would be b`.
        mappings, limit: what its template gives a new index: fields, and how many there may be.
    """

    name: str
    lacks: tuple[str, ...]
    conflicts: tuple[str, ...]
    mappings: Mapping[str, Any] = field(repr=False)
    limit: str


@dataclass(frozen=True)
class Plan:
    """What an installation would do."""

    changes: tuple[Change, ...]
    streams: tuple[Stream, ...]

    @property
    def conflicts(self) -> tuple[Stream, ...]:
        """Data streams in which a field would have another type."""
        return tuple(stream for stream in self.streams if stream.conflicts)

    @property
    def is_empty(self) -> bool:
        """Whether all is as it should be."""
        return not self.changes and not self.streams


def plan(connection: Connection, objects: Sequence[Object]) -> Plan:
    """What would change; nothing is written.

    Raises:
        InstallError: the server is none, refuses, or does not answer.
    """
    changes = []
    for one in objects:
        present = _present(connection, one)
        diff = difference(f"{one.kind.path}/{one.name}", present, _normal(one.body))
        if diff:
            changes.append(Change(one, diff, present is None))
    return Plan(tuple(changes), tuple(_streams(connection, objects)))


def install(connection: Connection, wanted: Plan, *, rollover: bool = False) -> Iterator[str]:
    """Do what a plan says, and say what was done.

    Raises:
        InstallError: a field would have another type and `rollover` is not set (then nothing is
            written); or the server refuses.
    """
    if wanted.conflicts and not rollover:
        raise InstallError(_conflict(wanted.conflicts))
    for change in wanted.changes:
        answer = connection.json("PUT", change.object.target, change.object.body)
        if not answer.is_ok:
            raise _refused(connection, change.object, answer)
        verb = "made" if change.is_new else "changed"
        yield f"{verb} {change.object.kind.path}/{change.object.name}"
    for stream in wanted.streams:
        if stream.conflicts:
            connection.expect("POST", f"/{stream.name}/_rollover")
            yield f"began a new index of {stream.name}"
        else:
            _widen(connection, stream)
            yield f"added {len(stream.lacks)} fields to {stream.name}"


def _widen(connection: Connection, stream: Stream) -> None:
    """Give the newest index of a data stream the fields that it lacks."""
    settings = {"index": {"mapping": {"total_fields": {"limit": stream.limit}}}}
    connection.expect("PUT", f"/{stream.name}/_settings", settings)
    target = f"/{stream.name}/_mapping?write_index_only=true"
    connection.expect("PUT", target, dict(stream.mappings))


def _present(connection: Connection, one: Object) -> Any:
    """An object as it is there, in the form of `_normal`; None where it is not."""
    answer = connection.json("GET", one.target)
    if answer.status == NOT_FOUND:
        return None
    if not answer.is_ok:
        raise _refused(connection, one, answer)
    body = answer.body
    if one.kind is Kind.COMPONENT:
        found = body["component_templates"][0]["component_template"]
    elif one.kind is Kind.TEMPLATE:
        found = body["index_templates"][0]["index_template"]
    elif one.kind is Kind.POLICY:
        found = {"policy": body[one.name]["policy"]}
    else:
        found = body[one.name]
    return _normal(found)


def _refused(connection: Connection, one: Object, answer: Answer) -> InstallError:
    same = _SAME_PRIORITY.search(answer.reason)
    if same is None:
        return connection.refused(f"{one.kind.path}/{one.name}", answer)
    message = (
        f"{connection.url}: the index template {same[1]!r} covers the same data streams as "
        f"{one.name!r} with the same priority {same[2]}; change its priority, or "
        "elasticsearch.priority in monitoring.yaml."
    )
    return InstallError(message)


def _normal(value: Any, key: str = "") -> Any:
    """A body without what is so anyway, and with texts as Elasticsearch writes them."""
    if isinstance(value, dict):
        if key == "settings":
            return _dotted(value)
        inner = {name: _normal(one, name) for name, one in value.items()}
        dropped = {name for name, one in inner.items() if _is_default(name, one, key)}
        return {name: one for name, one in inner.items() if name not in dropped}
    if isinstance(value, list):
        return [_normal(one) for one in value]
    return str(value).lower() if key == "dynamic" else value


def _is_default(name: str, value: Any, parent: str) -> bool:
    if name == "data_stream":
        return False
    if name in {"transient_metadata", "created_date_millis", "modified_date_millis"}:
        return True
    if (parent, name, value) == ("lifecycle", "enabled", True):
        return True
    return value is False or value is None or value in ({}, [], ())


def _dotted(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their whole names, with or without `index` before them, as texts."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= _dotted(value, f"{name}.")
        else:
            whole = name if name.startswith("index.") else f"index.{name}"
            found[whole] = [str(one) for one in value] if isinstance(value, list) else str(value)
    return found


def _streams(connection: Connection, objects: Sequence[Object]) -> Iterator[Stream]:
    """Data streams that do not have what their templates say."""
    found = connection.json("GET", _LISTING)
    if found.status == NOT_FOUND:
        return
    if not found.is_ok:
        raise connection.refused(_LISTING, found)
    for one in found.body["data_streams"]:
        name = one["name"]
        template = _template_of(name, objects)
        if template is not None:
            stream = _compared(connection, name, one["backing_indices"][-1], template, objects)
            if stream.lacks or stream.conflicts:
                yield stream


def _compared(
    connection: Connection, name: str, index: str, template: Object, objects: Sequence[Object]
) -> Stream:
    answer = connection.expect("GET", f"/{index}/_mapping")
    present = flat(answer[index]["mappings"].get("properties", {}))
    mappings = mappings_of(template, objects)
    wanted = flat(mappings["properties"])
    return Stream(
        name=name,
        lacks=tuple(sorted(wanted.keys() - present.keys())),
        conflicts=tuple(_conflicts(present, wanted)),
        mappings=mappings,
        limit=_limit(template, objects),
    )


def _template_of(stream: str, objects: Iterable[Object]) -> Object | None:
    """The index template that a data stream gets: of those that match, the one above the others."""
    matching = [
        one
        for one in objects
        if one.kind is Kind.TEMPLATE
        and any(fnmatchcase(stream, _literal(pattern)) for pattern in one.body["index_patterns"])
    ]
    return max(matching, key=lambda one: one.body["priority"], default=None)


def _literal(pattern: str) -> str:
    """A pattern of Elasticsearch, which knows `*` alone, as one of fnmatch."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def mappings_of(template: Object, objects: Iterable[Object]) -> dict[str, Any]:
    """The mappings that an index template gives to an index: of its parts, then its own."""
    parts = {one.name: one.body for one in objects if one.kind is Kind.COMPONENT}
    merged: dict[str, Any] = {}
    for body in (*(parts[name] for name in template.body["composed_of"]), template.body):
        _merge(merged, body["template"].get("mappings", {}))
    return merged


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _limit(template: Object, objects: Iterable[Object]) -> str:
    """How many fields an index template allows: what the last of its parts says."""
    parts = {one.name: one.body for one in objects if one.kind is Kind.COMPONENT}
    limits = [
        settings["mapping"]["total_fields"]["limit"]
        for name in template.body["composed_of"]
        if (settings := parts[name]["template"].get("settings", {}).get("index"))
    ]
    return str(limits[-1])


def _conflicts(
    present: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for name in sorted(wanted.keys() & present.keys()):
        for key in _FIXED:
            before, after = present[name].get(key), wanted[name].get(key)
            if before != after:
                yield f"{name} is {before} and would be {after}"


def _conflict(streams: Sequence[Stream]) -> str:
    first = streams[0]
    some = "; ".join(first.conflicts[:_SHOWN_CONFLICTS])
    more = len(first.conflicts) - _SHOWN_CONFLICTS
    rest = f" and {more} more" if more > 0 else ""
    others = f" (and {len(streams) - 1} other data streams)" if len(streams) > 1 else ""
    return (
        f"{first.name}{others}: {some}{rest}; list the version that was first before the others in "
        "monitoring.yaml, or begin new indices with --rollover."
    )
