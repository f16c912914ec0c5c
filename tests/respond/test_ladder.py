from __future__ import annotations

from dataclasses import replace

import pytest

from mlmonitor.breaker import CLOSED
from mlmonitor.config.respond import ProbationSettings, StepSettings
from mlmonitor.respond.ladder import FORGET, Episode, due, later, matches, released, taken

DRIFT = {
    "alertname": "MlmonitorPredictionsDrifted",
    "model": "churn",
    "version": "7",
    "role": "live",
}
EPISODE = Episode("a", DRIFT, started=1000.0, heard=1000.0)


def step(**given: object) -> StepSettings:
    return StepSettings(**{"alert": "MlmonitorPredictionsDrifted", "do": "fallback", **given})  # type: ignore[arg-type]


def test_steps_come_due_one_after_another_and_once():
    steps = [step(after="10m"), step(do="ticket", after="5m")]
    heard = replace(EPISODE, heard=1700.0)
    assert not list(due([EPISODE], steps, 1000.0))
    assert [number for _, number in due([heard], steps, 1400.0)] == [1]
    assert [number for _, number in due([heard], steps, 1700.0)] == [1, 0]
    assert not list(due([replace(heard, done=(0, 1))], steps, 1700.0))


def test_what_is_over_or_unheard_of_leads_to_nothing():
    assert not list(due([replace(EPISODE, ended=1100.0)], [step()], 1200.0))
    assert list(due([EPISODE], [step()], 1000.0 + FORGET))
    assert not list(due([EPISODE], [step()], 1001.0 + FORGET))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"role": "shadow"}, False),
        ({"role": "fallback"}, False),
        ({"model": ""}, False),
        ({"model": "m" * 195}, True),
        ({"model": "m" * 196}, False),
        ({"alertname": "MlmonitorOther"}, False),
    ],
)
def test_only_live_models_of_the_named_alert_are_met(change, found):
    assert matches(step(), replace(EPISODE, labels={**DRIFT, **change})) is found


def test_all_labels_of_match_must_agree():
    by_label = step(alert=None, match={"concern": "data", "severity": "critical"})
    both = {**DRIFT, "concern": "data", "severity": "critical"}
    assert matches(by_label, replace(EPISODE, labels=both))
    assert not matches(by_label, replace(EPISODE, labels={**both, "severity": "warning"}))


def test_a_fallback_opens_the_breaker_for_the_suspected_version_once():
    opened = taken(CLOSED, EPISODE, "fallback", "rules-1", 1000.0)
    assert (opened.phase, opened.version, opened.fallback, opened.share) == (
        "open",
        "7",
        "rules-1",
        0.0,
    )
    assert (opened.refuse, opened.switches, opened.alert) == (
        False,
        1,
        "MlmonitorPredictionsDrifted",
    )
    assert taken(opened, EPISODE, "fallback", "rules-1", 2000.0) == opened


def test_a_circuit_breaker_refuses_and_a_later_fallback_does_not_undo_it():
    cut = taken(taken(CLOSED, EPISODE, "fallback", "x", 1.0), EPISODE, "circuit_breaker", "x", 2.0)
    assert cut.refuse
    assert taken(cut, EPISODE, "fallback", "x", 3.0) == cut


def test_freezing_a_canary_moves_no_traffic():
    frozen = taken(CLOSED, EPISODE, "freeze_canary", None, 5.0)
    assert (frozen.phase, frozen.share, frozen.frozen) == ("closed", 1.0, True)
    assert taken(frozen, EPISODE, "freeze_canary", None, 6.0) == frozen
    assert not released(frozen, 7.0).frozen


OPEN = taken(CLOSED, EPISODE, "fallback", "rules-1", 1000.0)
PROBATION = ProbationSettings(hold="1h", last="30m", canary=0.1)  # type: ignore[arg-type]


def test_without_probation_time_changes_nothing():
    assert later(OPEN, [], None, 1e9) == OPEN


def test_an_alert_that_stands_keeps_the_breaker_open():
    assert later(OPEN, [EPISODE], PROBATION, 1e9) == OPEN


def test_probation_sends_a_canary_share_and_then_closes():
    assert later(OPEN, [], PROBATION, 1000.0 + 3599) == OPEN
    tried = later(OPEN, [], PROBATION, 1000.0 + 3600)
    assert (tried.phase, tried.share, tried.version) == ("probation", 0.1, "7")
    assert later(tried, [], PROBATION, 4600.0 + 1799) == tried
    closed = later(tried, [], PROBATION, 4600.0 + 1800)
    assert (closed.phase, closed.share, closed.switches) == ("closed", 1.0, 1)


def test_an_alert_during_probation_opens_the_breaker_again():
    tried = later(OPEN, [], PROBATION, 4600.0)
    again = later(tried, [EPISODE], PROBATION, 4700.0)
    assert (again.phase, again.share, again.since, again.switches) == ("open", 0.0, 4700.0, 2)


def test_a_cut_off_model_never_comes_back_by_itself():
    cut = taken(CLOSED, EPISODE, "circuit_breaker", None, 1000.0)
    assert later(cut, [], PROBATION, 1e9) == cut
