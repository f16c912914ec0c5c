from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from mlmonitor.backtest.simulate import simulate
from mlmonitor.backtest.support import Support
from mlmonitor.errors import MlmonitorError
from mlmonitor.reference.build import from_frame
from tests import references

if TYPE_CHECKING:
    from mlmonitor.backtest.steps import Traffic

DAY = 86400.0


def _reference():
    rng = np.random.default_rng(0)
    count = 2000
    frame = pd.DataFrame(
        {
            "normal": rng.normal(50, 7, count),
            "income": np.exp(rng.normal(8, 0.8, count)),
            "rooms": rng.integers(1, 8, count),
            "pool": np.where(rng.random(count) < 0.7, 0.0, rng.exponential(5, count)),
            "holes": np.where(rng.random(count) < 0.2, np.nan, rng.uniform(-1, 1, count)),
            "constant": np.full(count, 5.0),
            "city": rng.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1]),
        }
    )
    with pytest.warns(UserWarning, match="one value alone"):
        return from_frame(frame, model="m", version="1")


@pytest.mark.parametrize("name", ["normal", "income", "rooms", "pool", "holes", "constant"])
def test_the_values_of_a_column_have_its_shares_mean_and_deviation(name):
    [column] = [one for one in _reference().columns if one.name == name]

    support = Support.of(column)

    mean = support.chances @ support.values
    deviation = np.sqrt(support.chances @ (support.values - mean) ** 2)
    assert mean == pytest.approx(column.mean, abs=1e-6 * (column.deviation or 1))
    assert deviation == pytest.approx(column.deviation, rel=1e-6)
    cells = np.searchsorted(column.edges, support.values)
    shares = np.bincount(cells, support.chances, minlength=len(column.counts))
    np.testing.assert_allclose(shares, np.array(column.counts) / sum(column.counts))


def test_simulated_traffic_is_spread_as_the_reference():
    traffic = simulate(_reference(), 2 * DAY, 1.0, seed=1)

    for counted in traffic.columns:
        column, total = counted.column, counted.values.sum()
        expected = np.array(column.counts or [*column.categories.values(), 0, 0])
        expected = expected / expected.sum()
        error = np.sqrt(expected * (1 - expected) / total)
        assert (np.abs(counted.cells.sum(axis=0) / total - expected) <= 5 * error).all()
        assert counted.rows.sum() == pytest.approx(2 * DAY, rel=0.02)
        assert counted.missing.sum() / counted.rows.sum() == pytest.approx(
            column.missing_ratio, abs=0.01
        )
        if column.is_binned and column.deviation:
            assert (counted.above - counted.below).sum() / total == pytest.approx(0, abs=0.02)
            assert counted.squares.sum() / total == pytest.approx(1, rel=0.05)


def test_the_same_seed_gives_the_same_traffic_and_another_does_not():
    reference = _reference()

    def cells(traffic: Traffic) -> list[np.ndarray]:
        return [column.cells for column in traffic.columns]

    one = simulate(reference, DAY, 0.1, seed=1)
    assert all(map(np.array_equal, cells(one), cells(one)))
    assert all(map(np.array_equal, cells(one), cells(simulate(reference, DAY, 0.1, seed=1))))
    other = simulate(reference, DAY, 0.1, seed=2)
    assert not np.array_equal(cells(one)[0], cells(other)[0])


def test_correlated_rows_vary_more_from_hour_to_hour():
    column = references.categorical("city", {"a": 500, "b": 500})
    reference = references.reference(column)

    def variance(correlation: float) -> float:
        traffic = simulate(reference, 20 * DAY, 0.2, seed=3, correlation=correlation)
        [counted] = traffic.columns
        hours = counted.cells[:, 0].reshape(-1, 12).sum(axis=1)
        rows = counted.rows.reshape(-1, 12).sum(axis=1)
        return float(np.var(hours / rows))

    kish = 1 + (720 - 1) * 0.02
    assert variance(0.02) / variance(0.0) == pytest.approx(kish, rel=0.25)


def test_a_shift_moves_the_mean_and_a_factor_the_scale():
    [column] = [one for one in _reference().columns if one.name == "normal"]
    support = Support.of(column)
    rows = np.full(100, 500)

    moved = support.shifted(0.5).counted(rows, np.random.default_rng(1))
    scaled = support.scaled(-2.0).counted(rows, np.random.default_rng(1))
    gone = support.without(1.0).counted(rows, np.random.default_rng(1))

    assert (moved.above - moved.below).sum() / moved.values.sum() == pytest.approx(0.5, abs=0.02)
    assert scaled.cells[:, 0].sum() == scaled.values.sum()
    assert gone.missing.sum() == gone.rows.sum() == 50_000


@pytest.mark.parametrize(
    ("seconds", "rate", "message"),
    [
        (60, 1, "^--simulate: 60 seconds are 0 steps"),
        (1e9, 1, "steps of 300"),
        (DAY, 0, "^--rate: 0 rows a second give no traffic"),
        (DAY, np.nan, "no traffic"),
        (DAY, 1e30, "choose up to 1e[+]09"),
        (300, 1e-12, "give none in 300 seconds; choose more"),
    ],
)
def test_what_cannot_be_simulated_is_told(seconds, rate, message):
    with pytest.raises(MlmonitorError, match=message):
        simulate(references.mixed(), seconds, rate)
