from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from mlmonitor import names, streams
from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig, load_config
from mlmonitor.config.models import ColumnSettings
from mlmonitor.errors import ConfigError, MlmonitorError
from mlmonitor.generate.elastic import Kind, Object, columns, fields, files, lifecycle, objects
from mlmonitor.generate.elastic.profile import PROFILES
from mlmonitor.reference import Column, Reference
from tests.references import mixed, reference

if TYPE_CHECKING:
    from pathlib import Path

SIDES = set(names.COLUMNS_OF_SIDE.values())


def column(name: str, kind: Any, side: Any = "input") -> Column:
    more: dict[str, Any] = {}
    if kind in {"numeric", "discrete", "sparse"}:
        more = {"edges": (1.0,), "counts": (1, 1), "mean": 1.0, "deviation": 1.0}
    elif kind in {"categorical", "boolean"}:
        more = {"categories": {"a": 2}}
    return Column(name=name, side=side, kind=kind, rows=2, **more)


def config(folder: Path, *references: Reference, **settings: Any) -> MonitoringConfig:
    models = []
    for index, one in enumerate(references):
        path = folder / f"{index}.json"
        one.save(path)
        models.append(ModelSettings(name=one.model, version=one.version, reference=path))
    return MonitoringConfig(models=tuple(models), elasticsearch=ElasticsearchSettings(**settings))


def body(found: list[Object], kind: Kind, name: str) -> dict[str, Any]:
    return next(one.body for one in found if (one.kind, one.name) == (kind, name))


def mapping(found: list[Object], name: str) -> dict[str, Any]:
    return fields.flat(body(found, Kind.COMPONENT, name)["template"]["mappings"]["properties"])


def test_every_field_of_the_catalogue_has_a_type(tmp_path):
    found = objects(config(tmp_path))
    typed = mapping(found, "mlmonitor-ecs@mappings") | mapping(found, "mlmonitor-record@mappings")
    assert set(typed) == {name for name, field in names.LOG_FIELDS.items() if field not in SIDES}


def test_every_column_has_one_typed_field(tmp_path):
    typed = mapping(objects(config(tmp_path, mixed())), "mlmonitor.m@mappings")
    assert {name: one["type"] for name, one in typed.items()} == {
        "mlmonitor.inputs.size": "double",
        "mlmonitor.inputs.city": "keyword",
        "mlmonitor.inputs.rooms": "double",
        "mlmonitor.inputs.pool": "double",
        "mlmonitor.inputs.garden": "boolean",
        "mlmonitor.inputs.id": "keyword",
        "mlmonitor.inputs.note": "match_only_text",
        "mlmonitor.outputs.prediction": "double",
    }


def test_no_number_date_or_truth_value_refuses_a_record(tmp_path):
    kinds = sorted(columns.TYPES)
    typed = mapping(
        objects(config(tmp_path, reference(*(column(kind, kind) for kind in kinds)))),
        "mlmonitor.m@mappings",
    )
    strict = {"double", "long", "date", "boolean"}
    assert all(one["ignore_malformed"] for one in typed.values() if one["type"] in strict)
    assert all(one["ignore_above"] for one in typed.values() if one["type"] == "keyword")


def test_an_odd_column_stays_one_field(tmp_path):
    odd = ["a.b", "", " ", "*", "ünï", "a b"]
    found = objects(config(tmp_path, reference(*(column(name, "text") for name in odd))))
    inputs = body(found, Kind.COMPONENT, "mlmonitor.m@mappings")
    inputs = inputs["template"]["mappings"]["properties"]["mlmonitor"]["properties"]["inputs"]
    assert [streams.column(field) for field in inputs["properties"]] == odd


def test_columns_outside_of_the_reference_are_kept_and_not_searched(tmp_path):
    found = objects(config(tmp_path, mixed()))
    component = body(found, Kind.COMPONENT, "mlmonitor.m@mappings")
    inner = component["template"]["mappings"]["properties"]["mlmonitor"]["properties"]
    assert all(inner[side]["dynamic"] is False for side in ("inputs", "outputs", "scores"))


def test_outcomes_come_later_and_have_no_field(tmp_path):
    found = objects(config(tmp_path, reference(column("price", "numeric", "outcome"))))
    assert mapping(found, "mlmonitor.m@mappings") == {}


def test_a_type_that_changes_between_versions_is_a_field_below_the_first(tmp_path):
    versions = [
        reference(column("x", "numeric"), column("y", "text"), version="1"),
        reference(column("x", "categorical"), column("y", "text"), version="2"),
        reference(column("x", "timestamp"), column("z", "boolean"), version="3"),
    ]
    typed = mapping(objects(config(tmp_path, *versions)), "mlmonitor.m@mappings")
    assert {name.removeprefix("mlmonitor.inputs."): one["type"] for name, one in typed.items()} == {
        "x": "double",
        "x.keyword": "keyword",
        "x.date": "date",
        "y": "match_only_text",
        "z": "boolean",
    }


