"""The addresses of alerts and panels find the records behind them in a real Elasticsearch, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import yaml

from mlmonitor import streams
from mlmonitor.config import (
    ElasticsearchSettings,
    LinkSettings,
    ModelSettings,
    MonitoringConfig,
)
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.generate.links import Links
from mlmonitor.generate.panelspec import Link
from tests import components, kql
from tests.discover_links import KIBANA, parts, rendered
from tests.install.stack import bulk, connect, push
from tests.prediction_records import record
from tests.references import binned, categorical, mixed, reference

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor.install.connection import Connection
    from tests.elasticsearch_server import Server

pytestmark = pytest.mark.xdist_group("elasticsearch-install")

MODEL = "evid\"ence's"
NUMBER, CATEGORY = 'Lot.Area (in "ft²")', "wind & rain's \\ or not"
SIDE = {"side": "input"}
SHADOW = {"term": {"mlmonitor.role": "shadow"}}


def one(identity: str, *violations: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """A record with both columns, and what is wrong with them."""
    made = record(0, MODEL, **changes)
    made["event"]["id"] = made["mlmonitor"]["prediction"]["id"] = identity
    inputs = made["mlmonitor"]["inputs"]
    inputs |= {streams.field(NUMBER): 12.5, streams.field(CATEGORY): "a"}
    for column, reason in violations:
        if reason == "missing":
            del inputs[streams.field(column)]
    made["mlmonitor"]["violations"] = [
        {**SIDE, "column": column, "reason": reason} for column, reason in violations
    ]
    return made


RECORDS = [
    one("fine"),
    one("another version", (NUMBER, "missing"), mlmonitor__version="2"),
    one("shadow", (NUMBER, "missing"), mlmonitor__role="shadow"),
    one("number missing", (NUMBER, "missing")),
    one("number wrong", (NUMBER, "wrong_type")),
    one("number far", (NUMBER, "out_of_range")),
    one("category missing", (CATEGORY, "missing")),
    one("category unseen", (CATEGORY, "unseen")),
    one("category barred", (CATEGORY, "not_allowed")),
    one("number not finite", (NUMBER, "not_finite")),
    one("failed", event__outcome="failure", error__type="ValueError", event__duration=1),
    one("slow", event__duration=9_000_000_000),
    one("private", mlmonitor__redacted=[CATEGORY]),
]
OF_VERSION = {str(one["event"]["id"]) for one in RECORDS} - {"another version", "shadow"}
FOUND = [
    ("MlmonitorFeatureMissing", NUMBER, {"number missing"}),
    ("MlmonitorFeatureMissing", CATEGORY, {"category missing"}),
    ("MlmonitorMissingShareHigh", NUMBER, {"number missing"}),
    ("MlmonitorFeatureUnseen", CATEGORY, {"category unseen", "category barred"}),
    ("MlmonitorUnseenCategories", CATEGORY, {"category unseen", "category barred"}),
    ("MlmonitorNotAllowed", CATEGORY, {"category barred"}),
    ("MlmonitorWrongType", NUMBER, {"number wrong"}),
    ("MlmonitorOutOfRange", NUMBER, {"number far"}),
    ("MlmonitorInputsNotFinite", NUMBER, {"number not finite"}),
    ("MlmonitorSensitiveData", CATEGORY, {"private"}),
    ("MlmonitorErrorBudgetBurning", None, {"failed"}),
    ("MlmonitorLatencyBudgetBurning", None, OF_VERSION),
    ("MlmonitorInputsDrifted", None, OF_VERSION),
    ("MlmonitorColumnDrifted", NUMBER, OF_VERSION),
    ("MlmonitorScaleChanged", NUMBER, OF_VERSION),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> MonitoringConfig:
    folder: Path = tmp_path_factory.mktemp("evidence")
    odd = (binned(NUMBER, [1.0, 2.0, 30.0]), categorical(CATEGORY, {"a": 2}))
    reference(*mixed().columns, *odd, model=MODEL).save(folder / "reference.json")
    return MonitoringConfig(
        models=(ModelSettings(name=MODEL, reference=folder / "reference.json"),),
        elasticsearch=ElasticsearchSettings(profile="core"),
        links=LinkSettings(kibana=KIBANA),
    )


@pytest.fixture(scope="module")
def connection(server: Server, config: MonitoringConfig) -> Connection:
    made = connect(server)
    push(made, config)
    assert {item["status"] for item in bulk(made, RECORDS)} == {201}
    return made


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found[0])
def test_an_alert_leads_to_its_records_and_no_others(connection, config, tmp_path, found):
    alert, column, expected = found
    rules = [
        rule
        for text in alert_rules(config).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    ]
    rule = next(one for one in rules if one["alert"] == alert)
    labels = {"model": MODEL, "version": "1", "role": "live"}
    if column is not None:
        labels |= {**SIDE, "column": column}
    _, state = parts(rendered(components.first("promtool"), tmp_path, rule, labels))
    body = {
        "query": kql.query(state["query"]["query"]),
        "size": 100,
        "fields": state["columns"],
        "sort": [{field: order} for field, order in state["sort"]],
    }
    answer = connection.expect("POST", "/logs-mlmonitor.*-*/_search", body)
    hits = answer["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == expected
    if state["sort"][0][0] == "event.duration":
        assert hits[0]["_id"] == "slow"
    if column is not None:
        field = streams.field(column)
        holding = {x["event"]["id"] for x in RECORDS if field in x["mlmonitor"]["inputs"]}
        shown = {hit["_id"] for hit in hits if f"mlmonitor.inputs.{field}" in hit["fields"]}
        assert shown == expected & holding


@pytest.mark.parametrize(
    ("records", "column", "expected"),
    [
        (
            "violating",
            NUMBER,
            {"number missing", "number wrong", "number far", "number not finite"},
        ),
        ("violating", CATEGORY, {"category missing", "category unseen", "category barred"}),
        ("missing", NUMBER, {"number missing"}),
        ("missing", CATEGORY, {"category missing"}),
        ("all", CATEGORY, OF_VERSION),
        ("violating", "size", set()),
    ],
)
def test_a_panel_leads_to_the_records_of_a_column(connection, config, records, column, expected):
    variables = ("model", "version")
    links = Links(config.links, variables, frozenset(), (("input", column),))
    link = Link(
        title="R", kibana=True, records=records, choose={"side": "side", "column": "column"}
    )
    written = links.odd_series([link]).get(column) or links.series([link])
    url = written[0]["url"]
    for hole, value in {
        "${model:regex}": "evid.*", "${version:regex}": r"1", "${__field.labels.side:percentencode}": "input",
        "${__field.labels.column:percentencode}": quote(column, safe=""),
    }.items():  # fmt: skip
        url = url.replace(hole, value)
    _, state = parts(re.sub(r"\$\{[^}]*\}", "x", url))
    assert state["query"]["language"] == "lucene"
    asked = {"query_string": {"query": state["query"]["query"], "analyze_wildcard": True}}
    body = {"query": {"bool": {"filter": [asked], "must_not": [SHADOW]}}, "size": 100}
    hits = connection.expect("POST", "/logs-mlmonitor.*-*/_search", body)["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == expected
