"""The statistics of drift, on arrays of counts.

Every function takes the current and the reference sample as counts of the same cells: float64
arrays of shape (cells,), or single numbers of rows. `alerts/recording/drift.yaml` holds the same
statistics as PromQL; a test proves the two equal on a real Prometheus. docs/drift.md explains each.
"""

from __future__ import annotations

import math

import numpy as np

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


def variance(mean: float, squares: float, rows: float) -> float:
    """Unbiased variance from a mean and a sum of squares about one origin."""
    return max(squares - rows * mean**2, 0.0) / (rows - 1)


def rank_shift(current: Floats, reference: Floats) -> float:
    """How much oftener a current value lies above one of the reference than below it; -1 to 1.

    2 AUC - 1, with AUC = P(current > reference) + P(same bin) / 2: Mann and Whitney (1947).
    """
    p, q = current / current.sum(), reference / reference.sum()
    return float(2 * np.sum(p * (np.cumsum(q) - q / 2)) - 1)
