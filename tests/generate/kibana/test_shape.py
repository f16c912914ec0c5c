"""Agreement with kb-dashboard-core, an implementation that knows nothing of ours.

It needs Python 3.12: on an older one the tests look for a newer interpreter, and give it an environment
of its own in the cache.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlmonitor.config import ModelSettings, MonitoringConfig
from mlmonitor.generate import kibana
from tests import components
from tests.components import Unavailable
from tests.references import mixed

REQUIREMENT = "kb-dashboard-core==0.4.1"
PANEL = {
    "id": "p", "title": "P", "description": "d", "width": 48, "where": "event.action: prediction",
}  # fmt: skip
TIME = {"type": "date_histogram", "field": "@timestamp"}
COUNT = {"aggregation": "count", "label": "Records"}
PREDICTIONS = {"aggregation": "sum", "field": "mlmonitor.sample.weight", "label": "Predictions",
               "format": {"type": "number", "decimals": 0}}  # fmt: skip
P99 = {"aggregation": "percentile", "percentile": 99, "field": "event.duration", "label": "p99"}
VERSION = {"type": "values", "field": "mlmonitor.version", "size": 5, "label": "Version"}
REASON = {"type": "values", "field": "error.type", "size": 7, "label": "Class"}
SPLIT = {"terms": "mlmonitor.version", "size": 5, "label": "Version"}
CLASS = {"terms": "error.type", "size": 7, "label": "Class"}
NUMBERS = [{"label": "Records", "do": "count"}, {"label": "p99", "do": "percentile", "percentile": 99,
                                  "of": "event.duration"}]  # fmt: skip
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bars": (
        {"chart": "bars", "over": "time", "split": SPLIT, "metrics": NUMBERS[:1]},
        {"type": "bar", "mode": "stacked", "dimension": TIME, "breakdown": VERSION, "metrics": [COUNT]},
    ),
    "shares": (
        {"chart": "shares", "over": "time", "split": SPLIT, "metrics": NUMBERS[:1]},
        {"type": "bar", "mode": "percentage", "dimension": TIME, "breakdown": VERSION,
         "metrics": [COUNT]},
    ),
    "lines": (
        {"chart": "lines", "over": "time", "metrics": NUMBERS},
        {"type": "line", "dimension": TIME, "metrics": [COUNT, P99]},
    ),
    "table": (
        {"chart": "table", "over": [SPLIT, CLASS], "metrics": NUMBERS},
        {"type": "datatable", "breakdowns": [VERSION, REASON], "metrics": [COUNT, P99]},
    ),
    "weighted": (
        {"chart": "bars", "over": "time", "split": SPLIT, "metrics": [{"label": "Predictions"}]},
        {"type": "bar", "mode": "stacked", "dimension": TIME, "breakdown": VERSION,
         "metrics": [PREDICTIONS]},
    ),
    "number": (
        {"chart": "number", "metrics": NUMBERS[:1]},
        {"type": "metric", "primary": COUNT},
    ),
}  # fmt: skip
# What the other writes and Kibana takes as its default, or the other way around.
OPTIONAL = {
    "includeIsRegex", "excludeIsRegex", "otherBucket", "emptyAsNull", "secondaryTrend",
    "secondaryLabelPosition", "applyColorTo", "isVisible", "label", "customLabel",
}  # fmt: skip

COMPILE = """
import json, sys
from kb_dashboard_core import load, render
(board,) = load(sys.argv[1])
print(render(board).model_dump_json(by_alias=True))
"""
VALIDATE = """
import json, sys
from kb_dashboard_core.panels.charts.view import KbnFormBasedDataSourceState
from kb_dashboard_core.panels.charts.xy.view import KbnXYVisualizationState
from kb_dashboard_core.panels.charts.datatable.view import KbnDatatableVisualizationState
from kb_dashboard_core.panels.charts.metric.view import KbnMetricVisualizationState
from kb_dashboard_core.panels.drilldowns.view import KbnDynamicActions
from kb_dashboard_core.panels.view import KbnGridData
from kb_dashboard_core.controls.view import KbnControlPanelsJson
from kb_dashboard_core.shared.view import KbnReference
kinds = {"lnsXY": KbnXYVisualizationState, "lnsDatatable": KbnDatatableVisualizationState,
         "lnsMetric": KbnMetricVisualizationState}
checked = 0
for line in sys.stdin:
    one = json.loads(line)
    for reference in one["references"]:
        KbnReference.model_validate(reference)
    if one["type"] != "dashboard":
        continue
    group = one["attributes"]["controlGroupInput"]
    controls = json.loads(group["panelsJSON"])
    assert set(controls) == {c["explicitInput"]["id"] for c in controls.values()}
    for panel in json.loads(one["attributes"]["panelsJSON"]):
        KbnGridData.model_validate(panel["gridData"])
        if panel["type"] != "lens":
            continue
        config = panel["embeddableConfig"]
        KbnDynamicActions.model_validate(config["enhancements"]["dynamicActions"])
        state = config["attributes"]["state"]
        for layer in state["datasourceStates"]["formBased"]["layers"].values():
            assert layer["columnOrder"] == list(layer["columns"]) or set(layer["columnOrder"]) == set(layer["columns"])
        kinds[config["attributes"]["visualizationType"]].model_validate(state["visualization"])
        checked += 1
