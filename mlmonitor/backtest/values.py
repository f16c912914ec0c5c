"""From the values of a column to its cells: those of the tally, kept apart row by row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mlmonitor import names
from mlmonitor.backtest.steps import REASONS, ColumnSteps, cell_count
from mlmonitor.tally import layout as cells_of
from mlmonitor.tally.categories import CategoryCodes, PresenceCodes
from mlmonitor.tally.grid import deviation_scale
from mlmonitor.tally.layout import DEVIATION_LIMIT
from mlmonitor.tally.rows import as_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        invalid: reason -> bool of shape (rows,), for those reasons that occur.
    """

    cell: np.ndarray
    missing: np.ndarray
    deviation: Array | None = None
    nonzero: np.ndarray | None = None
    invalid: Mapping[str, np.ndarray] = field(default_factory=dict)

    def counted(self, column: Column, step: np.ndarray, steps: int) -> ColumnSteps:
        """The rows counted by step; `step` is int64 of shape (rows,), below `steps`."""
        width, inside = cell_count(column), self.cell >= 0

        def by_step(weights: np.ndarray | None) -> Array:
            return np.bincount(step, weights, minlength=steps).astype(np.float64)

        flat = step[inside] * width + self.cell[inside]
        cells = np.bincount(flat, minlength=steps * width) if width else np.zeros(0)
        deviation = np.zeros(len(step)) if self.deviation is None else self.deviation
        nonzero = np.zeros(len(step), bool) if self.nonzero is None else self.nonzero
        invalid = np.zeros((steps, len(REASONS)))
        for reason, wrong in self.invalid.items():
            invalid[:, REASONS.index(reason)] = by_step(wrong)
        return ColumnSteps(
            column,
            by_step(None),
            by_step(self.missing),
            cells.reshape(steps, width).astype(np.float64),
            by_step(np.maximum(deviation, 0.0)),
            by_step(np.maximum(-deviation, 0.0)),
            by_step(deviation * deviation),
            by_step(nonzero),
            invalid,
        )


def encode(column: Column, values: pd.Series[Any]) -> Encoded:
    """The cells of a column's values, as a monitor counts them."""
    if column.is_binned:
        numbers, missing, mistyped = _numbers(column, values)
        found = encode_numbers(column, numbers, missing)
        not_finite = np.isinf(numbers) | (np.isnan(numbers) & ~missing & ~mistyped)
        wrong = {names.NOT_FINITE: not_finite, names.WRONG_TYPE: mistyped}
        return replace(found, invalid={**found.invalid, **_occurring(wrong)})
    codes = CategoryCodes(column) if column.is_categorical else PresenceCodes(column)
    cell = _codes(codes, values)
    if not column.is_categorical:
        wrong = _occurring({names.WRONG_TYPE: cell == cells_of.MISTYPED})
        return Encoded(np.full(len(cell), -1), cell == cells_of.ABSENT, invalid=wrong)
    return encode_categories(column, cell)


def encode_categories(column: Column, codes: np.ndarray) -> Encoded:
    """The cells of a categorical column's values, int64 of shape (rows,) as a tally has them."""
    known = len(column.categories or ())
    unseen = known + cells_of.UNSEEN
    cell = np.where(codes == known + cells_of.UNSEEN_ALLOWED, unseen, codes)
    wrong = {names.WRONG_TYPE: codes == known + cells_of.WRONG_TYPE}
    if column.allowed is not None:
        allowed = set(column.allowed)
        barred = [i for i, value in enumerate(column.categories or ()) if value not in allowed]
        wrong[names.NOT_ALLOWED] = np.isin(codes, [*barred, unseen])
    missing = codes == known + cells_of.MISSING
    return Encoded(np.where(cell > unseen, -1, cell), missing, invalid=_occurring(wrong))


def encode_numbers(column: Column, numbers: Array, missing: np.ndarray | None = None) -> Encoded:
    """The bins of float64 values of shape (rows,); NaN is missing unless `missing` says not."""
    none = np.isnan(numbers)
    cell = np.searchsorted(np.array(column.edges or ()), numbers, side="left")
    deviation = (numbers - (column.mean or 0.0)) / deviation_scale(column)
    finite = np.isfinite(numbers)
    wrong = {names.EXTREME: finite & (np.abs(deviation) > DEVIATION_LIMIT)}
    if column.range is not None:
        low, high = column.range
        wrong[names.OUT_OF_RANGE] = finite & ((numbers < low) | (numbers > high))
    np.clip(deviation, -DEVIATION_LIMIT, DEVIATION_LIMIT, out=deviation)
    if none.any():
        cell[none], deviation[none] = -1, 0.0
    nonzero = (numbers != 0) & ~none
    return Encoded(
        cell, none if missing is None else missing, deviation, nonzero, _occurring(wrong)
    )


def _occurring(wrong: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The reasons that occur at all."""
    return {reason: found for reason, found in wrong.items() if found.any()}


def _numbers(column: Column, values: pd.Series[Any]) -> tuple[Array, np.ndarray, np.ndarray]:
    """Values of a binned column as floats, which of them are missing, and which no numbers.

    A NaN is missing in an input; elsewhere it is a value that is not finite.
    """
    found = values.to_numpy()
    if found.dtype.kind in _NUMBER_KINDS:
        numbers, none = found.astype(np.float64), np.zeros(len(found), bool)
        return numbers, np.isnan(numbers) if column.side == "input" else none, none
    pairs = [as_number(value) for value in values.tolist()]
    numbers = np.array([number for number, _ in pairs], dtype=np.float64)
    wanted = {None, "none"} if column.side == "input" else {"none"}
    named = np.array([place in wanted for _, place in pairs], dtype=bool)
    mistyped = np.array([place == "wrong_type" for _, place in pairs], dtype=bool)
    return numbers, np.isnan(numbers) & named, mistyped


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
