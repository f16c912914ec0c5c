from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mlmonitor.backtest.confirm import Confirmation, coarse, confirm
from mlmonitor.backtest.promtool import Promtool
from mlmonitor.generate.settings import RuleSettings
from tests import components
from tests.backtest import sample

HOUR = 3600.0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_the_rules_in_promtool_find_what_the_replay_found(version):
    told = []

    found = confirm(
        sample.replayed(),
        Promtool(str(components.promtool(version))),
        progress=lambda *done: told.append(done),
    )

    assert found.disagreements == ()
    assert found.windows == 6
    assert found.verdicts == 6 * len(sample.traffic().reference.columns)
    assert found.effect < 1e-5
    assert found.p_value < 0.01
    assert told == [(done, 6) for done in range(1, 7)]
    assert "and agrees in all" in str(found)


@pytest.mark.timeout(900)
def test_a_replay_that_is_wrong_is_found_out():
    replayed = sample.replayed()
    verdicts = replayed.verdicts[0]
    wrong = replace(verdicts, effects=1.5 * verdicts.effects)

    found = confirm(
        replace(replayed, verdicts=(wrong,)), Promtool(str(components.promtool("2.42")))
    )

    assert found.disagreements
    assert re.search(r"disagrees in \d+ of 2 windows, 16 verdicts: \w+ \w+ over 1h", str(found))


def test_a_longer_step_leaves_interval_and_alpha_of_a_window_as_they_are():
    settings = RuleSettings(baselines=("reference", "previous"))
    for window, step in {HOUR: 300, 6 * HOUR: 900, 24 * HOUR: 1800, 168 * HOUR: 1800}.items():
        made = coarse(settings, window)
        assert made.step == step
        assert made.interval(window) == settings.interval(window)
        assert made.alpha(window, 1.0) == settings.alpha(window, 1.0)


def test_a_few_disagreements_are_named():
    found = Confirmation("3.0", 2, 16, 0.5, 0.0, ("input size over 1h at 0",) * 7)
    assert str(found).startswith(
        "promtool 3.0 disagrees in 7 of 2 windows, 16 verdicts: input size"
    )
    assert str(found).count("input size") == 5
