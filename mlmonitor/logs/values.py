"""Any value as what a record may hold: a text, number, truth value, null, or a flat list of those."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import enum
import itertools
import os
import uuid
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import orjson

from mlmonitor.tally.categories import is_missing

Plain = str | int | float | bool | list[Any] | None

SCALARS: Final = frozenset({float, int, str, bool, type(None)})
"""Types whose values orjson writes as they are, if they are short enough."""
ITEMS: Final = 256
"""Items of a list that are kept."""
_DEPTH: Final = 6
_SMALLEST_INT: Final = -(2**63)
_LARGEST_INT: Final = 2**64 - 1
_MARK: Final = "…"


def plain(value: object, limit: int, items: int = ITEMS) -> tuple[Plain, bool]:
    """The value as a record may hold it, and whether it was cut; never raises.

    Args:
        value: anything, circular or broken objects included.
        limit: characters that a text may have.
        items: items that a list may have.
    """
    try:
        return _plain(value, limit, items)
    except Exception:  # noqa: BLE001 - a value may raise anything from anywhere
        return f"<{type(value).__name__}>", False


def _plain(value: object, limit: int, items: int) -> tuple[Plain, bool]:
    simple = _scalar(value, limit)
    if simple is not None:
        return simple
    if isinstance(value, np.ndarray):
        short = value.reshape(-1)[: items + 1] if value.ndim == 1 else value[: items + 1]
        return _plain(short.tolist(), limit, items)
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = [_scalar(one, limit) for one in itertools.islice(value, items)]
        found = [part for part in parts if part is not None]
        if len(found) == len(parts):
            cut = len(value) > items or any(was_cut for _, was_cut in found)
            return [one for one, _ in found], cut
    found = _nested(value, limit, items, _DEPTH)
    return text(found if isinstance(found, str) else orjson.dumps(found).decode(), limit)


def _scalar(value: object, limit: int) -> tuple[Plain, bool] | None:  # noqa: PLR0911 - a table of types
    """A value that is a single one, or None."""
    if isinstance(value, str):
        return text(value, limit)
    if value is None or isinstance(value, bool) or is_missing(value):
        return (value if isinstance(value, bool) else None), False
    if isinstance(value, enum.Enum):
        return _scalar(value.value, limit) or text(str(value), limit)
    if isinstance(value, int):
        fits = _SMALLEST_INT <= value <= _LARGEST_INT
        return (int(value), False) if fits else text(_digits(value), limit)
    if isinstance(value, float):
        return float(value), False
    if isinstance(value, np.generic):
        item = value.item()
        return text(str(value), limit) if isinstance(item, np.generic) else _scalar(item, limit)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat(), False
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _of_bytes(bytes(value[: limit + 1]), limit)
    if isinstance(value, (Decimal, uuid.UUID, os.PathLike, dt.timedelta, complex)):
        return text(str(value), limit)
    return None


def text(value: str, limit: int) -> tuple[str, bool]:
    """A text that UTF-8 can hold, cut to `limit` characters, and whether it was cut."""
    cut = len(value) > limit
    short = str(value[: limit - 1] + _MARK) if cut else str(value)
    return short.encode("utf-8", "backslashreplace").decode(), cut


def _of_bytes(value: bytes, limit: int) -> tuple[str, bool]:
    short = value[: limit * 3 // 4]
    return base64.b64encode(short).decode(), len(short) < len(value)


def _digits(value: int) -> str:
    """An integer beyond 64 bits; Python refuses to write the longest ones in decimal."""
    return str(value) if value.bit_length() < 4_000 else f"{'-' * (value < 0)}0x…"  # noqa: PLR2004


def _nested(value: object, limit: int, items: int, depth: int) -> Any:
    """An object of objects, its depth and numbers limited: a circle ends there."""
    simple = _scalar(value, limit)
    if simple is not None:
        return simple[0]
    if depth == 0:
        return _MARK
    fields = _fields(value)
    if fields is not None:
        return {
            text(str(key), limit)[0]: _nested(one, limit, items, depth - 1)
            for key, one in itertools.islice(fields.items(), items)
        }
    if isinstance(value, np.ndarray):
        value = value[:items].tolist() if value.ndim else value.item()
    if isinstance(value, Collection):
        return [_nested(one, limit, items, depth - 1) for one in itertools.islice(value, items)]
    return f"<{type(value).__name__}>"


def _fields(value: object) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if hasattr(type(value), "model_fields"):
        return vars(value)
    if dataclasses.is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    return None
