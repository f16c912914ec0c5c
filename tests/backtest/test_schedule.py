from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlmonitor.backtest.schedule import Schedule
from mlmonitor.generate.settings import RuleSettings

HOUR = 3600.0
SETTINGS = RuleSettings()


def test_the_first_window_is_evaluated_every_step_and_holds_the_latest():
    made = Schedule.of(SETTINGS, HOUR, 0.0, 24)
    np.testing.assert_array_equal(made.at, np.arange(1, 25))
    np.testing.assert_array_equal(made.last, made.at)
    assert (made.first[0], made.first[11], made.first[12]) == (0, 0, 1)


def test_a_slow_window_is_evaluated_at_its_interval_without_the_latest_step():
    made = Schedule.of(SETTINGS, 6 * HOUR, 0.0, 288)
    assert made.interval == 1800.0
    np.testing.assert_array_equal(made.at, np.arange(6, 289, 6))
    np.testing.assert_array_equal(made.last, made.at - 1)
    assert (made.last - made.first).max() == 72


@pytest.mark.parametrize("start", [0.0, 300.0, 1500.0])
def test_evaluations_happen_at_multiples_of_the_interval(start):
    made = Schedule.of(SETTINGS, 6 * HOUR, start, 288)
    assert not ((made.at * 300 + start) % made.interval).any()


def test_what_is_known_is_the_latest_evaluation():
    made = Schedule.of(SETTINGS, 6 * HOUR, 0.0, 12)
    known = made.spread(np.array([True, False]), 12)
    assert known.tolist() == [False] * 6 + [True] * 6 + [False]


def test_fewer_evaluations_lie_further_apart_and_leave_out_the_step_in_progress():
    rare = replace(SETTINGS, evaluations=4)
    assert [rare.interval(hours * HOUR) for hours in (1, 6, 24, 168)] == [
        900.0, 5400.0, 10800.0, 10800.0,
    ]  # fmt: skip
    made = Schedule.of(rare, HOUR, 0.0, 24)
    assert made.at.tolist() == [3, 6, 9, 12, 15, 18, 21, 24]
    assert (made.at - made.last == 1).all()
    assert not rare.is_slow(HOUR)


def test_nothing_is_known_of_a_window_that_is_never_evaluated():
    made = Schedule.of(SETTINGS, 24 * HOUR, 0.0, 5)
    assert not len(made.at)
    assert made.spread(np.zeros((0, 2), bool), 5).tolist() == [[False, False]] * 6
