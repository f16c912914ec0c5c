"""Every statistic of a column by NumPy and SciPy alone, to hold the rules against."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import spatial, stats

from mlmonitor.reference.model import shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Column
    from mlmonitor.thresholds import Thresholds

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Sample:
    """What is known of the rows on one side of a comparison.

    Attributes:
        cells: rows by bin or category; empty for columns that are only counted.
        moments: mean and variance by test (`mean` of z, `spread` of |z|).
        evidence, row_evidence: independent rows that those with a value, and all rows, are worth.
    """

    rows: float
    missing: float
    cells: Array
    moments: dict[str, tuple[float, float]]
    nonzero: float | None
    evidence: float
    row_evidence: float

    @property
    def values(self) -> float:
        """Rows with a value."""
        return float(self.cells.sum())


def effective(count: float, correlation: float, windows: float = 1.0) -> float:
    """Independent rows that `count` rows in so many independent windows are worth (Kish 1965)."""
    return count / (1 + max(count / windows - 1, 0) * correlation)


def of_reference(column: Column, spread: float | None, evidence: float | None = None) -> Sample:
    """A profile as one side; `spread` is its mean |z|."""
    counts = (
        column.counts or ()
        if column.is_binned
        else [*(column.categories or {}).values(), column.other, 0]
    )
    binned = column.is_binned
    cells = (
        np.array(shares(counts)) * column.values
        if binned or column.is_categorical
        else np.array([])
    )
    moments = {"mean": (0.0, float((column.deviation or 0) > 0))} if binned else {}
    if spread:
        moments["spread"] = (spread, 1 - spread**2)
    worth = column.values if evidence is None else evidence
    share = worth / column.values if column.values else 1.0
    nonzero = float(column.nonzero or 0) if column.kind == "sparse" else None
    return Sample(
        column.rows, column.missing, cells, moments, nonzero, worth, column.rows * share
    )  # fmt: skip


def moments(n: float, above: float, below: float, squares: float) -> dict[str, tuple[float, float]]:
    """Mean and variance of z and of |z| from sums over n rows; of one row, no variance is known."""
    found = {"mean": (above - below) / n, "spread": (above + below) / n}
    return {
        name: (mean, max(squares - n * mean**2, 0) / (n - 1) if n > 1 else math.nan)
        for name, mean in found.items()
    }


def statistics(column: Column, now: Sample, before: Sample) -> dict[str, float]:
    """The statistics that apply, by the names of their records."""
    found = {"missing_ratio": now.missing / now.rows}
    if not now.values:
        return found
    size = len(now.cells)
    n, m = now.values, before.values
    p, q = (now.cells + 0.5) / (n + size / 2), (before.cells + 0.5) / (m + size / 2)
    found["psi"] = float(stats.entropy(p, q) + stats.entropy(q, p))
    found["psi_noise"] = (size - 1) * (1 / now.evidence + 1 / before.evidence)
    if column.is_categorical:
        found["js"] = float(spatial.distance.jensenshannon(p, q))
        found["chi2"] = _chi2(now, before)[0]
        return found
    found["ks"] = float(np.abs(np.cumsum(now.cells) / n - np.cumsum(before.cells) / m).max())
    found["mean_shift"], variance = now.moments["mean"]
    if n > 1:
        found["variance_ratio"] = variance
    found["rank_shift"] = _rank_shift(now.cells / n, before.cells / m)
    return found


def p_values(column: Column, now: Sample, before: Sample, minimum: float) -> dict[str, float]:
    """The p-value of each test that applies."""
    found = {}
    if now.rows >= minimum:
        found["missing"] = _share_p(
            now.missing / now.rows, now.row_evidence, before.missing / before.rows, before.row_evidence
        )  # fmt: skip
    if now.values < minimum:
        return found
    if column.is_categorical:
        return found | {"distribution": _chi2(now, before)[1]}
    n, m = now.evidence, before.evidence
    known = statistics(column, now, before)
    found["distribution"] = float(stats.kstwobign.sf(known["ks"] * math.sqrt(n * m / (n + m))))
    found["rank"] = kruskal(now.cells / now.values * n, before.cells / before.values * m)
    for test in before.moments:
        if m > 1 and (n > 1 or now.moments[test][1] <= before.moments[test][1]):
            found[test] = _welch(now.moments[test], n, before.moments[test], m)
    if before.nonzero is not None and now.nonzero is not None:
        found["nonzero"] = _share_p(now.nonzero / now.values, n, before.nonzero / before.values, m)
    return found


def effects(column: Column, now: Sample, before: Sample, limits: Thresholds) -> dict[str, float]:
    """Effects in multiples of their thresholds."""
    shift = abs(now.missing / now.rows - before.missing / before.rows)
    found = {"missing": shift / limits.missing}
    if not now.values:
        return found
    known = statistics(column, now, before)
    above = (known["psi"] - known["psi_noise"]) / limits.psi
    if column.is_categorical:
        return found | {"distribution": above}
    found["distribution"] = max(above, known["ks"] / limits.ks)
    if "mean" in before.moments:
        difference = now.moments["mean"][0] - before.moments["mean"][0]
        found["mean"] = abs(difference) / limits.mean_shift
    found["rank"] = abs(known["rank_shift"]) / limits.rank
    if "spread" in before.moments and now.moments["spread"][0] > 0:
        ratio = now.moments["spread"][0] / before.moments["spread"][0]
        found["spread"] = abs(math.log(ratio)) / limits.spread
    if before.nonzero is not None and now.nonzero is not None:
        difference = now.nonzero / now.values - before.nonzero / before.values
        found["nonzero"] = abs(difference) / limits.nonzero
    return found


def quantile(level: float, edges: Sequence[float], cells: Array) -> float:
    """A quantile of cells whose values are spread evenly; of the outermost ones, only an edge is known."""
    counts = np.cumsum(cells)
    rank = level * counts[-1]
    cell = int(np.searchsorted(counts, rank))
    if cell == len(edges):
        return edges[-1]
    if cell == 0 and edges[0] <= 0:
        return edges[0]
    left = edges[cell - 1] if cell else 0.0
    below = counts[cell - 1] if cell else 0.0
    return float(left + (edges[cell] - left) * (rank - below) / cells[cell])


def kruskal(now: Array, before: Array) -> float:
    """Kruskal and Wallis' p-value of two samples in classes, by mid-ranks, corrected for ties."""
    both = now + before
    total = both.sum()
    ranks = np.cumsum(both) - both / 2 + 0.5
    means = [(sample * ranks).sum() / sample.sum() for sample in (now, before)]
    between = sum(
        sample.sum() * (mean - (total + 1) / 2) ** 2
        for sample, mean in zip((now, before), means, strict=True)
    )
    ties = 1 - (both**3 - both).sum() / (total**3 - total)
    return float(stats.chi2.sf(12 / total / (total + 1) * between / ties, 1)) if ties > 0 else 1.0


