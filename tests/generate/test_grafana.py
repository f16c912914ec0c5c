"""Lint of the JSON of every dashboard, with nothing switched on, with everything, and in between."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import pytest
import yaml

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import units
from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.generate.prometheus import rule_files
from tests import dashboard_world, grafana_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

CONFIGS: Final = {
    "plain": MonitoringConfig(),
    "whole": dashboard_world.CONFIG,
    "clusters": MonitoringConfig.model_validate(
        {"scope_labels": ["cluster", "namespace"], "prometheus": {"windows": ["1h"]}}
    ),
    "unscoped": MonitoringConfig(scope_labels=()),
}
TEXTS: Final = {title: dashboards(DashboardSettings(config)) for title, config in CONFIGS.items()}
GENERATED: Final = {
    f"{title}-{name}": (title, json.loads(text))
    for title, texts in TEXTS.items()
    for name, text in texts.items()
}
LEGACY: Final = {
    "__inputs", "cacheTimeout", "fieldOptions", "gnetId", "hideControls", "intervalFactor", "rows",
    "sharedCrosshair", "span", "style", "tagsQuery", "xaxis", "yaxes",
}  # fmt: skip
SCOPED: Final = ("namespace", "cluster")
RECORDED: Final = re.compile(r"mlmonitor:[a-z0-9_]+:[a-z0-9_]+")
OVER_TIME: Final = ("last_over_time", "sum_over_time", "avg_over_time", "max_over_time")


@pytest.fixture(params=GENERATED.values(), ids=GENERATED)
def generated(request: pytest.FixtureRequest) -> tuple[str, Json]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def title(generated: tuple[str, Json]) -> str:
    return generated[0]


@pytest.fixture
def config(title: str) -> MonitoringConfig:
    return CONFIGS[title]


@pytest.fixture
def dashboard(generated: tuple[str, Json]) -> Json:
    return generated[1]


@cache
def rules(title: str) -> str:
    """All rule files of a configuration."""
    return "\n".join(rule_files(CONFIGS[title]).values())


@cache
def parsed(title: str) -> list[Json]:
    """The rules of all rule files of a configuration."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = [yaml.load(text, loader) for text in rule_files(CONFIGS[title]).values()]
    return [rule for one in documents for group in one["groups"] for rule in group["rules"]]


