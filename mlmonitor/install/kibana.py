"""Putting saved objects into Kibana through its API, and telling what would change."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import InstallError
from mlmonitor.generate.kibana import ndjson
from mlmonitor.install.difference import difference, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.install.connection import Connection

Json = dict[str, Any]

_EXPORT: Final = "/api/saved_objects/_export"
_IMPORT: Final = "/api/saved_objects/_import?overwrite=true"
_REFUSES: Final = 400
_XSRF: Final = {"kbn-xsrf": "mlmonitor", "accept": "application/json"}
_COMPARED: Final = ("attributes", "references")
_STRINGS: Final = ("panelsJSON", "optionsJSON", "searchSourceJSON", "fieldFormatMap",
                   "ignoreParentSettingsJSON")  # fmt: skip
_SHOWN: Final = 3


@dataclass(frozen=True)
class Change:
    """One saved object that is not there, or is there and differs."""

    kind: str
    id: str
    diff: str
    is_new: bool

    def __str__(self) -> str:
        """The object, and how many lines of it change."""
        verb = "new" if self.is_new else "changed"
        return f"{self.kind} {self.id}: {verb} ({summary(self.diff)})"


def plan(connection: Connection, objects: Sequence[Json]) -> list[Change]:
    """Saved objects that would be made or replaced; nothing is written.

    Kibana brings what it is given into the form of its own version, so that after an upgrade an object
    may differ though nobody changed it.

    Raises:
        InstallError: the server is no Kibana, refuses, or does not answer.
    """
    present = _exported(connection, objects)
    changes = []
    for one in objects:
        key = (one["type"], one["id"])
        before = _comparable(present[key]) if key in present else None
        diff = difference(f"{one['type']}/{one['id']}", before, _comparable(one))
        if diff:
            changes.append(Change(*key, diff, before is None))
    return changes


def install(connection: Connection, objects: Sequence[Json]) -> str:
    """Import all objects over those that are there, and say how many.

    Raises:
        InstallError: Kibana refused, or took only some.
    """
    boundary = f"mlmonitor-{secrets.token_hex(12)}"
    lines = [
        f"--{boundary}",
        'content-disposition: form-data; name="file"; filename="mlmonitor.ndjson"',
        "content-type: application/ndjson",
        "",
        ndjson(objects),
        f"--{boundary}--",
        "",
    ]
    headers = {**_XSRF, "content-type": f"multipart/form-data; boundary={boundary}"}
    answer = connection.send("POST", _IMPORT, "\r\n".join(lines).encode(), headers)
    if not answer.is_ok:
        raise connection.refused("the import", answer)  # noqa: EM101, TRY003 - what was refused
    if not answer.body.get("success"):
        raise InstallError(_partial(connection, answer.body))
    return f"imported {answer.body['successCount']} objects into {connection.url}"


def _exported(connection: Connection, objects: Sequence[Json]) -> dict[tuple[str, str], Json]:
    """Those of the objects that are there, as Kibana exports them."""
    wanted = [{"id": one["id"], "type": one["type"]} for one in objects]
    for _ in range(2):
        if not wanted:
            return {}
        body = {"excludeExportDetails": True, "objects": wanted}
        data = json.dumps(body).encode()
        headers = {**_XSRF, "content-type": "application/json"}
        answer = connection.send("POST", _EXPORT, data, headers)
        if answer.is_ok:
            found = answer.body if isinstance(answer.body, list) else [answer.body]
            return {(one["type"], one["id"]): one for one in found if one}
        missing = _missing(answer.body) if answer.status == _REFUSES else set()
        wanted = [one for one in wanted if (one["type"], one["id"]) not in missing]
        if not missing:
            break
    raise connection.refused("the export", answer)  # noqa: EM101, TRY003 - what was refused


def _missing(body: Any) -> set[tuple[str, str]]:
    """Objects that an export did not find: it fails as a whole and lists them."""
    attributes = body.get("attributes", {}) if isinstance(body, dict) else {}
    return {(one["type"], one["id"]) for one in attributes.get("objects", ())}


def _comparable(one: Json) -> Json:
    """What an object is made of, its JSON within JSON decoded, without who wrote it and when."""
    found = {key: _decoded(one.get(key)) for key in _COMPARED}
    found["references"] = sorted(found["references"] or (), key=lambda each: str(each["name"]))
    return found


def _decoded(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _decoded(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if key in _STRINGS and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _partial(connection: Connection, body: Json) -> str:
    errors = body.get("errors", [])
    some = "; ".join(
        f"{one.get('type')} {one.get('id')}: {one.get('error', {}).get('type', 'unknown')}"
        for one in errors[:_SHOWN]
    )
    more = f" and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return (
        f"{connection.url}: Kibana took {body.get('successCount', 0)} objects and refused "
        f"{len(errors)} ({some}{more}); mend those there, and push again."
    )
