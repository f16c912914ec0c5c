"""A line of a file as what Elasticsearch is to be given: a stream, an id, and the line itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from mlmonitor import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.names import Field

MAX_RECORD: Final = 10_000_000
"""Bytes of the longest line that is sent."""
_MAX_ID: Final = 512
_ID_BYTES: Final = 16


@dataclass(slots=True)
class Entry:
    """A record on its way.

    Attributes:
        line: the JSON object, without the end of line.
        id: its `_id`.
        stream: the data stream it belongs to.
        source, end: the file it is from, and the offset behind it; nothing where it is from none.
        timestamp: when it happened, as the record says it.
        doubtful: whether it may have been taken already.
    """

    line: bytes
    id: str
    stream: str
    source: str = ""
    end: int = 0
    timestamp: str = ""
    doubtful: bool = False

    @property
    def action(self) -> bytes:
        """The line that precedes it in a bulk request."""
        return orjson.dumps({"create": {"_index": self.stream, "_id": self.id}})

    @property
    def size(self) -> int:
        """Bytes that it takes in a request, nearly."""
        return len(self.line) + len(self.id) + len(self.stream) + 40


@dataclass(frozen=True)
class Rejected:
    """A line that cannot be shipped, and why."""

    line: bytes
    reason: str
    source: str = ""
    end: int = 0
    id: str = ""
    stream: str = ""
    status: int = 0


def entry(
    line: bytes,
    fallback_id: Callable[[], str],
    source: str = "",
    end: int = 0,
    *,
    fallback_stream: str = "",
) -> Entry | Rejected:
    """What a line is, or why it is nothing.

    `fallback_id` gives an id to lines that carry none, and `fallback_stream` is where those go that
    name no stream, as those of the service itself.
    """
    if len(line) > MAX_RECORD:
        return Rejected(
            line[:1000], f"longer than {MAX_RECORD:,} bytes; only its start is kept", source, end
        )
    try:
        record = orjson.loads(line)
    except ValueError as error:
        return Rejected(line, f"no JSON: {error}", source, end)
    if not isinstance(record, dict):
        return Rejected(line, "no JSON object", source, end)
    parts = [_value(record, field) for field in _STREAM]
    is_named = all(isinstance(part, str) and part for part in parts)
    stream = "-".join(parts) if is_named else fallback_stream
    if not stream:
        wanted = ", ".join(field.name for field in _STREAM)
        return Rejected(line, f"names no data stream by {wanted}", source, end)
    given = _value(record, names.LOG_EVENT_ID)
    identity = given if isinstance(given, str) and given else fallback_id()
    if len(identity.encode("utf-8", "replace")) > _MAX_ID:
        return Rejected(
            line, f"{names.LOG_EVENT_ID.name} is longer than {_MAX_ID} bytes", source, end
        )
    timestamp = record.get(names.LOG_TIMESTAMP.name)
    shown = timestamp if isinstance(timestamp, str) else ""
    return Entry(line, identity, stream, source, end, shown)


def place_id(birth: bytes, offset: int) -> str:
    """An id for a line at an offset of a file that is known by its first line: the same again later."""
    return hashlib.blake2b(b"%d " % offset + birth, digest_size=_ID_BYTES).hexdigest()


_STREAM: Final = (names.LOG_STREAM_TYPE, names.LOG_STREAM_DATASET, names.LOG_STREAM_NAMESPACE)


def _value(record: dict[str, Any], field: Field) -> Any:
    """The value of a field, whose name may be nested, or dotted as in other programs' records."""
    if field.name in record:
        return record[field.name]
    place: Any = record
    for part in field.path:
        if not isinstance(place, dict):
            return None
        place = place.get(part)
    return place
