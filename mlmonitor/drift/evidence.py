"""Effects and p-values of all tests of a column, for many windows at once.

Formulas and sources are those of docs/drift.md. A sample's values are not independent: evidence counts
n / (1 + (n - 1) rho) of them (Kish, Survey Sampling, 1965).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mlmonitor.drift.cells import Array, reference_cells
from mlmonitor.durations import duration, seconds
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mlmonitor.drift.cells import Windows
    from mlmonitor.drift.report import Test
    from mlmonitor.reference import Column
    from mlmonitor.thresholds import Thresholds

TESTS: Final = ("distribution", "mean", "spread", "rank", "missing", "nonzero")
_ERRORS: Final = {"divide": "ignore", "invalid": "ignore", "over": "ignore"}


class Finding(NamedTuple):
    """One test over T windows: effect over its threshold, p-value, rows counted; shape (T,)."""

    test: Test
    effect: Array
    p_value: Array
    rows: Array


@dataclass(frozen=True)
class Sample:
    """What a column is, in T windows or in the reference: arrays of shape (T,), or (1,).

    Attributes:
        rows, effective_rows: rows, and how many of them count as evidence.
        missing: rows without a value.
        values, effective: rows with a value, and how many count as evidence.
        cells: shape (T, B), or (1, B).
        mean, variance: of the values in deviations of the reference.
        distance, distance_variance: mean and variance of their distances from the reference mean.
        nonzero: values other than zero.
    """

    rows: Array
    effective_rows: Array
    missing: Array
    values: Array
    effective: Array
    cells: Array
    mean: Array
    variance: Array
    distance: Array
    distance_variance: Array
    nonzero: Array

    @classmethod
    def of_windows(cls, sums: Windows, rho: float) -> Sample:
        """Windows of traffic whose rows are correlated by `rho`."""
        values = sums.values
        mean = (sums.above - sums.below) / values
        distance = (sums.above + sums.below) / values

        def variance(about: Array) -> Array:
            return np.asarray(np.maximum(sums.squares - values * about**2, 0.0) / (values - 1))

        return cls(
            sums.rows,
            effective(sums.rows, rho),
            sums.missing,
            values,
            effective(values, rho),
            sums.cells,
            mean,
            variance(mean),
            distance,
            variance(distance),
            sums.nonzero,
        )

    @classmethod
    def of_reference(cls, column: Column, distance: float) -> Sample:
        """The reference, whose values are `distance` deviations from their mean on average."""
        spread = 1.0 if column.deviation else 0.0
        compared = column.is_binned or column.is_categorical
        alike = column.evidence / column.values if column.values else 1.0
        numbers = (
            column.rows, column.rows * alike, column.missing, column.values, column.evidence, 0.0,
            spread, distance, max(spread - distance**2, 0.0), column.nonzero or 0,
        )  # fmt: skip
        rows, own, missing, values, evidence, *rest = (np.array([float(n)]) for n in numbers)
        cells = reference_cells(column) if compared else np.zeros(0)
        return cls(rows, own, missing, values, evidence, cells[None, :], *rest)


def reference_distance(column: Column) -> float:
    """Mean distance of the reference's values from their mean, in its deviations.

    Profiles of earlier versions do not hold it: then as if the values stood in the middle of their bins.
    """
    if column.absolute_deviation is not None or not column.is_binned or not column.deviation:
        return column.absolute_deviation or 0.0
    low, high = column.range or (-np.inf, np.inf)
    edges = np.array(column.edges or ())
    ends = np.concatenate([[min(low, edges[0])], edges, [max(high, edges[-1])]])
    middles = np.clip((ends[:-1] + ends[1:]) / 2, low, high)
    weights = reference_cells(column) / column.values
    return float(np.abs(middles - (column.mean or 0.0)) @ weights / column.deviation)


def effective(rows: Array, rho: float) -> Array:
    """Rows that count as evidence."""
    return np.asarray(np.where(rows > 1, rows / (1 + (rows - 1) * rho), rows))


def correlation(column: Column, window: float | None, thresholds: Thresholds) -> float:
    """How alike rows of a window of `window` seconds are: as the reference measured, or as stated.

    None is a window of the greatest length that was measured.
    """
    measured = column.correlation or {}
    name = max(measured, key=seconds, default="") if window is None else duration(window)
    return measured.get(name, thresholds.correlation)


def examine(
    column: Column, current: Sample, baseline: Sample, thresholds: Thresholds
) -> list[Finding]:
    """All tests that the column has; NaN and infinite where there are no rows.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    with np.errstate(**_ERRORS):  # type: ignore[arg-type]
        return list(_examine(column, current, baseline, thresholds))


def _examine(
    column: Column, current: Sample, baseline: Sample, thresholds: Thresholds
) -> Iterator[Finding]:
    now = (current.missing, current.rows, current.effective_rows)
    then = (baseline.missing, baseline.rows, baseline.effective_rows)
    yield _share("missing", now, then, thresholds.missing)
    if not current.cells.shape[1] or not column.values:
        return
    yield _distribution(column, current, baseline, thresholds)
    if not column.is_binned:
        return
    yield _mean(current, baseline, thresholds.mean_shift)
    if column.deviation:
        yield _spread(current, baseline, thresholds.spread)
    yield _rank(current, baseline, thresholds.rank)
    if column.kind == "sparse" and column.nonzero is not None:
        now = (current.nonzero, current.values, current.effective)
        then = (baseline.nonzero, baseline.values, baseline.effective)
        yield _share("nonzero", now, then, thresholds.nonzero)


