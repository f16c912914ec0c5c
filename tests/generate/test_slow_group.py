"""Alerts keep their `for` while the series that they read is recorded far more rarely than they are.

On real servers whose instant queries look back for two seconds, as those of production do for five
minutes: between two evaluations of the slow group its series is gone for an instant query.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import pytest
import yaml

from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.generate.prometheus import RuleSettings, rule_files
from mlmonitor.promql import duration, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promql_parser import Expr

pytestmark = pytest.mark.xdist_group("slow-group")  # what is seen takes minutes, once

VERSIONS: Final = ("2.42", "3")
WAITS: Final = 9.0
WINDOW: Final = 72.0
LOOK_BACK: Final = ("--query.lookback-delta=2s",)
ALERTS: Final = ("MlmonitorInputsDrifted", "MlmonitorPredictionsDrifted", "MlmonitorColumnDrifted")
CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1s", "step": "2s", "windows": [duration(WINDOW)]},
        "alerts": {
            "evaluation_interval": "1s",
            "time_scale": 0.01,
            "rules": {name: {"for": duration(WAITS)} for name in ALERTS},
        },
    }
)
SLOW: Final = RuleSettings.of(CONFIG).interval(WINDOW)
FILLED: Final = WINDOW - RuleSettings.of(CONFIG).part(WINDOW)
DRIFTED: Final = "mlmonitor:column:drifted"
THROUGH: Final = re.compile(rf"last_over_time\(({DRIFTED}{{[^}}]*}})\[\w+\]\)")
CONTROL: Final = "Control"


@dataclass
class Seen:
    """What a server knew of one alert.

    Attributes:
        states: the alert states that were recorded.
        activations: the moments since which it was active, in Unix seconds.
        last: the last moment at which it fired, in Unix seconds.
    """

    states: set[str] = field(default_factory=set)
    activations: set[float] = field(default_factory=set)
    last: float = 0.0


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Seen]]:
    from tests import components  # noqa: PLC0415 - obtains servers

    config = _configured(tmp_path_factory.mktemp("slow"))
    with contextlib.ExitStack() as stack:
        servers = {
            version: stack.enter_context(components.prometheus(version, config, None, LOOK_BACK))
            for version in VERSIONS
        }
        # A window is judged when it is nearly full. The first evaluation then comes within an
        # interval; two more intervals must be bridged.
        time.sleep(FILLED + SLOW + WAITS + SLOW + 2)
        return {version: _seen(server.url) for version, server in servers.items()}


def _configured(folder: Path) -> Path:
    """The generated alerts, their controls, and a slow group that records what they read."""
    (folder / "slow.rules.yml").write_text(json.dumps({"groups": [_slow_group(), _step_group()]}))
    (text,) = (one for path, one in alert_rules(CONFIG).items() if "distribution" in path)
    document = yaml.safe_load(text)
    (group,) = document["groups"]
    group["rules"] = [
        made
        for rule in group["rules"]
        if rule["alert"] in ALERTS
        for made in (rule, _control(rule))
    ]
    (folder / "alerts.rules.yml").write_text(json.dumps(document))
    config = folder / "prometheus.json"
    config.write_text(json.dumps({"rule_files": [str(folder / "*.rules.yml")]}))
    return config


def _slow_group() -> dict[str, Any]:
    model = {"namespace": "production", "model": "a", "version": "1", "role": "live"}
    same = {**model, "baseline": "reference", "window": duration(WINDOW)}
    rules = [
        {"record": DRIFTED, "expr": "vector(1)", "labels": {**same, "side": side, "column": side}}
        for side in ("input", "output")
    ]
    return {"name": "slow", "interval": duration(SLOW), "rules": rules}


def _step_group() -> dict[str, Any]:
    """What tells how long the model has been there, recorded often."""
    model = {"namespace": "production", "model": "a", "version": "1", "role": "live"}
    rule = {"record": "mlmonitor:model:columns", "expr": "vector(2)", "labels": model}
    return {"name": "step", "interval": "1s", "rules": [rule]}


def _control(rule: dict[str, Any]) -> dict[str, Any]:
    """The alert as it would be without last_over_time."""
    expr, count = THROUGH.subn(r"\1", rule["expr"])
    assert count == 1
    return {**rule, "alert": rule["alert"] + CONTROL, "expr": expr, "annotations": {}}


def _seen(url: str) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for labels, values in _samples(url, "ALERTS[5m]"):
        one = found.setdefault(labels["alertname"], Seen())
        one.states.add(labels["alertstate"])
        if labels["alertstate"] == "firing":
            one.last = max(one.last, *(moment for moment, _ in values))
    for labels, values in _samples(url, "ALERTS_FOR_STATE[5m]"):
        found[labels["alertname"]].activations |= {since for _, since in values}
    return found


def _samples(url: str, query: str) -> Iterator[tuple[dict[str, str], list[tuple[float, float]]]]:
    asked = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=20) as answer:
        for one in json.load(answer)["data"]["result"]:
            yield one["metric"], [(moment, float(value)) for moment, value in one["values"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_and_goes_on_though_its_series_is_recorded_rarely(
    seen: dict[str, dict[str, Seen]], version: str, alert: str
) -> None:
    one = seen[version][alert]
    assert one.states == {"pending", "firing"}
    assert len(one.activations) == 1
    assert one.last - one.activations.pop() > WAITS + SLOW - 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("alert", ALERTS)
def test_without_last_over_time_the_same_alert_starts_again_and_never_fires(
    seen: dict[str, dict[str, Seen]], version: str, alert: str
) -> None:
    one = seen[version][alert + CONTROL]
    assert one.states == {"pending"}
    assert len(one.activations) > 1


def test_what_another_group_records_is_read_over_a_range_everywhere() -> None:
    config = MonitoringConfig.model_validate({"alerts": {"baselines": ["reference", "previous"]}})
    groups = [
        group for text in rule_files(config).values() for group in yaml.safe_load(text)["groups"]
    ]
    own = {group["name"]: {rule.get("record") for rule in group["rules"]} for group in groups}
    recorded = {name for names in own.values() for name in names if name}
    at_once = {
        (group["name"], name)
        for group in groups
        for rule in group["rules"]
        for name in _read_at_once(rule["expr"]) & (recorded - own[group["name"]])
    }
    assert at_once == set()


def _read_at_once(expression: str) -> set[str]:
    """The series that an expression reads by a selector without a range."""
    every, ranged = Counter[str](), Counter[str]()

    def visit(node: Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            every[node.name] += 1
        elif isinstance(node, promql_parser.MatrixSelector) and node.vector_selector.name:
            ranged[node.vector_selector.name] += 1

    promql_parser.walk(parse(expression, "a rule"), visit)
    return set(every - ranged)
