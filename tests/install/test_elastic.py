from __future__ import annotations

import copy
import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mlmonitor import streams
from mlmonitor.cli import program
from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig
from mlmonitor.errors import InstallError
from mlmonitor.generate import elastic
from mlmonitor.generate.elastic import Kind
from mlmonitor.generate.elastic.fields import flat
from mlmonitor.install.connection import Connection, Login
from mlmonitor.install.elastic import mappings_of, plan
from tests.elasticsearch_server import ADMIN, USERS, Server, User
from tests.install.stack import bulk, connect, push
from tests.prediction_records import every_kind, malformed, record
from tests.references import binned, categorical, mixed, reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlmonitor.reference import Reference

pytestmark = pytest.mark.xdist_group("elasticsearch-install")

_NUMBERS = itertools.count()


@pytest.fixture
def connection(server: Server) -> Connection:
    return connect(server)


@pytest.fixture
def model() -> str:
    """A model that no test had before."""
    return f"test-{next(_NUMBERS)}"


@pytest.fixture
def configure(tmp_path: Path, model: str) -> Callable[..., MonitoringConfig]:
    """Makes the configuration of versions of the model."""

    def make(*references: Reference, **settings: Any) -> MonitoringConfig:
        models = []
        for index, one in enumerate(references):
            path = tmp_path / f"{index}.json"
            one.model_copy(update={"model": model}).save(path)
            models.append(ModelSettings(name=model, version=one.version, reference=path))
        found = ElasticsearchSettings(**{"profile": "core", **settings})
        return MonitoringConfig(models=tuple(models), elasticsearch=found)

    return make


def count(connection: Connection, model: str, query: dict[str, Any]) -> int:
    stream = streams.stream(model, "*")
    return int(connection.expect("POST", f"/{stream}/_count", {"query": query})["count"])


def test_what_is_installed_is_what_was_generated(connection, configure):
    config = configure(mixed())
    assert any(line.startswith("made _index_template") for line in push(connection, config))
    wanted = plan(connection, elastic.objects(config))
    assert wanted.is_empty, "".join(change.diff for change in wanted.changes)
    assert push(connection, config) == []


def test_the_simulated_index_has_the_mapping_of_its_parts(connection, configure, model):
    config = configure(mixed())
    push(connection, config)
    target = f"/_index_template/_simulate_index/{streams.stream(model, 'default')}"
    found = connection.expect("POST", target)
    objects = elastic.objects(config)
    name = f"logs-{streams.dataset(model)}"
    template = next(one for one in objects if (one.kind, one.name) == (Kind.TEMPLATE, name))
    expected = flat(mappings_of(template, objects)["properties"])
    assert flat(found["template"]["mappings"]["properties"]) == expected
    assert found["template"]["mappings"]["dynamic"] == "false"
    assert found["template"]["lifecycle"]["data_retention"] == "30d"
    below = [one["name"] for one in found["overlapping"]]
    assert "logs-mlmonitor" in below


def test_records_of_every_kind_are_taken_and_found(connection, configure, model):
    push(connection, configure(mixed()))
    records = every_kind(model)
    assert {item["status"] for item in bulk(connection, records)} == {201}

    def hits(**term: Any) -> int:
        return count(
            connection, model, {"term": {k.replace("__", "."): v for k, v in term.items()}}
        )

    assert count(connection, model, {"match_all": {}}) == len(records)
    assert hits(event__outcome="failure") == 3
    assert hits(mlmonitor__violations__reason="unseen") == 4
    assert hits(mlmonitor__role="shadow") == 9
    assert hits(mlmonitor__inputs__city="Oslo") > 0
    assert hits(labels__attempt="2") == hits(**{"labels.store.region": "eu"}) == 1
    assert count(connection, model, {"range": {"mlmonitor.inputs.size": {"gt": 12}}}) > 0
    assert count(connection, model, {"match": {"mlmonitor.inputs.note": "sea"}}) > 0


def test_malformed_records_are_taken(connection, configure, model):
    push(connection, configure(mixed()))
    found = bulk(connection, malformed(model))
    assert [item.get("error") for item in found] == [None] * len(found)


def test_the_type_that_another_version_has_is_found_below_the_first(connection, configure, model):
    first = reference(binned("grade", [1.0, 2.0, 3.0]))
    second = reference(categorical("grade", {"A": 2, "B": 1}), version="2")
    push(connection, configure(first, second))
    stream = streams.stream(model, "default")
    records = [
        record(0, model, mlmonitor__inputs__grade=2.5),
        record(1, model, mlmonitor__inputs__grade="A", mlmonitor__version="2"),
    ]
    assert {item["status"] for item in bulk(connection, records)} == {201}
    assert count(connection, model, {"term": {"mlmonitor.inputs.grade": 2.5}}) == 1
    assert count(connection, model, {"term": {"mlmonitor.inputs.grade.keyword": "A"}}) == 1
    assert stream


