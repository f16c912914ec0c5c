"""The rows of a call as columns by name, copied before the model can change them, and as JSON."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import orjson

from mlmonitor import streams
from mlmonitor.logs.values import ITEMS, SCALARS, plain, text
from mlmonitor.tally.rows import mapping_form

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = dict[str, Any]

_NAMES: Final = 4_096
"""Names of columns that are remembered."""
COLUMNS: Final = 1_000
"""Columns of a row that are recorded."""
_NAMED: Final = 20
_WHOLE_ROW: Final = "*"
"""Stands for further columns among those that were cut."""


class Written(NamedTuple):
    """Columns as a JSON object, and the names of those that were cut."""

    data: bytes
    cut: tuple[str, ...]


class SideRows:
    """Reads the rows of one side.

    Args:
        order: names of its columns, as sequences hold them; empty where nothing is known of them.
        single: name of the column where a single value comes and nothing is known.
        limit: characters of a value that are kept.
        cleaned: masks what is sensitive in the name of a column that is not expected.
    """

    def __init__(
        self,
        order: Sequence[str],
        single: str,
        limit: int,
        cleaned: Callable[[str], str] = str,
    ) -> None:
        self.order = tuple(order)
        self._limit, self._cleaned = limit, cleaned
        self._single = self.order[0] if len(self.order) == 1 else single
        self._fields: dict[Any, str] = {}
        self._ordinary: set[Any] = set()
        self._forms: dict[type, Callable[[Any], Row] | None] = {}
        for name in self.order:
            self._remember(name, name)
        self.is_ordinary = all(self._fields[name] == name for name in self.order)
        """Whether the names of all columns stand in a record as they are."""

    def field(self, name: Any) -> str:
        """The key of a column in the record."""
        found = self._fields.get(name)
        return (
            self._remember(name, self._cleaned(str(name)[: self._limit]))
            if found is None
            else found
        )

    def _remember(self, name: Any, shown: str) -> str:
        found = text(streams.field(shown), self._limit)[0]
        if len(self._fields) < _NAMES:
            self._fields[name] = found
            if found == name:
                self._ordinary.add(name)
        return found

    def row(self, value: Any) -> Row:
        """One row, as a dict of its own."""
        if type(value) is dict:
            return value.copy()
        if type(value) in SCALARS:
            return {self._single: value}
        if isinstance(value, np.ndarray):
            value = value.tolist() if value.dtype.names is None else value.reshape(-1)[0]
        if isinstance(value, (list, tuple)) and not hasattr(value, "_asdict"):
            if len(value) == len(self.order):
                return dict(zip(self.order, value, strict=True))
            return {str(index): one for index, one in enumerate(value)}
        form = self._form(value)
        return {self._single: value} if form is None else form(value)

    def rows(self, value: Any) -> list[Row]:
        """The rows of a batch: a list, an array, or a data frame of any library."""
        if isinstance(value, (list, tuple)):
            return [self.row(one) for one in value]
        if isinstance(value, np.ndarray):
            names = value.dtype.names
            items = value.reshape(-1).tolist() if names else value.tolist()
            return [dict(zip(names, one, strict=True)) if names else self.row(one) for one in items]
        for method in ("to_pylist", "to_dicts"):
            if hasattr(value, method):
                return [self.row(one) for one in getattr(value, method)()]
        labels = getattr(value, "columns", None)
        if labels is None:
            return [self.row(one) for one in value.tolist()]
        columns = [value[label].tolist() for label in labels]
        keys = self.order if list(labels) == list(range(len(self.order))) else list(labels)
        return [dict(zip(keys, one, strict=True)) for one in zip(*columns, strict=True)]

    def write(self, row: Row) -> Written:
        """The columns as JSON, each value cut to size; `row` holds the values as they came."""
        values = row.values()
        if row.keys() <= self._ordinary and set(map(type, values)) <= SCALARS:
            try:
                data = orjson.dumps(row)
            except TypeError:  # an integer beyond 64 bits, or a lone surrogate
                return self.shortened(row, self._limit)
            if len(data) <= self._limit:
                return Written(data, ())
        return self.shortened(row, self._limit)

    def shortened(self, row: Row, limit: int, items: int = ITEMS) -> Written:
        """The same, with each value cut to `limit` characters and lists to `items`."""
        cut, found = [], {}
        for name, value in islice(row.items(), COLUMNS):
            found[self.field(name)], was_cut = plain(value, limit, items)
            if was_cut:
                cut.append(self._cleaned(text(str(name), limit)[0]))
        if len(row) > COLUMNS or len(cut) > _NAMED:
            cut = [*cut[:_NAMED], _WHOLE_ROW]
        return Written(orjson.dumps(found), tuple(cut))

    def _form(self, value: Any) -> Callable[[Any], Row] | None:
        kind = type(value)
        if kind not in self._forms:
            form = mapping_form(value)
            if len(self._forms) >= _NAMES:
                return form
            self._forms[kind] = form
        return self._forms[kind]
