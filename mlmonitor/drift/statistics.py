"""The statistics of drift, on arrays of counts.

Every function takes the current and the reference sample as counts of the same cells: float64
arrays of shape (cells,), or single numbers of rows. `alerts/recording/drift.yaml` holds the same
statistics as PromQL; a test proves the two equal on a real Prometheus. docs/drift.md explains each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from types import ModuleType

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def smoothed(counts: Floats) -> Floats:
    """Shares of counts with half a row added to every cell, so that none is zero.

    (c + 1/2) / (n + B/2) for B cells: Jeffreys' prior for a multinomial.
    """
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))


def psi(current: Floats, reference: Floats) -> float:
    """Population stability index of smoothed shares, sum of (p - q) ln(p / q); 0 or more.

    Siddiqi, Credit Risk Scorecards (2006); it is Jeffreys' symmetric divergence.
    """
    p, q = smoothed(current), smoothed(reference)
    return float(np.sum((p - q) * np.log(p / q)))


def psi_noise(cells: int, rows: float, reference_rows: float) -> float:
    """PSI to expect of two samples of one distribution: (B - 1) (1/n + 1/m).

    Yurdakul and Naranjo, Statistical properties of the population stability index (2020).
    """
    return (cells - 1) * (1 / rows + 1 / reference_rows)


def jensen_shannon(current: Floats, reference: Floats) -> float:
    """Jensen-Shannon distance of smoothed shares, natural logarithm; 0 to sqrt(ln 2) = 0.83.

    Endres and Schindelin, A new metric for probability distributions (2003).
    """
    p, q = smoothed(current), smoothed(reference)
    middle = (p + q) / 2
    divergence = np.sum(p * np.log(p / middle) + q * np.log(q / middle)) / 2
    return math.sqrt(max(float(divergence), 0.0))


def kolmogorov_smirnov(current: Floats, reference: Floats) -> float:
    """Largest gap between the cumulative shares at the edges of the bins; 0 to 1."""
    gaps = np.cumsum(current) / current.sum() - np.cumsum(reference) / reference.sum()
    return float(np.max(np.abs(gaps)))


def kolmogorov_smirnov_p(statistic: float, rows: float, reference_rows: float) -> float:
    """Chance of a gap this large without drift: three terms of Kolmogorov's limiting series.

    On binned values it is conservative. Kolmogorov (1933), Smirnov (1948).
    """
    first = math.exp(-2 * statistic**2 / (1 / rows + 1 / reference_rows))
    return min(2 * (first - first**4 + first**9), 1.0)


def chi_square(current: Floats, reference: Floats) -> tuple[float, int]:
    """Pearson's statistic of a 2 x B table, uncorrected, and its degrees of freedom.

    Cells that both samples leave empty do not count.
    """
    rows, reference_rows = current.sum(), reference.sum()
    both = current + reference
    filled = both > 0
    gaps = current[filled] / rows - reference[filled] / reference_rows
    statistic = float(np.sum(gaps**2 / both[filled]) * rows * reference_rows)
    return statistic, int(np.count_nonzero(filled)) - 1


def chi_square_p(statistic: float, freedom: int) -> float:
    """Chance of a statistic this large without drift; 1 where nothing can vary.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    return float(_special().chdtrc(freedom, statistic)) if freedom > 0 else 1.0


def share_z(part: float, rows: float, reference_part: float, reference_rows: float) -> float:
    """Difference of two shares over its standard error, pooled; its square is chi-square of 2 x 2.

    0 where both shares are 0, or both are 1.
    """
    pooled = (part + reference_part) / (rows + reference_rows)
    variance = pooled * (1 - pooled) * (1 / rows + 1 / reference_rows)
    gap = part / rows - reference_part / reference_rows
    return gap / math.sqrt(variance) if variance > 0 else 0.0


def normal_p(z: float) -> float:
    """Chance of a standard normal value at least as far from 0 as `z`."""
    return math.erfc(abs(z) / math.sqrt(2))


def variance(mean: float, squares: float, rows: float) -> float:
    """Unbiased variance from a mean and a sum of squares about one origin."""
    return max(squares - rows * mean**2, 0.0) / (rows - 1)


def welch_p(
    shift: float, spread: float, rows: float, reference_spread: float, reference_rows: float
) -> float:
    """Chance of a difference of means at least this large without drift, two-sided.

    `spread` and `reference_spread` are variances in the unit of `shift`, squared. Without any spread
    it is 1 for no shift, and 0 for one. Welch (1947).

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    own, other = spread / rows, reference_spread / reference_rows
    error = own + other
    if error <= 0:
        return 1.0 if shift == 0 else 0.0
    freedom = error**2 / (own**2 / (rows - 1) + other**2 / (reference_rows - 1))
    return float(2 * _special().stdtr(freedom, -abs(shift) / math.sqrt(error)))


def false_discovery_limit(p_values: Floats, alpha: float) -> float:
    """Largest p-value that counts as evidence at a false discovery rate of `alpha`.

    Benjamini and Hochberg (1995): the largest p of rank k that is at most k alpha / M, as the bound
    k alpha / M; alpha / M where there is none.
    """
    ordered = np.sort(p_values)
    bounds = alpha * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    found = np.flatnonzero(ordered <= bounds)
    if len(bounds) == 0:
        return alpha
    return float(bounds[found[-1]] if len(found) else bounds[0])


def _special() -> ModuleType:
    try:
        import scipy.special  # noqa: PLC0415 - half a second, and only drift needs it
    except ImportError as error:
        message = "Drift needs SciPy; install it with `pip install 'mlmonitor[stats]'`."
        raise MlmonitorError(message) from error
    return scipy.special
