"""The linter, on the project's own content and on what is wrong in the ways that happen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.check import check
from mlmonitor.config import load_config
from mlmonitor.errors import ConfigError, GenerationError
from mlmonitor.provenance import fingerprint
from mlmonitor.reference import Reference
from tests.references import binned

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig


RULE = {
    "alert": "Mine",
    "expr": "last_over_time(mlmonitor:column:psi[10m]) > 0.5",
    "labels": {"severity": "warning"},
    "annotations": dict.fromkeys(("summary", "description", "runbook_url", "dashboard_url"), "x"),
}


@pytest.fixture
def config(tmp_path: Path) -> MonitoringConfig:
    return _config(tmp_path, "models: [{name: churn, reference: reference.json}]\n")


def _config(folder: Path, text: str) -> MonitoringConfig:
    reference = Reference(
        model="churn", version="1", rows=100, columns=(binned("age", range(100)),)
    )
    reference.save(folder / "reference.json")
    (folder / "monitoring.yaml").write_text(text)
    return load_config(folder / "monitoring.yaml")


def _rules(folder: Path, *rules: dict[str, Any]) -> Path:
    path = folder / "own.rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "own", "rules": rules}]}))
    return path


def test_the_projects_own_content_agrees(config: MonitoringConfig) -> None:
    assert check(config) == []


def test_what_a_project_with_every_feature_generates_agrees(tmp_path: Path) -> None:
    text = """
alerts: {baselines: [reference, previous]}
models:
  - name: churn
    reference: reference.json
    depends_on: [{name: shop, up: 'up{job="shop"}'}]
    business: {orders: {type: counter, alert: {below: 1, over: 30m, severity: critical}}}
