"""How alike rows of a window are: against an analysis of variance of the rows themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mlmonitor.errors import ProfileError
from mlmonitor.reference.correlation import (
    FEWEST_WINDOWS,
    LARGEST,
    MOST_WINDOWS,
    CategorySums,
    NumberSums,
    Spread,
    Windows,
    correlation,
    upper_bound,
    windows_of,
)

HOUR = 3600.0
SEEDS = st.integers(0, 2**32 - 1)


def _normal(rng: np.random.Generator, windows: int, rows: int, rho: float) -> np.ndarray:
    """Rows of shape (windows, rows) whose intra-class correlation is rho."""
    shared = rng.normal(size=(windows, 1)) * np.sqrt(rho)
    return np.asarray(shared + rng.normal(size=(windows, rows)) * np.sqrt(1 - rho))


def _spread_of(values: np.ndarray, sizes: np.ndarray | None = None) -> Spread:
    """The sums of squares of rows of shape (windows, rows), of which the first `sizes` count."""
    windows, rows = values.shape
    sizes = np.full(windows, rows) if sizes is None else sizes
    held = np.arange(rows) < sizes[:, None]
    times = np.repeat(np.arange(windows) * HOUR, rows)[held.ravel()]
    return _summed(times, values[held])


def _summed(
    times: np.ndarray, values: np.ndarray, length: float = HOUR, block: int = 997
) -> Spread:
    window = Windows(length)
    for first in range(0, len(times), block):
        window.add(times[first : first + block])
    finite = values[np.isfinite(values)]
    sums = NumberSums([window], float(finite.mean()), float(np.ptp(finite)) or 1.0)
    for first in range(0, len(times), block):
        part = slice(first, first + block)
        sums.add([window.places(times[part])], values[part])
    return sums.spreads()[0]


@pytest.mark.parametrize("sizes", [None, "unequal"])
@pytest.mark.parametrize("rho", [0.005, 0.02, 0.3, 0.8])
def test_the_bound_lies_above_the_true_correlation_in_95_of_100_samples(
    rho: float, sizes: str | None
) -> None:
    rng = np.random.default_rng(round(rho * 1000))
    trials, windows, rows = 1000, 60, 40
    above = 0
    for _ in range(trials):
        values = _normal(rng, windows, rows, rho)
        held = rng.integers(2, rows + 1, windows) if sizes else None
        above += (upper_bound(_spread_of(values, held)) or 0.0) >= rho
    # Three standard errors of a share of 1,000; windows of unequal size make it approximate.
    low, high = (0.93, 0.97) if sizes is None else (0.92, 0.99)
    assert low <= above / trials <= high


def test_the_bound_narrows_to_the_true_correlation_with_more_windows() -> None:
    rng = np.random.default_rng(3)
    bound = upper_bound(_spread_of(_normal(rng, 1000, 50, 0.1)))
    assert bound == pytest.approx(0.11, abs=0.015)


@given(SEEDS, st.integers(30, 50), st.integers(2, 30), st.floats(0, 0.95))
@settings(max_examples=40, deadline=None)
def test_sums_of_squares_are_those_of_an_analysis_of_variance(
    seed: int, windows: int, rows: int, rho: float
) -> None:
    rng = np.random.default_rng(seed)
    values = 1e6 + 40 * _normal(rng, windows, rows, rho)
    sizes = rng.integers(1, rows + 1, windows)
    sizes[0] = rows
    found = _spread_of(values, sizes)
    groups = [one[:size] for one, size in zip(values, sizes, strict=True)]
    total = int(sizes.sum())
    expected = stats.f_oneway(*groups).statistic
    between, within = found.between / (windows - 1), found.within / (total - windows)
    assert between / within == pytest.approx(expected, rel=1e-6)
    lower = expected / stats.f.ppf(0.05, windows - 1, total - windows)
    size = (total - (sizes**2).sum() / total) / (windows - 1)
    bound = np.clip((lower - 1) / (lower + size - 1), 0, LARGEST)
    assert upper_bound(found) == pytest.approx(bound, rel=1e-6, abs=1e-9)


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(allow_nan=True, width=32)), min_size=1, max_size=200
    ),
    st.sampled_from([1.0, 60.0, 10_000.0]),
    st.integers(1, 50),
)
@settings(max_examples=150, deadline=None)
def test_bounds_are_in_range_and_do_not_depend_on_the_blocks(
    rows: list[tuple[float, float]], length: float, block: int
) -> None:
    times, values = np.array(rows).T
    if not np.isfinite(values).any():
        return
    one, other = _summed(times, values, length), _summed(times, values, length, block)
    assert one.rows.tolist() == other.rows.tolist()
    assert (one.between, one.within) == pytest.approx((other.between, other.within), abs=1e-9)
    bound = upper_bound(one)
    assert bound is None or 0 <= bound < 1
    known = np.isfinite(values)
    assert one.rows.sum() == known.sum()
    assert len(one.rows) == len(np.unique(np.floor(times[known] / length)))


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_the_windows_kept_do_not_depend_on_the_order_of_rows(seed: int, blocks: int) -> None:
    rng = np.random.default_rng(seed)
    times = rng.uniform(-1e9, 1e9, 5000)
    one, other = Windows(HOUR), Windows(HOUR)
    one.add(times)
    for part in np.array_split(rng.permutation(times), blocks):
        other.add(part)
    assert one.numbers.tolist() == other.numbers.tolist()
    assert MOST_WINDOWS / 4 < len(one.numbers) <= MOST_WINDOWS
    placed = one.places(times)
    known = placed >= 0
    assert (one.numbers[placed[known]] == np.floor(times[known] / HOUR)).all()
    assert not np.isin(np.floor(times[~known] / HOUR), one.numbers).any()


def test_rows_without_a_time_belong_to_no_window() -> None:
    window = Windows(HOUR)
    assert window.places(np.array([5.0])).tolist() == [-1]
    window.add(np.array([np.nan, 10.0, 2 * HOUR]))
    assert window.numbers.tolist() == [0, 2]
    assert window.places(np.array([20.0, np.nan, HOUR, 2.5 * HOUR])).tolist() == [0, -1, -1, 1]


def test_categories_are_pooled_over_their_indicators() -> None:
    rng = np.random.default_rng(11)
    windows, rows, categories = 50, 30, 4
    weights = rng.dirichlet(np.full(categories, 5.0), windows)
    codes = np.stack([rng.choice(categories, rows, p=weight) for weight in weights])
    codes[rng.random(codes.shape) < 0.1] = -1
    times = np.repeat(np.arange(windows) * HOUR, rows)
    window = Windows(HOUR)
    window.add(times)
    sums = CategorySums([window], categories)
    sums.add([window.places(times)], codes.ravel())
    found = sums.spreads()[0]
    between = within = 0.0
    for category in range(categories):
        groups = [(one[one >= 0] == category).astype(float) for one in codes]
        mean = np.concatenate(groups).mean()
        between += sum(len(one) * (one.mean() - mean) ** 2 for one in groups)
        within += sum(((one - one.mean()) ** 2).sum() for one in groups)
    assert (found.between, found.within) == pytest.approx((between, within))
    assert found.rows.tolist() == (codes >= 0).sum(axis=1).tolist()


def test_two_categories_are_as_alike_as_their_indicator() -> None:
    rng = np.random.default_rng(5)
    codes = (rng.random((40, 25)) < rng.uniform(0.2, 0.8, (40, 1))).astype(np.int64)
    window, times = Windows(HOUR), np.repeat(np.arange(40) * HOUR, 25)
    window.add(times)
    sums = CategorySums([window], 2)
    sums.add([window.places(times)], codes.ravel())
    assert upper_bound(sums.spreads()[0]) == pytest.approx(upper_bound(_spread_of(codes * 1.0)))


@pytest.mark.parametrize(
    ("values", "bound"),
    [
        (np.ones((40, 20)), None),
        (np.arange(40.0)[:, None] * np.ones((40, 20)), LARGEST),
        (np.ones((40, 1)) * np.tile([1.0, -1.0], 10), 0.0),
        (np.random.default_rng(0).normal(size=(FEWEST_WINDOWS - 1, 500)), None),
        (np.random.default_rng(0).normal(size=(400, 1)), None),
    ],
    ids=[
        "one value",
        "one value a window",
        "the same mix in each",
        "few windows",
        "one row in each",
    ],
)
def test_the_edges_of_what_can_be_measured(values: Any, bound: float | None) -> None:
    assert upper_bound(_spread_of(values)) == bound


def test_a_length_with_too_few_windows_takes_the_next_shorter_ones() -> None:
    rng = np.random.default_rng(8)
    values = _normal(rng, 24 * 40, 20, 0.05)
    times = np.repeat(np.arange(24 * 40) * HOUR, 20)
    windows = windows_of(["7d", "1h", "1d"])
    assert list(windows) == ["1h", "1d", "7d"]
    every = list(windows.values())
    for one in every:
        one.add(times)
    sums = NumberSums(every, 0.0, 1.0)
    sums.add([one.places(times) for one in every], values.ravel())
    found = correlation(list(windows), sums.spreads())
    assert found is not None
    assert found.taken == {"7d": "1d"}
    assert found.windows["7d"] == found.windows["1d"] < found.windows["1h"]
    assert found.windows["1h"] == pytest.approx(0.06, abs=0.015)
    worth = [1 / (1 + 19 * found.windows["1h"]), 1 / (1 + (24 * 20 - 1) * found.windows["1d"])]
    assert found.evidence == pytest.approx(min(worth))


def test_nothing_is_said_where_no_length_has_enough_windows() -> None:
    assert correlation(["1h"], [_spread_of(np.random.default_rng(0).normal(size=(9, 50)))]) is None


@pytest.mark.parametrize("names", [["1x"], [""], []])
def test_what_is_no_length_is_refused(names: list[str]) -> None:
    with pytest.raises(ProfileError, match=r"^--windows: "):
        windows_of(names)