def panels(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(part, f"{path}/{key}")


def expressions(dashboard: Json) -> list[str]:
    targets = [target for panel in panels(dashboard) for target in panel.get("targets", ())]
    targets += [annotation["target"] for annotation in dashboard["annotations"]["list"]]
    return [target["expr"] for target in targets]


def selectors(expression: str) -> Iterator[tuple[Any, list[Any]]]:
    """Every vector selector with the nodes that it stands in, the innermost last."""
    filled = re.sub(r"\$__\w+", "5m", expression)
    yield from _selectors(promql_parser.parse(filled), [])


def _selectors(node: Any, above: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node, above
    for part in ("lhs", "rhs", "expr", "param", "vector_selector", "vs"):
        inner = getattr(node, part, None)
        if inner is not None:
            yield from _selectors(inner, [*above, node])
    for inner in getattr(node, "args", None) or ():
        yield from _selectors(inner, [*above, node])


def carried(metric: str) -> set[str]:
    """The labels by which a series tells models apart, as the catalogue has them."""
    family = names.METRICS.get(metric) or names.METRICS.get(
        re.sub("_(bucket|sum|count)$", "", metric)
    )
    if family is not None:
        return {*names.IDENTITY} & {*family.labels}
    if metric in names.RECORDS:
        return {*names.IDENTITY} & {*names.RECORDS[metric].labels}
    return {*names.IDENTITY} if metric.startswith("ALERTS") else set()


def test_what_is_not_switched_on_is_not_generated() -> None:
    plain, whole = (
        {
            re.sub(", over .*", "", panel["title"])
            for name, (_, document) in GENERATED.items()
            if name.startswith(title)
            for panel in document["panels"]
        }
        for title in ("plain", "whole")
    )
    assert "plain-grafana/business.json" not in GENERATED
    assert "whole-grafana/business.json" in GENERATED
    assert whole - plain >= {"Breakers", "Dependencies", "What it needs"}
    assert not plain - whole


def test_the_same_settings_give_the_same_bytes_in_another_process() -> None:
    script = (
        "import sys; from mlmonitor.generate.dashboards import *;"
        "sys.stdout.write(''.join(dashboards(DashboardSettings()).values()))"
    )
    command = [sys.executable, "-c", script]
    texts = {
        subprocess.run(
            command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {"".join(dashboards(DashboardSettings()).values()).encode()}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="grafana-foundation-sdk needs Python 3.11")
def test_grafanas_own_models_read_every_key(dashboard: Json) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog import encoder, plugins  # noqa: PLC0415
        from grafana_foundation_sdk.models import dashboard as models  # noqa: PLC0415

        plugins.register_default_plugins()
        decoded = models.Dashboard.from_json(dashboard)
        again = dict(walk(json.loads(encoder.JSONEncoder().encode(decoded))))
    for panel, model in zip(dashboard["panels"], decoded.panels or [], strict=True):
        expected = f"models.{panel['type'].replace('-', '')}"
        # The SDK has no model of the alert list, and reads its options as they are.
        assert expected in str(type(getattr(model, "options", None))) or panel["type"] in {
            "row",
            "alertlist",
        }
    for path, value in walk(dashboard):
        if not isinstance(value, (dict, list)):
            assert again.get(path, "lost") == value, path


def test_every_panel_type_is_drawn_by_some_dashboard() -> None:
    drawn = {panel["type"] for _, document in GENERATED.values() for panel in panels(document)}
    assert drawn >= {
        "timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "histogram",
        "state-timeline", "status-history", "alertlist",
    }  # fmt: skip


def test_it_is_of_the_current_schema_without_nulls_and_legacy_keys(dashboard: Json) -> None:
    assert dashboard["schemaVersion"] == 42
    assert [path for path, value in walk(dashboard) if value is None] == []
    assert [path for path, _ in walk(dashboard) if path.rsplit("/", 1)[-1] in LEGACY] == []


def test_nothing_in_it_depends_on_when_it_was_made(dashboard: Json) -> None:
    assert dashboard["uid"].startswith("mlmonitor-")
    assert not {"id", "version", "iteration"} & set(dashboard)
    assert not re.search(r"\b20\d\d-\d\d-\d\d", json.dumps(dashboard))


def test_panels_fill_the_grid_without_overlap_or_hole(dashboard: Json) -> None:
    cells = [
        (left, top)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for left in range(place["x"], place["x"] + place["w"])
        for top in range(place["y"], place["y"] + place["h"])
    ]
    bottom = max(top for _, top in cells) + 1
    assert sorted(cells) == [(left, top) for left in range(24) for top in range(bottom)]


def test_ids_are_unique(dashboard: Json) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert ids == list(range(1, len(ids) + 1))


def test_every_panel_says_what_it_shows_and_what_bad_looks_like(dashboard: Json) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert re.search(r"\b[Bb]ad is\b", panel["description"]), panel["title"]


def test_every_number_has_a_unit(dashboard: Json) -> None:
    for panel in panels(dashboard):
        if panel.get("targets"):
            given = [panel["fieldConfig"]["defaults"]["unit"]]
            given += [
                one["value"]
                for override in panel["fieldConfig"]["overrides"]
                for one in override["properties"]
                if one["id"] == "unit"
            ]
            assert all(units.problem(unit) is None for unit in given)


def test_every_query_asks_the_chosen_datasource(dashboard: Json) -> None:
    sources = [value for path, value in walk(dashboard) if path.endswith("/datasource")]
    assert len(sources) > len(expressions(dashboard))
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in sources)


def test_variables_are_chained_from_the_datasource_to_the_version(
    dashboard: Json, config: MonitoringConfig
) -> None:
    variables = dashboard["templating"]["list"]
    listed = [variable["name"] for variable in variables]
    chain = ["datasource", *config.scope_labels, "model", "role", "version"]
    assert listed[: len(chain)] == chain
    queries = [one for one in variables if one["type"] == "query"]
    for index, variable in enumerate(queries):
        before = [one["name"] for one in queries[:index] if one["name"] in chain]
        assert re.findall(r"\$\{(\w+):regex\}", variable["query"]["query"]) == before


def test_every_variable_is_used_and_every_one_that_is_used_is_there(dashboard: Json) -> None:
    known = {variable["name"] for variable in dashboard["templating"]["list"]} - {"datasource"}
    asked = set.union(*(grafana_texts.used(one) for one in expressions(dashboard)))
    assert asked == known
    assert not [one for one in expressions(dashboard) if re.search(r"<[a-z_]+>", one)]


def test_queries_select_what_was_chosen(dashboard: Json, config: MonitoringConfig) -> None:
    for expression in expressions(dashboard):
        for selector, _ in selectors(expression):
            wanted = carried(selector.name)
            if wanted:
                wanted |= {*config.scope_labels}
            if selector.name in {"mlmonitor_breaker_state", "mlmonitor_respond_steps_total"}:
                wanted = {"model"}
            matched = {one.name for one in selector.matchers.matchers if "$" in one.value}
            assert wanted <= matched, f"{selector.name} in {expression}"


def test_recorded_series_are_read_so_that_a_late_sample_makes_no_hole(dashboard: Json) -> None:
    for expression in expressions(dashboard):
        for selector, above in selectors(expression):
            if RECORDED.fullmatch(selector.name or ""):
                calls = [one.func.name for one in above if isinstance(one, promql_parser.Call)]
                assert calls, expression
                assert calls[-1] in OVER_TIME, expression


def test_rates_are_over_the_interval_that_grafana_chooses(dashboard: Json) -> None:
    for expression in expressions(dashboard):
        for interval in re.findall(r"\brate\([^()\[\]]*\[([^]]*)\]", expression):
            assert interval == "$__rate_interval"


def test_recorded_series_that_are_asked_are_recorded(dashboard: Json, title: str) -> None:
    recorded = set(RECORDED.findall(rules(title)))
    asked = set(RECORDED.findall(" ".join(expressions(dashboard))))
    assert asked <= recorded


def test_legends_name_series_and_are_short(dashboard: Json) -> None:
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            assert target["legendFormat"]
        legend = panel.get("options", {}).get("legend", {})
        if panel["type"] == "timeseries":
            assert legend["showLegend"]
            assert (legend["displayMode"] == "table") == (legend["placement"] == "right")


def test_links_resolve(dashboard: Json, title: str, config: MonitoringConfig) -> None:
    uids = {json.loads(text)["uid"] for text in TEXTS[title].values()}
    alerts = set(re.findall(r"^  - alert: (\w+)$", rules(title), re.MULTILINE))
    assert alerts
    for path, address in walk(dashboard):
        if not path.endswith("/url") or not address:
            continue
        if address.startswith("/d/"):
            uid, _, query = address.removeprefix("/d/").partition("?")
            assert uid in uids
            assert "${__url_time_range}" in query
            assert "${datasource:queryparam}" in query
        elif address.startswith(str(config.links.kibana)):
            assert "${__from:date:iso}" in address
        else:
            runbook = address.removeprefix(f"{config.links.runbooks}/")
            assert runbook in alerts or runbook.startswith("${__data.fields")


def test_the_dashboards_that_alerts_open_are_there(title: str) -> None:
    uids = {json.loads(text)["uid"] for text in TEXTS[title].values()}
    opened = set(re.findall(r"dashboard_url: \S+/d/([a-z-]+)\?", rules(title)))
    assert len(opened) > 2
    assert opened <= uids


def test_thresholds_are_those_that_prometheus_records_for_their_alerts(
    dashboard: Json, title: str
) -> None:
    settings = [one for one in parsed(title) if one.get("record") == names.ALERT_THRESHOLD]
    numbers = {one["labels"]["alert"]: float(one["expr"].rpartition(" + ")[2]) for one in settings}
    expressions = {one["alert"]: one["expr"] for one in parsed(title) if "alert" in one}
    for panel in panels(dashboard):
        alerts = {
            link["title"].removeprefix("Runbook of ")
            for link in panel.get("links", ())
            if link["title"].startswith("Runbook of Mlmonitor")
        }
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        drawn = {step["value"] for step in steps if "value" in step}
        asked = " ".join(target["expr"] for target in panel.get("targets", ()))
        for alert in alerts & set(numbers):
            assert numbers[alert] in drawn or f'alert="{alert}"' in asked, panel["title"]
        for alert in alerts - set(numbers):
            compared = {float(one) for one in re.findall(r"[<>]=? ([\d.]+)", expressions[alert])}
            assert drawn <= compared, panel["title"]


def test_it_links_the_other_dashboards_with_time_and_variables(dashboard: Json) -> None:
    first, *others = dashboard["links"]
    assert first["type"] == "dashboards"
    assert first["keepTime"]
    assert first["includeVars"]
    assert all("/app/discover" in one["url"] for one in others)


def test_the_list_of_alerts_is_of_what_was_chosen(
    dashboard: Json, config: MonitoringConfig
) -> None:
    for panel in panels(dashboard):
        if panel["type"] == "alertlist":
            chosen = panel["options"]["alertInstanceLabelFilter"]
            labels = re.findall(r'(\w+)=~"\$\{(\w+):regex\}\|"', chosen)
            assert [one for one, _ in labels] == [*config.scope_labels, *names.IDENTITY]
            assert all(label == variable for label, variable in labels)
            assert "`" not in chosen


def test_deployments_and_alerts_are_annotated(dashboard: Json) -> None:
    assert dashboard["annotations"]["list"]
    assert all(one["enable"] for one in dashboard["annotations"]["list"])


@pytest.mark.parametrize("version", ["2.42", "3"])
def test_promtool_parses_every_expression(
    version: str, dashboard: Json, tmp_path: pytest.TempPathFactory
) -> None:
    from tests import components  # noqa: PLC0415 - obtains servers

    chosen = {name: "chosen" for one in expressions(dashboard) for name in grafana_texts.used(one)}
    rules = [
        {
            "record": f"dashboard:expression{index}:value",
            "expr": grafana_texts.filled(expression, chosen | {"window": "1h"}),
        }
        for index, expression in enumerate(expressions(dashboard))
    ]
    path = tmp_path / "rules.yml"  # type: ignore[operator]
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    command = [components.promtool(version), "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
