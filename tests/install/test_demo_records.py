"""Records of the demo's houses, by both ways into a real Elasticsearch with the templates of their reference."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry

from examples.house_prices.houses import TARGET, as_rows, split
from mlmonitor import Monitor, streams
from mlmonitor.cli import program
from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig
from mlmonitor.reference.build import from_frame
from mlmonitor.shipping import ElasticsearchHandler
from mlmonitor.shipping.connection import PASSWORD_VARIABLE
from tests.elasticsearch_server import ADMIN
from tests.install.stack import connect, push

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor.reference import Reference
    from tests.elasticsearch_server import Server

pytestmark = [
    pytest.mark.xdist_group("elasticsearch-install"),
    pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning"),
]

WITHOUT = "TotalBsmtSF"
"""What the demo drops: an input that the reference always has."""
SENT = 120
LACKING = range(0, SENT, 10)


@pytest.fixture(scope="module")
def reference() -> Reference:
    houses = split().reference
    return from_frame(
        houses.assign(predicted=houses[TARGET]),
        model="demo",
        version="1",
        target=TARGET,
        prediction="predicted",
    )


def rows() -> list[dict[str, Any]]:
    found = as_rows(split().replay)[:SENT]
    return [
        {**row, WITHOUT: None if index in LACKING else row[WITHOUT]}
        for index, row in enumerate(found)
    ]


def serve(reference: Reference, logs: Any) -> None:
    """Predict each house, one of them in vain."""
    monitor = Monitor(
        reference.model,
        version="1",
        reference=reference,
        registry=CollectorRegistry(),
        logs=logs,
    )

    @monitor(prediction_id=lambda row: row["house"])
    def predict(row: dict[str, Any]) -> float:
        if row["house"] == f"{reference.model}-1":
            raise ValueError
        return 100.0 * float(row["GrLivArea"])

    for index, row in enumerate(rows()):
        with suppress(ValueError):
            predict({**row, "house": f"{reference.model}-{index}"})


@pytest.mark.parametrize("way", ["exporter", "handler"])
def test_the_demos_records_arrive_as_they_were_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: Reference, way: str
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, ADMIN[1])
    own = reference.model_copy(update={"model": f"demo-{way}"})
    own.save(tmp_path / "reference.json")
    models = (ModelSettings(name=own.model, version="1", reference=tmp_path / "reference.json"),)
    core = ElasticsearchSettings(profile="core")
    connection = connect(server)
    push(connection, MonitoringConfig(models=models, elasticsearch=core))
    if way == "handler":
        handler = ElasticsearchHandler(server.url, user=ADMIN[0])
        serve(own, handler)
        handler.close()
    else:
        serve(own, tmp_path / "logs")
        command = ["export", "logs", str(tmp_path / "logs"), "--elasticsearch", server.url]
        done = CliRunner().invoke(program, [*command, "--user", ADMIN[0], "--once"])
        assert f"{SENT} records shipped, 0 were there already, 0 are dead letters" in done.stderr

    stream = streams.stream(own.model, "*")
    connection.expect("POST", f"/{stream}/_refresh")
    body = {
        "size": 0,
        "track_total_hits": True,
        "aggs": {
            "area": {"sum": {"field": "mlmonitor.inputs.GrLivArea"}},
            "predicted": {"sum": {"field": "mlmonitor.outputs.prediction"}},
            "houses": {"cardinality": {"field": "event.id"}},
            "failed": {"filter": {"term": {"event.outcome": "failure"}}},
            "zones": {"terms": {"field": "mlmonitor.inputs.MSZoning"}},
            "lacking": {
                "filter": {
                    "bool": {
                        "filter": [
                            {"term": {"mlmonitor.violations.column": WITHOUT}},
                            {"term": {"mlmonitor.violations.reason": "missing"}},
                        ],
                        "must_not": [{"exists": {"field": f"mlmonitor.inputs.{WITHOUT}"}}],
                    }
                }
            },
        },
    }
    answer = connection.expect("POST", f"/{stream}/_search", body)
    found, sent = answer["aggregations"], rows()
    areas = [float(row["GrLivArea"]) for row in sent]
    assert answer["hits"]["total"]["value"] == found["houses"]["value"] == SENT
    assert found["area"]["value"] == sum(areas)
    assert found["predicted"]["value"] == 100 * (sum(areas) - areas[1])
    assert found["failed"]["doc_count"] == 1
    assert found["lacking"]["doc_count"] == len(LACKING)
    zones = {row["key"]: row["doc_count"] for row in found["zones"]["buckets"]}
    assert zones == {
        zone: sum(row["MSZoning"] == zone for row in sent)
        for zone in {row["MSZoning"] for row in sent}
    }
    told = CliRunner().invoke(
        program,
        ["logs", "show", f"{own.model}-10", "--elasticsearch", server.url, "--user", ADMIN[0],
         "-r", str(tmp_path / "reference.json")],
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    (line,) = [line for line in told.stdout.splitlines() if WITHOUT in line]
    assert "missing" in line