def test_a_sensitive_column_has_a_field_for_what_is_left_of_it(tmp_path):
    reference(*(column(name, "numeric") for name in ("age", "iban", "pin", "size"))).save(
        tmp_path / "0.json"
    )
    marks = {"age": "hash", "iban": "drop", "pin": "mask"}
    columns_of = {name: ColumnSettings(sensitive=mark) for name, mark in marks.items()}
    model = ModelSettings(name="m", reference=tmp_path / "0.json", columns=columns_of)
    typed = mapping(objects(MonitoringConfig(models=(model,))), "mlmonitor.m@mappings")
    assert {name.rpartition(".")[2]: one["type"] for name, one in typed.items()} == {
        "age": "keyword",
        "pin": "keyword",
        "size": "double",
    }


def test_each_model_has_a_data_stream_of_its_own_above_the_one_for_all(tmp_path):
    made = config(tmp_path, reference(model="a-b"), reference(model="c"))
    found = {one.name: one.body for one in objects(made) if one.kind is Kind.TEMPLATE}
    assert {name: one["index_patterns"] for name, one in found.items()} == {
        "logs-mlmonitor": ["logs-mlmonitor.*-*"],
        "logs-mlmonitor.a~b": ["logs-mlmonitor.a~b-*"],
        "logs-mlmonitor.c": ["logs-mlmonitor.c-*"],
    }
    below = found.pop("logs-mlmonitor")["priority"]
    assert all(one["priority"] > below > 200 for one in found.values())


def test_every_part_of_a_template_comes_before_it(tmp_path):
    seen = set[str]()
    for one in objects(config(tmp_path, mixed())):
        assert seen >= set(one.body.get("composed_of", ()))
        seen.add(one.name)


def test_a_model_with_many_columns_has_room_for_them(tmp_path):
    wide = reference(*(column(f"c{index}", "numeric") for index in range(3000)))
    found = objects(config(tmp_path, wide))
    component = body(found, Kind.COMPONENT, "mlmonitor.m@mappings")
    limit = int(component["template"]["settings"]["index"]["mapping"]["total_fields"]["limit"])
    assert limit > 2 * 3000
    assert (
        body(found, Kind.TEMPLATE, "logs-mlmonitor.m")["composed_of"][-1] == "mlmonitor.m@mappings"
    )


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= leaves(inner, f"{path}/{key}")
        return found
    return {path: value}


def test_the_profiles_differ_only_in_what_they_list(tmp_path):
    texts = {name: files(config(tmp_path, mixed(), profile=name)) for name in ("full", "core")}
    full, core = (
        {name: json.loads(text) for name, text in texts[profile].items() if name.endswith("json")}
        for profile in ("full", "core")
    )
    apart = {name for name in full if name not in core}
    assert apart == {
        "elasticsearch/lifecycle_policies/mlmonitor.json",
        *(
            f"elasticsearch/roles/mlmonitor_{role}.json"
            for role in ("writer", "reader", "exporter", "installer")
        ),
    }
    assert set(core) <= set(full)
    differences = set()
    for name in core:
        before, after = leaves(full[name]), leaves(core[name])
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path):
                differences.add((str(before.get(path)), str(after.get(path))))
    assert differences == {
        ("match_only_text", "text"),
        ("constant_keyword", "keyword"),
        ("wildcard", "keyword"),
        ("None", "1024"),  # what a keyword is cut at
        ("mlmonitor", "None"),  # the name of the policy
    }


def test_the_same_configuration_gives_the_same_text(tmp_path):
    made = config(tmp_path, mixed(), reference(model="z"))
    assert files(made) == files(made)


def test_roles_for_the_realm_of_files_are_those_of_the_api(tmp_path):
    made = files(config(tmp_path))
    for name, role in yaml.safe_load(made["elasticsearch/roles.yml"]).items():
        assert role == json.loads(made[f"elasticsearch/roles/{name}.json"])


@pytest.mark.parametrize(
    ("seconds", "text"), [(30 * 86400, "30d"), (5400, "90m"), (1.5, "1500ms"), (86400.0, "1d")]
)
def test_times_are_one_number_and_its_unit(seconds, text):
    assert lifecycle.time(seconds) == text


def test_a_reference_that_is_not_there_is_named(tmp_path):
    model = ModelSettings(name="m", reference=tmp_path / "none.json")
    with pytest.raises(MlmonitorError, match=r"none\.json: cannot be read"):
        objects(MonitoringConfig(models=(model,)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{retention: 1d, rollover_age: 7d}", "retention is shorter than rollover_age"),
        ("{priority: 100}", "must be greater than 200"),
        ("{profile: basic}", "'basic' is unknown"),
        ("{rollover_size: much}", "elasticsearch.rollover_size"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, problem):
    (tmp_path / "monitoring.yaml").write_text(f"elasticsearch: {text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        load_config(tmp_path / "monitoring.yaml")


def test_profiles_are_those_of_the_configuration():
    assert set(PROFILES) == {"full", "core"}
