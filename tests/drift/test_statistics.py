"""The statistics of drift against SciPy and NumPy, on rows and on tables."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import spatial, special, stats

from mlmonitor.drift import statistics
from mlmonitor.errors import MlmonitorError

CELLS = st.integers(2, 30).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.integers(0, 5000), min_size=size, max_size=size).filter(any) for _ in "ab")
    )
)
SAMPLES = st.tuples(st.integers(0, 2**32 - 1), st.integers(5, 400), st.integers(5, 400))


def _pair(cells: tuple[list[int], list[int]]) -> tuple[Any, Any]:
    return np.array(cells[0], dtype=np.float64), np.array(cells[1], dtype=np.float64)


@given(CELLS)
def test_psi_and_js_equal_scipy_on_smoothed_shares(cells: tuple[list[int], list[int]]) -> None:
    now, before = _pair(cells)
    p = (now + 0.5) / (now.sum() + len(now) / 2)
    q = (before + 0.5) / (before.sum() + len(now) / 2)
    psi = special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum()
    assert statistics.psi(now, before) == pytest.approx(psi, rel=1e-9, abs=1e-12)
    js = spatial.distance.jensenshannon(p, q)
    assert statistics.jensen_shannon(now, before) ** 2 == pytest.approx(js**2, rel=1e-9, abs=1e-14)


@given(CELLS)
def test_chi_square_equals_scipy_without_empty_cells(cells: tuple[list[int], list[int]]) -> None:
    now, before = _pair(cells)
    statistic, freedom = statistics.chi_square(now, before)
    table = np.array([now, before])[:, (now + before) > 0]
    if table.shape[1] == 1:
        assert (statistic, freedom) == (0, 0)
        assert statistics.chi_square_p(statistic, freedom) == 1
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert freedom == expected.dof
    assert statistics.chi_square_p(statistic, freedom) == pytest.approx(
        expected.pvalue, rel=1e-6, abs=1e-300
    )


@given(SAMPLES)
@settings(max_examples=50)
def test_ks_on_a_bin_a_value_equals_scipy_on_the_rows(sample: tuple[int, int, int]) -> None:
    seed, rows, reference_rows = sample
    rng = np.random.default_rng(seed)
    now, before = rng.integers(0, 15, rows), rng.integers(0, 12, reference_rows)
    counts = [np.bincount(values, minlength=15).astype(float) for values in (now, before)]
    expected = stats.ks_2samp(now, before, method="asymp").statistic
    assert statistics.kolmogorov_smirnov(*counts) == pytest.approx(expected, rel=1e-12)


@given(st.floats(0.01, 1), st.floats(1, 1e6), st.floats(1, 1e6))
def test_ks_p_is_kolmogorovs_limit(distance: float, rows: float, other: float) -> None:
    expected = float(stats.kstwobign.sf(distance * math.sqrt(rows * other / (rows + other))))
    found = statistics.kolmogorov_smirnov_p(distance, rows, other)
    if expected <= 0.5:
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-300)
    else:
        assert 0.5 <= found <= 1


@given(SAMPLES, st.floats(-1, 1))
@settings(max_examples=50)
def test_welch_from_moments_equals_scipy_on_the_rows(
    sample: tuple[int, int, int], shift: float
) -> None:
    seed, rows, reference_rows = sample
    rng = np.random.default_rng(seed)
    before = rng.normal(40, 7, reference_rows)
    now = rng.normal(40 + 7 * shift, 9, rows)
    mean, deviation = before.mean(), before.std(ddof=1)
    z = (now - mean) / deviation
    found = statistics.variance(z.mean(), float((z**2).sum()), rows)
    assert found == pytest.approx(now.var(ddof=1) / deviation**2, rel=1e-9)
    p_value = statistics.welch_p(float(z.mean()), found, rows, 1, reference_rows)
    expected = stats.ttest_ind(now, before, equal_var=False).pvalue
    assert p_value == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_means_without_spread_differ_surely_or_not_at_all() -> None:
    assert statistics.welch_p(0.0, 0.0, 50, 0.0, 50) == 1
    assert statistics.welch_p(0.1, 0.0, 50, 0.0, 50) == 0


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 400), st.integers(1, 400))
def test_share_z_squared_is_chi_square_of_the_table(
    part: int, rest: int, reference_part: int, reference_rest: int
) -> None:
    z = statistics.share_z(part, part + rest, reference_part, reference_part + reference_rest)
    if part + reference_part == 0:
        assert z == 0
        return
    table = np.array([[part, rest], [reference_part, reference_rest]])
    expected = stats.chi2_contingency(table, correction=False)
    assert z**2 == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert statistics.normal_p(z) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.floats(0.001, 0.2))
def test_the_discovery_limit_rejects_what_scipys_adjustment_rejects(
    p_values: list[float], alpha: float
) -> None:
    limit = statistics.false_discovery_limit(np.array(p_values), alpha)
    adjusted = stats.false_discovery_control(p_values, method="bh")
    for p_value, corrected in zip(p_values, adjusted, strict=True):
        if abs(corrected - alpha) > 1e-9:
            assert (p_value <= limit) == (corrected <= alpha)


def test_psi_without_drift_averages_its_noise() -> None:
    rng = np.random.default_rng(0)
    shares = np.full(20, 0.05)
    pairs = [(rng.multinomial(2000, shares), rng.multinomial(1000, shares)) for _ in range(400)]
    mean = np.mean([statistics.psi(a.astype(float), b.astype(float)) for a, b in pairs])
    assert mean == pytest.approx(statistics.psi_noise(20, 2000, 1000), rel=0.05)


def test_importing_drift_loads_neither_scipy_nor_pandas() -> None:
    code = "import sys, mlmonitor.drift; print({'scipy', 'pandas', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_without_scipy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(MlmonitorError, match=r"mlmonitor\[stats\]"):
        statistics.chi_square_p(3.0, 2)
