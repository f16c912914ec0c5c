"""Effects and p-values against SciPy, on rows where there are rows."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlmonitor.drift import evidence
from mlmonitor.drift.cells import Windows, one_window
from mlmonitor.drift.evidence import Finding, Sample
from mlmonitor.errors import MlmonitorError
from mlmonitor.tally import ColumnTotals, Layout, Tally
from mlmonitor.thresholds import Thresholds
from tests import drift_oracle, drift_sample, references

REFERENCE = drift_sample.reference()
DEFAULTS = Thresholds()
SEEDS = st.integers(0, 2**32 - 1)


@cache
def _totals(count: int, drift: float) -> tuple[ColumnTotals, ...]:
    tally = Tally(Layout.of(REFERENCE))
    for row in drift_sample.rows(count, 1, drift):
        tally.fold_row("output", {"prediction": row.pop("prediction")})
        tally.fold_row("input", row)
    return tuple(tally.totals().columns())


def _found(totals: ColumnTotals, rho: float) -> dict[str, Finding]:
    column = totals.column
    before = Sample.of_reference(column, evidence.reference_distance(column))
    with np.errstate(all="ignore"):
        now = Sample.of_windows(one_window(totals), rho)
    return {one.test: one for one in evidence.examine(column, now, before, DEFAULTS)}


@pytest.mark.parametrize("drift", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("rho", [0.0, 0.001, 0.02])
def test_each_test_equals_scipy(drift: float, rho: float) -> None:
    told = 0
    for totals in _totals(1500, drift):
        column = totals.column
        counted = totals.bins if totals.bins is not None else totals.categories
        cells = np.array([]) if counted is None else np.asarray(counted)
        n = float(cells.sum())
        now = drift_oracle.Sample(
            totals.rows, totals.missing, cells,
            drift_oracle.moments(n, totals.above, totals.below, totals.squares) if n > 1 else {},
            totals.nonzero if column.kind == "sparse" else None,
            drift_oracle.effective(n, rho), drift_oracle.effective(totals.rows, rho),
        )  # fmt: skip
        before = drift_oracle.of_reference(column, column.absolute_deviation)
        expected = drift_oracle.p_values(column, now, before, 1)
        effects = drift_oracle.effects(column, now, before, DEFAULTS)
        found = _found(totals, rho)
        for test, p_value in expected.items():
            told += 1
            # Kolmogorov's series has three terms here; near 1 a fourth would count.
            wanted = pytest.approx(p_value, rel=1e-5, abs=0.05 if p_value > 0.8 else 1e-300)
            assert float(found[test].p_value[0]) == wanted, (column.name, test)
            wanted = pytest.approx(effects[test], rel=1e-9, abs=1e-9)
            assert float(found[test].effect[0]) == wanted, (column.name, test)
    assert told > 60


@given(SEEDS, st.integers(20, 400), st.integers(20, 400))
@settings(max_examples=30)
def test_mean_and_spread_are_welchs_test_of_the_rows(seed: int, rows: int, other: int) -> None:
    rng = np.random.default_rng(seed)
    reference, current = rng.normal(5, 2, other), rng.normal(5.5, 4, rows)
    column = references.binned("x", reference)
    z = (current - column.mean) / column.deviation
    totals = ColumnTotals(
        column, rows, 0, bins=np.histogram(current, [-np.inf, *(column.edges or ()), np.inf])[0] * 1.0,
        above=float(z[z > 0].sum()), below=float(-z[z < 0].sum()), squares=float((z**2).sum()),
    )  # fmt: skip
    found = _found(totals, 0.0)
    # Twice as wide as the reference: its own variance counts, as in the plain test.
    for test, values, mean in (("mean", z, 0.0), ("spread", np.abs(z), column.absolute_deviation)):
        variance = 1 - (mean or 0.0) ** 2
        if values.var(ddof=1) < variance:
            continue
        expected = stats.ttest_ind_from_stats(
            values.mean(), values.std(ddof=1), rows, mean, np.sqrt(variance), other, equal_var=False
        )
        assert float(found[test].p_value[0]) == pytest.approx(expected.pvalue, rel=1e-6)


@given(SEEDS, st.integers(5, 300), st.integers(5, 300))
@settings(max_examples=30)
def test_rank_is_kruskal_and_wallis_of_the_bins(seed: int, rows: int, other: int) -> None:
    rng = np.random.default_rng(seed)
    before, now = rng.integers(0, 6, other), rng.integers(1, 7, rows)
    column = references.binned("x", before, kind="discrete", edges=range(6))
    totals = ColumnTotals(column, rows, 0, bins=np.bincount(now, minlength=7) * 1.0)
    expected = stats.kruskal(now, before).pvalue
    assert float(_found(totals, 0.0)["rank"].p_value[0]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_reference_of_rows_that_are_alike_is_less_evidence(share: float) -> None:
    told = 0
    for totals in _totals(1500, 1.0):
        if not totals.column.values:
            continue
        column = totals.column.model_copy(update={"effective_rows": share * totals.column.values})
        counted = totals.bins if totals.bins is not None else totals.categories
        cells = np.array([]) if counted is None else np.asarray(counted)
        n = float(cells.sum())
        now = drift_oracle.Sample(
            totals.rows, totals.missing, cells,
            drift_oracle.moments(n, totals.above, totals.below, totals.squares) if n > 1 else {},
            totals.nonzero if column.kind == "sparse" else None, n, totals.rows,
        )  # fmt: skip
        before = drift_oracle.of_reference(
            column, column.absolute_deviation, share * totals.column.values
        )
        found = _found(replace(totals, column=column), 0.0)
        for test, p_value in drift_oracle.p_values(column, now, before, 1).items():
            told += 1
            wanted = pytest.approx(p_value, rel=1e-5, abs=0.05 if p_value > 0.8 else 1e-300)
            assert float(found[test].p_value[0]) == wanted, (column.name, test)
    assert told > 60


def test_the_correlation_is_that_of_the_window_where_it_was_measured() -> None:
    column = references.binned("x", range(100)).model_copy(
        update={"correlation": {"1h": 0.04, "1d": 0.01}}
    )
    stated = Thresholds(correlation=0.002)
    lengths = (3600.0, 86_400.0, 600.0, None)
    found = [evidence.correlation(column, length, stated) for length in lengths]
    assert found == [0.04, 0.01, 0.002, 0.01]
    plain = references.binned("x", range(100))
    assert [evidence.correlation(plain, length, stated) for length in (3600.0, None)] == [0.002] * 2


def test_less_evidence_in_rows_that_are_alike() -> None:
    rows = np.array([1.0, 100.0, 10_000.0])
    assert evidence.effective(rows, 0.01) == pytest.approx([1, 100 / 1.99, 10_000 / 100.99])
    assert evidence.effective(rows, 0.0).tolist() == rows.tolist()


@given(st.lists(st.floats(1e-12, 1), min_size=1, max_size=60).map(sorted), st.floats(1e-4, 0.2))
def test_the_limit_is_benjamini_and_hochbergs_at_powers_of_two(
    p_values: list[float], alpha: float
) -> None:
    limit = float(evidence.limits(np.array([p_values]), alpha)[0])
    adjusted = stats.false_discovery_control(p_values, method="bh")
    taken = {p for p in p_values if p <= limit}
    rejected = {p for p, q in zip(p_values, adjusted, strict=True) if q <= alpha * (1 + 1e-9)}
    assert taken <= rejected
    assert taken or min(p_values) * len(p_values) > alpha


def test_windows_are_examined_one_by_one() -> None:
    totals = [_totals(300, 0.0), _totals(300, 1.0)]
    for place, one in enumerate(totals[0]):
        column = one.column
        pair = [one_window(each[place]) for each in totals]
        both = Windows(
            column,
            *(np.concatenate([getattr(each, name) for each in pair])
              for name in ("rows", "missing", "cells", "above", "below", "squares", "nonzero")),
        )  # fmt: skip
        before = Sample.of_reference(column, evidence.reference_distance(column))
        with np.errstate(all="ignore"):
            found = evidence.examine(column, Sample.of_windows(both, 0.001), before, DEFAULTS)
        for index in (0, 1):
            alone = _found(totals[index][place], 0.001)
            for each in found:
                wanted = pytest.approx(alone[each.test].p_value[0], nan_ok=True)
                assert each.p_value[index] == wanted


def test_without_scipy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(MlmonitorError, match=r"mlmonitor\[stats\]"):
        _found(_totals(300, 0.0)[0], 0.0)


def test_a_profile_without_the_distance_gives_it_from_its_bins() -> None:
    rng = np.random.default_rng(0)
    column = references.binned("x", rng.normal(0, 1, 5000))
    older = column.model_copy(update={"absolute_deviation": None})
    known = evidence.reference_distance(column)
    assert evidence.reference_distance(older) == pytest.approx(known, rel=0.1)
