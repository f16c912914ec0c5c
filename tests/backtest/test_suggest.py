from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlmonitor.backtest.alerts import FAMILIES, fired
from mlmonitor.backtest.suggest import THRESHOLDS_OF, suggest
from mlmonitor.drift.evidence import TESTS
from mlmonitor.thresholds import Thresholds
from tests.backtest import sample

SHIFT = sample.CHANGES[2:]


def _alarms(factors: np.ndarray | None = None) -> dict[str, float]:
    """False alarms in 28 days, by severity, where what happens in the sample is called false."""
    found = fired(sample.replayed(SHIFT), sample.rules(), factors)
    counted = {"critical": 0.0, "warning": 0.0}
    for one in found:
        if one.alert in FAMILIES:
            counted[one.severity] += 14.0
    return counted


def test_suggested_thresholds_keep_to_the_budget_and_those_of_today_do_not():
    assert _alarms()["critical"] > 1
    found = {
        one.threshold: one
        for one in suggest([sample.replayed(SHIFT)], sample.rules(), Thresholds())
    }
    assert found
    factors = np.array(
        [
            max(
                (
                    found[one].suggested / found[one].now
                    for one in THRESHOLDS_OF[test]
                    if one in found
                ),
                default=1.0,
            )
            for test in TESTS
        ]
    )
    raised = _alarms(factors)
    assert raised["critical"] <= 1
    assert raised["warning"] <= 4
    assert all(one.suggested > one.now for one in found.values())
    assert all(
        one.suggested < 1 for one in found.values() if one.threshold in {"ks", "rank", "missing"}
    )


def test_nothing_is_suggested_where_the_budget_is_kept():
    assert suggest([sample.replayed(())], sample.rules(), Thresholds()) == []


def test_a_larger_budget_needs_no_change():
    replayed = sample.replayed(SHIFT)
    patient = replace(replayed, settings=replace(replayed.settings, pages=1e3, warnings=1e3))
    assert suggest([patient], sample.rules(), Thresholds()) == []
