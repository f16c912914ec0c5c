from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from mlmonitor.breaker import CLOSED, Breaker, BreakerState, file_name
from mlmonitor.errors import MlmonitorError

OPEN = BreakerState(phase="open", version="7", fallback="rules-1", share=0.0, switches=1)


def write(folder, state, model="churn"):
    (folder / file_name(model)).write_text(state.to_json())


def until(condition):
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_state_is_read_as_it_was_written():
    assert BreakerState.from_json(OPEN.to_json()) == OPEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        '{"phase": "odd"}',
        '{"share": 2.0}',
        '{"share": "a"}',
        '{"share": null}',
        "\x00",
    ],
)
def test_what_is_no_state_is_refused(text):
    with pytest.raises(MlmonitorError, match="no state of a breaker"):
        BreakerState.from_json(text)


def test_without_a_source_it_is_closed():
    breaker = Breaker("churn", "7")
    assert breaker.state == CLOSED
    assert not breaker.use_fallback("a")


def test_it_follows_the_file_in_the_background(tmp_path):
    breaker = Breaker("churn", "7", tmp_path, refresh=0.01)
    assert not breaker.use_fallback("a")
    write(tmp_path, OPEN)
    until(lambda: breaker.use_fallback("a"))
    write(tmp_path, replace(CLOSED, switches=1))
    until(lambda: not breaker.open)


def test_a_decision_is_about_one_version(tmp_path):
    write(tmp_path, OPEN)
    assert Breaker("churn", "7", tmp_path).open
    assert not Breaker("churn", "8", tmp_path).open
    write(tmp_path, replace(OPEN, version=None))
    assert Breaker("churn", "8", tmp_path).open


def test_names_of_models_stay_within_the_folder(tmp_path):
    folder = tmp_path / "breakers"
    folder.mkdir()
    write(folder, OPEN, "../churn/é")
    assert Breaker("../churn/é", "7", folder).open
    assert [one.name for one in tmp_path.iterdir()] == ["breakers"]


def test_the_canary_share_of_keys_stays_with_the_model(tmp_path):
    write(tmp_path, replace(OPEN, phase="probation", share=0.1))
    breaker = Breaker("churn", "7", tmp_path)
    answers = [breaker.use_fallback(key) for key in range(20_000)]
    assert answers == [breaker.use_fallback(key) for key in range(20_000)]
    assert answers.count(False) / 20_000 == pytest.approx(0.1, abs=0.01)


def test_what_cannot_be_read_leaves_the_last_known_state(tmp_path):
    failures = []
    write(tmp_path, OPEN)
    breaker = Breaker("churn", "7", tmp_path, refresh=0.01, failed=failures.append)
    (tmp_path / file_name("churn")).write_text("nonsense")
    until(lambda: failures or not breaker.open)
    assert breaker.use_fallback("a")


def test_a_responder_that_is_away_stops_nothing_and_is_counted():
    registry = CollectorRegistry()
    monitor = Monitor("churn", registry=registry, breaker="http://127.0.0.1:9")
    assert not monitor.breaker.use_fallback("a")
    labels = {"model": "churn", "version": "1", "role": "live", "reason": "breaker"}
    assert registry.get_sample_value("mlmonitor_monitor_failures_total", labels) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_worker_reads_though_a_thread_held_the_lock(tmp_path):
    breaker = Breaker("churn", "7", tmp_path, refresh=0.01)
    breaker._reading.acquire()
    write(tmp_path, OPEN)
    child = os.fork()
    if child == 0:
        ends = time.monotonic() + 5
        while time.monotonic() < ends and not breaker.open:
            time.sleep(0.01)
        os._exit(0 if breaker.open else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
