"""Traffic whose rows are alike hour by hour, replayed with and without a measured correlation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from mlmonitor.backtest.replay import Replay, replay
from mlmonitor.backtest.traffic import traffic_of_frames
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.reference import Reference

HOUR = 3600
SETTINGS = RuleSettings(scope=(), scrape_interval=60, windows=(6 * HOUR, 24 * HOUR))


def _rows(days: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """60 rows an hour; of the variance of `alike` a fifth is shared by the rows of an hour."""
    rng = np.random.default_rng(seed)
    hours = np.repeat(np.arange(24 * days), 60)
    level = rng.normal(size=24 * days)
    return pd.DataFrame(
        {
            "when": 1_700_000_000 // HOUR * HOUR + 60.0 * np.arange(len(hours)),
            "alike": 0.5 * level[hours] + rng.normal(size=len(hours)) + shift,
            "free": rng.normal(size=len(hours)) + shift,
        }
    )


@cache
def _reference(time: str | None) -> Reference:
    rows = _rows(60, 0) if time else _rows(60, 0).drop(columns="when")
    return Reference.from_frame(rows, model="m", version="1", time=time, windows=("1h", "6h", "1d"))


def _replayed(time: str | None, shift: float = 0.0) -> Replay:
    traffic = traffic_of_frames([_rows(28, 1, shift)], _reference(time), "when")
    return replay(traffic, SETTINGS, {})


def _found(replayed: Replay, name: str) -> list[float]:
    """Share of the evaluations of each window in which a column has drifted."""
    return [
        float(one.reasons()[:, [column.name for column in one.columns].index(name)].any(1).mean())
        for one in replayed.verdicts
    ]


def test_rows_that_are_alike_raise_false_alarms_where_their_correlation_is_not_measured() -> None:
    assert _found(_replayed(None), "alike")[0] > 0.05
    assert _found(_replayed(None), "free") == [0, 0]
    assert _found(_replayed("when"), "alike") == [0, 0]


def test_real_drift_is_found_all_the_same() -> None:
    replayed = _replayed("when", 0.8)
    assert _found(replayed, "alike")[1] > 0.9
    assert min(_found(replayed, "free")) > 0.9


def test_each_window_counts_by_its_own_correlation() -> None:
    [alike] = [one for one in _reference("when").columns if one.name == "alike"]
    bounds = alike.correlation or {}
    assert bounds["6h"] > 2 * bounds["1d"]
    told = {one.schedule.window: one for one in _replayed("when").verdicts}
    plain = {one.schedule.window: one for one in _replayed(None).verdicts}
    for window, verdicts in told.items():
        # The test of the mean: less evidence, so a larger p-value wherever the two can be told apart.
        own, other = verdicts.p_values[:, 0, 1], plain[window].p_values[:, 0, 1]
        known = ~np.isnan(own) & (own < 1)
        assert known.any()
        assert (own[known] > other[known]).all()