"""
    assert check(_config(tmp_path, text)) == []


def test_a_rule_that_is_right_is_left_alone(config: MonitoringConfig, tmp_path: Path) -> None:
    assert check(config, [_rules(tmp_path, RULE)]) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"expr": "mlmonitor_column_row_total > 1"}, "did you mean mlmonitor_column_rows_total"),
        ({"expr": "sum by (model (up)"}, "no valid PromQL"),
        ({"expr": "mlmonitor:column:psi > 1"}, r"write last_over_time\(mlmonitor:column:psi\["),
        (
            {"expr": 'last_over_time(mlmonitor:model:alert_threshold{alert="Min"}[5m]) > 1'},
            "reads the threshold of Min, which none records",
        ),
        ({"labels": {"severity": "page"}}, "needs a severity: one of critical"),
        ({"annotations": {"summary": "x"}}, "has no annotation runbook_url"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_with_its_name(
    config: MonitoringConfig, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    path = _rules(tmp_path, {**RULE, **change})
    found = [str(finding) for finding in check(config, [tmp_path / path.name])]
    assert found
    assert all(text.startswith(f"{path}, Mine: ") for text in found)
    assert any(re.search(problem, text) for text in found), found


def test_labels_with_a_slip_are_told_and_those_that_prometheus_adds_are_not(
    config: MonitoringConfig, tmp_path: Path
) -> None:
    one = {**RULE, "expr": "sum by (colum) (mlmonitor_column_rows_total) > 1"}
    added = {**RULE, "expr": "sum by (pod) (mlmonitor_column_rows_total) > 1"}
    (finding,) = check(config, [_rules(tmp_path, one, added)])
    assert finding.problem == "no label colum; did you mean column?"


def test_an_alert_that_leads_to_no_dashboard(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "alerts:\n"
        "  - {alert: A, why: w, expr: up, severity: info, summary: s, description: d, dashboard: mine}\n"
        "  - {alert: B, why: w, expr: up, severity: info, summary: s, description: d,\n"
        "     dashboard: mlmonitor-modle}\n"
    )
    (finding,) = check(_config(tmp_path, "alerts: {include: [mine.yaml]}\n"))
    assert str(finding) == (
        f"{tmp_path}/mine.yaml:4: alerts[1].dashboard: there is no dashboard mlmonitor-modle; "
        "did you mean mlmonitor-model?"
    )


def test_a_step_for_an_alert_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    text = "respond: {steps: [{alert: MlmonitorServiceDwn, do: ticket}]}\n"
    with pytest.raises(
        ConfigError, match=r"monitoring.yaml:1: respond.steps\[0\].alert: .*mean Mlmon"
    ):
        check(_config(tmp_path, text))


def test_a_dashboard_that_reads_what_no_rule_records(
    config: MonitoringConfig, tmp_path: Path
) -> None:
    panel = {"title": "Old", "targets": [{"expr": "mlmonitor:column:pis"}]}
    row = {"title": "row", "panels": [panel]}
    (tmp_path / "old.json").write_text(json.dumps({"panels": [row]}))
    (finding,) = check(config, [tmp_path / "old.json"])
    assert str(finding).endswith(
        "old.json, Old: no metric mlmonitor:column:pis; did you mean mlmonitor:column:psi?"
    )


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("{name: churn, reference: gone.json}", "gone.json: cannot be read"),
        ("{name: other, reference: reference.json}", "is of churn 1, not of other 1"),
        ("{name: churn, columns: {age: {}}}", "needs `reference` beside it"),
        (
            "{name: churn, reference: reference.json, columns: {aeg: {importance: 2}}}",
            "'aeg' is no column of .*; did you mean age",
        ),
    ],
)
def test_models_that_do_not_agree_with_their_references(
    tmp_path: Path, model: str, problem: str
) -> None:
    (finding,) = check(_config(tmp_path, f"models: [{model}]\n"))
    assert finding.place.startswith(f"{tmp_path}/monitoring.yaml:1: models[0].")
    assert re.search(problem, finding.problem)


@pytest.mark.parametrize(
    ("known", "given", "problem"),
    [
        (
            None,
            "files: [model.bin]",
            "has no fingerprint to compare with; profile with --fingerprint.",
        ),
        (None, "fingerprint: run 17", "has no fingerprint to compare with"),
        ("run 17", "fingerprint: run 18", "is not the model of which"),
        ("run 17", "files: [model.bin]", "is not the model of which"),
        ("run 17", "fingerprint: run 17", None),
        ("run 17", "files: [elsewhere.bin]", None),
        ("of the file", "files: [model.bin]", None),
    ],
)
def test_a_model_that_is_not_the_profiled_one_is_told(
    tmp_path: Path, known: str | None, given: str, problem: str | None
) -> None:
    config = _config(tmp_path, f"models: [{{name: churn, reference: reference.json, {given}}}]\n")
    (tmp_path / "model.bin").write_bytes(b"weights")
    of_the_file = fingerprint(tmp_path / "model.bin")
    reference = Reference.load(tmp_path / "reference.json")
    written = of_the_file if known == "of the file" else known
    reference.model_copy(update={"fingerprint": written}).save(tmp_path / "reference.json")
    found = check(config)
    assert len(found) == (problem is not None)
    for finding in found:
        key = given.partition(":")[0]
        assert finding.place == f"{tmp_path}/monitoring.yaml:1: models[0].{key}"
        assert problem is not None
        assert problem in finding.problem


def test_windows_that_the_reference_has_not_measured_are_told(
    config: MonitoringConfig, tmp_path: Path
) -> None:
    reference = Reference.load(tmp_path / "reference.json")
    every = {"1h": 900, "6h": 240, "1d": 60, "7d": 8}
    reference.model_copy(update={"windows": every}).save(tmp_path / "reference.json")
    assert check(config) == []
    reference.model_copy(update={"windows": {"1h": 900, "2h": 450}}).save(
        tmp_path / "reference.json"
    )
    (finding,) = check(config)
    assert "in windows of 1h, 2h, not of 6h, 1d, 7d, where" in finding.problem
    assert finding.problem.endswith("profile again with --windows 1h,6h,1d,7d.")


def test_a_path_that_cannot_be_read_is_an_error(config: MonitoringConfig, tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match=r"gone\.yml: cannot be read"):
        check(config, [tmp_path / "gone.yml"])


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("r.yml", "groups: 3\n", "groups: must be a list of groups of rules; mend it."),
        (
            "r.yml",
            "groups: [{name: x, rules: 5}]\n",
            "groups[0].rules: must be a list of rules; mend",
        ),
        (
            "r.yml",
            "groups: [{name: x, rules: [5]}]\n",
            "groups[0].rules[0]: rule, labels and annot",
        ),
        (
            "r.yml",
            "groups: [{rules: [{alert: A, labels: 3}]}]\n",
            "groups[0].rules[0]: rule, labels",
        ),
        ("r.yml", "groups: [\n", "no YAML ("),
        ("r.yml", "", "holds neither rules nor panels; name a rule file or a dashboard."),
        ("d.json", "{", "holds neither rules nor panels"),
        ("d.json", '{"panels": ', "no JSON ("),
    ],
)
def test_a_file_of_another_form_is_an_error(
    config: MonitoringConfig, tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(GenerationError, match=re.escape(f"{tmp_path / name}: {problem}")):
        check(config, [tmp_path / name])


def test_a_dashboard_without_panels_is_no_error(config: MonitoringConfig, tmp_path: Path) -> None:
    for index, panels in enumerate(("3", "[5]", '[{"targets": [3]}]')):
        (tmp_path / f"{index}.json").write_text(f'{{"panels": {panels}}}')
    assert check(config, [tmp_path / f"{index}.json" for index in range(3)]) == []


def test_a_file_that_is_no_text_and_a_folder_without_files_are_errors(
    config: MonitoringConfig, tmp_path: Path
) -> None:
    (tmp_path / "bin.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(GenerationError, match=r"bin\.yml: cannot be read \(not UTF-8 text\)"):
        check(config, [tmp_path / "bin.yml"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(GenerationError, match="is empty; name a folder with rule files"):
        check(config, [tmp_path / "empty"])
