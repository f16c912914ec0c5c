"""Folding values that are counted by category, or only as present or missing."""

from __future__ import annotations

import datetime as dt
import numbers
from array import array
from collections import Counter
from itertools import chain
from operator import getitem
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.tally import layout as cells_of
from mlmonitor.tally.kernel import rows_a_tile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Column
    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.layout import Block

_MISSING_TYPES: Final = frozenset({"NoneType", "NAType", "NaTType"})
_BYTE_CODES: Final = 256


def is_missing(value: object) -> bool:
    """Whether a value stands for none: None, NaN, NaT or pandas' NA."""
    if type(value).__name__ in _MISSING_TYPES:
        return True
    return isinstance(value, (float, np.floating, np.datetime64, np.timedelta64)) and value != value  # noqa: PLR0124


def category_text(value: object) -> str | None:
    """A value as the text of its category, or None where it can be none.

    Integral numbers lose their fraction (`60.0` is `60`), as the reference profile writes them.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, numbers.Number) and not isinstance(value, complex):
        number = float(value)  # type: ignore[arg-type]
        return str(int(number)) if number.is_integer() else str(number)
    return None


class CategoryCodes(dict[object, int]):
    """Value -> cell of a categorical column, counted from its first category.

    Holds the categories under every form in which a value may arrive; the rest is judged on look-up.
    """

    def __init__(self, column: Column) -> None:
        known = tuple(column.categories or ())
        self._rest = len(known)
        self._unseen = cells_of.UNSEEN if column.complete else cells_of.OTHER
        super().__init__({text: code for code, text in enumerate(known)})
        self.update(dict.fromkeys(column.other_values, self._rest + cells_of.OTHER))
        for text in column.allowed or ():
            self.setdefault(text, self._rest + cells_of.UNSEEN_ALLOWED)
        self[None] = self._rest + cells_of.MISSING
        self._holds_numbers = False
        for spelled, code in list(self.items()):
            number = _number(spelled)
            if number is not None:
                self._holds_numbers = True
                self.setdefault(number, code)
        if column.kind == "boolean":
            self._holds_numbers = True
            for value in (True, False):
                self.setdefault(value, self.get(str(value), self._rest + self._unseen))

    def __missing__(self, value: object) -> int:
        if is_missing(value):
            return self._rest + cells_of.MISSING
        text = category_text(value)
        if text is None or (not isinstance(value, str) and not self._holds_numbers):
            return self.mistyped
        return self.get(text, self._rest + self._unseen)

    @property
    def mistyped(self) -> int:
        """Cell of values of a wrong type."""
        return self._rest + cells_of.WRONG_TYPE


class PresenceCodes(dict[object, int]):
    """Value -> cell of a column that is only counted: present, absent or of a wrong type."""

    mistyped: Final = cells_of.MISTYPED
    _ACCEPTED: Final = (str, numbers.Number, np.generic, dt.date, dt.time)

    def __init__(self, column: Column) -> None:
        super().__init__({None: cells_of.ABSENT})
        self._accepted: tuple[type, ...] = str if column.kind == "text" else self._ACCEPTED  # type: ignore[assignment]
        if not column.values:
            self._accepted = (object,)

    def __missing__(self, value: object) -> int:
        if is_missing(value):
            return cells_of.ABSENT
        return cells_of.PRESENT if isinstance(value, self._accepted) else cells_of.MISTYPED


Codes = CategoryCodes | PresenceCodes


class CategoryKernel:
    """Folds the categorical and counted columns of one block.

    `memory` holds a plane of cells for each row of a tile, float64, as in the numeric kernel.
    """

    def __init__(self, block: Block, memory: Floats) -> None:
        self.rows, self.width = rows_a_tile(block), plane_width(block)
        self._counts = memory[: self.rows * self.width]
        self._codes: list[Codes] = [CategoryCodes(column) for column in block.categorical]
        self._codes += [PresenceCodes(column) for column in block.counted]
        self._tiled = self._codes * self.rows
        self._starts = _plane_starts(block)
        plane = np.arange(self.rows, dtype=np.int64) * self.width
        starts = np.array(self._starts, dtype=np.int64)
        self._base = (plane[:, None] + starts[None, :]).reshape(-1)
        self._wide = any(size > _BYTE_CODES for size in _sizes(block))
        self._slot = np.empty(len(self._base), np.int64)

    def fold(self, rows: Sequence[Sequence[object]]) -> None:
        """Count a tile: up to `self.rows` rows, each the values of all columns in order."""
        values = list(chain.from_iterable(rows))
        try:
            found = self._encode(values)
        except Exception:  # noqa: BLE001 - a value may raise anything from __hash__ or __eq__
            found = self._encode_one_by_one(values)
        slot = self._slot[: len(values)]
        np.copyto(slot, found)
        np.add(slot, self._base[: len(values)], out=slot)
        counted = self._counts[slot]
        np.add(counted, 1.0, out=counted)
        self._counts[slot] = counted

    def fold_column(self, index: int, values: Sequence[object]) -> None:
        """Count all values of one column."""
        codes, start, counts = self._codes[index], self._starts[index], self._counts
        try:
            tallied = Counter(values)
            found = Counter[int]()
            for value, count in tallied.items():
                found[codes[value]] += count
        except Exception:  # noqa: BLE001 - see fold
            found = Counter(_code(codes, value) for value in values)
        for code, count in found.items():
            counts[start + code] += count

    def _encode(self, values: list[object]) -> np.ndarray:
        codes = map(getitem, self._tiled, values)
        if self._wide:
            return np.frombuffer(array("q", codes), dtype=np.int64)
        return np.frombuffer(bytes(codes), dtype=np.uint8)

    def _encode_one_by_one(self, values: list[object]) -> np.ndarray:
        return np.array(
            [_code(codes, value) for codes, value in zip(self._tiled, values, strict=False)]
        )


def _code(codes: Codes, value: object) -> int:
    try:
        return codes[value]
    except Exception:  # noqa: BLE001 - unhashable, or raises when it is compared
        return codes.mistyped


def _sizes(block: Block) -> list[int]:
    """Cells of each categorical and counted column."""
    categorical = [len(c.categories or ()) + cells_of.CATEGORY_EXTRA for c in block.categorical]
    return categorical + [cells_of.COUNTED_CELLS] * len(block.counted)


def _plane_starts(block: Block) -> list[int]:
    """First cell of each column within a plane."""
    starts = np.cumsum([0, *_sizes(block)])
    return [int(start) for start in starts[:-1]]


def plane_width(block: Block) -> int:
    """Cells of one row's plane: those of all categorical and counted columns of the block."""
    return sum(_sizes(block))


def plane_size(block: Block) -> int:
    """Float64 values that the planes of a block need."""
    return rows_a_tile(block) * plane_width(block)


def add_planes(cells: Floats, block: Block, memory: Floats) -> None:
    """Sum the planes in `memory` and add them to the layout's `cells`."""
    summed = memory.reshape(rows_a_tile(block), -1).sum(axis=0)
    firsts = (*block.category_starts, *block.counted_starts)
    for first, start, size in zip(firsts, _plane_starts(block), _sizes(block), strict=True):
        cells[first : first + size] += summed[start : start + size]


def _number(text: object) -> float | None:
    """The number that a category's text spells, if it spells one exactly so."""
    if not isinstance(text, str):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if category_text(number) == text else None
