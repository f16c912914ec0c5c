"""Every panel shows something of a service that predicts, errs and drifts."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, start_server
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.generate.prometheus import rules
from tests import drift_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP, WINDOW = 2.0, 10.0
CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1s", "step": f"{STEP:g}s", "windows": [f"{WINDOW:g}s"]},
        "thresholds": {"minimum_rows": 20},
        "alerts": {"evaluation_interval": "1s", "time_scale": 0.005},
    }
)
DASHBOARD: Final = json.loads(
    dashboards(DashboardSettings(windows=(WINDOW,), slowest=STEP))["grafana/model.json"]
)
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VALUES: Final = {
    "__rate_interval": "5s", "__range": "1m", "1": "$1", "model": "houses", "role": "live",
    "namespace": "production", "version": ".+", "window": "10s",
}  # fmt: skip
ANNOTATIONS: Final = [one["target"]["expr"] for one in DASHBOARD["annotations"]["list"]]


@dataclass(frozen=True)
class Asked:
    """A Prometheus at a moment."""

    url: str
    moment: float

    def __call__(self, expression: str, path: str = "query") -> list[dict[str, Any]]:
        filled = re.sub(r"\$(\w+)", lambda name: VALUES[name[1]], expression)
        values = urllib.parse.urlencode({"query": filled, "time": f"{self.moment:.3f}"})
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{values}", timeout=20) as answer:
            return json.load(answer)["data"]["result"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module", params=["2.42", "3"])
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    from tests import components  # noqa: PLC0415 - obtains servers

    folder: Path = tmp_path_factory.mktemp("prometheus")
    output.write(rules(CONFIG), folder)
    registry = CollectorRegistry()
    predict = _service(registry)
    server, thread = start_server(0, "127.0.0.1", registry)
    target = {
        "targets": [f"127.0.0.1:{server.server_port}"],
        "labels": {"namespace": "production"},
    }
    config = folder / "prometheus.json"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "rule_files": [str(folder / "prometheus" / "*.yml")],
                "scrape_configs": [{"job_name": "models", "static_configs": [target]}],
            }
        )
    )
    try:
        with components.prometheus(request.param, config) as prometheus:
            _feed(predict)
            yield Asked(prometheus.url, time.time())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _service(registry: CollectorRegistry) -> Any:
    reference = drift_sample.reference()
    monitor = Monitor(reference.model, version="7", reference=reference, registry=registry)

    @monitor(input="row")
    def predict(row: dict[str, Any], prediction: float) -> float:
        if row["rooms"] is None:
            raise ValueError
        return prediction

    return predict


def _feed(predict: Any) -> None:
    """Predict for as long as the window's verdict needs, with an error and an unknown column."""
    until = time.monotonic() + WINDOW + 4 * STEP + 4
    seed = 0
    while time.monotonic() < until:
        seed += 1
        for row in drift_sample.rows(20, seed):
            predict(row, row.pop("prediction"))
        with contextlib.suppress(ValueError):
            predict({**row, "rooms": None, "surprise": 1, "changed": "five"}, 0.0)
        time.sleep(0.2)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_query_of_a_panel_finds_something(asked: Asked, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        found = asked(target["expr"])
        assert found, target["expr"]
        assert any(float(one["value"][1]) == float(one["value"][1]) for one in found), "all NaN"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_legends_use_labels_that_the_series_have(asked: Asked, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        for series in asked(target["expr"]):
            assert wanted <= set(series["metric"]), target["expr"]


def test_the_drift_table_has_a_row_a_column_and_its_verdict(asked: Asked) -> None:
    (panel,) = (panel for panel in PANELS if panel["type"] == "table")
    verdict, *others = (asked(target["expr"]) for target in panel["targets"])
    rows = {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in verdict}
    named = {dict(labels)["column"]: value for labels, value in rows.items()}
    assert named["gone"] == 1.0
    assert named["only"] == 0.0
    for found in others:
        assert {tuple(sorted(one["metric"].items())) for one in found} <= set(rows), (
            "merged by the labels they share"
        )


@pytest.mark.parametrize("expression", ANNOTATIONS)
def test_annotations_find_their_events(asked: Asked, expression: str) -> None:
    assert asked(expression)


def test_variables_offer_what_is_there(asked: Asked) -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            selector = re.sub(r"label_values\((.*), \w+\)", r"\1", variable["query"]["query"])
            found = {one["metric"][variable["name"]] for one in asked(selector)}
            assert found == {VALUES[variable["name"]].replace(".+", "7")}
