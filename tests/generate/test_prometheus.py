"""The rule files: valid for both versions of Prometheus, deterministic, without unknown names."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor import bundled, names, promql
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate import output, prometheus
from mlmonitor.generate.prometheus import RuleSettings, drift_rules
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from pathlib import Path

FILE = "prometheus/drift.rules.yml"
VARIED = (
    RuleSettings(),
    RuleSettings(scope=()),
    RuleSettings(baselines=("reference", "previous"), evaluations=4),
    RuleSettings(("cluster", "namespace"), 1, 5, (30, 120), by_model={"a": Thresholds(psi=0.5)}),
)
EVERYTHING = MonitoringConfig.model_validate(
    {
        "alerts": {"baselines": ["reference", "previous"]},
        "models": [
            {
                "name": "a",
                "columns": {"age": {"importance": 2.0}},
                "depends_on": [
                    {"name": "features", "up": "up{job='features'}"},
                    {"name": "table", "fresh": "table_updated_timestamp_seconds"},
                    {"name": "schema", "unchanged": "schema_version"},
                ],
                "business": {"stock": {"type": "gauge", "alert": {"below": 1, "above": 10}}},
            }
        ],
    }
)


def _groups(settings: RuleSettings) -> list[dict[str, Any]]:
    return [
        group
        for path, text in drift_rules(settings).items()
        if path.startswith("prometheus/drift")
        for group in yaml.safe_load(text)["groups"]
    ]


def _source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, section: str, rule: str) -> None:
    """Replace the rule source by one with a single rule."""
    sections = {"step": "rules: []", "reference": "rules: []", "window": "rules: []"}
    sections[section] = f"rules: [{rule}]"
    path = tmp_path / "recording" / "drift.yaml"
    path.parent.mkdir()
    path.write_text("".join(f"{name}: {{{text}}}\n" for name, text in sections.items()))
    monkeypatch.setattr(bundled, "folder", lambda _: tmp_path)


@pytest.mark.parametrize("version", ["2.42", "3"])
@pytest.mark.parametrize("settings", VARIED, ids=str)
def test_promtool_accepts_the_rules(version: str, settings: RuleSettings, tmp_path: Path) -> None:
    from tests import components  # noqa: PLC0415 - obtains servers

    paths = output.write(drift_rules(settings), tmp_path)
    command = [components.promtool(version), "check", "rules", "--lint-fatal", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_settings_give_the_same_text() -> None:
    assert drift_rules(RuleSettings()) == drift_rules(RuleSettings())


def test_the_file_names_its_source() -> None:
    assert "alerts/recording/drift.yaml" in drift_rules(RuleSettings())[FILE].splitlines()[0]


def test_the_first_window_shares_the_group_of_the_step_and_slower_ones_have_their_own() -> None:
    groups = {group["name"]: group["interval"] for group in _groups(RuleSettings())}
    assert groups == {
        "mlmonitor-drift": "5m",
        "mlmonitor-drift-reference": "15m",
        "mlmonitor-drift-6h": "30m",
        "mlmonitor-drift-1d": "1h",
        "mlmonitor-drift-7d": "1h",
    }


@pytest.mark.parametrize(
    ("evaluations", "intervals"), [(4, ("45m", "15m")), (1, ("1h", "1h")), (12, ("15m", "5m"))]
)
def test_fewer_evaluations_read_the_reference_less_often_up_to_an_hour(
    evaluations: int, intervals: tuple[str, str]
) -> None:
    settings = RuleSettings(windows=(3600.0,), evaluations=evaluations)
    of_reference = promql.duration(settings.reference_interval)
    assert (of_reference, promql.duration(settings.interval(3600.0))) == intervals


def test_windows_hold_whole_steps_and_slow_ones_leave_out_the_step_in_progress() -> None:
    sums = [
        rule["expr"]
        for group in _groups(RuleSettings())
        for rule in group["rules"]
        if rule.get("record") == "mlmonitor:column_rows:sum"
    ]
    assert sums == [
        "sum_over_time(mlmonitor:column_rows:increase[59m59s999ms])",
        "sum_over_time(mlmonitor:column_rows:increase[5h59m59s999ms] offset 5m)",
        "sum_over_time(mlmonitor:column_rows:increase[23h59m59s999ms] offset 5m)",
        "sum_over_time(mlmonitor:column_rows:increase[6d23h59m59s999ms] offset 5m)",
    ]


def test_the_increase_is_scaled_to_the_step() -> None:
    first = _groups(RuleSettings(scope=(), scrape_interval=15))[0]["rules"][0]
    assert "[5m15s])) * 300 / 315" in first["expr"]


def test_each_record_is_catalogued_and_each_catalogued_record_made() -> None:
    rules = [
        rule
        for text in prometheus.rule_files(EVERYTHING).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]
    assert {rule["record"] for rule in rules if "record" in rule} == set(names.RECORDS)


def test_every_join_and_sum_keeps_scopes_apart() -> None:
    for group in _groups(RuleSettings(scope=("cluster",))):
        for rule in group["rules"]:
            expression = rule["expr"]
            lists = expression.count("by (") + expression.count("on (")
            assert lists == expression.count("(cluster, model, version, role"), rule


def test_the_configuration_sets_thresholds_by_model() -> None:
    config = MonitoringConfig.model_validate(
        {
            "scope_labels": ["cluster"],
            "thresholds": {"psi": 0.3},
            "models": [{"name": "houses", "thresholds": {"ks": 0.2}}],
        }
    )
    text = prometheus.rules(config)[FILE]
    rules = {r.get("record"): r["expr"] for g in yaml.safe_load(text)["groups"] for r in g["rules"]}
    assert rules["mlmonitor:model:threshold_psi"] == "0 * mlmonitor:model:columns + 0.3"
    assert rules["mlmonitor:model:threshold_ks"].splitlines() == [
        '0 * mlmonitor:model:columns{model="houses"} + 0.2',
        "or 0 * mlmonitor:model:columns + 0.1",
    ]
    assert "by (cluster, model," in text


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("{record: 'mlmonitor:column:psi', expr: mlmonitor_column_row_total}", "no metric"),
        ("{record: 'mlmonitor:column:psi', expr: 'sum by (colum) (up)'}", "no label colum"),
        ("{record: 'mlmonitor:column:pis', expr: up}", "is no record"),
        ("{record: 'mlmonitor:column:psi', expr: 'up{a=\"<recnt>\"}'}", "<recnt>"),
        ("{record: 'mlmonitor:column:psi', expr: up, labels: {windo: a}}", "no label windo"),
        ("{record: 'mlmonitor:column:psi', exp: up, expr: up}", r"exp: unknown key"),
    ],
)
def test_a_name_outside_the_catalogue_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rule: str, problem: str
) -> None:
    _source(monkeypatch, tmp_path, "window", rule)
    with pytest.raises(GenerationError, match=rf"drift\.yaml:3: window.*{problem}.*did you mean"):
        drift_rules(RuleSettings())


@pytest.mark.parametrize("options", [{"step": 20.0}, {"windows": (3601.0,)}, {"windows": (60.0,)}])
def test_steps_and_windows_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(GenerationError, match=r"prometheus\.(step|windows)"):
        RuleSettings(**options)
