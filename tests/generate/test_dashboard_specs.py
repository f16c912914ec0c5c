"""How specs are read, what is wrong with them, and what monitoring.yaml changes about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor import bundled
from mlmonitor.config import MonitoringConfig, load_config
from mlmonitor.errors import ConfigError, GenerationError
from mlmonitor.generate import layout, spec
from mlmonitor.generate.dashboards import DashboardSettings, dashboards

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
SCHEMA = Path(spec.__file__).parents[1] / "schemas" / "dashboard.schema.json"

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
PANEL = SMALL[SMALL.index("      - id: one") :]
STALE = "        thresholds: {alert: MlmonitorModelStale}\n        queries:"


def made(folder: Path, text: str = SMALL, **config: Any) -> dict[str, str]:
    folder = folder / "dashboards"
    folder.mkdir(exist_ok=True)
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return dashboards(DashboardSettings(MonitoringConfig.model_validate(config)), folder)


def panels(files: dict[str, str], name: str = "small") -> list[Json]:
    document: Json = json.loads(files[f"grafana/{name}.json"])
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def refused(folder: Path, text: str, **config: Any) -> str:
    with pytest.raises(GenerationError) as caught:
        made(folder, text, **config)
    message = str(caught.value)
    assert "\n" not in message
    return message


def several(*ids: str, widths: Sequence[int]) -> str:
    """A row of stats."""
    made = [
        PANEL.replace("id: one\n", f"id: {name}\n").replace("width: 24", f"width: {width}")
        for name, width in zip(ids, widths, strict=True)
    ]
    return SMALL.replace(PANEL, "".join(made))


def test_the_settings_by_default_are_those_of_the_default_configuration() -> None:
    assert DashboardSettings.of(MonitoringConfig()) == DashboardSettings()


def test_the_committed_schema_is_the_specs_own() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == spec.json_schema(), (
        "run `mlmonitor schema dashboard > mlmonitor/schemas/dashboard.schema.json`"
    )


def test_editors_accept_every_spec_that_ships() -> None:
    import jsonschema  # noqa: PLC0415 - slow to import
    import yaml  # noqa: PLC0415

    checked = jsonschema.Draft202012Validator(spec.json_schema())
    for path in bundled.folder("dashboards").glob("*.yaml"):
        checked.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


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
        (
            "unit: none",
            "unit: percentunits",
            (
                "small.yaml:13: rows[0].panels[0].unit: no unit 'percentunits' of Grafana; "
                "did you mean percentunit?"
            ),
        ),
        ("width: 24", "width: 20", "rows[0].panels: widths of the last line add up to 20"),
        (
            "title: Row",
            "titel: Row",
            "small.yaml:6: rows[0].titel: unknown key; did you mean `title`?",
        ),
        ("uid: small", "uid: Small!", "small.yaml:1: uid: "),
        (
            "tags: [mlmonitor]\n",
            "tags: [mlmonitor]\nwhen: busines\n",
            "small.yaml:5: when: 'busines' is unknown; did you mean `business`?",
        ),
        (
            "tags: [mlmonitor]\n",
            "tags: [mlmonitor]\nvariables: [{name: scope}, {name: windw}]\n",
            "small.yaml:5: variables: no label 'windw' to choose by; did you mean window?",
        ),
        (
            "        queries:",
            STALE.replace("ModelStale", "ModelStael"),
            (
                "small.yaml:15: rows[0].panels[0].thresholds: there is no alert "
                "MlmonitorModelStael; did you mean MlmonitorModelStale?"
            ),
        ),
        (
            "        queries:",
            STALE.replace("ModelStale", "ServiceDown"),
            "MlmonitorServiceDown has no threshold that is one number; write `above` and `color`",
        ),
        (
            "        queries:",
            STALE.replace("{alert: MlmonitorModelStale}", "[{alert: MlmonitorModelStale, above: 3}]"),
            "MlmonitorModelStale compares with no 3; take a number of its own.",
        ),
        (
            "        queries:",
            "        links: [{title: Away, dashboard: smal}]\n        queries:",
            "small.yaml:15: rows[0].panels[0].links[0]: there is no dashboard smal; did you mean small?",
        ),
        (
            "        queries:",
            "        repeat: version\n        queries:",
            "small.yaml:15: rows[0].panels[0].repeat: no variable 'version' of which several",
        ),
    ],
)  # fmt: skip
def test_a_wrong_spec_gives_one_sentence_with_place_and_fix(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    if "repeat" in new:
        text = text.replace("rows:", "variables: [{name: scope}]\nrows:").replace(":15:", ":16:")
        message = message.replace(":15:", ":16:")
    assert message in refused(tmp_path, text)


@pytest.mark.parametrize("text", ["- a list\n", "one word\n", "", "a: [\n"])
def test_a_spec_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).startswith("dashboards/small.yaml:")


def test_a_variable_that_no_query_uses_is_refused(tmp_path: Path) -> None:
    text = SMALL.replace("rows:", "variables: [{name: scope}, {name: window}]\nrows:")
    message = "small.yaml:5: variables[1]: no query uses the variable 'window'; remove it"
    assert message in refused(tmp_path, text)


def test_a_panel_id_stands_once(tmp_path: Path) -> None:
    row = SMALL[SMALL.index("  - title: Row") :]
    assert "panel id 'one' stands twice" in refused(tmp_path, SMALL + row)


def test_panels_that_do_not_fit_a_line_are_refused(tmp_path: Path) -> None:
    text = several("one", "two", widths=[16, 16])
    assert "panel 'two' ends at column 32 of 24" in refused(tmp_path, text)


@pytest.mark.parametrize("type_", ["bargauge", "gauge", "histogram"])
def test_what_shows_the_newest_value_asks_for_it_alone(tmp_path: Path, type_: str) -> None:
    (panel,) = panels(made(tmp_path, SMALL.replace("stat", type_)))
    assert panel["type"] == type_
    assert panel["targets"][0]["instant"]


def test_a_text_panel_asks_nothing(tmp_path: Path) -> None:
    text = SMALL[: SMALL.index("        unit")] + "        width: 24\n        content: '# Hello'\n"
    (panel,) = panels(made(tmp_path, text.replace("stat", "text")))
    assert panel["options"]["content"] == "# Hello"
    assert "targets" not in panel


TABLE = """\
        width: 24
        labels: {model: Model}
        sort: Calls
        columns:
          - {title: Calls, unit: none, expr: "sum by (model) (mlmonitor_predictions_total{<selected>})"}
