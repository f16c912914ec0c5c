from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor import bundled, names, streams
from mlmonitor.config import AlertSettings, LinkSettings, MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.generate.kibana.evidence import HOLE
from mlmonitor.generate.kibana.objects import VIEW
from mlmonitor.generate.rulespec import alert_sources, alerts_of
from tests import components, kql
from tests.discover_links import KIBANA, parts, rendered

if TYPE_CHECKING:
    from pathlib import Path

ODD = "".join(chr(code) for code in range(32, 127)).strip() + " é№"
"""Every sign of ASCII, and others."""
LABELS = {"namespace": "prod", "model": "a\"b \\c'd!&+é", "version": "1.10+b", "role": "live",
          "side": "input", "column": ODD}  # fmt: skip


def rules(config: MonitoringConfig) -> list[dict[str, Any]]:
    return [
        rule
        for text in alert_rules(config).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]


def of_kibana(**settings: Any) -> MonitoringConfig:
    return MonitoringConfig(links=LinkSettings(kibana=KIBANA), **settings)


@pytest.fixture(scope="module")
def alerts() -> dict[str, dict[str, Any]]:
    """Every alert, by name; of those with a window each, the one of the shortest."""
    config = of_kibana(alerts=AlertSettings(baselines=("reference", "previous")))
    return {rule["alert"]: rule for rule in reversed(rules(config))}


@pytest.fixture(scope="module", params=components.PROMETHEUS_VERSIONS)
def promtool(request: pytest.FixtureRequest) -> Path:
    return components.promtool(request.param)


def conditions(state: dict[str, Any]) -> list[dict[str, Any]]:
    """What the query of an address asks for, but for what all ask."""
    asked = kql.query(state["query"]["query"])["bool"]["filter"]
    assert asked[0] == {"match": {"event.action": "prediction"}}
    return asked[1:]


def test_alerts_have_the_address_of_their_records_only_where_there_is_a_kibana(alerts):
    assert all(rule["annotations"]["records_url"] for rule in alerts.values())
    for rule in rules(MonitoringConfig()):
        assert "records_url" not in rule["annotations"]


def test_prometheus_fills_in_model_version_and_role_as_they_are(promtool, tmp_path, alerts):
    url = rendered(promtool, tmp_path, alerts["MlmonitorErrorBudgetBurning"], LABELS)
    _, state = parts(url)
    identity = [{"match_phrase": {f"mlmonitor.{key}": LABELS[key]}} for key in names.IDENTITY]
    assert conditions(state) == [*identity, {"match": {"event.outcome": "failure"}}]
    assert state["dataSource"]["dataViewId"] == state["index"] == VIEW


def test_a_label_that_an_alert_lacks_is_not_asked_for(promtool, tmp_path, alerts):
    url = rendered(promtool, tmp_path, alerts["MlmonitorVersionsMixed"], {"model": "m"})
    _, state = parts(url)
    assert state["query"]["query"] == 'event.action: prediction and mlmonitor.model: "m"'


@pytest.mark.parametrize("side", names.COLUMNS_OF_SIDE)
def test_the_field_of_a_column_is_the_one_that_records_have(promtool, tmp_path, alerts, side):
    for column in (ODD, "Lot.Area", "a b", "plain"):
        rule = alerts["MlmonitorMissingShareHigh"]
        url = rendered(promtool, tmp_path, rule, {**LABELS, "side": side, "column": column})
        _, state = parts(url)
        field = f"{names.COLUMNS_OF_SIDE[side].name}.{streams.field(column)}"
        assert conditions(state)[-1] == {"bool": {"must_not": [{"exists": {"field": field}}]}}
        assert state["columns"][-1] == field


@pytest.mark.parametrize(
    ("alert", "reasons"),
    [
        ("MlmonitorFeatureUnseen", ["unseen", "not_allowed"]),
        ("MlmonitorUnseenCategories", ["unseen", "not_allowed"]),
        ("MlmonitorOutOfRange", ["out_of_range"]),
        ("MlmonitorNotAllowed", ["not_allowed"]),
        ("MlmonitorWrongType", ["wrong_type"]),
        ("MlmonitorInputsNotFinite", ["not_finite"]),
    ],
)
def test_broken_values_are_filtered_by_column_and_reason(
    promtool, tmp_path, alerts, alert, reasons
):
    assert set(reasons) <= set(names.VIOLATION_REASONS)
    _, state = parts(rendered(promtool, tmp_path, alerts[alert], LABELS))
    column, reason = conditions(state)[-1]["bool"]["filter"]
    assert column == {"match_phrase": {"mlmonitor.violations.column": ODD}}
    each = [{"match": {"mlmonitor.violations.reason": one}} for one in reasons]
    assert reason == (
        each[0] if len(each) == 1 else {"bool": {"should": each, "minimum_should_match": 1}}
    )


