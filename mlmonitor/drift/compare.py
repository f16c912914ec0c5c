"""Comparing what a tally has counted with the reference, and judging the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmonitor.drift import statistics
from mlmonitor.drift.report import ColumnReport, Report, Test
from mlmonitor.reference.model import shares
from mlmonitor.tally.totals import Totals
from mlmonitor.thresholds import FALSE_DISCOVERY_RATE, Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.drift.statistics import Floats
    from mlmonitor.reference import Column, Reference
    from mlmonitor.tally.totals import ColumnTotals

_DEFAULTS = Thresholds()


@dataclass(frozen=True)
class _Finding:
    """One test of one column: its effect over the threshold, and its p-value."""

    test: Test
    effect: float
    p_value: float
    rows: float


def compare(
    totals: Totals | Sequence[ColumnTotals],
    reference: Reference,
    thresholds: Thresholds = _DEFAULTS,
) -> Report:
    """Compare counts with the reference that they were counted against.

    A column has drifted when one of its tests finds an effect above its threshold, and evidence:
    its p-value, times the column's number of tests, within the Benjamini-Hochberg limit over all
    columns that have enough rows.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    counted = totals.columns() if isinstance(totals, Totals) else totals
    columns = [_column(one, thresholds) for one in counted]
    known = [column.p_value for column in columns if column.p_value is not None]
    rate = FALSE_DISCOVERY_RATE if thresholds.alpha is None else thresholds.alpha
    limit = statistics.false_discovery_limit(np.array(known, dtype=np.float64), rate)
    judged = sorted((_judged(column, limit) for column in columns), key=_worst_first)
    rows = max((column.rows for column in columns), default=0.0)
    return Report(reference.model, reference.version, rows, thresholds, tuple(judged))


def reference_cells(column: Column) -> Floats:
    """Reference rows by bin or category, the last two categories `__other__` and `__unseen__`.

    Shares of all values, so that they agree with what a monitor exposes.
    """
    if column.is_binned:
        counts: Sequence[float] = column.counts or ()
    else:
        counts = [*(column.categories or {}).values(), column.other, 0]
    return np.array(shares(counts)) * column.values


def _column(totals: ColumnTotals, thresholds: Thresholds) -> ColumnReport:
    column = totals.column
    facts: dict[str, Any] = {}
    findings = [*_missing(totals, thresholds, facts)]
    if totals.values > 0 and column.values > 0 and (column.is_binned or column.is_categorical):
        findings += _distribution(totals, thresholds, facts)
        if column.is_binned:
            findings += _mean(totals, thresholds, facts)
        if column.kind == "sparse":
            findings += _nonzero(totals, thresholds, facts)
    tested = {
        finding.test: finding.p_value
        for finding in findings
        if finding.rows >= thresholds.minimum_rows
    }
    return ColumnReport(
        column.name,
        column.side,
        column.kind,
        totals.rows,
        totals.values,
        effects={finding.test: finding.effect for finding in findings},
        p_values=tested,
        p_value=min(1.0, len(tested) * min(tested.values())) if tested else None,
        **facts,
    )


def _missing(totals: ColumnTotals, thresholds: Thresholds, facts: dict[str, Any]) -> list[_Finding]:
    rows, column = totals.rows, totals.column
    if rows <= 0:
        return []
    facts["missing_ratio"] = totals.missing / rows
    if not column.rows:
        return []
    shift = facts["missing_shift"] = facts["missing_ratio"] - column.missing_ratio
    z = statistics.share_z(totals.missing, rows, column.missing, column.rows)
    effect = abs(shift) / thresholds.missing
    return [_Finding("missing", effect, statistics.normal_p(z), rows)]


def _distribution(
    totals: ColumnTotals, thresholds: Thresholds, facts: dict[str, Any]
) -> list[_Finding]:
    column, values = totals.column, totals.values
    current = totals.bins if totals.bins is not None else totals.categories
    reference = reference_cells(column)
    if current is None:
        return []
    facts["psi"] = statistics.psi(current, reference)
    facts["psi_noise"] = statistics.psi_noise(len(reference), values, column.values)
    facts["js"] = statistics.jensen_shannon(current, reference)
    effect = (facts["psi"] - facts["psi_noise"]) / thresholds.psi
    if column.is_binned:
        facts["ks"] = statistics.kolmogorov_smirnov(current, reference)
        p_value = statistics.kolmogorov_smirnov_p(facts["ks"], values, column.values)
        effect = max(effect, facts["ks"] / thresholds.ks)
    else:
        facts["chi2"], facts["chi2_freedom"] = statistics.chi_square(current, reference)
        p_value = statistics.chi_square_p(facts["chi2"], facts["chi2_freedom"])
    return [_Finding("distribution", effect, p_value, values)]


def _mean(totals: ColumnTotals, thresholds: Thresholds, facts: dict[str, Any]) -> list[_Finding]:
    column, values = totals.column, totals.values
    shift = facts["mean_shift"] = (totals.above - totals.below) / values
    if values <= 1 or column.values <= 1:
        return []
    spread = statistics.variance(shift, totals.squares, values)
    facts["variance_ratio"] = spread
    own = 1.0 if column.deviation else 0.0
    p_value = statistics.welch_p(shift, spread, values, own, column.values)
    return [_Finding("mean", abs(shift) / thresholds.mean_shift, p_value, values)]


def _nonzero(totals: ColumnTotals, thresholds: Thresholds, facts: dict[str, Any]) -> list[_Finding]:
    column, values = totals.column, totals.values
    if column.nonzero is None:
        return []
    shift = totals.nonzero / values - column.nonzero / column.values
    facts["nonzero_shift"] = shift
    z = statistics.share_z(totals.nonzero, values, column.nonzero, column.values)
    return [_Finding("nonzero", abs(shift) / thresholds.nonzero, statistics.normal_p(z), values)]


def _judged(column: ColumnReport, limit: float) -> ColumnReport:
    effects, p_values = column.effects or {}, column.p_values or {}
    reasons = tuple(
        test
        for test, p_value in p_values.items()
        if effects[test] > 1 and p_value * len(p_values) <= limit
    )
    return replace(column, reasons=reasons)


def _worst_first(column: ColumnReport) -> tuple[bool, float, str, str]:
    return (not column.drifted, -column.effect, column.side, column.column)
