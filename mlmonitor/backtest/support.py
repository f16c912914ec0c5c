"""A column's distribution as values with chances, such that counts of them agree with its profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.backtest.steps import REASONS, ColumnSteps, cell_count
from mlmonitor.backtest.values import Encoded, encode_categories, encode_numbers
from mlmonitor.reference.model import shares
from mlmonitor.tally.grid import deviation_scale

if TYPE_CHECKING:
    from mlmonitor.drift.cells import Array
    from mlmonitor.reference import Column

_POINTS: Final = 4
_TAIL_POINTS: Final = 12
_ITERATIONS: Final = 60
_CLOSE: Final = 1e-9


@dataclass(frozen=True)
class Support:
    """The values that a column takes, and how often.

    Attributes:
        column: its profile.
        values: float64 of shape (K,), ascending: numbers of a binned column, cells of a
            categorical one.
        chances: shape (K,), adding up to 1.
        missing: chance that a row holds none of them.
    """

    column: Column
    values: Array
    chances: Array
    missing: float

    @classmethod
    def of(cls, column: Column) -> Support:
        """The distribution of the reference.

        Shares of bins and categories are the reference's. Within the bins of a numeric column
        values are spread evenly and then weighted by exp(a z + b z²), the least change that gives
        the reference's mean and deviation.
        """
        if column.is_binned:
            values, chances = _of_bins(column)
        elif column.is_categorical:
            counts = [*(column.categories or {}).values(), column.other, 0]
            values, chances = np.arange(len(counts), dtype=np.float64), np.array(shares(counts))
        else:
            values, chances = np.zeros(0), np.zeros(0)
        return cls(column, values, chances, column.missing_ratio)

    def shifted(self, deviations: float) -> Support:
        """Every value of a binned column moved by so many deviations of the reference."""
        return replace(self, values=self.values + deviations * deviation_scale(self.column))

    def scaled(self, factor: float) -> Support:
        """Every value of a binned column multiplied."""
        order = slice(None) if factor > 0 else slice(None, None, -1)
        return replace(self, values=(self.values * factor)[order], chances=self.chances[order])

    def unseen(self) -> Support:
        """Every value of a categorical column in a category that the reference lacks."""
        return replace(self, chances=np.eye(len(self.chances))[-1])

    def without(self, share: float) -> Support:
        """A share of the values gone missing."""
        return replace(self, missing=self.missing + (1 - self.missing) * share)

    def counted(
        self, rows: np.ndarray, rng: np.random.Generator, chances: Array | None = None
    ) -> ColumnSteps:
        """Draw rows of some steps.

        Args:
            rows: int64 of shape (S,), rows of each step.
            rng: where chance comes from.
            chances: shape (S, K), chances of their own for each step.
        """
        missing = rng.binomial(rows, self.missing) if self.missing else np.zeros_like(rows)
        encoded = self._encoded()
        cells = np.zeros((len(rows), cell_count(self.column)))
        drawn: Array = np.zeros((len(rows), 0))
        if len(self.values):
            own = self.chances if chances is None else chances
            drawn = np.asarray(rng.multinomial(rows - missing, own), dtype=np.float64)
            firsts = np.flatnonzero(np.diff(encoded.cell, prepend=-1))
            cells[:, encoded.cell[firsts]] = np.add.reduceat(drawn, firsts, axis=1)
        nothing: Array = np.zeros(len(self.values))
        deviation: Array = nothing if encoded.deviation is None else encoded.deviation
        nonzero = nothing if encoded.nonzero is None else encoded.nonzero * 1.0
        wrong = [encoded.invalid.get(reason, nothing) * 1.0 for reason in REASONS]
        return ColumnSteps(
            self.column,
            rows * 1.0,
            missing.astype(np.float64),
            cells,
            drawn @ np.maximum(deviation, 0.0),
            drawn @ np.maximum(-deviation, 0.0),
            drawn @ deviation**2,
            drawn @ nonzero,
            np.stack([drawn @ one for one in wrong], axis=1),
        )

    def _encoded(self) -> Encoded:
        """Where a monitor counts each value."""
        if self.column.is_binned:
            return encode_numbers(self.column, self.values)
        return encode_categories(self.column, self.values.astype(np.int64))


def _of_bins(column: Column) -> tuple[Array, Array]:
    share = np.array(shares(column.counts or ()))
    filled = np.flatnonzero(share)
    edges = column.edges or (0.0,)
    low, high = column.range or (edges[0], edges[-1])
    lower = np.array([min(low, edges[0]), *edges])
    upper = np.array([*edges, max(high, np.nextafter(edges[-1], np.inf))])
    mean, scale = column.mean or 0.0, deviation_scale(column)
    target = (0.0, 1.0 if column.deviation else 0.0)
    ends = (upper[filled] - mean) / scale
    if abs(share[filled] @ ends) < _CLOSE and abs(share[filled] @ ends**2 - target[1]) < _CLOSE:
        return upper[filled], share[filled]
    parts = [
        _inside(column, lower[bin_], upper[bin_], bin_, len(share)) for bin_ in filled.tolist()
    ]
    values, sizes = np.concatenate(parts), np.array([len(part) for part in parts])
    chances = _tilted((values - mean) / scale, share[filled], sizes, target)
    return values, chances


def _inside(column: Column, lower: float, upper: float, bin_: int, bins: int) -> Array:
    """Values within a bin, which includes its upper end and not its lower, but for the first."""
    if column.kind == "sparse" and upper == 0:
        return np.zeros(1)
    if lower == upper:
        return np.array([upper])
    wanted = _TAIL_POINTS if bin_ in {0, bins - 1} else _POINTS
    if column.kind == "discrete" and lower.is_integer() and upper.is_integer():
        whole = np.arange(lower + (bin_ > 0), upper + 1)
        return whole if len(whole) <= wanted else whole[:: -(-len(whole) // wanted)]
    return lower + (upper - lower) * (np.arange(wanted) + 0.5) / wanted


def _tilted(z: Array, share: Array, sizes: np.ndarray, target: tuple[float, float]) -> Array:
    """Chances of values in bins of given shares, with a given mean of z and of its square.

    Maximum entropy relative to an even spread within each bin: the minimum of a convex function of
    two numbers, found by Newton's method with halved steps. Where no spread within the bins has such
    moments it comes as near as it can.
    """
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    features = np.stack([z, z * z], axis=1)
    wanted, weights = np.array(target), np.zeros(2)

    def chances(tilt: Array) -> tuple[Array, float]:
        exponent = features @ tilt
        top = np.maximum.reduceat(exponent, starts)
        raised = np.exp(exponent - np.repeat(top, sizes))
        total = np.add.reduceat(raised, starts)
        value = float(share @ (np.log(total) + top) - tilt @ wanted)
        return raised * np.repeat(share / total, sizes), value

    now, value = chances(weights)
    for _ in range(_ITERATIONS):
        gradient = now @ features - wanted
        if np.abs(gradient).max() < _CLOSE:
            break
        means = np.add.reduceat(now[:, None] * features, starts, axis=0)
        curve = features.T @ (now[:, None] * features) - means.T @ (means / share[:, None])
        direction = np.linalg.lstsq(curve + _CLOSE * np.eye(2), -gradient, rcond=None)[0]
        length = 1.0
        while length > _CLOSE:
            nearer, lower = chances(weights + length * direction)
            if lower < value:
                break
            length /= 2
        else:
            break
        weights, now, value = weights + length * direction, nearer, lower
    return now