def test_a_model_that_nobody_declared_keeps_its_records(connection, configure):
    push(connection, configure())
    undeclared = "never-declared"
    assert {item["status"] for item in bulk(connection, every_kind(undeclared))} == {201}
    assert count(connection, undeclared, {"term": {"mlmonitor.role": "shadow"}}) == 9
    assert count(connection, undeclared, {"exists": {"field": "mlmonitor.inputs.city"}}) == 0


def test_odd_names_are_installed_and_found(connection, tmp_path):
    name, columns = 'Ödd Model/№ 1 – "x"', ["a.b", "", "*", "päron", "a b", "x" * 300]
    made = reference(*(categorical(one, {"a": 2}) for one in columns), model=name)
    made.save(tmp_path / "odd.json")
    config = MonitoringConfig(
        models=(ModelSettings(name=name, reference=tmp_path / "odd.json"),),
        elasticsearch=ElasticsearchSettings(profile="core"),
    )
    push(connection, config)
    one = record(0, name)
    one["mlmonitor"]["inputs"] = {streams.field(column): "a" for column in columns}
    assert {item["status"] for item in bulk(connection, [one])} == {201}
    for column in columns:
        query = {"term": {f"mlmonitor.inputs.{streams.field(column)}": "a"}}
        assert count(connection, name, query) == 1, column
    assert plan(connection, elastic.objects(config)).is_empty


def test_new_columns_reach_the_index_that_is_written(connection, configure, model):
    push(connection, configure(reference(categorical("a", {"x": 2}))))
    bulk(connection, [record(0, model, mlmonitor__inputs__a="x")])
    more = configure(
        reference(
            *(categorical(f"c{index}", {"x": 2}) for index in range(1200)),
            categorical("a", {"x": 2}),
        )
    )
    assert f"added 1200 fields to {streams.stream(model, 'default')}" in push(connection, more)
    bulk(connection, [record(1, model, mlmonitor__inputs__c1199="x")])
    assert count(connection, model, {"term": {"mlmonitor.inputs.c1199": "x"}}) == 1
    assert plan(connection, elastic.objects(more)).is_empty


def test_another_type_is_refused_and_nothing_written(connection, configure, model):
    push(connection, configure(reference(binned("a", [1.0, 2.0, 3.0]))))
    bulk(connection, [record(0, model, mlmonitor__inputs__a=1.5)])
    config = configure(reference(categorical("a", {"x": 2}), version="2"))
    before = _everything(connection)
    with pytest.raises(InstallError) as caught:
        push(connection, config)
    assert (
        f"{streams.stream(model, 'default')}: mlmonitor.inputs.a is double and would be keyword"
        in (str(caught.value))
    )
    assert "--rollover" in str(caught.value)
    assert _everything(connection) == before


def test_a_new_index_is_begun_where_another_type_is_asked_for(connection, configure, model):
    push(connection, configure(reference(binned("a", [1.0, 2.0, 3.0]))))
    bulk(connection, [record(0, model, mlmonitor__inputs__a=1.5)])
    config = configure(reference(categorical("a", {"x": 2}), version="2"))
    done = push(connection, config, rollover=True)
    assert f"began a new index of {streams.stream(model, 'default')}" in done
    bulk(connection, [record(1, model, mlmonitor__inputs__a="x")])
    assert count(connection, model, {"term": {"mlmonitor.inputs.a": "x"}}) == 1
    assert count(connection, model, {"match_all": {}}) == 2
    assert plan(connection, elastic.objects(config)).is_empty


def _everything(connection: Connection) -> Any:
    return [
        connection.expect("GET", f"/{path}") for path in ("_component_template", "_index_template")
    ]


def test_the_diff_shows_what_changes_and_what_stays(connection, configure):
    push(connection, configure(mixed()))
    changed = plan(connection, elastic.objects(configure(mixed(), retention="60d")))
    assert {change.object.kind for change in changed.changes} == {Kind.TEMPLATE}
    for change in changed.changes:
        lines = change.diff.splitlines()[2:]
        assert [line for line in lines if line[0] in "+-"] == [
            '-      "data_retention": "30d"',
            '+      "data_retention": "60d"',
        ]


def test_a_template_of_the_same_priority_is_named(connection, configure, model):
    other = {"index_patterns": [f"logs-{streams.dataset(model)}-*"], "priority": 501}
    connection.expect("PUT", f"/_index_template/other-{model}", other)
    with pytest.raises(InstallError) as caught:
        push(connection, configure(mixed()))
    assert f"the index template 'other-{model}' covers the same data streams" in str(caught.value)
    assert "same priority 501" in str(caught.value)
    connection.expect("DELETE", f"/_index_template/other-{model}")


