"""Values of one column, told apart into numbers and texts, whatever the type they came in.

A reader decides types chunk by chunk: a column may come as numbers in one and as strings in the next.
Here a value is a number wherever its text spells one, so that the profile does not depend on where
the chunks were cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

_BOOLEANS: Final = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Values:
    """The values of a column in one block of rows.

    Attributes:
        numbers: float64 of shape (rows,), NaN where the value is missing or a text.
        texts: counts of the values that are no numbers.
        booleans: how many of the numbers are truth values.
        timestamps: whether the column came as points in time.
    """

    numbers: Floats
    texts: dict[str, int]
    booleans: int = 0
    timestamps: bool = False

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return int(np.isnan(self.numbers).sum()) - sum(self.texts.values())


def values_of(column: pd.Series[Any]) -> Values:
    """Tell the values of a column apart."""
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return Values(numbers, {}, int((~np.isnan(numbers)).sum()))
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        return Values(column.to_numpy(dtype=np.float64, na_value=np.nan), {})
    if pd.api.types.is_datetime64_any_dtype(kind):
        found = column.dropna().astype(str).value_counts()
        texts = {str(text): int(count) for text, count in found.items()}
        return Values(np.full(len(column), np.nan), texts, timestamps=True)
    return _of_objects(column)


def categories_of(
    column: pd.Series[Any], places: Mapping[str, int], *, as_boolean: bool
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The place of each row's category, int64 of shape (rows,); -1 where there is no value.

    Categories without a place of their own share the next one. Numbers 0 and 1 of a column of truth
    values are called so where `as_boolean`.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = column.astype(str).where(column.notna())
    codes, unique = _factorized(column)
    found = []
    for value in unique:
        number, text, _ = _parsed(value)
        name = category_text(number, as_boolean=as_boolean) if text is None else text
        missing = text is None and np.isnan(number)
        found.append(-1 if missing else places.get(name, len(places)))
    return np.asarray(np.array([*found, -1], dtype=np.int64)[codes])


def category_text(number: float, *, as_boolean: bool) -> str:
    """What a number is called as a category."""
    if as_boolean and number in (0.0, 1.0):
        return str(bool(number))
    return str(int(number)) if number.is_integer() else str(number)


def _factorized(column: pd.Series[Any]) -> tuple[np.ndarray, Any]:
    objects = column.astype(object)
    try:
        return pd.factorize(objects)
    except TypeError:
        return pd.factorize(objects.map(_hashable_form))


def _of_objects(column: pd.Series[Any]) -> Values:
    codes, unique = _factorized(column)
    found = np.bincount(codes[codes >= 0], minlength=len(unique))
    numbers, texts, booleans = [], dict[str, int](), 0
    for value, count in zip(unique, found.tolist(), strict=True):
        number, text, is_boolean = _parsed(value)
        numbers.append(number)
        booleans += count * is_boolean
        if text is not None:
            texts[text] = texts.get(text, 0) + count
    return Values(np.array([*numbers, np.nan])[codes], texts, booleans)


def _parsed(value: Hashable) -> tuple[float, str | None, bool]:
    """A value as a number, else as a text, and whether it is a truth value."""
    if isinstance(value, (bool, np.bool_)):
        return float(value), None, True
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _BOOLEANS:
            return _BOOLEANS[word], None, True
        number = _spelled_number(word)
        return (np.nan, value, False) if number is None else (number, None, False)
    try:
        return float(value), None, False  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan, str(value), False


def _spelled_number(word: str) -> float | None:
    if "_" in word or word == "nan":
        return None
    try:
        return float(word)
    except ValueError:
        return None


def _hashable_form(value: object) -> object:
    try:
        hash(value)
    except TypeError:
        return str(value)
    return value
