from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate import spec
from mlmonitor.generate.dashboards import DashboardSettings, dashboards

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = Path(spec.__file__).parents[1] / "schemas" / "dashboard.schema.json"
SETTINGS = [
    DashboardSettings(),
    DashboardSettings(scope=("cluster", "namespace"), windows=(60.0,)),
    DashboardSettings(scope=()),
]
GENERATED = [(settings, name) for settings in SETTINGS for name in dashboards(settings)]
LEGACY = {
    "__inputs",
    "cacheTimeout",
    "fieldOptions",
    "gnetId",
    "hideControls",
    "intervalFactor",
    "rows",
    "sharedCrosshair",
    "span",
    "style",
    "tagsQuery",
    "xaxis",
    "yaxes",
}

SMALL = """\
uid: small
title: Small
description: One panel.
tags: [mlmonitor]
rows:
  - title: Row
    height: 4
    panels:
      - id: one
        type: stat
        title: One
        description: Bad is none.
        unit: none
        width: 24
        queries:
          - legend: one
            expr: sum(mlmonitor_monitor_workers{<selected>})
"""


def generated(settings: DashboardSettings, name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(dashboards(settings)[name])
    return made


@pytest.fixture(params=GENERATED, ids=lambda one: f"{one[1]}-{'-'.join(one[0].scope)}")
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    return generated(*request.param)


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def walk(
    value: Any,
    path: str = "",
) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(part, f"{path}/{key}")


def expressions(dashboard: dict[str, Any]) -> list[str]:
    targets = [target for panel in panels(dashboard) for target in panel["targets"]]
    targets += [annotation["target"] for annotation in dashboard["annotations"]["list"]]
    return [target["expr"] for target in targets]


def one_spec(folder: Path, text: str) -> dict[str, str]:
    folder = folder / "dashboards"
    folder.mkdir()
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return dashboards(DashboardSettings(), folder)


def refused(folder: Path, old: str, new: str) -> str:
    assert old in SMALL
    with pytest.raises(GenerationError) as caught:
        one_spec(folder, SMALL.replace(old, new))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_settings_by_default_are_those_of_the_default_configuration() -> None:
    assert DashboardSettings.of(MonitoringConfig()) == DashboardSettings()


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
def test_grafanas_own_models_read_every_key(dashboard: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog import encoder, plugins  # noqa: PLC0415
        from grafana_foundation_sdk.models import dashboard as models  # noqa: PLC0415

        plugins.register_default_plugins()
        decoded = models.Dashboard.from_json(dashboard)
        again = dict(walk(json.loads(encoder.JSONEncoder().encode(decoded))))
    for panel, model in zip(dashboard["panels"], decoded.panels or [], strict=True):
        expected = "row" if panel["type"] == "row" else f"models.{panel['type'].replace('-', '')}"
        assert expected in str(type(getattr(model, "options", None))) or panel["type"] == "row"
    for path, value in walk(dashboard):
        if not isinstance(value, (dict, list)):
            assert again.get(path, "lost") == value, path


def test_it_is_of_the_current_schema_without_nulls_and_legacy_keys(
    dashboard: dict[str, Any],
) -> None:
    assert dashboard["schemaVersion"] == 42
    assert [path for path, value in walk(dashboard) if value is None] == []
    assert [path for path, _ in walk(dashboard) if path.rsplit("/", 1)[-1] in LEGACY] == []


def test_nothing_in_it_depends_on_when_it_was_made(dashboard: dict[str, Any]) -> None:
    assert dashboard["uid"].startswith("mlmonitor-")
    assert not {"id", "version", "iteration"} & set(dashboard)
    assert not re.search(r"\b20\d\d-\d\d-\d\d", json.dumps(dashboard))


def test_panels_fill_the_grid_without_overlap_or_hole(dashboard: dict[str, Any]) -> None:
    cells = [
        (left, top)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for left in range(place["x"], place["x"] + place["w"])
        for top in range(place["y"], place["y"] + place["h"])
    ]
    bottom = max(top for _, top in cells) + 1
    assert sorted(cells) == [(left, top) for left in range(24) for top in range(bottom)]


def test_ids_are_unique(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert ids == list(range(1, len(ids) + 1))


def test_every_panel_says_what_it_shows_and_what_bad_looks_like(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert "Bad is" in panel["description"] or "bad is" in panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]


def test_every_query_asks_the_chosen_datasource(dashboard: dict[str, Any]) -> None:
    sources = [value for path, value in walk(dashboard) if path.endswith("/datasource")]
    assert len(sources) > len(expressions(dashboard))
    assert all(one == {"type": "prometheus", "uid": "${datasource}"} for one in sources)


def test_variables_are_chained(dashboard: dict[str, Any]) -> None:
    variables = dashboard["templating"]["list"]
    names = [variable["name"] for variable in variables]
    assert names[0] == "datasource"
    assert names[-4:] == ["model", "role", "version", "window"]
    queries = [one for one in variables if one["type"] == "query"]
    for index, variable in enumerate(queries):
        query = variable["query"]["query"]
        assert re.findall(r"\$(\w+)", query) == [one["name"] for one in queries[:index]]


def test_every_variable_of_an_expression_is_known(dashboard: dict[str, Any]) -> None:
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    known |= {"__rate_interval", "__range", "1"}
    for expression in expressions(dashboard):
        assert set(re.findall(r"\$(\w+)", expression)) <= known
        assert "<" not in expression


def test_rates_are_over_the_interval_that_grafana_chooses(dashboard: dict[str, Any]) -> None:
    for expression in expressions(dashboard):
        for interval in re.findall(r"rate\([^()\[\]]*\[([^]]*)\]", expression):
            assert interval == "$__rate_interval"


@pytest.mark.parametrize("version", ["2.42", "3"])
def test_promtool_parses_every_expression(
    version: str, dashboard: dict[str, Any], tmp_path: Path
) -> None:
    from tests import components  # noqa: PLC0415 - obtains servers

    rules = [
        {
            "record": f"dashboard:expression{index}:value",
            "expr": re.sub(r"\$(\w+)", _substitute, expression),
        }
        for index, expression in enumerate(expressions(dashboard))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    command = [components.promtool(version), "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _substitute(variable: re.Match[str]) -> str:
    times = {"__rate_interval": "1m", "__range": "6h", "1": "$1"}
    return times.get(variable[1], "chosen")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "mlmonitor_monitor_workers",
            "mlmonitor_monitor_worker",
            (
                "dashboards/small.yaml:17: rows[0].panels[0].queries[0].expr: "
                "no metric mlmonitor_monitor_worker; did you mean mlmonitor_monitor_workers?"
            ),
        ),
        ("sum(", "sum by (modle) (", "no label modle; did you mean model?"),
        ("<selected>", "<selectd>", "<selectd> is no placeholder; did you mean selected?"),
        ("legend:", "legned:", "small.yaml:16: rows[0].panels[0].queries[0].legned: unknown key"),
        (
            "type: stat",
            "type: graph",
            "rows[0].panels[0]: 'graph' is unknown; use one of timeseries",
        ),
        ("        unit: none\n", "", "rows[0].panels[0].unit: is required; add it."),
        ("width: 24", "width: 20", "rows[0].panels: widths of the last line add up to 20"),
        (
            "title: Row",
            "titel: Row",
            "small.yaml:6: rows[0].titel: unknown key; did you mean `title`?",
        ),
        ("uid: small", "uid: Small!", "small.yaml:1: uid: "),
    ],
)
def test_a_wrong_spec_gives_one_sentence_with_place_and_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert message in refused(tmp_path, old, new)


def test_a_panel_id_stands_once(tmp_path: Path) -> None:
    row = SMALL[SMALL.index("  - title: Row") :]
    with pytest.raises(GenerationError, match="panel id 'one' stands twice"):
        one_spec(tmp_path, SMALL + row)


def test_panels_that_do_not_fit_a_line_are_refused(tmp_path: Path) -> None:
    panel = SMALL[SMALL.index("      - id: one") :].replace("24", "16")
    start = SMALL[: SMALL.index("      - id: one")]
    with pytest.raises(GenerationError, match="panel 'two' ends at column 32 of 24"):
        one_spec(tmp_path, start + panel + panel.replace("one\n", "two\n"))


def test_a_bar_gauge_is_of_the_current_schema_too(tmp_path: Path) -> None:
    made = json.loads(one_spec(tmp_path, SMALL.replace("stat", "bargauge"))["grafana/small.json"])
    (panel,) = panels(made)
    assert panel["type"] == "bargauge"
    assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
    assert panel["targets"][0]["instant"]


def test_the_committed_schema_is_the_specs_own() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == spec.json_schema(), (
        "run `mlmonitor schema dashboard > mlmonitor/schemas/dashboard.schema.json`"
    )
