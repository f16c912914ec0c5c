"""From the values of a column to its cells: those of the tally, kept apart row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mlmonitor.backtest.steps import ColumnSteps, cell_count
from mlmonitor.tally import layout as cells_of
from mlmonitor.tally.categories import CategoryCodes, PresenceCodes
from mlmonitor.tally.grid import deviation_scale
from mlmonitor.tally.layout import DEVIATION_LIMIT
from mlmonitor.tally.rows import as_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.drift.cells import Array
    from mlmonitor.reference import Column

_NUMBER_KINDS: Final = "fiub"


@dataclass(frozen=True)
class Encoded:
    """The values of a column in some rows.

    Attributes:
        cell: int64 of shape (rows,), the cell of each value, -1 where it is in none.
        missing: bool of shape (rows,).
        deviation: float64 of shape (rows,), distance from the reference mean in deviations, 0 where
            there is none; None for a column without bins.
        nonzero: bool of shape (rows,), or None likewise.
    """

    cell: np.ndarray
    missing: np.ndarray
    deviation: Array | None = None
    nonzero: np.ndarray | None = None

    def counted(self, column: Column, step: np.ndarray, steps: int) -> ColumnSteps:
        """The rows counted by step; `step` is int64 of shape (rows,), below `steps`."""
        width, inside = cell_count(column), self.cell >= 0

        def by_step(weights: np.ndarray | None) -> Array:
            return np.bincount(step, weights, minlength=steps).astype(np.float64)

        flat = step[inside] * width + self.cell[inside]
        cells = np.bincount(flat, minlength=steps * width) if width else np.zeros(0)
        deviation = np.zeros(len(step)) if self.deviation is None else self.deviation
        nonzero = np.zeros(len(step), bool) if self.nonzero is None else self.nonzero
        return ColumnSteps(
            column,
            by_step(None),
            by_step(self.missing),
            cells.reshape(steps, width).astype(np.float64),
            by_step(np.maximum(deviation, 0.0)),
            by_step(np.maximum(-deviation, 0.0)),
            by_step(deviation * deviation),
            by_step(nonzero),
        )


def encode(column: Column, values: pd.Series[Any]) -> Encoded:
    """The cells of a column's values, as a monitor counts them."""
    if column.is_binned:
        return encode_numbers(column, *_numbers(column, values))
    codes = CategoryCodes(column) if column.is_categorical else PresenceCodes(column)
    found = _codes(codes, values)
    if not column.is_categorical:
        return Encoded(np.full(len(found), -1), found == cells_of.ABSENT)
    known = len(column.categories or ())
    cell = np.where(found == known + cells_of.UNSEEN_ALLOWED, known + cells_of.UNSEEN, found)
    outside = cell > known + cells_of.UNSEEN
    return Encoded(np.where(outside, -1, cell), found == known + cells_of.MISSING)


def encode_numbers(column: Column, numbers: Array, missing: np.ndarray | None = None) -> Encoded:
    """The bins of float64 values of shape (rows,); NaN is missing unless `missing` says not."""
    none = np.isnan(numbers)
    cell = np.searchsorted(np.array(column.edges or ()), numbers, side="left")
    deviation = (numbers - (column.mean or 0.0)) / deviation_scale(column)
    np.clip(deviation, -DEVIATION_LIMIT, DEVIATION_LIMIT, out=deviation)
    if none.any():
        cell[none], deviation[none] = -1, 0.0
    nonzero = (numbers != 0) & ~none
    return Encoded(cell, none if missing is None else missing, deviation, nonzero)


def _numbers(column: Column, values: pd.Series[Any]) -> tuple[Array, np.ndarray]:
    """Values of a binned column as floats, and which of them are missing.

    A NaN is missing in an input; elsewhere it is a value that is not finite.
    """
    found = values.to_numpy()
    if found.dtype.kind in _NUMBER_KINDS:
        numbers = found.astype(np.float64)
        is_nan = np.isnan(numbers)
        return numbers, is_nan if column.side == "input" else np.zeros(len(numbers), bool)
    pairs = [as_number(value) for value in values.tolist()]
    numbers = np.array([number for number, _ in pairs], dtype=np.float64)
    wanted = {None, "none"} if column.side == "input" else {"none"}
    named = np.array([field in wanted for _, field in pairs], dtype=bool)
    return numbers, np.isnan(numbers) & named


def _codes(codes: CategoryCodes | PresenceCodes, values: pd.Series[Any]) -> np.ndarray:
    try:
        place, unique = pd.factorize(values.astype(object))
    except TypeError:  # a value that cannot be hashed
        return np.array([_code(codes, value) for value in values.tolist()], dtype=np.int64)
    found: Sequence[int] = [_code(codes, value) for value in unique]
    # Missing values have the place -1, the last.
    return np.array([*found, codes[None]], dtype=np.int64)[place]


def _code(codes: CategoryCodes | PresenceCodes, value: object) -> int:
    try:
        return codes[value]
    except Exception:  # noqa: BLE001 - unhashable, or raises when it is compared
        return codes.mistyped
