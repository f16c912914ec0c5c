"""Every panel's query, asked of a real Elasticsearch, has an answer."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor import names, streams
from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig
from mlmonitor.explain.record import weight
from mlmonitor.generate import kibana
from mlmonitor.generate.elastic import fields
from tests.install.stack import bulk, connect, push
from tests.kibana_aggregations import query, rows, search, value
from tests.prediction_records import every_kind, record
from tests.references import binned, mixed, reference

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor.install.connection import Connection
    from tests.elasticsearch_server import Server

pytestmark = pytest.mark.xdist_group("elasticsearch-install")

MODEL = "panels"
RECORDS = [
    *every_kind(MODEL),
    record(95, MODEL, mlmonitor__role="shadow", mlmonitor__sample__kept_for=["disagreement"]),
    record(
        96, MODEL, event__outcome="failure", error__type="ValueError",
        mlmonitor__violations=[{"side": "input", "column": "size", "reason": "missing"}],
    ),
    *(record(97 + index, MODEL, mlmonitor__version="sampled", mlmonitor__sample__rate=rate)
      for index, rate in enumerate((0.1, 0.1, 0.02, 1 / 3))),
]  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> MonitoringConfig:
    folder: Path = tmp_path_factory.mktemp("panels")
    profile = reference(
        *mixed().columns, binned("premium", [0.1, 0.2, 0.3], side="score"), model=MODEL
    )
    profile.save(folder / "reference.json")
    model = ModelSettings(name=MODEL, reference=folder / "reference.json")
    return MonitoringConfig(models=(model,), elasticsearch=ElasticsearchSettings(profile="core"))


@pytest.fixture(scope="module")
def connection(server: Server, config: MonitoringConfig) -> Connection:
    """A server with the templates and records of every kind.

    This build has no scripts: the weight, which the data views compute, is indexed in their place.
    """
    made = connect(server)
    push(made, config)
    first, *others = (weighted(one) for one in RECORDS)
    assert {item["status"] for item in bulk(made, [first])} == {201}
    properties = fields.nested([(names.LOG_SAMPLE_WEIGHT.path, {"type": "double"})])
    made.expect("PUT", f"/{streams.stream(MODEL, 'default')}/_mapping", {"properties": properties})
    assert {item["status"] for item in bulk(made, others)} == {201}
    return made


def weighted(one: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(one)
    found["mlmonitor"].setdefault("sample", {})["weight"] = weight(one)
    return found


def charts(config: MonitoringConfig) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, pattern of the data view, and state of every panel."""
    objects = kibana.saved_objects(config)
    views = {
        one["id"]: one["attributes"]["title"] for one in objects if one["type"] == "index-pattern"
    }
    found = []
    for one in objects:
        if one["type"] == "dashboard":
            for panel in json.loads(one["attributes"]["panelsJSON"]):
                if panel["type"] == "lens":
                    attributes = panel["embeddableConfig"]["attributes"]
                    view = views[attributes["references"][0]["id"]]
                    found.append((f"{one['id']}/{panel['panelIndex']}", view, attributes["state"]))
    return found


def test_every_panel_has_data(connection, config):
    asked = charts(config)
    assert len(asked) > 25
    for name, view, state in asked:
        body = search(state)
        answer = connection.expect("POST", f"/{view}/_search", body)
        assert "error" not in answer, name
        assert answer["_shards"]["failed"] == 0, name
        total = answer["hits"]["total"]["value"]
        assert total > 0, name
        (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
        found = rows(answer, body)
        assert found, name
        for key, column in layer["columns"].items():
            if not column["isBucketed"]:
                numbers = [value(row, key, column, total) for row in found]
                shown = [one for one in numbers if one is not None]
                counted = column["operationType"] == "count"
                assert any(shown) if counted else shown, f"{name}: {column['label']}"


def test_every_search_finds_records(connection, config):
    searches = [one for one in kibana.saved_objects(config) if one["type"] == "search"]
    assert searches
    for one in searches:
        source = json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        body = {
            "query": query(source["query"]),
            "size": 200,
            "fields": one["attributes"]["columns"],
            "sort": [{field: order} for field, order in one["attributes"]["sort"]],
        }
        answer = connection.expect("POST", f"/{streams.stream(MODEL, '*')}/_search", body)
        assert answer["hits"]["hits"], one["id"]
        shown = set().union(*(hit["fields"] for hit in answer["hits"]["hits"]))
        assert shown >= set(one["attributes"]["columns"]), one["id"]


def test_counts_and_percentiles_are_those_of_the_records(connection, config):
    by_name = {name: (view, state) for name, view, state in charts(config)}
    view, state = by_name["mlmonitor-failures/classes"]
    view = view.replace("mlmonitor.*", f"mlmonitor.{MODEL}")
    body = search(state)
    found = rows(connection.expect("POST", f"/{view}/_search", body), body)
    failed = sum(one["event"].get("outcome") == "failure" for one in RECORDS)
    assert [row["doc_count"] for row in found] == [failed]
    assert [row["metric-0"]["value"] for row in found] == [failed]
    view, state = by_name[f"mlmonitor-columns-{MODEL}/output-prediction"]
    body = search(state)
    answer = connection.expect("POST", f"/{view}/_search", body)
    versions = {row["key"]: row for row in answer["aggregations"]["split"]["buckets"]}
    assert set(versions) == {"1", "2", "sampled"}


def test_sampled_records_count_for_what_they_stand_for(connection, config):
    by_name = {name: (view, state) for name, view, state in charts(config)}
    view, state = by_name["mlmonitor-predictions/models"]
    view = view.replace("mlmonitor.*", f"mlmonitor.{MODEL}")
    body = search(state)
    answer = connection.expect("POST", f"/{view}/_search", body)
    (model,) = answer["aggregations"]["row-0"]["buckets"]
    versions = {row["key"]: row for row in model["row-1"]["buckets"]}
    (role,) = versions["sampled"]["row-2"]["buckets"]
    assert role["doc_count"] == 4
    assert role["metric-0"]["value"] == pytest.approx(10 + 10 + 50 + 3)
    sizes = [row["order"]["value"] for row in model["row-1"]["buckets"]]
    assert sizes == sorted(sizes, reverse=True)
