from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.config.respond import RespondSettings
from mlmonitor.respond.metrics import ResponderMetrics
from mlmonitor.respond.payload import parse
from mlmonitor.respond.responder import Responder
from mlmonitor.respond.store import Store
from tests.respond.notifications import STARTED_SECONDS, alert, notification

if TYPE_CHECKING:
    from pathlib import Path

FALLBACK = {"alert": "MlmonitorPredictionsDrifted", "do": "fallback"}
PROBATION = {"hold": "1h", "last": "1h", "canary": 0.1}


class World:
    """A responder with a clock of its own, which can be restarted."""

    def __init__(self, folder: Path, *steps: dict[str, Any], **more: Any) -> None:
        self.folder = folder
        self.settings = RespondSettings(**{"steps": steps, "dry_run": False, **more})  # type: ignore[arg-type]
        self.now = STARTED_SECONDS + 1
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder)
        self.metrics = ResponderMetrics()
        self.responder = Responder(
            self.settings, {"churn": "rules-1"}, self.store, self.metrics, clock=lambda: self.now
        )

    def tell(self, *alerts: dict[str, Any]) -> int:
        return self.responder.receive(parse(notification(*alerts)))

    def events(self, *wanted: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.store.audit_log.read_text().splitlines()]
        return [line for line in lines if not wanted or line["event"] in wanted]

    @property
    def phase(self) -> str:
        return self.responder.state("churn").phase

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def test_a_page_switches_to_the_fallback_and_all_is_written_down(tmp_path):
    world = World(tmp_path, FALLBACK)
    assert world.tell(alert()) == 1
    state = world.responder.state("churn")
    assert (state.phase, state.version, state.fallback) == ("open", "7", "rules-1")
    assert [(one["event"], one.get("outcome")) for one in world.events()] == [
        ("notified", None),
        ("fallback", "done"),
    ]
    assert world.events()[0]["@timestamp"] == "2024-05-01T12:00:01.123Z"
    assert world.count("mlmonitor_breaker_state", model="churn", phase="open") == 1
    assert world.count("mlmonitor_breaker_switches_total", model="churn") == 1
    labels = {"model": "churn", "action": "fallback", "outcome": "done"}
    assert world.count("mlmonitor_respond_steps_total", **labels) == 1


@pytest.mark.parametrize("probation", [None, PROBATION])
def test_drift_that_persists_for_an_hour_after_the_switch_switches_once(tmp_path, probation):
    world = World(tmp_path, {**FALLBACK, "after": "10m"}, probation=probation)
    world.tell(alert())
    for minute in range(71):
        world.now = STARTED_SECONDS + 60 * minute
        if minute % 5 == 0:
            world.tell(alert())
        if minute == 30:
            world.start()
        world.responder.tick()
        assert world.phase == ("closed" if minute < 10 else "open")
    assert len(world.events("fallback")) == 1
    assert world.responder.state("churn").switches == 1


def test_an_alert_that_resolves_leaves_the_fallback_on(tmp_path):
    world = World(tmp_path, FALLBACK)
    world.tell(alert())
    world.tell(alert(status="resolved"))
    world.now += 30 * 86_400
    world.responder.tick()
    assert world.phase == "open"
    world.responder.release("churn", "ada")
    assert world.phase == "closed"
    assert world.events("released")[0]["by"] == "ada"


def test_probation_lets_the_model_back_and_relapse_opens_again(tmp_path):
    world = World(tmp_path, FALLBACK, probation=PROBATION)
    world.tell(alert())
    world.tell(alert(status="resolved"))
    world.now += 3600
    world.responder.tick()
    assert (world.phase, world.responder.state("churn").share) == ("probation", 0.1)
    world.now += 60
    world.tell(alert(started="2024-05-01T13:01:00Z"))
    assert world.phase == "open"
    world.tell(alert(status="resolved", started="2024-05-01T13:01:00Z"))
    world.now += 3600
    world.responder.tick()
    world.now += 3600
    world.responder.tick()
    assert world.phase == "closed"
    assert [one["event"] for one in world.events("open", "probation", "closed")] == [
        "probation",
        "probation",
        "closed",
    ]
    assert world.responder.state("churn").switches == 2


