from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor import bundled, names, streams
from mlmonitor.config import LinkSettings, ModelSettings, MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate import elastic, kibana
from mlmonitor.generate.elastic import Kind
from mlmonitor.generate.elastic.fields import flat
from mlmonitor.generate.kibana import spec
from tests.references import categorical, mixed, reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPECS = bundled.folder("dashboards") / "kibana"


def configuration(folder: Path, *models: str) -> MonitoringConfig:
    path = folder / "mixed.json"
    mixed().save(path)
    return MonitoringConfig(
        models=tuple(ModelSettings(name=name, reference=path) for name in models or ("a-b", "c")),
        links=LinkSettings(grafana="https://grafana.example.com"),
    )


@pytest.fixture
def objects(tmp_path: Path) -> list[dict[str, Any]]:
    return kibana.saved_objects(configuration(tmp_path))


def of_type(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in objects if one["type"] == kind]


def panels(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in of_type(objects, "dashboard"):
        yield from json.loads(one["attributes"]["panelsJSON"])


def lens_columns(panel: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (layer,) = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"][
        "layers"
    ].values()
    return layer["columns"]


def test_every_spec_is_made_into_an_object(objects):
    made = {(one["type"], one["id"]) for one in objects}
    for path in SPECS.glob("*.yaml"):
        found, _ = spec.load(path)
        if isinstance(found, spec.Search):
            assert ("search", found.id) in made
        elif found.each is None:
            assert ("dashboard", found.id) in made
        else:
            assert {("dashboard", f"{found.id}-{name}") for name in ("a~b", "c")} <= made


def test_there_is_a_data_view_of_all_models_and_one_of_each(objects):
    views = {one["id"]: one["attributes"]["title"] for one in of_type(objects, "index-pattern")}
    assert views == {
        "mlmonitor": "logs-mlmonitor.*-*",
        "mlmonitor.a~b": "logs-mlmonitor.a~b-*",
        "mlmonitor.c": "logs-mlmonitor.c-*",
    }


def test_every_reference_leads_to_an_object_that_is_imported_with_it(objects):
    there = {(one["type"], one["id"]) for one in objects}
    assert len(there) == len(objects)
    for one in objects:
        for reference_ in one["references"]:
            assert (reference_["type"], reference_["id"]) in there, one["id"]
        names_of = [reference_["name"] for reference_ in one["references"]]
        assert len(set(names_of)) == len(names_of)


def test_every_reference_that_a_panel_needs_is_among_those_of_its_dashboard(objects):
    for one in of_type(objects, "dashboard"):
        known = {reference_["name"]: reference_ for reference_ in one["references"]}
        for panel in json.loads(one["attributes"]["panelsJSON"]):
            index = panel["panelIndex"]
            if panel["type"] == "search":
                assert known[f"{index}:{panel['panelRefName']}"]["type"] == "search"
                continue
            for inner in panel["embeddableConfig"]["attributes"]["references"]:
                assert known[f"{index}:{inner['name']}"]["id"] == inner["id"]
            for event in panel["embeddableConfig"]["enhancements"]["dynamicActions"]["events"]:
                kind = event["action"]["factoryId"]
                if kind == "DASHBOARD_TO_DASHBOARD_DRILLDOWN":
                    name = f"{index}:drilldown:{kind}:{event['eventId']}:dashboardId"
                    assert known[name]["type"] == "dashboard"


def test_versions_are_those_that_kibana_migrates_from(objects):
    assert {one["coreMigrationVersion"] for one in objects} == {"8.8.0"}
    assert {one["type"]: one["typeMigrationVersion"] for one in objects} == {
        "dashboard": "10.2.0",
        "index-pattern": "8.0.0",
        "search": "8.0.0",
        "tag": "8.0.0",
    }


def templates(config: MonitoringConfig, model: str) -> set[str]:
    """Fields that the templates give to the index of a model."""
    parts = [
        "mlmonitor-ecs@mappings",
        "mlmonitor-record@mappings",
        f"{streams.dataset(model)}@mappings",
    ]
    found = set[str]()
    for one in elastic.objects(config):
        if one.kind is Kind.COMPONENT and one.name in parts:
            found |= set(flat(one.body["template"]["mappings"]["properties"]))
    return found


def fields_of(one: dict[str, Any]) -> set[str]:
    """Every field that a dashboard or search asks for."""
    found = set[str]()
    if one["type"] == "search":
        found |= set(one["attributes"]["columns"])
        queries = [
            json.loads(one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]
        ]
    else:
        queries = []
        controls = json.loads(one["attributes"]["controlGroupInput"]["panelsJSON"])
        found |= {control["explicitInput"]["fieldName"] for control in controls.values()}
        for panel in json.loads(one["attributes"]["panelsJSON"]):
            if panel["type"] == "lens":
                queries.append(panel["embeddableConfig"]["attributes"]["state"]["query"])
                for column in lens_columns(panel).values():
                    found.add(column["sourceField"])
                    queries.append(column.get("filter", {"query": ""}))
    for query in queries:
        found |= set(re.findall(r"(\S+?):", query["query"]))
    return found - {"___records___"}


def computed(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Fields that every data view computes."""
    first, *others = (
        json.loads(one["attributes"]["runtimeFieldMap"])
        for one in of_type(objects, "index-pattern")
    )
    assert all(one == first for one in others)
    return dict(first)


def test_the_data_views_compute_how_many_predictions_a_record_stands_for(tmp_path, objects):
    assert set(computed(objects)) == {names.LOG_SAMPLE_WEIGHT.name}
    assert names.LOG_SAMPLE_WEIGHT.name not in names.LOG_FIELDS
    (field,) = computed(objects).values()
    asked = set(re.findall(r"doc(?:\.containsKey\(|\[)'([\w.]+)'", field["script"]["source"]))
    assert asked == {names.LOG_SAMPLE_RATE.name} <= templates(configuration(tmp_path), "c")


def test_predictions_are_counted_by_what_records_stand_for(objects):
    counted = 0
    for panel in panels(objects):
        for column in lens_columns(panel).values() if panel["type"] == "lens" else ():
            assert column["operationType"] != "count"
            counted += column["sourceField"] == names.LOG_SAMPLE_WEIGHT.name
    assert counted > 20


def test_every_field_exists_in_the_templates(tmp_path, objects):
    config = configuration(tmp_path)
    checked = 0
    for one in [*of_type(objects, "search"), *of_type(objects, "dashboard")]:
        model = (
            streams.model(f"mlmonitor.{one['id'].split('-')[-1]}")
            if "columns" in one["id"]
            else "c"
        )
        wanted = fields_of(one)
        checked += len(wanted)
        assert wanted <= templates(config, model) | set(computed(objects)), one["id"]
    assert checked > 50


def test_every_column_of_the_reference_that_can_be_drawn_has_a_panel(objects):
    board = next(one for one in objects if one["id"] == "mlmonitor-columns-c")
    titles = {panel["title"] for panel in json.loads(board["attributes"]["panelsJSON"])}
    assert {
        "Input size by version", "Input rooms by version", "Input pool by version", "Input city",
        "Input garden", "Output prediction by version",
    } <= titles  # fmt: skip
    assert not any("note" in title or title == "Input id by version" for title in titles)


def test_panels_do_not_overlap_and_stay_in_the_grid(objects):
    for one in of_type(objects, "dashboard"):
        taken = set[tuple[int, int]]()
        for panel in json.loads(one["attributes"]["panelsJSON"]):
            place = panel["gridData"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken
            assert max(x for x, _ in cells) < 48
            taken |= cells


def test_every_panel_says_what_bad_looks_like(objects):
    for panel in panels(objects):
        if panel["type"] == "lens":
            assert panel["embeddableConfig"]["attributes"]["description"]


def test_a_click_leads_back_to_grafana(objects):
    templates_ = [
        event["action"]["config"]["url"]["template"]
        for panel in panels(objects)
        if panel["type"] == "lens"
        for event in panel["embeddableConfig"]["enhancements"]["dynamicActions"]["events"]
        if event["action"]["factoryId"] == "URL_DRILLDOWN"
    ]
    assert templates_
    for template in templates_:
        assert template.startswith("https://grafana.example.com/d/mlmonitor-model?var-")
        assert "{{encodeURIComponent context.panel.timeRange.from}}" in template
        plain = re.sub(r"{{encodeURIComponent [\w.]+}}", "", template)
        assert not set(plain) & set("{}<> ")


def test_violations_and_models_in_records_lead_back_to_grafana(objects):
    for view in of_type(objects, "index-pattern"):
        formats = json.loads(view["attributes"]["fieldFormatMap"])
        template = formats["mlmonitor.violations.column"]["params"]["urlTemplate"]
        chosen = "" if view["id"] == "mlmonitor" else "var-model="
        assert template.startswith(f"https://grafana.example.com/d/mlmonitor-model?{chosen}")
        assert template.endswith("var-column={{value}}")
        assert set(formats) <= set(names.LOG_FIELDS)


def test_odd_names_are_escaped_where_they_stand(tmp_path):
    odd = 'Größe & "x" #1?'
    reference(categorical(odd, {"a": 2})).save(tmp_path / "odd.json")
    model = ModelSettings(name="a/b c", reference=tmp_path / "odd.json")
    made = kibana.saved_objects(MonitoringConfig(models=(model,)))
    board = next(one for one in made if one["id"].startswith("mlmonitor-columns"))
    texts = json.loads(board["attributes"]["panelsJSON"])
    panel = next(one for one in texts if odd in one["title"])
    fields = [column["sourceField"] for column in lens_columns(panel).values()]
    assert f"mlmonitor.inputs.{streams.field(odd)}" in fields


def test_the_same_configuration_gives_the_same_text(tmp_path):
    config = configuration(tmp_path)
    text = kibana.files(config)[kibana.FILE]
    assert text == kibana.files(config)[kibana.FILE]
    assert all(json.loads(line) for line in text.splitlines())


def test_a_configuration_without_models_has_the_objects_of_all():
    kinds = {one["type"] for one in kibana.saved_objects(MonitoringConfig())}
    assert kinds == {"tag", "index-pattern", "search", "dashboard"}


PANEL = {
    "id": "p", "title": "P", "description": "d", "width": 48, "chart": "bars", "over": "time",
    "metrics": [{"label": "Records"}],
}  # fmt: skip
BOARD = {
    "kind": "dashboard", "id": "b", "title": "B", "description": "d",
    "rows": [{"height": 8, "panels": [PANEL]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"split": {"terms": "mlmonitor.modle"}}, "'mlmonitor.modle' is not there"),
        ({"split": {"terms": "message"}}, "'message' is match_only_text, and cannot be counted"),
        (
            {"metrics": [{"label": "x", "do": "average", "of": "error.type"}]},
            "is keyword, and cannot",
        ),
        ({"metrics": [{"label": "x", "do": "average"}]}, "records are counted"),
        (
            {"metrics": [{"label": "x", "do": "percentile", "of": "event.duration"}]},
            "percentile: 99",
        ),
        ({"where": "event.outcom: failure"}, "'event.outcom' is no field"),
        ({"drilldowns": [{"name": "x", "to": "c"}]}, "there is no 'c'"),
        ({"drilldowns": [{"name": "x"}]}, "needs either"),
        ({"chart": "table"}, "a table is `over` terms"),
        ({"chart": "number"}, "a number has one metric"),
        ({"chart": "lines", "over": []}, "over the time or one field"),
        ({"each": "input"}, "`each` and `types` belong together"),
        ({"colour": "red"}, "unknown key"),
        ({"split": {"terms": "event.outcome", "count": 5}}, "unknown key"),
        ({"chart": "pie"}, "'pie' is unknown"),
    ],
)
def test_a_wrong_spec_is_refused_with_its_place(tmp_path, change, problem):
    board = {**BOARD, "rows": [{"height": 8, "panels": [{**PANEL, **change}]}]}
    folder = tmp_path / "dashboards" / "kibana"
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text(yaml.safe_dump(board, sort_keys=False), encoding="utf-8")
    with pytest.raises(GenerationError, match=problem) as caught:
        kibana.saved_objects(MonitoringConfig(), folder)
    assert str(caught.value).startswith("dashboards/kibana/b.yaml:")


def test_two_panels_of_one_id_are_refused(tmp_path):
    board = {**BOARD, "rows": [{"height": 8, "panels": [PANEL]}, {"height": 8, "panels": [PANEL]}]}
    folder = tmp_path / "dashboards" / "kibana"
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text(yaml.safe_dump(board, sort_keys=False), encoding="utf-8")
    with pytest.raises(GenerationError, match="panel id 'p' stands twice; rename one"):
        kibana.saved_objects(MonitoringConfig(), folder)


def test_the_specs_name_no_field_that_the_catalogue_lacks():
    for path in SPECS.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"(?:terms|of): ([\w.@]+)", text):
            assert name in names.LOG_FIELDS, path
