"""How much is too much: the thresholds that a column's drift is judged by."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from mlmonitor.errors import MlmonitorError


@dataclass(frozen=True)
class Thresholds:
    """How large an effect must be, and how sure it must be, before a column counts as drifted.

    Attributes:
        psi: population stability index above its noise floor.
        ks: largest gap between cumulative shares, of binned columns.
        mean_shift: distance of the means in reference standard deviations.
        missing: distance of the missing shares.
        nonzero: distance of the shares of non-zero values, of sparse columns.
        alpha: false discovery rate over the columns of a model.
        minimum_rows: fewer rows are not judged.

    Raises:
        MlmonitorError: a threshold is outside its range.
    """

    psi: float = 0.2
    ks: float = 0.1
    mean_shift: float = 0.25
    missing: float = 0.05
    nonzero: float = 0.1
    alpha: float = 0.01
    minimum_rows: int = 100

    def __post_init__(self) -> None:
        """Check the ranges."""
        for field in fields(self):
            value = getattr(self, field.name)
            upper = math.inf if field.name in {"psi", "mean_shift", "minimum_rows"} else 1
            if not 0 < value < upper:
                limits = "above 0" if upper == math.inf else "between 0 and 1"
                message = f"Threshold {field.name} is {value}; choose a number {limits}."
                raise MlmonitorError(message)
