"""Against a server that answers as Kibana's documentation says: no Kibana can be had where tests run."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import InstallError
from mlmonitor.generate.kibana import saved_objects
from mlmonitor.install.connection import Connection, Login
from mlmonitor.install.kibana import install, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = tuple[str, str]


class Kibana:
    """What a Kibana keeps, and how it answers for the import and export of saved objects."""

    def __init__(self) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.refuses: set[str] = set()
        self.requests: list[tuple[str, dict[str, str]]] = []

    def export(self, body: bytes) -> tuple[int, str, bytes]:
        wanted = [(one["type"], one["id"]) for one in json.loads(body)["objects"]]
        missing = [key for key in wanted if key not in self.objects]
        if missing:
            objects = [
                {"type": kind, "id": key, "error": {"statusCode": 404, "error": "Not Found"}}
                for kind, key in missing
            ]
            told = {
                "statusCode": 400,
                "error": "Bad Request",
                "message": "Error fetching objects to export",
                "attributes": {"objects": objects},
            }
            return 400, "application/json; charset=utf-8", json.dumps(told).encode()
        stamps = {
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-02T00:00:00Z",
            "version": "WzEsMV0=",
        }
        lines = [json.dumps({**self.objects[key], **stamps}) for key in wanted]
        return 200, "application/ndjson", "\n".join(lines).encode()

    def take(self, body: bytes, kind: str) -> tuple[int, str, bytes]:
        boundary = re.search(r"boundary=(\S+)", kind)
        assert boundary
        head, _, file = body.decode().partition("\r\n\r\n")
        assert 'name="file"; filename="mlmonitor.ndjson"' in head
        file = file.removesuffix(f"\r\n--{boundary[1]}--\r\n")
        errors = []
        for line in file.splitlines():
            one = json.loads(line)
            if one["id"] in self.refuses:
                told = {"type": "missing_references", "references": []}
                errors.append({"type": one["type"], "id": one["id"], "error": told})
            else:
                self.objects[one["type"], one["id"]] = one
        count = len(file.splitlines()) - len(errors)
        told = {"success": not errors, "successCount": count, "warnings": []}
        if errors:
            told["errors"] = errors
        return 200, "application/json; charset=utf-8", json.dumps(told).encode()

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        self.requests.append((path, headers))
        if "kbn-xsrf" not in headers:
            told = {"statusCode": 400, "message": "Request must contain a kbn-xsrf header."}
            return 400, "application/json", json.dumps(told).encode()
        if path == "/api/saved_objects/_export":
            return self.export(body)
        if path == "/api/saved_objects/_import?overwrite=true":
            return self.take(body, headers["content-type"])
        return 404, "application/json", b'{"statusCode": 404, "message": "Not Found"}'


@contextmanager
def serving(kibana: Kibana) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, kind, answer = kibana.answer(self.path, headers, body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def kibana() -> Kibana:
    return Kibana()


@pytest.fixture
def connection(kibana: Kibana) -> Iterator[Connection]:
    with serving(kibana) as url:
        yield Connection(url, "Kibana", Login("elastic", "secret"))


OBJECTS = saved_objects(MonitoringConfig())


def test_an_empty_kibana_gets_everything(kibana, connection):
    changes = plan(connection, OBJECTS)
    assert [(change.kind, change.id) for change in changes] == [
        (one["type"], one["id"]) for one in OBJECTS
    ]
    assert all(change.is_new for change in changes)
    assert install(connection, OBJECTS) == f"imported {len(OBJECTS)} objects into {connection.url}"
    assert set(kibana.objects) == {(one["type"], one["id"]) for one in OBJECTS}


def test_what_is_there_is_not_imported_again(connection):
    install(connection, OBJECTS)
    assert plan(connection, OBJECTS) == []


def test_a_changed_panel_and_a_lost_object_are_told(kibana, connection):
    install(connection, OBJECTS)
    key = ("dashboard", "mlmonitor-failures")
    attributes = kibana.objects[key]["attributes"]
    attributes["panelsJSON"] = attributes["panelsJSON"].replace("Failures by class", "Mine")
    del kibana.objects["search", "mlmonitor-records"]
    changed, lost = sorted(plan(connection, OBJECTS), key=lambda change: change.kind)
    assert str(changed).startswith("dashboard mlmonitor-failures: changed (+")
    assert '"title": "Mine"' in changed.diff
    assert str(lost).startswith("search mlmonitor-records: new (+")


def test_planning_writes_nothing(kibana, connection):
    plan(connection, OBJECTS)
    assert not kibana.objects
    assert {path for path, _ in kibana.requests} == {"/api/saved_objects/_export"}


def test_objects_that_are_refused_are_named(kibana, connection):
    kibana.refuses = {"mlmonitor-failures", "mlmonitor-shadow"}
    with pytest.raises(InstallError) as caught:
        install(connection, OBJECTS)
    assert str(caught.value) == (
        f"{connection.url}: Kibana took {len(OBJECTS) - 2} objects and refused 2 "
        "(dashboard mlmonitor-failures: missing_references; "
        "dashboard mlmonitor-shadow: missing_references); mend those there, and push again."
    )


def test_another_path_is_no_kibana(connection):
    other = Connection(f"{connection.url}/elsewhere", "Kibana", Login())
    with pytest.raises(InstallError, match=r"Kibana refused the export \(404: Not Found\)"):
        plan(other, OBJECTS)


def test_who_asks_is_said_to_kibana(kibana, connection):
    plan(connection, OBJECTS)
    assert all(headers["authorization"].startswith("Basic ") for _, headers in kibana.requests)


def test_pushing_to_nobody_fails_before_kibana_is_asked(kibana, connection, monkeypatch):
    monkeypatch.delenv("MLMONITOR_ELASTICSEARCH_API_KEY", raising=False)
    arguments = ["push-elk", "http://127.0.0.1:9", "--kibana", connection.url]
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 2
    assert "is Elasticsearch running there?" in done.stderr
    assert not kibana.requests