def _share(
    test: Test, now: tuple[Array, Array, Array], then: tuple[Array, Array, Array], limit: float
) -> Finding:
    """Two shares by their pooled standard error; each side is (part, whole, effective whole)."""
    p, q, n, m = now[0] / now[1], then[0] / then[1], now[2], then[2]
    pooled = (p * n + q * m) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    z = np.where(error > 0, (p - q) / error, 0.0)
    p_value = _special().erfc(np.abs(z) / np.sqrt(2))
    return Finding(test, np.abs(p - q) / limit, p_value, now[1])


def _distribution(
    column: Column, current: Sample, baseline: Sample, thresholds: Thresholds
) -> Finding:
    cells = current.cells.shape[1]
    p = (current.cells + 0.5) / (current.values + cells / 2)[:, None]
    q = (baseline.cells + 0.5) / (baseline.values + cells / 2)[:, None]
    n, m = current.effective, baseline.effective
    noise = 1 / n + 1 / m
    psi = ((p - q) * np.log(p / q)).sum(axis=1)
    effect = (psi - (cells - 1) * noise) / thresholds.psi
    p, q = current.cells / current.values[:, None], baseline.cells / baseline.values[:, None]
    if column.is_binned:
        ks = np.abs(np.cumsum(p, axis=1) - np.cumsum(q, axis=1)).max(axis=1)
        first = np.exp(-2 * ks**2 / noise)
        p_value = np.minimum(2 * (first - first**4 + first**9), 1.0)
        effect = np.maximum(effect, ks / thresholds.ks)
        return Finding("distribution", effect, p_value, current.values)
    both = n[:, None] * p + m[:, None] * q
    chi2 = np.where(both > 0, (p - q) ** 2 / both, 0.0).sum(axis=1) * n * m
    freedom = (both > 0).sum(axis=1) - 1
    tail = _special().chdtrc(np.maximum(freedom, 1), chi2)
    return Finding("distribution", effect, np.where(freedom > 0, tail, 1.0), current.values)


def _mean(current: Sample, baseline: Sample, limit: float) -> Finding:
    shift = current.mean - baseline.mean
    p_value = _welch(
        shift, current.variance, baseline.variance, current.effective, baseline.effective
    )
    return Finding("mean", np.abs(shift) / limit, p_value, current.values)


def _spread(current: Sample, baseline: Sample, limit: float) -> Finding:
    """Levene's test with distances from the reference mean; the effect is the ratio's logarithm."""
    p_value = _welch(
        current.distance - baseline.distance,
        current.distance_variance,
        baseline.distance_variance,
        current.effective,
        baseline.effective,
    )
    effect = np.abs(np.log(current.distance / baseline.distance)) / limit
    return Finding("spread", effect, p_value, current.values)


def _welch(shift: Array, own: Array, other: Array, n: Array, m: Array) -> Array:
    """Welch's test, the window's variance taken as no less than the baseline's.

    In a window of skewed values that happens to lack the largest, mean and variance are too small
    together, and the plain test finds hundreds of times as many such windows as it says. A variance
    that is the baseline's is known with the baseline's m - 1 degrees of freedom.
    """
    error_own, error_other = np.maximum(own, other) / n, other / m
    error = error_own + error_other
    apart = error**2 / (error_own**2 / (n - 1) + error_other**2 / (m - 1))
    freedom = np.where(own <= other, m - 1, apart)
    tail = 2 * _special().stdtr(freedom, -np.abs(shift) / np.sqrt(error))
    return np.asarray(np.where(error > 0, tail, np.where(shift == 0, 1.0, 0.0)))


def _rank(current: Sample, baseline: Sample, limit: float) -> Finding:
    """Kruskal and Wallis' test of two groups on bins, corrected for ties."""
    p, q = current.cells / current.values[:, None], baseline.cells / baseline.values[:, None]
    n, m = current.effective, baseline.effective
    above_half = (p * (np.cumsum(q, axis=1) - q / 2)).sum(axis=1) - 0.5
    ties, total = n[:, None] * p + m[:, None] * q, n + m
    correction = 1 - (ties**3 - ties).sum(axis=1) / (total**3 - total)
    statistic = 12 * n * m * above_half**2 / (total + 1) / correction
    tail = _special().chdtrc(1, np.maximum(statistic, 0.0))
    p_value = np.where(correction > 0, tail, 1.0)
    return Finding("rank", 2 * np.abs(above_half) / limit, p_value, current.values)


def limits(p_values: Array, alpha: float) -> Array:
    """Benjamini and Hochberg's limit in T windows, shape (T,), at ranks 1, 2, 4 … as in the rules.

    `p_values` has the shape (T, columns), NaN for a column that was not tested.
    """
    tested = np.maximum((~np.isnan(p_values)).sum(axis=1), 1)
    ordered = np.sort(np.where(np.isnan(p_values), np.inf, p_values), axis=1)
    limit = alpha / tested
    rank = 1
    while rank <= p_values.shape[1]:
        bound = rank * alpha / tested
        limit = np.where(ordered[:, rank - 1] <= bound, bound, limit)
        rank *= 2
    return np.asarray(limit)


def _special() -> ModuleType:
    try:
        import scipy.special  # noqa: PLC0415 - half a second, and only drift needs it
    except ImportError as error:
        message = "Drift needs SciPy; install it with `pip install 'mlmonitor[stats]'`."
        raise MlmonitorError(message) from error
    return scipy.special
