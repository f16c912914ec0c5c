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
    from collections.abc import Hashable

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


def _of_objects(column: pd.Series[Any]) -> Values:
    objects = column.astype(object)
    try:
        codes, unique = pd.factorize(objects)
    except TypeError:
        codes, unique = pd.factorize(objects.map(_hashable_form))
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
