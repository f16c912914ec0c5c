"""Which columns of a row break a rule of the reference."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from operator import contains, ge, itemgetter, le
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from mlmonitor import names
from mlmonitor.tally import layout as cells_of
from mlmonitor.tally.categories import CategoryCodes, PresenceCodes
from mlmonitor.tally.rows import as_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmonitor.reference import Column
    from mlmonitor.tally.layout import Block

_ABSENT: Final = object()
_LARGEST: Final = sys.float_info.max
_FEW: Final = 32
"""Numbers that are compared one by one sooner than all at once."""


class Violation(NamedTuple):
    """A column that breaks a rule."""

    side: str
    column: str
    reason: str


class Checker:
    """Tells what is wrong with the rows of one side; a row that is right costs little.

    Args:
        columns: those of the side, as the reference has them.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        binned = [c for c in columns if c.is_binned]
        rest = [c for c in columns if not c.is_binned]
        self.size, self.has_texts = len(columns), bool(rest)
        self._judges = [(column.name, _judge(column)) for column in (*binned, *rest)]
        self._side = columns[0].side if columns else ""
        only = binned[0].range or (-_LARGEST, _LARGEST) if len(binned) == 1 and not rest else None
        self.only_range = only or (1.0, 0.0)
        """Least and largest value that are right where the side is one number, else in disorder."""
        self.is_fine = _fine_rows(binned, rest)
        """Whether a row has all columns and none breaks a rule. Its values of these columns are
        then numbers, texts, times or None, and nothing else. It raises whatever values do that
        cannot be compared, and KeyError where a column is absent."""

    def __call__(self, row: Mapping[str, Any]) -> list[Violation]:
        """What is wrong with a row, by column; never raises."""
        with suppress(Exception):
            if self.is_fine(row):
                return []
        found = []
        for name, judge in self._judges:
            reason = judge(row.get(name, _ABSENT))
            if reason is not None:
                found.append(Violation(self._side, name, reason))
        return found


def _fine_rows(
    binned: Sequence[Column], rest: Sequence[Column]
) -> Callable[[Mapping[str, Any]], bool]:
    numbers_of = _getter([column.name for column in binned])
    others_of = _getter([column.name for column in rest])
    ranges = [column.range or (-_LARGEST, _LARGEST) for column in binned]
    lows, highs = [low for low, _ in ranges], [high for _, high in ranges]
    fine = [_fine(column) for column in rest]

    def numbers_are_fine(row: Mapping[str, Any]) -> bool:
        numbers = numbers_of(row)
        return all(map(le, lows, numbers)) and all(map(ge, highs, numbers))

    def are_fine(row: Mapping[str, Any]) -> bool:
        numbers = numbers_of(row)
        return (
            all(map(le, lows, numbers))
            and all(map(ge, highs, numbers))
            and all(map(contains, fine, others_of(row)))
        )

    return are_fine if rest else numbers_are_fine


RowCheck = Callable[[Any, tuple[Any, ...]], bool]
"""Takes what the tally reads of a row, and its numbers."""


def row_check(block: Block) -> RowCheck:
    """Whether a row that has all columns breaks no rule.

    It raises whatever values do that cannot be compared.
    """
    numbers_are_fine = _comparisons(block.binned) if len(block.binned) <= _FEW else _clipping(block)
    fine = [_fine(column) for column in (*block.categorical, *block.counted)]

    def are_fine(item: tuple[bytes, tuple[object, ...]], numbers: tuple[Any, ...]) -> bool:
        return numbers_are_fine(item, numbers) and all(map(contains, fine, item[1]))

    return are_fine if fine else numbers_are_fine


def _comparisons(columns: Sequence[Column]) -> RowCheck:
    """Compares numbers one by one, in code made for their ranges: for a few it is the quickest."""
    names_of = [f"number_{place}" for place in range(len(columns))]
    parts = []
    for name, column in zip(names_of, columns, strict=True):
        low, high = column.range or (-_LARGEST, _LARGEST)
        parts.append(f"{float(low)!r} <= {name} <= {float(high)!r}")
    source = (
        f"def in_range(_, numbers):\n ({', '.join(names_of)},) = numbers\n"
        f" return {' and '.join(parts)}"
    )
    made: dict[str, RowCheck] = {}
    exec(source, {"__builtins__": {}}, made)  # noqa: S102 - made of numbers alone
    return made["in_range"]


