"""Every panel of every dashboard shows something of a world that errs, drifts and alerts."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from tests import dashboard_world, grafana_texts, versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dashboard_world import Asked

DASHBOARDS: Final = {
    name: json.loads(text)
    for name, text in dashboards(DashboardSettings(dashboard_world.CONFIG)).items()
}
PANELS: Final = [
    pytest.param(panel, id=f"{document['uid']}-{panel['title']}")
    for document in DASHBOARDS.values()
    for panel in document["panels"]
    if panel.get("targets")
]
ANNOTATIONS: Final = [
    pytest.param(one["target"]["expr"], id=f"{document['uid']}-{one['name']}")
    for document in DASHBOARDS.values()
    for one in document["annotations"]["list"]
]
COLUMNS: Final = ("gone", "city", "prediction", "shift 0.3")
CHOSEN: Final = {
    "namespace": "production", "model": dashboard_world.PLAIN, "role": "live", "version": "7",
    "window": "10s", "column": "changed",
}  # fmt: skip
# No container that the tests run in is sure to have a limit.
MAY_BE_MISSING: Final = "mlmonitor_process_memory_limit_bytes"


@pytest.fixture(scope="module", params=versions.in_one_process("dashboards"))
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    with dashboard_world.running(request.param, tmp_path_factory.mktemp("prometheus")) as world:
        yield world


def values_of(found: list[dict[str, Any]]) -> list[float]:
    return [
        float(value) for series in found for _, value in (series.get("values") or [series["value"]])
    ]


def ask(asked: Asked, target: dict[str, Any], **chosen: str) -> list[dict[str, Any]]:
    expression = grafana_texts.filled(target["expr"], CHOSEN | chosen)
    return asked(expression, span=None if target["instant"] else 20.0)


@pytest.mark.parametrize("name", [dashboard_world.PLAIN, dashboard_world.ODD])
@pytest.mark.parametrize("panel", PANELS)
def test_every_query_of_a_panel_finds_something(
    asked: Asked, panel: dict[str, Any], name: str
) -> None:
    if name == dashboard_world.ODD and re.search("breaker|respond", json.dumps(panel["targets"])):
        pytest.skip("the responder knows the other model alone")
    for target in panel["targets"]:
        found = values_of(ask(asked, target, model=name))
        if MAY_BE_MISSING not in target["expr"]:
            assert any(not math.isnan(value) for value in found), target["expr"]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("panel", [one for one in PANELS if "${column:" in str(one.values)])
def test_every_panel_of_a_column_shows_any_kind_of_it(
    asked: Asked, panel: dict[str, Any], column: str
) -> None:
    lines = [ask(asked, target, column=column) for target in panel["targets"]]
    assert any(values_of(found) for found in lines)


@pytest.mark.parametrize("panel", PANELS)
def test_all_of_everything_can_be_chosen(asked: Asked, panel: dict[str, Any]) -> None:
    every = dict.fromkeys(("namespace", "model", "role", "version"), grafana_texts.ALL)
    for target in panel["targets"]:
        ask(asked, target, **every)


@pytest.mark.parametrize("panel", PANELS)
def test_legends_use_labels_that_the_series_have(asked: Asked, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        found = ask(asked, target)
        assert not found or wanted <= set.union(*(set(one["metric"]) for one in found))


@pytest.mark.parametrize("panel", [one for one in PANELS if one.values[0]["type"] == "table"])
def test_the_columns_of_a_table_share_their_labels(asked: Asked, panel: dict[str, Any]) -> None:
    labels = {
        label
        for label in panel["transformations"][-1]["options"]["renameByName"]
        if not label.startswith("Value")
    }
    for target in panel["targets"]:
        for series in ask(asked, target):
            assert set(series["metric"]) <= labels, target["expr"]


@pytest.mark.parametrize("panel", PANELS)
def test_no_panel_has_a_legend_of_forty_entries(asked: Asked, panel: dict[str, Any]) -> None:
    if panel["type"] in {"timeseries", "state-timeline", "status-history", "bargauge"}:
        assert sum(len(ask(asked, target)) for target in panel["targets"]) <= 30


def test_the_drift_table_has_a_row_a_column_and_its_verdict(asked: Asked) -> None:
    panel = _panel("data", "Drift by column")
    verdict, *others = (ask(asked, target) for target in panel["targets"])
    rows = {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in verdict}
    named = {dict(labels)["column"]: value for labels, value in rows.items()}
    assert named["gone"] == 1.0
    assert named["only"] == 0.0
    for found in others:
        assert {tuple(sorted(one["metric"].items())) for one in found} <= set(rows)


@pytest.mark.parametrize("column", ["rooms", "city"])
def test_a_distribution_adds_up_to_one_on_both_sides(asked: Asked, column: str) -> None:
    panel = _panel("data", "$column now and in the reference")
    now, reference, order = (ask(asked, target, column=column) for target in panel["targets"])
    assert sum(values_of(now)) == pytest.approx(1.0)
    assert sum(values_of(reference)) == pytest.approx(1.0)
    assert len(now) == len(reference) == len(order)


def test_thresholds_that_differ_by_model_are_drawn_as_a_series(asked: Asked) -> None:
    panel = _panel("data", "Unseen categories")
    *_, limit = panel["targets"]
    assert limit["legendFormat"] == "threshold"
    assert set(values_of(ask(asked, limit))) == {0.04}


@pytest.mark.parametrize("expression", ANNOTATIONS)
def test_annotations_find_their_events(asked: Asked, expression: str) -> None:
    assert asked(grafana_texts.filled(expression, CHOSEN), span=20.0)


@pytest.mark.parametrize("document", DASHBOARDS.values(), ids=lambda one: one["uid"])
def test_variables_offer_what_is_there(asked: Asked, document: dict[str, Any]) -> None:
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            query = grafana_texts.filled(variable["query"]["query"], CHOSEN)
            selector = re.sub(r"label_values\((.*), \w+\)", r"\1", query)
            found = {one["metric"][variable["name"]] for one in asked(selector)}
            assert CHOSEN[variable["name"]] in found
            if variable["name"] == "model":
                assert found == {dashboard_world.PLAIN, dashboard_world.ODD}


def _panel(name: str, title: str) -> dict[str, Any]:
    document = DASHBOARDS[f"grafana/{name}.json"]
    return next(panel for panel in document["panels"] if panel["title"] == title)