def test_columns_that_drifted_are_shown(promtool, tmp_path, alerts):
    drifted = "mlmonitor:column:drifted"
    own = 'namespace="prod", model="m", version="1", role="live", baseline="reference"'
    series = [
        f'{drifted}{{{own}, window="1h", side="input", column="Lot.Area"}}',
        f'{drifted}{{{own}, window="1h", side="output", column="it\'s"}}',
        f'{drifted}{{{own}, window="6h", side="input", column="another window"}}',
        f'{drifted}{{{own.replace("prod", "test")}, window="1h", side="input", column="other"}}',
    ]
    labels = {**LABELS, "model": "m", "version": "1"}
    del labels["side"], labels["column"]
    rule = alerts["MlmonitorPredictionsDrifted"]
    _, state = parts(rendered(promtool, tmp_path, rule, labels, series=series))
    assert set(state["columns"][7:]) == {
        "mlmonitor.inputs.Lot@2eArea",
        "mlmonitor.outputs.it's",
    }
    _, state = parts(rendered(promtool, tmp_path, rule, labels))
    assert state["columns"][7:] == []


def test_slow_predictions_are_sorted_by_their_duration(promtool, tmp_path, alerts):
    rule = alerts["MlmonitorLatencyBudgetBurning"]
    _, state = parts(rendered(promtool, tmp_path, rule, LABELS))
    assert state["sort"] == [["event.duration", "desc"]]


def test_the_time_is_that_of_the_evidence(promtool, tmp_path, alerts):
    of_window, once = alerts["MlmonitorInputsDrifted"], alerts["MlmonitorOutOfRange"]
    time, _ = parts(rendered(promtool, tmp_path, of_window, LABELS, at="10h30m"))
    assert time == {"from": "1970-01-01T09:30:00Z", "to": "1970-01-01T10:30:00Z"}
    time, _ = parts(rendered(promtool, tmp_path, once, LABELS, at="10h30m"))
    assert time == {"from": "1970-01-01T04:30:00Z", "to": "1970-01-01T10:30:00Z"}


def test_every_alert_has_an_address_that_kibana_can_read(tmp_path, alerts):
    program = components.first("promtool")
    for name, rule in alerts.items():
        _, state = parts(rendered(program, tmp_path, rule, {**LABELS, "reason": "x"}))
        assert conditions(state), name


OWN = """
alerts:
  - alert: Own
    why: A test.
    expr: up == 0
    severity: info
    summary: s
    description: d
    records: {%s}
"""


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ("where: 'event.outcom: failure'", r"own.yaml:\d+: .*'event.outcom' is no field"),
        ("sort: event.length", "'event.length' is no field"),
        ("columns: 'up{%s'", "no valid PromQL"),
        ("columns: 'mlmonitor:column:drifed{%s}'", "no metric mlmonitor:column:drifed"),
        ("wher: x", "unknown key"),
    ],
)
def test_records_that_cannot_be_are_refused_with_their_place(tmp_path, records, problem):
    path = tmp_path / "own.yaml"
    path.write_text(OWN % records, encoding="utf-8")
    config = MonitoringConfig(alerts=AlertSettings(include=(str(path),)))
    with pytest.raises(GenerationError, match=problem):
        alert_rules(config)


def written_out(where: str, side: str) -> str:
    """A query as people read it, of a column of a side."""
    return HOLE.sub(
        lambda found: f'"<{found[1]}>"' if found[1] else f'"mlmonitor.{side}s.<column>"', where
    )


def test_runbooks_search_for_what_their_alerts_lead_to():
    checked = 0
    for _, alert in alerts_of(alert_sources()):
        page = bundled.folder("docs/runbooks") / f"{alert.alert}.md"
        text = page.read_text(encoding="utf-8")
        if alert.records.where:
            told = {written_out(alert.records.where, side) for side in names.COLUMNS_OF_SIDE}
            assert any(f"and {one}\n```" in text for one in told), alert.alert
            checked += 1
    assert checked > 10
