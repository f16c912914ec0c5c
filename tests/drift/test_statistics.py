"""The statistics of drift against SciPy and NumPy, on rows and on tables."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import spatial, special, stats

from mlmonitor.drift import statistics

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
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert statistic == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert freedom == expected.dof


@given(SAMPLES)
@settings(max_examples=50)
def test_ks_on_a_bin_a_value_equals_scipy_on_the_rows(sample: tuple[int, int, int]) -> None:
    seed, rows, reference_rows = sample
    rng = np.random.default_rng(seed)
    now, before = rng.integers(0, 15, rows), rng.integers(0, 12, reference_rows)
    counts = [np.bincount(values, minlength=15).astype(float) for values in (now, before)]
    expected = stats.ks_2samp(now, before, method="asymp").statistic
    assert statistics.kolmogorov_smirnov(*counts) == pytest.approx(expected, rel=1e-12)


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


@given(CELLS)
def test_rank_shift_counts_pairs(cells: tuple[list[int], list[int]]) -> None:
    now, before = _pair(cells)
    pairs = np.outer(now / now.sum(), before / before.sum())
    above, below = np.tril(pairs, -1).sum(), np.triu(pairs, 1).sum()
    assert statistics.rank_shift(now, before) == pytest.approx(above - below, abs=1e-9)