def test_a_template_that_someone_changed_is_put_right(connection, configure, model):
    config = configure(mixed())
    push(connection, config)
    name = f"{streams.dataset(model)}@mappings"
    body = copy.deepcopy(next(o.body for o in elastic.objects(config) if o.name == name))
    body["template"]["mappings"]["dynamic"] = True
    connection.expect("PUT", f"/_component_template/{name}", body)
    assert push(connection, config) == [f"changed _component_template/{name}"]


def test_writer_exporter_and_reader_may_do_their_part_alone(server, connection, configure, model):
    config = configure(mixed())
    push(connection, config)
    users = {
        role: User("password", (f"mlmonitor_{role}",)) for role in ("writer", "exporter", "reader")
    }
    server.set_users({**USERS, **users}, roles=elastic.files(config)["elasticsearch/roles.yml"])
    writer, exporter, reader = (_known(server, name) for name in users)
    search = f"/{streams.stream(model, '*')}/_search"
    document = f"/{streams.stream(model, 'default')}/_doc/id-0"

    assert {item["status"] for item in bulk(writer, [record(0, model)])} == {201}
    assert {item["status"] for item in bulk(exporter, [record(1, model)])} == {201}
    assert exporter.expect("GET", search)["hits"]["total"]["value"] == 2
    assert reader.expect("GET", search)["hits"]["total"]["value"] == 2
    for who, method, target in (
        (writer, "GET", search),
        (writer, "DELETE", document),
        (writer, "DELETE", "/_index_template/logs-mlmonitor"),
        (writer, "PUT", "/logs-nginx-default/_doc/1?op_type=create"),
        (exporter, "DELETE", document),
        (exporter, "GET", "/logs-nginx-default/_search"),
        (reader, "PUT", document),
        (reader, "DELETE", f"/{streams.stream(model, 'default')}"),
        (reader, "GET", "/_security/user"),
    ):
        body = record(2, model) if method == "PUT" else None
        with pytest.raises(InstallError, match="may not"):
            pytest.fail(f"{who.login} {method} {target}: {who.json(method, target, body)}")


def _known(server: Server, name: str) -> Connection:
    """A connection of a user, once the server has read that there is one."""
    made = connect(server, name, "password")
    until = time.monotonic() + 30
    while not _is_known(made):
        assert time.monotonic() < until, f"{name} stays unknown"
        time.sleep(0.1)
    return made


def _is_known(connection: Connection) -> bool:
    try:
        connection.json("GET", "/_security/_authenticate")
    except InstallError:
        return False
    return True


def test_a_wrong_password_is_one_clear_sentence(server):
    with pytest.raises(InstallError) as caught:
        connect(server, password="wrong").expect("GET", "/_index_template")
    assert str(caught.value) == (
        f"{server.url}: Elasticsearch does not know user 'admin' with this secret; check both."
    )
    nobody = Connection(server.url, "Elasticsearch", Login())
    with pytest.raises(InstallError, match="Elasticsearch asks who you are; give --user"):
        nobody.expect("GET", "/_index_template")


def test_the_command_shows_the_diff_first_and_has_nothing_to_do_a_second_time(
    server, connection, tmp_path, model, monkeypatch
):
    mixed().model_copy(update={"model": model}).save(tmp_path / "reference.json")
    text = f"elasticsearch: {{profile: core}}\nmodels: [{{name: {model}, reference: reference.json}}]\n"
    (tmp_path / "monitoring.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("MLMONITOR_ELASTICSEARCH_PASSWORD", ADMIN[1])
    command = ["push-elk", server.url, "--user", ADMIN[0], "-c", str(tmp_path / "monitoring.yaml")]

    def run(*options: str) -> str:
        done = CliRunner().invoke(program, [*command, *options])
        assert done.exit_code == 0, done.stderr
        return done.stdout

    name = f"_component_template/{streams.dataset(model)}@mappings"
    shown = run("--dry-run")
    assert f"+++ {name} (generated)" in shown
    assert f"made {name}" not in shown
    assert connection.json("GET", f"/{name}").status == 404
    done = run()
    assert done.index(f"+++ {name} (generated)") < done.index(f"made {name}")
    assert run() == f"6 objects at {server.url} are up to date\n"

    monkeypatch.setenv("MLMONITOR_ELASTICSEARCH_PASSWORD", "wrong")
    refused = CliRunner().invoke(program, command)
    assert refused.exit_code == 2
    assert "does not know user 'admin' with this secret" in refused.stderr