def _rank_shift(now: Array, before: Array) -> float:
    wins = np.outer(now, before)
    return float(np.tril(wins, -1).sum() - np.triu(wins, 1).sum())


def _chi2(now: Sample, before: Sample) -> tuple[float, float]:
    table = np.array(
        [now.cells / now.values * now.evidence, before.cells / before.values * before.evidence]
    )
    found = stats.chi2_contingency(table[:, table.sum(axis=0) > 0], correction=False)
    return float(found[0]), float(found[1])


def _welch(now: tuple[float, float], n: float, before: tuple[float, float], m: float) -> float:
    deviation, other = math.sqrt(max(now[1], before[1])), math.sqrt(before[1])
    if not deviation:
        return float(now[0] == before[0])
    if now[1] <= before[1]:
        error = other * math.sqrt(1 / n + 1 / m)
        return float(2 * stats.t.sf(abs(now[0] - before[0]) / error, m - 1))
    test = stats.ttest_ind_from_stats(now[0], deviation, n, before[0], other, m, equal_var=False)
    return float(test.pvalue)


def _share_p(now: float, n: float, before: float, m: float) -> float:
    table = np.array([[now * n, (1 - now) * n], [before * m, (1 - before) * m]])
    if not table.sum(axis=0).all():
        return 1.0
    return float(stats.chi2_contingency(table, correction=False)[1])