print(checked)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter with kb-dashboard-core."""
    folder = components.cached("kb-dashboard-core", REQUIREMENT.replace("==", "-"), _install)
    return folder / "bin" / "python"


def _install(folder: Path) -> None:
    """Make an environment; its programs are started by path, so that the folder may move."""
    newer = sys.executable if sys.version_info >= (3, 12) else _newer()
    subprocess.run([newer, "-m", "venv", folder], check=True, capture_output=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", REQUIREMENT]
    done = subprocess.run(install, check=False, capture_output=True, text=True)
    if done.returncode:
        message = f"kb-dashboard-core cannot be installed: {done.stderr.strip()[-300:]}"
        raise Unavailable(message)


def _newer() -> str:
    places = [shutil.which(f"python3.{minor}") for minor in (14, 13, 12)]
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places += [str(path) for path in sorted(root.glob("3.1[2-9].*/bin/python"), reverse=True)]
    for place in filter(None, places):
        done = subprocess.run([place, "-c", "import venv"], check=False, capture_output=True)
        if done.returncode == 0:
            return place
    message = "kb-dashboard-core needs Python 3.12 or later, and none is here"
    raise Unavailable(message)


def renamed(state: Any) -> Any:
    """A state with layers and columns named by their place, without what is optional."""
    (layer,) = state["datasourceStates"]["formBased"]["layers"].items()
    order = layer[1]["columnOrder"]
    texts = {
        name: f"c{index}"
        for index, name in enumerate(sorted(order, key=lambda n: _kind(layer[1]["columns"][n])))
    }
    texts[layer[0]] = "layer"

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {texts.get(k, k): walk(v) for k, v in value.items() if k not in OPTIONAL}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return texts.get(value, value) if isinstance(value, str) else value

    found = walk(state)
    found["datasourceStates"]["formBased"]["layers"]["layer"]["columnOrder"].sort()
    return found


def _kind(column: dict[str, Any]) -> tuple[bool, str, str]:
    return not column["isBucketed"], column["operationType"], column["sourceField"]


@pytest.mark.parametrize("chart", PAIRS)
def test_a_panel_has_the_shape_that_the_other_implementation_gives_it(python, tmp_path, chart):
    ours, theirs = PAIRS[chart]
    folder = tmp_path / "dashboards" / "kibana"
    folder.mkdir(parents=True)
    board = {"kind": "dashboard", "id": "b", "title": "B", "description": "d",
             "rows": [{"height": 8, "panels": [{**PANEL, **ours}]}]}  # fmt: skip
    (folder / "b.yaml").write_text(yaml.safe_dump(board, sort_keys=False), encoding="utf-8")
    made = next(
        o for o in kibana.saved_objects(MonitoringConfig(), folder) if o["type"] == "dashboard"
    )
    (mine,) = json.loads(made["attributes"]["panelsJSON"])

    lens = {**theirs, "data_view": "mlmonitor", "query": {"kql": PANEL["where"]}}
    panel = {"title": "P", "size": {"w": 48, "h": 8}, "position": {"x": 0, "y": 0}, "lens": lens}
    other = {"dashboards": [{"name": "B", "id": "b", "description": "d", "panels": [panel]}]}
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other), encoding="utf-8")
    told = subprocess.run(
        [python, "-c", COMPILE, tmp_path / "other.yaml"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    expected = json.loads(told.stdout)
    (their,) = json.loads(expected["attributes"]["panelsJSON"])

    mine_of, their_of = (one["embeddableConfig"]["attributes"] for one in (mine, their))
    assert mine_of["visualizationType"] == their_of["visualizationType"]
    assert renamed(mine_of["state"]) == renamed(their_of["state"])
    assert mine["gridData"].keys() == their["gridData"].keys()
    assert set(expected["attributes"]) - {"controlGroupInput"} <= set(made["attributes"]) | {
        "sections"
    }
    for key in ("coreMigrationVersion", "typeMigrationVersion", "type"):
        assert made[key] == expected[key]


def test_every_panel_is_one_that_the_other_implementation_knows(python, tmp_path):
    mixed().save(tmp_path / "m.json")
    model = ModelSettings(name="m", reference=tmp_path / "m.json")
    text = kibana.files(MonitoringConfig(models=(model,)))[kibana.FILE]
    done = subprocess.run(
        [python, "-c", VALIDATE],
        input=text,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 25
