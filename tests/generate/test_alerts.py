"""Every alert: its page, its tests, what it tells; and the generated tests on real promtools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor import bundled
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate import prometheus
from mlmonitor.generate.alerting import PAGES_UNLESS_SHADOW, alert_rules
from mlmonitor.generate.promtool.cases import cases
from mlmonitor.generate.promtool.model import MODEL
from mlmonitor.generate.rulespec import alert_sources, alerts_of
from tests.components import PROMETHEUS_VERSIONS, promtool
from tests.needed_rules import dumped, needed, pruned
from tests.promtool_values import FRUGAL, by_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEPENDENCIES = [
    {"name": "features", "up": "up{job='features'}"},
    {"name": "table", "fresh": "customers_updated_timestamp_seconds", "within": "2h"},
    {"name": "schema", "unchanged": "features_schema_version"},
]
BUSINESS = {
    "orders": {"type": "counter", "alert": {"below": 0.5, "over": "30m", "severity": "critical"}},
    "stock": {"type": "gauge", "alert": {"above": 10}},
    "order_value": {
        "type": "distribution",
        "buckets": [10, 50, 100],
        "alert": {"below": 20, "above": 60, "over": "30m"},
    },
    "delay": {
        "type": "distribution",
        "buckets": [1, 10],
        "alert": {"above": 5, "over": "30m", "statistic": "p95"},
    },
}
# The shortest windows of each kind, evaluated with the steps and more rarely; longer ones have the
# same rules.
CONFIG = MonitoringConfig.model_validate(
    {
        "prometheus": {"windows": ["1h", "2h"]},
        "alerts": {"baselines": ["reference", "previous"]},
        "models": [{"name": MODEL, "depends_on": DEPENDENCIES, "business": BUSINESS}],
    }
)
ALERTS = {alert.alert: alert for _, alert in alerts_of(alert_sources())}
# Their series are the user's own, so their tests are written below and not generated for users.
TESTED_HERE = {
    "MlmonitorBusinessOutOfBounds",
    "MlmonitorDependencyChanged",
    "MlmonitorDependencyDown",
    "MlmonitorDependencyStale",
}
CONCERNS = (
    "business", "data", "dependency", "distribution", "logs", "model", "monitor", "operation",
)  # fmt: skip


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for text in alert_rules(CONFIG).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert():
    pages = {path.stem for path in bundled.folder("docs/runbooks").glob("*.md")}
    assert pages == set(ALERTS)


@pytest.mark.parametrize("page", sorted(ALERTS))
def test_runbooks_have_one_form(page):
    text = (bundled.folder("docs/runbooks") / f"{page}.md").read_text(encoding="utf-8")
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == [
        f"# {page}",
        "## What it means",
        "## What users feel",
        "## How to check",
        "## What to do",
        "## How to tune or silence it",
    ]


@pytest.mark.parametrize("alert", sorted(set(ALERTS) - TESTED_HERE))
def test_every_alert_has_a_case_that_fires_it_and_one_that_does_not(alert):
    found = cases().get(alert, ())
    assert any(case.fires for case in found)
    assert any(case.silent for case in found)


def test_cases_are_about_alerts_that_exist():
    assert set(cases()) <= set(ALERTS)


def test_every_rule_tells_what_is_wrong_where_to_look_and_what_to_do():
    for rule in rules():
        name = rule["alert"]
        notes = rule["annotations"]
        assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}, name
        assert notes["runbook_url"] == f"http://localhost:9095/runbooks/{name}"
        severities = {PAGES_UNLESS_SHADOW, "warning", "info"}
        if name == "MlmonitorBusinessOutOfBounds":
            severities = {"{{ $labels.severity }}"}
        assert rule["labels"]["severity"] in severities, name
        assert rule["labels"]["concern"] in CONCERNS, name
        assert rule["keep_firing_for"], name
        assert "$value" in notes["summary"] + notes["description"] or "for" in rule, name


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that is generated, as it is written."""
    return written(prometheus.rules(CONFIG), tmp_path_factory.mktemp("generated"))