"""
MORE = TABLE.splitlines()[-1].replace("Calls", "More") + "\n"


@pytest.mark.parametrize(("columns", "field"), [(TABLE, "Value"), (TABLE + MORE, "Value #A")])
def test_the_columns_of_a_table_have_the_names_that_grafana_gives_them(
    tmp_path: Path, columns: str, field: str
) -> None:
    text = SMALL[: SMALL.index("        unit")].replace("stat", "table") + columns
    (panel,) = panels(made(tmp_path, text))
    merge, order, names = panel["transformations"]
    assert merge["id"] == "merge"
    assert order["options"]["sort"] == [{"desc": True, "field": field}]
    assert names["options"]["renameByName"][field] == "Calls"


def test_a_color_of_its_own_is_that_of_all_lines_of_a_query(tmp_path: Path) -> None:
    text = SMALL.replace("stat", "timeseries").replace(
        "legend: one", "legend: one\n            color: blue"
    )
    (panel,) = panels(made(tmp_path, text))
    (drawn,) = panel["fieldConfig"]["overrides"]
    assert drawn["properties"] == [
        {"id": "color", "value": {"fixedColor": "blue", "mode": "fixed"}}
    ]


def test_a_threshold_is_the_number_and_the_color_of_its_alert(tmp_path: Path) -> None:
    text = SMALL.replace("        queries:", STALE)
    (panel,) = panels(made(tmp_path, text))
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps == [{"color": "green"}, {"color": "orange", "value": 15552000.0}]
    assert panel["links"][0]["url"].endswith("/MlmonitorModelStale")
    rules = {"MlmonitorModelStale": {"threshold": 86400.0, "severity": "critical"}}
    (panel,) = panels(made(tmp_path, text, alerts={"rules": rules}))
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps[1:] == [{"color": "red", "value": 86400.0}]


def test_a_threshold_of_an_alert_that_is_switched_off_is_not_drawn(tmp_path: Path) -> None:
    rules = {"MlmonitorModelStale": {"enabled": False}}
    text = SMALL.replace("        queries:", STALE)
    (panel,) = panels(made(tmp_path, text, alerts={"rules": rules}))
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"] == [{"color": "green"}]


def test_a_threshold_that_differs_by_model_is_asked_for(tmp_path: Path) -> None:
    text = SMALL.replace("        queries:", STALE)
    models = [{"name": "houses", "alerts": {"MlmonitorModelStale": 5.0}}]
    (panel,) = panels(made(tmp_path, text, models=models))
    assert 'alert="MlmonitorModelStale"' in panel["targets"][-1]["expr"]
    assert panel["transformations"][0]["options"]["configRefId"] == panel["targets"][-1]["refId"]
    (panel,) = panels(made(tmp_path, text.replace("stat", "timeseries"), models=models))
    (drawn,) = panel["fieldConfig"]["overrides"]
    assert drawn["matcher"]["options"] == panel["targets"][-1]["refId"]
    assert {one["id"] for one in drawn["properties"]} >= {"color", "custom.lineStyle"}


def test_what_waits_for_a_feature_is_left_out_without_it(tmp_path: Path) -> None:
    text = several("one", "two", "three", widths=[8, 8, 8])
    text = text.replace("- id: two\n", "- id: two\n        when: kibana\n")
    places = [(one["gridPos"]["x"], one["gridPos"]["w"]) for one in panels(made(tmp_path, text))]
    assert places == [(0, 12), (12, 12)]
    links = {"kibana": "http://localhost:5601"}
    assert len(panels(made(tmp_path, text, links=links))) == 3


def test_a_dashboard_of_which_nothing_is_left_is_not_written(tmp_path: Path) -> None:
    assert made(tmp_path, SMALL.replace("rows:", "when: respond\nrows:")) == {}
    assert made(tmp_path, dashboards={"panels": {"small/one": {"enabled": False}}}) == {}


def test_panels_are_changed_by_their_id(tmp_path: Path) -> None:
    text = several("one", "two", widths=[12, 12])
    change = {"title": "Workers", "width": 6, "thresholds": [{"above": 3.0, "color": "red"}]}
    one, two = panels(made(tmp_path, text, dashboards={"panels": {"small/one": change}}))
    assert one["title"] == "Workers"
    assert (one["gridPos"]["w"], two["gridPos"]["w"]) == (8, 16)
    assert one["fieldConfig"]["defaults"]["thresholds"]["steps"][1:] == [{"color": "red", "value": 3.0}]  # fmt: skip


def test_changes_to_panels_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, SMALL, dashboards={"panels": {"small/on": {}}})
    assert message == "dashboards.panels.small/on: there is no such panel; did you mean small/one?"


def test_dashboards_of_ones_own_are_added(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text(SMALL, encoding="utf-8")
    path = tmp_path / "monitoring.yaml"
    path.write_text("dashboards: {include: [own/*.yaml]}\n", encoding="utf-8")
    files = dashboards(DashboardSettings.of(load_config(path)))
    assert {"grafana/mine.json", "grafana/model.json"} <= set(files)


def test_own_dashboards_may_ask_for_metrics_of_others(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(SMALL.replace("mlmonitor_monitor_workers", "http_requests_total"))
    config = {"include": [str(own)]}
    with pytest.raises(GenerationError, match="has this uid already"):
        made(tmp_path, dashboards=config)
    own.write_text(own.read_text().replace("uid: small", "uid: mine"))
    assert "http_requests_total" in made(tmp_path, dashboards=config)["grafana/mine.json"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("small", SMALL.replace("uid: small", "uid: other"), "small.yaml has the same name"),
        ("other", SMALL, "other.yaml:1: uid: dashboards/small.yaml has this uid already"),
    ],
)
def test_own_dashboards_need_a_name_and_a_uid_of_their_own(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / f"{name}.yaml").write_text(text)
    config = {"include": [str(tmp_path / f"{name}.yaml")]}
    assert message in refused(tmp_path, SMALL, dashboards=config)


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, SMALL, dashboards={"include": ["nowhere/*.yaml"]})
    assert message == (
        "dashboards.include: nowhere/*.yaml matches no file; mend the path or remove it."
    )


def test_a_wrong_change_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "monitoring.yaml"
    path.write_text("dashboards:\n  panels:\n    model/cpu: {width: 25}\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"monitoring\.yaml:3: dashboards\.panels\.model/cpu\.width"
    ):
        load_config(path)


@pytest.mark.parametrize(
    ("widths", "expected"),
    [
        ([8, 8, 8], [[8, 8, 8]]),
        ([8, 8], [[12, 12]]),
        ([5], [[24]]),
        ([20, 20], [[24], [24]]),
        ([7, 7, 7], [[8, 8, 8]]),
        ([4, 4, 4, 4, 4], [[5, 5, 4, 5, 5]]),
    ],
)
def test_lines_are_filled(widths: list[int], expected: list[list[int]]) -> None:
    assert list(layout.lines(widths)) == expected