def _clipping(block: Block) -> RowCheck:
    """Compares packed numbers with themselves clipped to their ranges, all at once."""
    ranges = [column.range or (-_LARGEST, _LARGEST) for column in block.binned]
    lows, highs = (np.array(bounds, dtype=np.float64) for bounds in zip(*ranges, strict=True))
    frombuffer, fmin, fmax = np.frombuffer, np.fmin, np.fmax

    # Of NaN and a number both functions give the number, which differs from what was there.
    def in_range(packed: bytes, _: tuple[Any, ...]) -> bool:
        return fmax(fmin(frombuffer(packed), highs), lows).tobytes() == packed

    def in_range_of_both(item: tuple[bytes, tuple[object, ...]], _: tuple[Any, ...]) -> bool:
        packed = item[0]
        return fmax(fmin(frombuffer(packed), highs), lows).tobytes() == packed

    return in_range if len(block.binned) == len(block.columns) else in_range_of_both


class _Present(PresenceCodes):
    """Values of a column that is only counted, as a set to look in."""

    def __init__(self, column: Column) -> None:
        super().__init__(column)
        self._missing_is_fine = _may_miss(column)

    def __contains__(self, value: object) -> bool:
        code = self[value]
        return code == cells_of.PRESENT or (code == cells_of.ABSENT and self._missing_is_fine)


def _getter(keys: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(keys) > 1:
        return itemgetter(*keys)
    if not keys:
        return lambda _: ()
    key = keys[0]
    return lambda row: (row[key],)


def _may_miss(column: Column) -> bool:
    return bool(column.missing) or not column.rows


def _fine(column: Column) -> Any:
    """The values that need no second look."""
    if not column.is_categorical:
        return _Present(column)
    judge, codes = _judge(column), CategoryCodes(column)
    return frozenset(value for value in codes if judge(value) is None)


def _judge(column: Column) -> Callable[[object], str | None]:
    """What is wrong with a value, as the tally counts it; None for nothing."""
    missing = None if _may_miss(column) else names.MISSING_VALUE
    if column.is_binned:
        return _number_judge(column, missing)
    return (
        _category_judge(column, missing)
        if column.is_categorical
        else _presence_judge(column, missing)
    )


def _number_judge(column: Column, missing: str | None) -> Callable[[object], str | None]:
    low, high = column.range or (-_LARGEST, _LARGEST)
    not_a_number = missing if column.side == "input" else names.NOT_FINITE

    def judge(value: object) -> str | None:
        if value is _ABSENT:
            return missing
        number, field = as_number(value)
        if field == "none":
            return missing
        if field is not None:
            return names.WRONG_TYPE
        if number != number:  # noqa: PLR0124 - NaN
            return not_a_number
        if abs(number) > _LARGEST:
            return names.NOT_FINITE
        return None if low <= number <= high else names.OUT_OF_RANGE

    return judge


def _category_judge(column: Column, missing: str | None) -> Callable[[object], str | None]:
    known = tuple(column.categories or ())
    allowed = known if column.allowed is None else column.allowed
    barred = frozenset(index for index, value in enumerate(known) if value not in allowed)
    unseen = names.UNSEEN_VALUE if column.allowed is None else names.NOT_ALLOWED
    codes, rest = CategoryCodes(column), len(known)
    reasons = {
        rest + cells_of.MISSING: missing,
        rest + cells_of.WRONG_TYPE: names.WRONG_TYPE,
        rest + cells_of.UNSEEN: unseen,
        **dict.fromkeys(barred, names.NOT_ALLOWED),
    }

    def judge(value: object) -> str | None:
        if value is _ABSENT:
            return missing
        try:
            return reasons.get(codes[value])
        except Exception:  # noqa: BLE001 - unhashable, or raises when it is compared
            return names.WRONG_TYPE

    return judge


def _presence_judge(column: Column, missing: str | None) -> Callable[[object], str | None]:
    codes = PresenceCodes(column)
    reasons = {cells_of.ABSENT: missing, cells_of.MISTYPED: names.WRONG_TYPE}

    def judge(value: object) -> str | None:
        if value is _ABSENT:
            return missing
        try:
            return reasons.get(codes[value])
        except Exception:  # noqa: BLE001 - unhashable, or raises when it is compared
            return names.WRONG_TYPE

    return judge