def written(files: Mapping[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def run(version: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [promtool(version), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **FRUGAL},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_promtool_accepts_every_file(version, generated):
    assert not run(version, "check", "rules", *generated.glob("prometheus/*.rules.yml"))


@pytest.mark.timeout(900)  # simulates days of traffic
@pytest.mark.parametrize("alert", sorted(cases()))
@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_alerts_fire_stay_silent_resolve_and_tell_what_they_measured(version, alert, generated):
    firing, said = asked_what_it_tells(version, generated / f"prometheus/tests/{alert}.yml")
    assert "expr:" not in said, said
    told = said.split(f"alertname: {alert}, time:")[1:]
    assert len(told) == firing, said
    assert all("Annotations:{" in one for one in told), said
    for broken in ("error", "%!", "<no value>", "<nil>"):
        assert broken not in said.replace("MlmonitorErrorBudget", "").replace("errors", ""), said


def test_what_drifted_is_counted_among_the_columns_of_one_reference(generated, tmp_path):
    path = shutil.copytree(generated / "prometheus", tmp_path / "prometheus") / "tests"
    path /= "MlmonitorInputsDrifted.yml"
    document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    test = document["tests"][0]
    document["tests"] = [test]
    test["input_series"] += [
        one | {"series": re.sub('reference="[^"]*"', 'reference="next"', one["series"])}
        for one in test["input_series"]
        if "reference=" in one["series"]
    ]
    path.write_text(dumped(document))
    _, said = asked_what_it_tells("3", path)
    drifted = re.findall(r'description="(\d+) of (\d+) inputs differ[^:]*?: (.*?)"', said)
    assert drifted == [("1", "7", "age 2.0; ")] * 2, said


def asked_what_it_tells(version: str, path: Path) -> tuple[int, str]:
    """How many cases of a file fire, and what promtool says when each is told to have no alert.

    It then prints the alert as it stands, with its annotations. Rules that do not concern the alert
    are left out of the files that the test names.
    """
    document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    document["rule_files"] = only_needed(path, document["rule_files"])
    firing = 0
    for test in document["tests"]:
        for check in test["promql_expr_test"]:
            if "exp_samples" in check:
                name = test["name"].split()[0]
                asked = {"eval_time": check["eval_time"], "alertname": name}
                test["alert_rule_test"] = [asked]
                firing += 1
    asked_path = path.with_name(f"{path.stem}-{version}.asked.yml")
    asked_path.write_text(dumped(document))
    return firing, run(version, "test", "rules", asked_path)


def only_needed(path: Path, listed: list[str]) -> list[str]:
    """Copies of the rule files that a test names, with the rules that its alert needs."""
    texts = {name: (path.parent / name).read_text(encoding="utf-8") for name in listed}
    wanted = needed(texts.values(), path.stem)
    folder = path.parent / path.stem
    folder.mkdir(exist_ok=True)
    made = []
    for name, text in texts.items():
        kept = pruned(text, wanted)
        if kept:
            made.append(f"{path.stem}/{name.rpartition('/')[2]}")
            (path.parent / made[-1]).write_text(kept, encoding="utf-8")
    return made


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_a_generated_test_passes_as_it_stands(version, generated):
    assert not run(version, "test", "rules", generated / "prometheus/tests/MlmonitorWrongType.yml")


OTHERWISE = MonitoringConfig.model_validate(
    {
        "scope_labels": ["cluster", "namespace"],
        "prometheus": {"scrape_interval": "30s", "step": "4m", "windows": ["2h", "12h"]},
        "thresholds": {"mean_shift": 0.4, "psi": 0.3, "missing": 0.1},
        "slo": {"availability": 0.9, "latency": "1s", "latency_objective": 0.95},
        "alerts": {
            "rules": {
                "MlmonitorMissingShareHigh": {"threshold": 0.2, "for": "30m"},
                "MlmonitorMemorySaturated": {"threshold": 0.8, "severity": "critical"},
                "MlmonitorUnexpectedColumns": {"enabled": False},
                "MlmonitorModelStale": {"threshold": 2592000},
            }
        },
        "models": [{"name": "churn", "depends_on": DEPENDENCIES}],
    }
)


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(prometheus.rules(OTHERWISE), tmp_path_factory.mktemp("otherwise"))


@pytest.mark.timeout(900)  # simulates hours of traffic
@pytest.mark.parametrize(
    "alert",
    [
        "ErrorBudgetBurning", "FeatureMissing", "MemorySaturated", "MissingShareHigh", "ModelStale",
        "OutputsNotFinite", "PredictionsDrifted", "ReferenceMissing", "ThroughputFalling",
        "VersionsMixed", "WrongType",
    ],
)  # fmt: skip
def test_the_tests_hold_for_other_thresholds_windows_and_labels(alert, otherwise):
    _, said = asked_what_it_tells("3", otherwise / f"prometheus/tests/Mlmonitor{alert}.yml")
    assert "expr:" not in said, said


def test_what_is_switched_off_or_in_a_time_of_its_own_has_no_tests(otherwise):
    assert not (otherwise / "prometheus/tests/MlmonitorUnexpectedColumns.yml").exists()
    quick = MonitoringConfig.model_validate({"alerts": {"time_scale": 0.5}})
    assert not [path for path in prometheus.rules(quick) if "/tests/" in path]


@pytest.mark.timeout(900)  # all rules through a day
@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_nothing_fires_in_quiet_worlds(version, generated):
    assert not run(version, "test", "rules", generated / "prometheus/tests/quiet.yml")


WORLD = {
    f'mlmonitor_model_info{{model="{MODEL}", version="1", role="live", reference="a", '
    'namespace="test", instance="pod-0", job="models"}': "1x240",
    'up{job="features", instance="f"}': "1x79 0x39 1x119",
    'up{job="features", instance="g"}': "0x240",  # one of two is enough
    "customers_updated_timestamp_seconds": "0x240",
    "features_schema_version": "7x79 8x159",
}


def fired(alert: str, moment: str, dependency: str | None) -> dict[str, Any]:
    expr = f'group by (dependency) (ALERTS{{alertname="{alert}", alertstate="firing"}})'
    samples = [{"labels": f'{{dependency="{dependency}"}}', "value": 1}] if dependency else []
    return {"expr": expr, "eval_time": moment, "exp_samples": samples}


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_dependencies_alert_when_they_are_gone_old_or_changed(version, generated):
    checks = [
        fired("MlmonitorDependencyDown", "1h15m", None),
        fired("MlmonitorDependencyDown", "1h45m", "features"),
        fired("MlmonitorDependencyDown", "3h", None),
        fired("MlmonitorDependencyStale", "1h50m", None),
        fired("MlmonitorDependencyStale", "2h30m", "table"),
        fired("MlmonitorDependencyChanged", "1h15m", None),
        fired("MlmonitorDependencyChanged", "1h40m", "schema"),
        fired("MlmonitorDependencyChanged", "3h", None),
    ]
    assert not complaints(version, generated, "dependency", WORLD, checks)


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_a_dependency_is_told_of_although_the_model_went_down_with_it(version, generated):
    world = dict(WORLD)
    world |= {name: "1x59 stale" for name in WORLD if "model_info" in name}
    world |= {name: "1x59 0x60" for name in WORLD if name.startswith("up{")}
    checks = [
        fired("MlmonitorDependencyDown", "58m", None),
        fired("MlmonitorDependencyDown", "1h30m", "features"),
    ]
    assert not complaints(version, generated, "dependency", world, checks)


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_a_dependency_of_which_no_series_tells_any_more_is_down(version, generated):
    gone = {
        "customers_updated_timestamp_seconds": "0x59 stale",
        "features_schema_version": "7x59 stale",
    }
    expr = (
        'group by (dependency) (ALERTS{alertname="MlmonitorDependencyDown", alertstate="firing"})'
    )
    both = [
        {"labels": f'{{dependency="{name}"}}', "value": 1}
        for name in ("features", "schema", "table")
    ]
    checks = [
        fired("MlmonitorDependencyDown", "58m", None),
        {"expr": expr, "eval_time": "1h40m", "exp_samples": both},
    ]
    assert not complaints(version, generated, "dependency", {**WORLD, **gone}, checks)


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_a_change_that_comes_with_a_new_pod_and_a_version_that_the_file_does_not_name_are_seen(
    version, generated
):
    world = {
        name.replace('version="1"', 'version="2024-06"'): values for name, values in WORLD.items()
    }
    del world["features_schema_version"]
    world |= {
        'features_schema_version{instance="old"}': "7x79 stale",
        'features_schema_version{instance="new"}': "_x80 8x159",
    }
    checks = [
        fired("MlmonitorDependencyDown", "1h45m", "features"),
        fired("MlmonitorDependencyChanged", "1h15m", None),
        fired("MlmonitorDependencyChanged", "1h40m", "schema"),
        fired("MlmonitorDependencyChanged", "3h", None),
    ]
    assert not complaints(version, generated, "dependency", world, checks)


def business(name: str, metric: str, more: str = "") -> str:
    return (
        f'mlmonitor_business_{name}{{model="{MODEL}", version="1", role="live", metric="{metric}", '
        f'segment="all", namespace="test", instance="pod-0", job="models"{more}}}'
    )


BUSINESS_WORLD = {
    business("total", "orders"): "0+60x120 7200+12x60 7920+60x120",
    business("value", "stock"): "9x120 11x60 10x120",
    business("updated_timestamp_seconds", "stock"): "1x300",
    business("distribution_count", "order_value"): "0+10x300",
    business("distribution_sum", "order_value"): "0+400x120 48000+700x60 90000+400x120",
    business("distribution_count", "delay"): "0+10x300",
    business("distribution_bucket", "delay", ', le="1"'): "0+10x120 1200+8x60 1680+10x120",
    business("distribution_bucket", "delay", ', le="10"'): "0+10x300",
    business("distribution_bucket", "delay", ', le="+Inf"'): "0+10x300",
}


def judged(moment: str, found: dict[str, str]) -> dict[str, Any]:
    expr = (
        "group by (metric, severity) "
        '(ALERTS{alertname="MlmonitorBusinessOutOfBounds", alertstate="firing"})'
    )
    samples = [
        {"labels": f'{{metric="{metric}", severity="{severity}"}}', "value": 1}
        for metric, severity in found.items()
    ]
    return {"expr": expr, "eval_time": moment, "exp_samples": samples}


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_business_metrics_alert_outside_their_bounds_with_their_own_severity(version, generated):
    wrong = {
        "delay": "warning", "order_value": "warning", "orders": "critical", "stock": "warning",
    }  # fmt: skip
    checks = [judged("2h", {}), judged("2h50m", wrong), judged("4h30m", {})]
    assert not complaints(version, generated, "business", BUSINESS_WORLD, checks)


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_a_gauge_is_what_the_pod_that_set_it_last_says_in_each_segment(version, generated):
    def pods(metric: str, segment: str, first: str, second: str) -> dict[str, str]:
        name = business(metric, "stock").replace('"all"', f'"{segment}"')
        return {name: first, name.replace("pod-0", "pod-1"): second}

    world = {
        # The first pod had much; since the second hour the other one knows better.
        **pods("value", "north", "11x300", "9x300"),
        **pods("updated_timestamp_seconds", "north", "60x300", "0x120 7200x180"),
        **pods("value", "south", "9x300", "9x120 11x180"),
        **pods("updated_timestamp_seconds", "south", "60x300", "0x120 7200x180"),
    }
    expr = (
        'group by (segment) (ALERTS{alertname="MlmonitorBusinessOutOfBounds", alertstate="firing"})'
    )
    checks = [
        {
            "expr": expr,
            "eval_time": at,
            "exp_samples": [{"labels": f'{{segment="{one}"}}', "value": 1}],
        }
        for at, one in (("1h30m", "north"), ("3h", "south"))
    ]
    assert not complaints(version, generated, "business", world, checks)


def complaints(
    version: str,
    generated: Path,
    concern: str,
    world: dict[str, str],
    checks: list[dict[str, Any]],
) -> str:
    test = by_the_minute(world, checks)
    files = ["../settings.rules.yml", f"../alerts-{concern}.rules.yml"]
    document = {"rule_files": files, "evaluation_interval": "1m", "tests": [test]}
    path = generated / "prometheus" / "tests" / f"{concern}-{version}.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return run(version, "test", "rules", path)


def test_a_threshold_of_what_is_of_no_model_is_one_number():
    rules = {"MlmonitorShippingLate": {"threshold": 3600}}
    made = prometheus.rules(MonitoringConfig.model_validate({"alerts": {"rules": rules}}))
    text = made["prometheus/alerts-logs.rules.yml"]
    assert "mlmonitor_shipping_lag_seconds) > 3600" in text
    assert "{{ 3600 | humanizeDuration }} are allowed" in text
    assert "MlmonitorShippingLate" not in made["prometheus/settings.rules.yml"]
    model = {"name": "m", "alerts": {"MlmonitorShippingLate": 60}}
    with pytest.raises(GenerationError, match=r"models.* is of no model; set alerts.rules"):
        prometheus.rules(MonitoringConfig.model_validate({"models": [model]}))
