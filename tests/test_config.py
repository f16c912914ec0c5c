from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path

import jsonschema
import pytest
import yaml
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, config
from mlmonitor.config import MonitoringConfig, load_config
from mlmonitor.errors import ConfigError
from mlmonitor.generate.prometheus import RuleSettings
from mlmonitor.thresholds import Thresholds

SCHEMA = Path(config.__file__).parents[1] / "schemas" / "monitoring.schema.json"

GOOD = """\
scope_labels: [namespace, cluster]
prometheus:
  scrape_interval: 15s
  step: 5m
  windows: [1h, 1d]
thresholds: {psi: 0.25, ks: 0.1}
models:
  - name: house-prices
    version: "1"
    reference: profiles/reference.json
    series_cap: 5000
    exceptions: [ValueError, shop.OutOfStock]
    thresholds: {psi: 0.3}
  - name: house-prices
    version: "2"
    role: shadow
    thresholds: {psi: 0.3}
  - name: churn
dashboards: {refresh: 10s, range: 1d}
"""


def read(folder: Path, text: str) -> MonitoringConfig:
    path = folder / "monitoring.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder}/")


def test_durations_are_seconds_and_paths_start_at_the_file(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.scope_labels == ("namespace", "cluster")
    assert found.prometheus.scrape_interval == 15.0
    assert found.prometheus.step == 300.0
    assert found.prometheus.windows == (3600.0, 86400.0)
    assert found.dashboards.range == 86400.0
    assert found.models[0].reference == tmp_path / "profiles" / "reference.json"


def test_an_absolute_reference_stays_where_it_is(tmp_path: Path) -> None:
    found = read(tmp_path, "models: [{name: a, reference: /models/a.json}]")
    assert found.models[0].reference == Path("/models/a.json")


def test_a_model_gets_the_options_that_the_file_names(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.monitor_options("house-prices", version="1") == {
        "version": "1",
        "role": "live",
        "reference": tmp_path / "profiles" / "reference.json",
        "series_cap": 5000,
        "exceptions": ("ValueError", "shop.OutOfStock"),
    }
    assert found.monitor_options("churn") == {"version": "1", "role": "live"}


@pytest.mark.parametrize(
    "written", ["2024-06-01", '"2024-06-01"', "2024-06-01T00:00:00Z", "2024-06-01 02:00:00 +02:00"]
)
def test_the_training_date_may_be_written_as_any_date(tmp_path: Path, written: str) -> None:
    found = read(tmp_path, f"models: [{{name: a, trained: {written}}}]")
    assert found.models[0].trained == datetime(2024, 6, 1, tzinfo=timezone.utc)
    assert found.monitor_options("a")["trained"] == found.models[0].trained


def test_a_model_is_identified_by_its_files_or_by_a_text(tmp_path: Path) -> None:
    found = read(tmp_path, "models: [{name: a, files: [m.bin, /n.bin]}, {name: b, fingerprint: x}]")
    assert found.monitor_options("a")["fingerprint"] == (tmp_path / "m.bin", Path("/n.bin"))
    assert found.monitor_options("b")["fingerprint"] == "x"


def test_a_model_inherits_the_thresholds_that_it_does_not_set(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert found.thresholds_by_model == {
        "house-prices": {"psi": 0.3, "ks": 0.1},
        "churn": {"psi": 0.25, "ks": 0.1},
    }


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("house-price", None, "none is named 'house-price'; did you mean `house-prices`?"),
        ("house-prices", None, "say which: version '1' live, version '2' shadow."),
        ("house-prices", "3", "listed only as version '1' live, version '2' shadow"),
    ],
)
def test_a_model_that_is_not_there_is_an_error(
    tmp_path: Path, name: str, version: str | None, message: str
) -> None:
    with pytest.raises(ConfigError, match="models: ") as caught:
        read(tmp_path, GOOD).model(name, version)
    assert message in str(caught.value)


def test_version_and_role_choose_among_the_entries_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "monitoring.yaml"
    path.write_text(GOOD, encoding="utf-8")
    registry = CollectorRegistry()
    shadow = Monitor.from_config(path, "house-prices", role="shadow", registry=registry)
    assert shadow.identity == ("house-prices", "2", "shadow")
    with pytest.raises(ConfigError, match="say which"):
        Monitor.from_config(path, "house-prices", registry=registry)


def test_the_defaults_are_those_of_the_rules() -> None:
    assert RuleSettings.of(MonitoringConfig()) == RuleSettings()


def test_the_thresholds_are_those_of_drift() -> None:
    assert set(config.ThresholdSettings.model_fields) == {one.name for one in fields(Thresholds)}
    for one in fields(Thresholds):
        described = config.ThresholdSettings.model_fields[one.name].description
        assert described is not None
        default = "from alerts.budget" if one.default is None else one.default
        assert described.endswith(f"; {default}.")


BAD = {
    "unknown key": (
        "models:\n  - name: a\n    refernce: r.json\n",
        "monitoring.yaml:3: models[0].refernce: unknown key; did you mean `reference`?",
    ),
    "unknown key unlike any other": (
        "grafana: {}",
        "monitoring.yaml:1: grafana: unknown key; use one of scope_labels, prometheus, ",
    ),
    "unknown threshold": (
        "thresholds:\n  ks: 0.1\n  pis: 1\n",
        "monitoring.yaml:3: thresholds.pis: unknown key; did you mean `psi`?",
    ),
    "missing name": (
        "models:\n  - version: '1'\n",
        "monitoring.yaml:2: models[0].name: is required; add it.",
    ),
    "version as a number": (
        "models: [{name: a, version: 1.10}]",
        'models[0].version: must be text; write it in quotes: "1.10".',
    ),
    "unknown role": (
        "models: [{name: a, role: shadwo}]",
        "models[0].role: 'shadwo' is unknown; did you mean `shadow`?",
    ),
    "same model twice": (
        "models: [{name: a}, {name: b}, {name: a, version: '1'}]",
        "models: [0] and [2] are both 'a' version '1' in role live; remove one",
    ),
    "thresholds that differ between versions": (
        "models: [{name: a}, {name: a, version: '2', thresholds: {psi: 1}}]",
        "models: thresholds of 'a' differ between its entries",
    ),
    "duplicate key": (
        "models: []\nscope_labels: []\nmodels: []\n",
        "monitoring.yaml:3: `models` stands here and in line 1; remove one of them.",
    ),
    "key that is no text": ("models:\n  - 1: a\n", "monitoring.yaml:2: 1 is no text"),
    "list": ("- models\n", "monitoring.yaml:1: must be a mapping of keys"),
    "text": ("models", "monitoring.yaml:1: must be a mapping of keys"),
    "empty": ("", "monitoring.yaml:1: the file is empty"),
    "only a comment": ("# models:\n", "monitoring.yaml:1: the file is empty"),
    "not YAML": ("models:\n  - name: a: b\n", "monitoring.yaml:2: not valid YAML ("),
    "control character": ("models: \0", "monitoring.yaml: not valid YAML ("),
    "two documents": ("models: []\n---\nmodels: []\n", "monitoring.yaml:2: not valid YAML ("),
    "python object": ("models: !!python/name:os.system", "not valid YAML (could not determine a"),
    "nested too deeply": ("a: " + "[" * 3000, "monitoring.yaml: nested too deeply"),
    "recursive": ("models: &a [*a]", "models[0]: must be a mapping of keys, found [[...]]."),
    "section without keys": (
        "prometheus:\n",
        "prometheus: must be a mapping of keys, found nothing",
    ),
    "duration without unit": ("prometheus: {step: 300}", "prometheus.step: 300 is no duration"),
    "duration in words": (
        "prometheus: {step: 5 minutes}",
        "prometheus.step: '5 minutes' is no duration; write it as 30s, 5m, 1h or 1d.",
    ),
    "step shorter than two scrapes": (
        "prometheus: {scrape_interval: 1m, step: 1m30s}",
        "prometheus.step: 1m30s holds less than two scrapes of 1m; raise the step",
    ),
    "window shorter than the step": (
        "prometheus:\n  step: 5m\n  windows: [3m]\n",
        "monitoring.yaml:3: prometheus.windows: 3m is shorter than the step 5m",
    ),
    "window between steps": (
        "prometheus: {step: 3m30s, windows: [1h]}",
        "prometheus.windows: 1h is no multiple of the step 3m30s; choose a multiple of it.",
    ),
    "default window between steps": (
        "prometheus: {step: 3m30s}",
        "1h is no multiple of the step 3m30s",
    ),
    "step longer than Prometheus remembers": (
        "prometheus: {step: 10m}",
        "prometheus.step: 10m is longer than 5m, after which Prometheus forgets a value",
    ),
    "no windows": ("prometheus: {windows: []}", "must be a list that is not empty, found []."),
    "window twice": ("prometheus: {windows: [1h, 60m]}", "a window is listed twice"),
    "catalogue label as scope": ("scope_labels: [model]", "`model` has a meaning of its own"),
    "no label name": ("scope_labels: [name-space]", "'name-space' is no label name"),
    "internal label": ("scope_labels: [__name__]", "'__name__' is no label name"),
    "label twice": ("scope_labels: [a, a]", "a label is listed twice"),
    "threshold of zero": (
        "thresholds: {psi: 0}",
        "thresholds.psi: must be greater than 0, found 0.",
    ),
    "threshold of one": ("thresholds: {ks: 1}", "thresholds.ks: must be less than 1, found 1."),
    "threshold not a number": (
        "thresholds: {psi: .nan}",
        "thresholds.psi: must be a finite number",
    ),
    "threshold as a truth": ("thresholds: {psi: yes}", "must be a number, found True."),
    "rows in parts": ("thresholds: {minimum_rows: 1.5}", "must be a whole number, found 1.5."),
    "exception that is no class": ("models: [{name: a, exceptions: ['a b']}]", "is no class name"),
    "trained some day": (
        "models: [{name: a, trained: June}]",
        "models[0].trained: 'June' is no date; write it in ISO 8601",
    ),
    "files and a fingerprint": (
        "models: [{name: a, files: [m.bin], fingerprint: x}]",
        "models[0]: has both files and fingerprint; remove one of them.",
    ),
    "exception twice": ("models: [{name: a, exceptions: [A, A]}]", "a class is listed twice"),
    "other as exception": ("models: [{name: a, exceptions: [other]}]", "is no class name"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_wrong_file_gives_one_sentence_with_place_and_fix(
    tmp_path: Path, text: str, message: str
) -> None:
    found = problem(tmp_path, text)
    assert found.startswith("monitoring.yaml:")
    assert message in found


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read \(No such file"):
        load_config(tmp_path / "none.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "monitoring.yaml"
    path.write_bytes("models: [{name: café}]".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load_config(path)


def test_anchors_and_merge_keys_may_be_used(tmp_path: Path) -> None:
    text = "models:\n- &a {name: a, series_cap: 10}\n- {<<: *a, version: '2'}\n"
    assert [model.series_cap for model in read(tmp_path, text).models] == [10, 10]


def test_the_committed_schema_is_the_models_own() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == config.json_schema(), (
        "run `mlmonitor schema monitoring > mlmonitor/schemas/monitoring.schema.json`"
    )


def test_an_editor_accepts_and_refuses_what_the_library_does() -> None:
    schema = config.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    for text in (BAD["unknown key"][0], BAD["duration in words"][0], BAD["unknown role"][0]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(text), schema)