def test_after_a_release_old_rows_switch_nothing_and_what_stands_then_does(tmp_path):
    world = World(tmp_path, FALLBACK, settle="10m")
    world.tell(alert())
    world.tell(alert(status="resolved"))
    world.responder.release("churn", "ada")
    world.now += 60
    assert world.tell(alert(started="2024-05-01T12:01:00Z")) == 1
    assert world.phase == "closed"
    world.now += 8 * 60
    world.responder.tick()
    assert world.phase == "closed"
    world.now += 60
    world.responder.tick()
    assert world.phase == "open"
    assert world.responder.state("churn").switches == 2


def test_told_again_or_replayed_a_notification_does_nothing(tmp_path):
    world = World(tmp_path, FALLBACK)
    assert [world.tell(alert()) for _ in range(3)] == [1, 0, 0]
    assert [world.tell(alert(status="resolved")) for _ in range(2)] == [1, 0]
    world.responder.release("churn", "ada")
    world.start()
    assert world.tell(alert()) == 0
    assert world.phase == "closed"
    assert len(world.events("fallback")) == 1


def test_many_alerts_at_once_are_kept_once_before_any_step(tmp_path, monkeypatch):
    world = World(tmp_path, FALLBACK)
    kept = []
    keep = world.store.keep
    monkeypatch.setattr(
        world.store, "keep", lambda episodes: keep(kept.append(len(one := list(episodes))) or one)
    )
    assert world.tell(*(alert(column=f"c{index}") for index in range(300))) == 300
    assert kept == [300]
    assert len(world.events("notified")) == len(world.events("fallback")) == 300
    assert world.responder.state("churn").switches == 1
    world.start()
    assert world.tell(*(alert(column=f"c{index}") for index in range(300))) == 0
    assert world.responder.state("churn").switches == 1


def test_notifications_at_the_same_time_switch_once(tmp_path):
    world = World(tmp_path, FALLBACK)
    versions = [alert(started=f"2024-05-01T12:00:00.{number:03}Z") for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(world.tell, versions))
    assert world.responder.state("churn").switches == 1
    outcomes = [one["outcome"] for one in world.events("fallback")]
    assert sorted(outcomes) == ["already"] * 19 + ["done"]


def test_a_dry_run_writes_down_what_it_would_do(tmp_path):
    world = World(tmp_path, FALLBACK, dry_run=True)
    world.tell(alert())
    assert world.phase == "closed"
    assert [one["outcome"] for one in world.events("fallback")] == ["dry_run"]


def test_other_environments_are_left_alone(tmp_path):
    world = World(tmp_path, FALLBACK, scope={"namespace": "prod"})
    assert world.tell(alert(namespace="staging")) == 0
    assert world.phase == "closed"
    world.tell(alert(namespace="prod"))
    assert world.phase == "open"


def test_a_command_runs_once_with_the_alert_in_its_environment(tmp_path):
    code = (
        "import os; print(os.environ['MLMONITOR_MODEL'], os.environ['MLMONITOR_VERSION'], "
        f"file=open({str(tmp_path / 'ran')!r}, 'a'))"
    )
    step = {"alert": "MlmonitorPredictionsDrifted", "do": "command", "command": "note"}
    world = World(tmp_path / "state", step, commands={"note": [sys.executable, "-c", code]})
    world.tell(alert())
    world.tell(alert())
    world.responder.close()
    assert (tmp_path / "ran").read_text() == "churn 7\n"
    assert [one["outcome"] for one in world.events("command")] == ["done"]


@pytest.mark.parametrize(
    "words", [["/does/not/exist"], [sys.executable, "-c", "raise SystemExit(3)"]]
)
def test_a_command_that_fails_is_written_down(tmp_path, words):
    step = {"alert": "MlmonitorPredictionsDrifted", "do": "command", "command": "note"}
    world = World(tmp_path, step, commands={"note": words})
    world.tell(alert())
    world.responder.close()
    (line,) = world.events("command")
    assert line["outcome"] == "failed"
    assert line["said"]


def test_a_command_that_takes_too_long_is_ended(tmp_path):
    step = {"alert": "MlmonitorPredictionsDrifted", "do": "ticket", "command": "note"}
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    world = World(tmp_path, step, commands={"note": words}, command_timeout="200ms")
    world.tell(alert())
    world.responder.close()
    assert "timed out" in world.events("ticket")[0]["said"]


def test_labels_cannot_forge_lines_of_the_audit_log(tmp_path):
    world = World(tmp_path, FALLBACK)
    world.tell(alert(namespace='x"}\n{"event": "released"'))
    assert [one["event"] for one in world.events()] == ["notified", "fallback"]
