"""How much is too much: the thresholds that a column's drift is judged by."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

from mlmonitor.errors import MlmonitorError

FALSE_DISCOVERY_RATE: Final = 0.01


@dataclass(frozen=True)
class Thresholds:
    """How large an effect must be, and how sure it must be, before a column counts as drifted.

    Attributes:
        psi: population stability index above its noise floor.
        ks: largest gap between cumulative shares, of binned columns.
        mean_shift: distance of the means in reference standard deviations.
        spread: logarithm of the ratio of the mean absolute deviations.
        rank: how much oftener a value lies above one of the baseline than below it.
        missing: distance of the missing shares.
        nonzero: distance of the shares of non-zero values, of sparse columns.
        correlation: of the rows of a window, where the reference has not measured it.
        alpha: false discovery rate over the columns of a model; None derives it from the budget of
            false alarms (rules) or takes `FALSE_DISCOVERY_RATE` (a single comparison).
        minimum_rows: fewer rows are not judged.

    Raises:
        MlmonitorError: a threshold is outside its range.
    """

    psi: float = 0.2
    ks: float = 0.1
    mean_shift: float = 0.25
    spread: float = 0.4
    rank: float = 0.2
    missing: float = 0.05
    nonzero: float = 0.1
    correlation: float = 0.001
    alpha: float | None = None
    minimum_rows: int = 100

    def __post_init__(self) -> None:
        """Check the ranges."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            upper = math.inf if field.name in {"psi", "mean_shift", "spread", "minimum_rows"} else 1
            if not 0 < value < upper:
                limits = "above 0" if upper == math.inf else "between 0 and 1"
                message = f"Threshold {field.name} is {value}; choose a number {limits}."
                raise MlmonitorError(message)
