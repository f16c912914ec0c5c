"""Names for Elasticsearch: the data set of a model, the field of a column, and the way back.

What Elasticsearch, KQL or a Logstash pipeline would read as syntax becomes `@` and two hexadecimal
digits for each byte of UTF-8; the empty name is `@` alone. A hyphen parts the three names of a data
stream, so in them it is `~`. Names too long to be kept end in `@@` and a hash: still one for each
name, but with no way back.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

TYPE: Final = "logs"
PREFIX: Final = "mlmonitor."
LIMIT: Final = 100
"""Characters that Elastic's naming scheme allows in a data set or a namespace."""
FIELD_LIMIT: Final = 200
"""Bytes that the field of a column has at most."""

_ODD_PART: Final = re.compile(r"[^a-z0-9_.-]")
_ODD_FIELD: Final = re.compile(
    r"[\x00-\x1f\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufeff"
    r"""\ufff0-\uffff"()*,.:<>?@[\\\]`{}]|^ +| +$"""
)
_BYTES: Final = re.compile(r"(?:@[0-9a-f]{2})+")
_STRAY: Final = re.compile(r"@(?![0-9a-f]{2})")
_EMPTY: Final = "@"
_CUT: Final = "@@"
_DIGEST: Final = 16
_TAIL: Final = len(_CUT) + 2 * _DIGEST


def dataset(model: str) -> str:
    """The data set of a model: lower case, at most `LIMIT` characters, without a hyphen."""
    return PREFIX + _part(model, LIMIT - len(PREFIX))


def model(dataset: str) -> str:
    """The model of a data set.

    Raises:
        ValueError: no data set of a model, or one whose name was too long to be kept.
    """
    if not dataset.startswith(PREFIX):
        message = f"{dataset!r} does not start with {PREFIX!r}, as the data set of a model does."
        raise ValueError(message)
    return _whole(dataset[len(PREFIX) :], _part, LIMIT - len(PREFIX))


def namespace(name: str) -> str:
    """The namespace of a data stream: as a data set, without its prefix."""
    return _part(name, LIMIT)


def stream(model: str, namespace: str) -> str:
    """The data stream of a model: `namespace` as a record has it, or `*`."""
    return f"{TYPE}-{dataset(model)}-{namespace}"


def field(column: str) -> str:
    """The last part of the field that holds a column: no dots, never empty, ordinary names kept."""
    return _field(column, FIELD_LIMIT)


def column(field: str) -> str:
    """The column of the last part of a field.

    Raises:
        ValueError: no column has this field, or its name was too long to be kept.
    """
    return _whole(field, _field, FIELD_LIMIT)


def _part(name: str, limit: int) -> str:
    text = _ODD_PART.sub(_escaped, name).replace("-", "~") or _EMPTY
    return text if len(text) <= limit else _shortened(name, text[: limit - _TAIL])


def _field(name: str, limit: int) -> str:
    text = _ODD_FIELD.sub(_escaped, name) or _EMPTY
    data = text.encode()
    if len(data) <= limit:
        return text
    return _shortened(name, data[: limit - _TAIL].decode(errors="ignore"))


def _shortened(name: str, start: str) -> str:
    digest = blake2b(_utf8(name), digest_size=_DIGEST).hexdigest()
    return f"{start}{_CUT}{digest}"


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"@{byte:02x}" for byte in _utf8(found[0]))


def _utf8(text: str) -> bytes:
    """UTF-8, lone surrogates as if they were characters: a name may hold anything."""
    return text.encode("utf-8", "surrogatepass")


def _whole(text: str, forth: Callable[[str, int], str], limit: int) -> str:
    """What `forth` makes into `text`."""
    if text == _EMPTY:
        return ""
    if _CUT in text:
        message = f"{text!r} stands for a longer name; look it up in the record."
        raise ValueError(message)
    if not _STRAY.search(text):
        plain = text.replace("~", "-") if forth is _part else text
        try:
            name = _BYTES.sub(_unescaped, plain)
        except UnicodeDecodeError:
            name = None
        if name is not None and forth(name, limit) == text:
            return name
    message = f"{text!r} stands for no name."
    raise ValueError(message)


def _unescaped(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("@", "")).decode("utf-8", "surrogatepass")
