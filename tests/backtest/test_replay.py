from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from mlmonitor.backtest.alerts import fired
from mlmonitor.backtest.replay import Recorder, replay
from mlmonitor.backtest.simulate import simulate
from mlmonitor.drift import statistics
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.thresholds import Thresholds
from tests import references
from tests.backtest import sample

if TYPE_CHECKING:
    from mlmonitor.backtest.steps import Traffic

HOUR = 3600
ALIKE = Thresholds(correlation=1e-12)


def _counted(traffic: Traffic, name: str):
    return next(one for one in traffic.columns if one.column.name == name)


def test_p_values_of_a_window_are_those_of_scipy_on_its_counts():
    settings = replace(sample.SETTINGS, thresholds=ALIKE, by_model={})
    traffic = sample.traffic()
    [verdicts, *_] = replay(traffic, settings, {}).verdicts
    index = int(np.flatnonzero(verdicts.schedule.at == sample.MOVED[0] + 4)[0])
    first, last = int(verdicts.schedule.first[index]), int(verdicts.schedule.last[index])
    place = {one.name: number for number, one in enumerate(verdicts.columns)}

    note, city = _counted(traffic, "note"), _counted(traffic, "city")
    absent, rows = note.missing[first:last].sum(), note.rows[first:last].sum()
    table = [[absent, rows - absent], [note.column.missing, 2000 - note.column.missing]]
    cells = city.cells[first:last].sum(axis=0)[:3]
    values = [*city.column.categories.values()]

    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert verdicts.p_values[index, place["note"], 4] == pytest.approx(expected, rel=1e-5)
    expected = 2 * stats.chi2_contingency([cells, values], correction=False).pvalue
    assert verdicts.p_values[index, place["city"], 0] == pytest.approx(expected, rel=1e-5)


def test_effects_of_a_window_are_its_statistics_over_their_thresholds():
    settings = replace(sample.SETTINGS, thresholds=ALIKE, by_model={})
    traffic = sample.traffic()
    [verdicts, *_] = replay(traffic, settings, {}).verdicts
    index = int(np.flatnonzero(verdicts.schedule.at == sample.SHIFTED[0] + 6)[0])
    first, last = int(verdicts.schedule.first[index]), int(verdicts.schedule.last[index])
    place = next(i for i, one in enumerate(verdicts.columns) if one.name == "prediction")
    counted = _counted(traffic, "prediction")
    cells = counted.cells[first:last].sum(axis=0)
    usual = np.array(counted.column.counts, dtype=float)
    above, below = counted.above[first:last].sum(), counted.below[first:last].sum()

    psi = statistics.psi(cells, usual)
    excess = psi - statistics.psi_noise(len(cells), cells.sum(), usual.sum())
    gap = statistics.kolmogorov_smirnov(cells, usual)

    effects = verdicts.effects[index, place]
    assert effects[0] == pytest.approx(max(excess / 0.2, gap / 0.1), rel=1e-5)
    assert effects[1] == pytest.approx((above - below) / cells.sum() / 0.25, rel=1e-5)


def test_columns_that_are_replaced_are_judged_as_in_a_whole_replay():
    changed = [_counted(sample.traffic(), name) for name in ("size", "rooms", "prediction")]
    quiet = sample.replayed(())

    found = Recorder(quiet.traffic, quiet.settings, sample.rules()).changed(quiet, changed)

    for one, other in zip(found.verdicts, sample.replayed().verdicts, strict=True):
        np.testing.assert_array_equal(one.effects, other.effects)
        np.testing.assert_array_equal(one.p_values, other.p_values)
        np.testing.assert_array_equal(one.limits, other.limits)
    assert fired(found, sample.rules()) == sample.found()


def test_drift_is_found_where_it_is_and_nowhere_else():
    verdicts = sample.replayed().verdicts[0]
    drifted = verdicts.reasons().any(axis=2)
    for name, (since, until) in {
        "size": sample.GONE,
        "rooms": sample.MOVED,
        "prediction": sample.SHIFTED,
    }.items():
        place = next(i for i, one in enumerate(verdicts.columns) if one.name == name)
        at = verdicts.schedule.at[drifted[:, place]]
        assert at.min() - since <= 9
        assert since < at.min()
        assert until - 1 <= at.max() <= until + 12
    others = [i for i, one in enumerate(verdicts.columns) if one.name in {"city", "pool", "id"}]
    assert not drifted[:, others].any()


def test_windows_with_too_few_rows_are_not_judged():
    traffic = simulate(references.mixed(), 86400, 1 / 60, seed=2)
    [verdicts] = replay(traffic, RuleSettings(windows=(HOUR,)), {}).verdicts
    assert np.isnan(verdicts.p_values).all()
    assert not verdicts.reasons().any()


def test_limits_of_inputs_and_outputs_follow_from_their_own_budgets():
    verdicts = sample.replayed(()).verdicts[0]
    side = [one.side for one in verdicts.columns]
    settings = sample.SETTINGS
    output = settings.alpha(HOUR, settings.pages)
    quiet = verdicts.limits[20]
    assert quiet[side.index("output")] == pytest.approx(output)
    assert quiet[side.index("input")] == pytest.approx(4 * output / side.count("input"))


def test_traffic_in_which_no_window_is_full_is_told():
    traffic = simulate(references.mixed(), 600, 1.0)
    with pytest.raises(ValueError, match="in the steps"):
        replay(traffic, RuleSettings(step=60.0, windows=(HOUR,)), {})
    with pytest.raises(Exception, match="lasts 10m, in which no window is full; give more than"):
        replay(traffic, RuleSettings(windows=(604800.0,)), {})
