"""Comparing what a tally has counted with the reference, and judging the difference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmonitor.drift import evidence, statistics
from mlmonitor.drift.cells import one_window, reference_cells
from mlmonitor.drift.evidence import Sample
from mlmonitor.drift.report import ColumnReport, Report
from mlmonitor.durations import duration
from mlmonitor.errors import ProfileError
from mlmonitor.tally.totals import Totals
from mlmonitor.thresholds import FALSE_DISCOVERY_RATE, Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmonitor.reference import Reference
    from mlmonitor.tally.totals import ColumnTotals

_DEFAULTS = Thresholds()


def compare(
    totals: Totals | Sequence[ColumnTotals],
    reference: Reference,
    thresholds: Thresholds = _DEFAULTS,
    *,
    window: float | None = None,
) -> Report:
    """Compare counts with the reference that they were counted against.

    A column has drifted when one of its tests finds an effect above its threshold, and evidence:
    its p-value, times the column's number of tests, within the Benjamini-Hochberg limit over all
    columns that have enough rows; inputs are one family of columns, what the model gives another.
    Rows are as alike as the reference found those of `window` seconds to be, by default those of the
    longest window that it measured.

    Raises:
        MlmonitorError: SciPy is not installed, or the reference has not measured such a window.
    """
    _check_window(window, reference)
    counted = totals.columns() if isinstance(totals, Totals) else totals
    columns = [_column(one, thresholds, window) for one in counted]
    rate = FALSE_DISCOVERY_RATE if thresholds.alpha is None else thresholds.alpha
    inputs = [column for column in columns if column.side == "input"]
    others = [column for column in columns if column.side != "input"]
    judged = [*_judged(inputs, rate), *_judged(others, rate)]
    rows = max((column.rows for column in columns), default=0.0)
    return Report(
        reference.model,
        reference.version,
        rows,
        thresholds,
        tuple(sorted(judged, key=_worst_first)),
    )


def _check_window(window: float | None, reference: Reference) -> None:
    measured = reference.windows or {}
    if window is not None and measured and duration(window) not in measured:
        message = (
            f"The profile has not measured windows of {duration(window)}, but of "
            f"{', '.join(measured)}; choose one, or profile the rows again with that window."
        )
        raise ProfileError(message)


def _column(totals: ColumnTotals, thresholds: Thresholds, window: float | None) -> ColumnReport:
    column = totals.column
    rho = evidence.correlation(column, window, thresholds)
    known = _facts(totals, rho)
    baseline = Sample.of_reference(column, evidence.reference_distance(column))
    with np.errstate(divide="ignore", invalid="ignore"):
        current = Sample.of_windows(one_window(totals), rho)
    found = [
        one
        for one in evidence.examine(column, current, baseline, thresholds)
        if np.isfinite(one.effect[0]) and np.isfinite(one.p_value[0])
    ]
    tested = {
        one.test: float(one.p_value[0]) for one in found if one.rows[0] >= thresholds.minimum_rows
    }
    return ColumnReport(
        column.name,
        column.side,
        column.kind,
        totals.rows,
        totals.values,
        effects={one.test: float(one.effect[0]) for one in found},
        p_values=tested,
        p_value=min(1.0, len(tested) * min(tested.values())) if tested else None,
        **known,
    )


def _facts(totals: ColumnTotals, rho: float) -> dict[str, Any]:
    """What the report shows besides effects and p-values."""
    column, values, facts = totals.column, totals.values, dict[str, Any]()
    if totals.rows > 0:
        facts["missing_ratio"] = totals.missing / totals.rows
        if column.rows:
            facts["missing_shift"] = facts["missing_ratio"] - column.missing_ratio
    current = totals.bins if totals.bins is not None else totals.categories
    if current is None or values <= 0 or column.values <= 0:
        return facts
    reference = reference_cells(column)
    rows = float(evidence.effective(np.array([values]), rho)[0])
    facts["psi"] = statistics.psi(current, reference)
    facts["psi_noise"] = statistics.psi_noise(len(reference), rows, column.evidence)
    facts["js"] = statistics.jensen_shannon(current, reference)
    if not column.is_binned:
        own, other = current * (rows / values), reference * (column.evidence / column.values)
        found = statistics.chi_square(own, other)
        return facts | {"chi2": found[0], "chi2_freedom": found[1]}
    facts["ks"] = statistics.kolmogorov_smirnov(current, reference)
    facts["rank_shift"] = statistics.rank_shift(current, reference)
    facts["mean_shift"] = (totals.above - totals.below) / values
    if values > 1:
        facts["variance_ratio"] = statistics.variance(facts["mean_shift"], totals.squares, values)
    if column.kind == "sparse" and column.nonzero is not None:
        facts["nonzero_shift"] = totals.nonzero / values - column.nonzero / column.values
    return facts


def _judged(columns: list[ColumnReport], rate: float) -> Iterable[ColumnReport]:
    """The columns of one family with the tests that convict them."""
    known = [column.p_value for column in columns if column.p_value is not None]
    limit = float(evidence.limits(np.array([known]), rate)[0]) if known else rate
    for column in columns:
        effects, p_values = column.effects or {}, column.p_values or {}
        reasons = tuple(
            test
            for test, p_value in p_values.items()
            if effects[test] > 1 and p_value * len(p_values) <= limit
        )
        yield replace(column, reasons=reasons)


def _worst_first(column: ColumnReport) -> tuple[bool, float, str, str]:
    return (not column.drifted, -column.effect, column.side, column.column)
