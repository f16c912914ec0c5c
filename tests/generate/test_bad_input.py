"""What a user may write wrongly for `mlmonitor generate-alerts`: one sentence, status 2, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.reference import Reference
from tests.references import binned

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

CHURN = "models:\n  - name: churn\n    reference: reference.json\n"
OWN = """\
alerts:
  - alert: Own
    why: w
    expr: {expr}
    for: {waits}
    severity: {severity}
    labels: {labels}
    summary: {summary}
    description: d
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    column = binned("age", range(100))
    Reference(model="churn", version="1", rows=100, columns=(column,)).save("reference.json")
    return tmp_path


def generated(text: str) -> Result:
    with open("monitoring.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123 - where it is run
        file.write(text)
    return CliRunner().invoke(
        program, ["generate-alerts", "-c", "monitoring.yaml", "-o", "generated"]
    )


def own(**changed: str) -> str:
    usual = {
        "expr": "up == 0", "waits": "5m", "severity": "info", "labels": "{}", "summary": "s",
    }  # fmt: skip
    return OWN.format(**{**usual, **changed})


BAD = {
    "an unknown time zone": (
        "notifications: {ticket_hours: {location: Europe/Olso}}\n",
        (
            "monitoring.yaml:1: notifications.ticket_hours.location: 'Europe/Olso' is no time zone; did you "
            "mean Europe/Oslo?"
        ),
    ),
    "a city in place of a time zone": (
        "notifications: {ticket_hours: {location: new york}}\n",
        "ticket_hours.location: 'new york' is no time zone; did you mean America/New_York?",
    ),
    "a path in place of a time zone": (
        "notifications: {ticket_hours: {location: ../../etc/passwd}}\n",
        "location: '../../etc/passwd' is no time zone; write one such as Europe/Oslo.",
    ),
    "a window beyond all time": (
        "prometheus: {windows: [1h, 999999d]}\n",
        (
            "monitoring.yaml:1: prometheus.windows[1]: '999999d' is longer than Prometheus counts; write "
            "106751d at most."
        ),
    ),
    "a window of twenty digits": (
        "prometheus: {windows: [99999999999999999999d]}\n",
        "prometheus.windows[0]: '99999999999999999999d' is longer than Prometheus counts; write",
    ),
    "a window of ten thousand digits": (
        f"prometheus: {{windows: [{'9' * 10_000}d]}}\n",
        "prometheus.windows[0]: '999999999999999999999999999999…' is longer than Prometheus counts",
    ),
    "a waiting time that Prometheus cannot count": (
        "alerts: {rules: {MlmonitorServiceDown: {for: 106752d}}}\n",
        "MlmonitorServiceDown.for: '106752d' is longer than Prometheus counts; write 106751d at most.",
    ),
    "two dependencies of one name": (
        f"{CHURN}    depends_on: [{{name: shop, up: up}}, {{name: shop, fresh: up}}]\n",
        (
            "monitoring.yaml:4: models[0].depends_on: [0] and [1] are both named 'shop', and alerts could "
            "not tell them apart; rename one, or remove it."
        ),
    ),
    "an effect that none could have": (
        "thresholds: {psi: 1.0e+9}\n",
        "monitoring.yaml:1: thresholds.psi: must be less than or equal to 100, found 1000000000.0.",
    ),
    "more deviations than anything could move": (
        f"{CHURN}    thresholds: {{mean_shift: 1.0e+9}}\n",
        "models[0].thresholds.mean_shift: must be less than or equal to 1000000, found",
    ),
    "more rows than there ever are": (
        "thresholds: {minimum_rows: 1000000001}\n",
        "thresholds.minimum_rows: must be less than or equal to 1000000000, found 1000000001.",
    ),
    "a threshold beyond all measure": (
        "alerts: {rules: {MlmonitorRestarting: {threshold: 1.0e+300}}}\n",
        "MlmonitorRestarting.threshold: must be less than or equal to 1000000000000000, found 1e+300.",
    ),
    "a threshold out of range": (
        f"{CHURN}thresholds: {{ks: 1.5}}\n",
        "monitoring.yaml:4: thresholds.ks: must be less than 1, found 1.5.",
    ),
    "a share above one": (
        f"{CHURN}alerts: {{rules: {{MlmonitorCpuSaturated: {{threshold: 95}}}}}}\n",
        (
            "monitoring.yaml:4: alerts.rules.MlmonitorCpuSaturated.threshold: 95 is never exceeded, since "
            "MlmonitorCpuSaturated compares a share; write one between 0 and 1, such as 0.95."
        ),
    ),
    "a share above one, of a model": (
        f"{CHURN}    alerts:\n      MlmonitorMissingShareHigh: 5\n",
        "monitoring.yaml:5: models[0].alerts.MlmonitorMissingShareHigh: 5 is never exceeded",
    ),
    "a threshold where there is none": (
        f"{CHURN}    alerts: {{MlmonitorServiceDown: 3}}\n",
        (
            "models[0].alerts.MlmonitorServiceDown: MlmonitorServiceDown has no threshold that could be "
            "changed; remove it."
        ),
    ),
    "an unknown alert": (
        f"{CHURN}alerts: {{rules: {{MlmonitorServiceDwn: {{enabled: false}}}}}}\n",
        (
            "monitoring.yaml:4: alerts.rules.MlmonitorServiceDwn: there is no such alert; did you mean "
            "MlmonitorServiceDown?"
        ),
    ),
    "an unknown column": (
        f"{CHURN}    columns:\n      aeg: {{importance: 2}}\n",
        "monitoring.yaml:5: models[0].columns.aeg: 'aeg' is no column of reference.json; did you mean age?",
    ),
    "columns without a reference": (
        "models: [{name: churn, columns: {age: {importance: 2}}}]\n",
        "monitoring.yaml:1: models[0].columns: needs `reference` beside it, which tells the columns; add it.",
    ),
    "an unknown severity": (
        f"{CHURN}alerts: {{rules: {{MlmonitorServiceDown: {{severity: critcal}}}}}}\n",
        "severity: 'critcal' is unknown; did you mean `critical`?",
    ),
    "a window shorter than the evaluation interval": (
        "prometheus: {step: 1m, windows: [2m]}\nalerts: {evaluation_interval: 3m}\n",
        (
            "monitoring.yaml:2: alerts: evaluation_interval 3m is longer than the shortest of "
            "prometheus.windows, 2m; evaluate more often."
        ),
    ),
    "an evaluation interval longer than Prometheus remembers": (
        "alerts: {evaluation_interval: 6m}\n",
        "alerts.evaluation_interval: 6m is longer than 5m, after which Prometheus forgets",
    ),
    "a past that is no multiple of the step": (
        "alerts: {previous: 61m, baselines: [previous]}\n",
        "alerts: previous 1h1m is no multiple of prometheus.step, 5m; choose one.",
    ),
    "two models of one name": (
        f"{CHURN}  - name: churn\n",
        "models: [0] and [1] are both 'churn' version '1' in role live; remove one",
    ),
    "two entries that differ in alerts": (
        f"{CHURN}  - {{name: churn, version: '2', alerts: {{MlmonitorWrongType: 0.1}}}}\n",
        "models: alerts of 'churn' differ between its entries; rules know alerts by model",
    ),
    "two entries that differ in objectives": (
        f"{CHURN}  - {{name: churn, version: '2', slo: {{availability: 0.9}}}}\n",
        "models: slo of 'churn' differ between its entries; rules know slo by model",
    ),
    "a reference that is not there": (
        "models:\n  - name: churn\n    reference: refernce.json\n",
        (
            "monitoring.yaml:3: models[0].reference: refernce.json: cannot be read (No such file or "
            "directory); make it with `mlmonitor profile`."
        ),
    ),
    "a reference of another model": (
        "models: [{name: prices, reference: reference.json}]\n",
        "models[0].reference: reference.json is of churn 1, not of prices 1; name another file",
    ),
    "an invalid duration": (
        f"{CHURN}alerts: {{rules: {{MlmonitorServiceDown: {{for: soon}}}}}}\n",
        "MlmonitorServiceDown.for: 'soon' is no duration; write it as 30s, 5m, 1h or 1d.",
    ),
    "no file of alerts": (
        "alerts: {include: [own/*.yaml]}\n",
        "monitoring.yaml:1: alerts.include: own/*.yaml matches no file; mend the path or remove it.",
    ),
    "a dependency that is no PromQL": (
        f"{CHURN}    depends_on: [{{name: shop, up: 'up{{job='}}]\n",
        "monitoring.yaml:4: models[0].depends_on[0].up: no valid PromQL (",
    ),
    "a dependency that ends too soon": (
        f"{CHURN}    depends_on: [{{name: shop, up: 'up =='}}]\n",
        "models[0].depends_on[0].up: no valid PromQL (something is missing at its end, character 5)",
    ),
    "a dependency that closes what stands around it": (
        f"{CHURN}    depends_on: [{{name: shop, up: 'up) or (up'}}]\n",
        "models[0].depends_on[0].up: no valid PromQL (unexpected right parenthesis ')'); mend it.",
    ),
    "a step for an unknown alert": (
        "respond: {steps: [{alert: MlmonitorPredictionDrifted, do: ticket}]}\n",
        (
            "monitoring.yaml:1: respond.steps[0].alert: no alert is named 'MlmonitorPredictionDrifted'; did you "
            "mean MlmonitorPredictionsDrifted?"
        ),
    ),
    "a step for an unknown severity": (
        "respond: {steps: [{match: {severity: critcal}, do: ticket}]}\n",
        "respond.steps[0].match.severity: no alert has 'critcal'; did you mean critical?",
    ),
    "a step for an unknown concern": (
        "respond: {steps: [{match: {concern: dat}, do: ticket}]}\n",
        "respond.steps[0].match.concern: no alert has 'dat'; did you mean data?",
    ),
    "a step for an unknown model": (
        f"{CHURN}respond: {{steps: [{{match: {{model: chrn}}, do: ticket}}]}}\n",
        "monitoring.yaml:4: respond.steps[0].match.model: no alert has 'chrn'; did you mean churn?",
    ),
    "a step for an unknown label": (
        "respond: {steps: [{match: {modle: churn}, do: ticket}]}\n",
        "respond.steps[0].match.modle: no alert has this label; did you mean model?",
    ),
    "a scope that no series has": (
        "respond: {scope: {namespce: prod}}\n",
        "respond.scope.namespce: is not among scope_labels; did you mean namespace?",
    ),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_wrong_configuration_is_told_in_a_sentence_and_nothing_is_written(text, message, folder):
    assert_refused(generated(text), message, folder)


OWN_BAD = {
    "no PromQL": (
        own(expr="sum by (model (up)"),
        "mine.yaml:4: alerts[0].expr: no valid PromQL (unclosed left parenthesis); mend it.",
    ),
    "PromQL that ends too soon": (
        own(expr="'up == '"),
        (
            "mine.yaml:4: alerts[0].expr: no valid PromQL (something is missing at its end, character 5); "
            "mend it."
        ),
    ),
    "a range": (
        own(expr="up[5m]"),
        (
            "mine.yaml:4: alerts[0].expr: gives a range vector, and a rule needs an instant vector or a "
            "scalar; put a function such as last_over_time around it."
        ),
    ),
    "a text": (
        own(expr="'\"foo\"'"),
        "alerts[0].expr: gives a string, and a rule needs an instant vector or a scalar; compare series.",
    ),
    "a name that Prometheus 2.42 refuses": (
        own(expr="'{\"my.metric\"} > 1'"),
        "mine.yaml:4: alerts[0].expr: has a name in quotes, which Prometheus 2.42 refuses; write names",
    ),
    "a function that Prometheus 2.42 lacks": (
        own(expr="histogram_avg(up) > 1"),
        "mine.yaml:4: alerts[0].expr: has the function histogram_avg, which not every Prometheus since",
    ),
    "a range beyond all time": (
        own(expr="rate(up[999999d]) > 1"),
        "mine.yaml:4: alerts[0].expr: has 999999d, longer than Prometheus counts; write 106751d at most.",
    ),
    "an unknown metric": (
        own(expr="mlmonitor_prediction_total > 5"),
        (
            "mine.yaml:4: alerts[0].expr: no metric mlmonitor_prediction_total; did you mean "
            "mlmonitor_predictions_total?"
        ),
    ),
    "a label with a slip": (
        own(expr="sum by (modle) (mlmonitor_predictions_total) > 5"),
        "mine.yaml:4: alerts[0].expr: no label modle; did you mean model?",
    ),
    "an unknown placeholder": (
        own(expr="sum by (<modle>) (mlmonitor_predictions_total) > 5"),
        "mine.yaml:4: alerts[0].expr: <modle> is no placeholder; did you mean model?",
    ),
    "an unknown severity": (
        own(severity="warn"),
        "mine.yaml:6: alerts[0].severity: 'warn' is unknown; did you mean `warning`?",
    ),
    "no duration": (
        own(waits="5 minutes"),
        "mine.yaml:5: alerts[0].for: '5 minutes' is no duration; write it as 30s, 5m, 1h or 1d.",
    ),
    "a template that does not close": (
        own(summary="'{{ $value '"),
        "mine.yaml:8: alerts[0].summary: has {{ without }}; close the template.",
    ),
    "a function that templates lack": (
        own(summary="'{{ $value | foo }}'"),
        (
            "mine.yaml:8: alerts[0].summary: foo is no function of Prometheus' templates; write text in "
            "quotes, and labels as $labels.name."
        ),
    ),
    "a variable that is not defined": (
        own(summary="'{{ $label.model }}'"),
        "mine.yaml:8: alerts[0].summary: $label is not defined there; did you mean $labels?",
    ),
    "a label whose template does not close": (
        own(labels="{team: '{{ $value '}"),
        "mine.yaml:7: alerts[0].labels.team: has {{ without }}; close the template.",
    ),
    "a label with a function that templates lack": (
        own(labels="{team: '{{ model }}'}"),
        "mine.yaml:7: alerts[0].labels.team: model is no function of Prometheus' templates",
    ),
    "a label with a variable that is defined in annotations alone": (
        own(labels="{team: '{{ $own }}'}"),
        "mine.yaml:7: alerts[0].labels.team: $own is not defined there",
    ),
    "a dashboard that is a template which does not close": (
        own() + "    dashboard: 'a{{'\n",
        "mine.yaml:10: alerts[0].dashboard: cannot",
    ),
    "a block that does not end": (
        own(summary="'{{ if $value }}x'"),
        "mine.yaml:8: alerts[0].summary: has {{ if }} without {{ end }}; write it.",
    ),
    "an end without a block": (
        own(summary="'x{{ end }}'"),
        "mine.yaml:8: alerts[0].summary: has {{ end }} without a block that it ends; remove it.",
    ),
    "a label that is Prometheus' own": (
        own(labels="{alertname: Other}"),
        "mine.yaml:7: alerts[0].labels: 'alertname' cannot be set; use letters, digits and underscores",
    ),
    "columns that are a range": (
        own() + "    records: {columns: 'up[5m]'}\n",
        "alerts[0].records.columns: gives a range vector, and a rule needs an instant vector or a scalar",
    ),
    "columns with a sign of printf": (
        own() + "    records: {columns: 'up % 5'}\n",
        "alerts[0].records.columns: has % other than %s, which is for the matchers; write it without.",
    ),
    "a share that is none": (
        own() + "    share: true\n    threshold: 2\n",
        (
            "mine.yaml:11: alerts[0].threshold: 2 is never exceeded by a share; write one between 0 and 1, "
            "or remove `share`."
        ),
    ),
    "a severity among the labels": (
        own(labels="{severity: urgent}"),
        (
            "mine.yaml:7: alerts[0].labels.severity: is set by the key `severity`; remove it, or choose "
            "another label."
        ),
    ),
    "a concern among the labels": (
        own(labels="{concern: data}"),
        "mine.yaml:7: alerts[0].labels.concern: is set by the name of the file; remove it, or choose",
    ),
    "a waiting time beyond all time": (
        own(waits="106752d"),
        "mine.yaml:5: alerts[0].for: '106752d' is longer than Prometheus counts; write 106751d at most.",
    ),
    "a time in an expression beyond all time": (
        own(expr="rate(up[<999999d>]) > 1"),
        "mine.yaml:4: alerts[0].expr: '999999d' is longer than Prometheus counts; write 106751d at most.",
    ),
    "no YAML": ("alerts: [\n", "mine.yaml:2: not valid YAML ("),
}


@pytest.mark.parametrize(("text", "message"), OWN_BAD.values(), ids=OWN_BAD)
def test_a_wrong_alert_of_ones_own_is_placed_by_file_and_line(text, message, folder):
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    assert_refused(generated("alerts: {include: [mine.yaml]}\n"), message, folder)


def test_an_alert_of_ones_own_may_name_labels_that_prometheus_adds(folder):
    expr = "sum by (model, pod) (increase(mlmonitor_predictions_total[<1h>])) < 1"
    (folder / "mine.yaml").write_text(own(expr=expr), encoding="utf-8")
    assert generated("alerts: {include: [mine.yaml]}\n").exit_code == 0


def test_alerts_of_ones_own_may_stand_in_a_folder_named_as_the_packages(folder):
    (folder / "alerts").mkdir()
    text = own(expr="sum by (pod) (shop_orders_total) < 1")
    (folder / "alerts" / "mine.yaml").write_text(text, encoding="utf-8")
    configuration = "alerts: {include: [alerts/*.yaml]}\n"
    assert generated(configuration).exit_code == 0
    done = CliRunner().invoke(program, ["check", "-c", "monitoring.yaml"])
    assert done.exit_code == 0, done.output


def test_the_name_of_an_own_file_may_hold_a_line_break(folder):
    (folder / "a\nb: [.yaml").write_text(own(), encoding="utf-8")
    done = generated('alerts: {include: ["a*.yaml"]}\n')
    assert done.exit_code == 0, done.stderr


def assert_refused(done: Result, message: str, folder: Path) -> None:
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1, "one sentence"
    assert not done.stderr.rstrip().endswith("?."), "of one end"
    assert not (folder / "generated").exists()


@pytest.mark.usefixtures("folder")
def test_what_the_rules_leave_out_is_told():
    done = generated("alerts: {time_scale: 0.5}\nmodels: [{name: a}, {name: b, role: fallback}]\n")
    assert done.exit_code == 0
    assert "tests" not in done.stdout
    scale, model = done.stderr.splitlines()
    assert scale.startswith(
        "Note: monitoring.yaml:1: alerts.time_scale: with 0.5 no promtool tests"
    )
    assert model.startswith(
        "Note: monitoring.yaml:2: models[0]: 'a' version '1' has no reference, so"
    )
    assert not generated(CHURN).stderr
