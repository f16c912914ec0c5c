from __future__ import annotations

import http.client
import json
import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.config import MonitoringConfig, RespondSettings
from mlmonitor.errors import ConfigError, MlmonitorError
from mlmonitor.expose import server as expose_server
from mlmonitor.respond.metrics import ResponderMetrics
from mlmonitor.respond.responder import Responder
from mlmonitor.respond.run import started
from mlmonitor.respond.server import App, Limit
from mlmonitor.respond.store import Store
from tests.respond.notifications import alert, notification

if TYPE_CHECKING:
    from pathlib import Path

STEP = {"alert": "MlmonitorPredictionsDrifted", "do": "fallback"}


class Client:
    def __init__(self, folder: Path, **settings: Any) -> None:
        self.token_file = folder / "token"
        self.token_file.write_text("secret\n")
        given = {"steps": [STEP], "dry_run": False, "token_file": self.token_file, **settings}
        found = RespondSettings(**given)
        metrics = ResponderMetrics()
        self.responder = Responder(found, {"churn": "rules-1"}, Store(folder / "state"), metrics)
        self.server = expose_server.listen("127.0.0.1", 0, App(self.responder, found, metrics))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, method, path, body=None, token="secret", **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def status(self, *args: Any, **kwargs: Any):
        return self.ask(*args, **kwargs)[0].status


@pytest.fixture
def client(tmp_path):
    found = Client(tmp_path)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_notification_moves_the_breaker_that_services_read(client):
    before = json.loads(client.ask("GET", "/breaker/churn", token=None)[1])
    assert before["phase"] == "closed"
    assert json.loads(client.ask("POST", "/alerts", notification(alert()))[1]) == {"news": 1}
    after = json.loads(client.ask("GET", "/breaker/churn", token=None)[1])
    assert (after["phase"], after["version"], after["fallback"]) == ("open", "7", "rules-1")


def test_a_release_needs_something_to_release(client):
    assert client.status("POST", "/release/churn", b"{}") == 409
    client.ask("POST", "/alerts", notification(alert()))
    assert client.status("POST", "/release/churn", b'{"by": "ada"}', token="wrong") == 401
    assert client.status("POST", "/release/churn", b"[]") == 400
    assert client.status("POST", "/release/churn", b'{"by": "ada"}') == 200
    assert client.responder.state("churn").phase == "closed"


@pytest.mark.parametrize("token", [None, "", "wrong", "secre", "secrets", "sécret"])
def test_without_the_token_nothing_is_taken(client, token):
    answer, text = client.ask("POST", "/alerts", notification(alert()), token=token)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "token" in json.loads(text)["error"]
    assert client.responder.state("churn").phase == "closed"


def test_a_changed_token_counts_at_once(client):
    client.token_file.write_text("another")
    assert client.status("POST", "/alerts", notification()) == 401
    assert client.status("POST", "/alerts", notification(), token="another") == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/alerts", b"nonsense", 400),
        ("POST", "/alerts", b"x" * 1_000_001, 413),
        ("GET", "/alerts", None, 405),
        ("POST", "/breaker/churn", b"{}", 405),
        ("GET", "/nowhere", None, 404),
        ("GET", "/runbooks/MlmonitorNothing", None, 404),
        ("GET", "/runbooks/..%2F..%2FREADME", None, 404),
        ("GET", "/healthz", None, 200),
        ("HEAD", "/healthz", None, 200),
        ("GET", "/breaker/..%2F..%2Fepisodes", None, 200),
    ],
)
def test_each_request_gets_its_status(client, method, path, body, status):
    assert client.status(method, path, body) == status


def test_a_body_that_never_comes_is_given_up(client, monkeypatch):
    monkeypatch.setattr(expose_server._QuietHandler, "timeout", 0.2)
    with socket.create_connection(("127.0.0.1", client.server.server_port), timeout=10) as one:
        head = (
            "POST /alerts HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Length: 500\r\n\r\n"
        )
        one.sendall(f"{head}abc".encode())
        answer = one.makefile().read()
    assert answer.startswith("HTTP/1.0 408 ")
    assert "the body did not come, 500 bytes by Content-Length; send all, and sooner." in answer
    assert client.status("POST", "/alerts", notification(alert())) == 200


def test_clients_that_go_away_leave_no_trace(client, capsys):
    with socket.create_connection(("127.0.0.1", client.server.server_port), timeout=10) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.sendall(b"GET /runbooks HTTP/1.1\r\nHost: a\r\n")
    assert client.status("GET", "/healthz") == 200
    assert capsys.readouterr().err == ""


def test_a_body_without_its_length_is_refused(client):
    assert (
        client.status("POST", "/alerts", iter([b"{}"]), **{"Transfer-Encoding": "chunked"}) == 411
    )


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("\u00b2", 400),
        ("-1", 400),
        ("+2", 400),
        ("2, 2", 400),
        ("0x2", 400),
        ("1_0", 400),
        ("9" * 5000, 413),
        ("1000001", 413),
        ("0" * 5000 + "1000001", 413),
    ],
)
def test_a_length_must_be_a_number_of_bytes_that_are_taken(client, length, status):
    found, text = client.ask("POST", "/alerts", b"{}", **{"Content-Length": length})
    assert found.status == status
    assert "bytes" in json.loads(text)["error"]


def test_a_length_may_begin_with_zeros(client):
    length = f"{len(notification()):05}"
    assert client.status("POST", "/alerts", notification(), **{"Content-Length": length}) == 200


@pytest.mark.parametrize(("token", "status"), [("secret", 413), ("wrong", 401)])
def test_who_sends_far_too_much_is_told_so(client, token, status):
    for _ in range(5):
        assert client.status("POST", "/alerts", b"x" * 5_000_000, token=token) == status


def test_a_body_that_dribbles_is_given_up(client, monkeypatch):
    monkeypatch.setattr(expose_server._QuietHandler, "timeout", 0.5)
    with socket.create_connection(("127.0.0.1", client.server.server_port), timeout=10) as one:
        head = "POST /alerts HTTP/1.1\r\nAuthorization: Bearer secret\r\nContent-Length: 500\r\n"
        one.sendall(f"{head}\r\n".encode())
        begun = time.monotonic()
        while not select.select([one], [], [], 0.05)[0]:
            assert time.monotonic() < begun + 10
            one.sendall(b" ")
        assert one.recv(20).startswith(b"HTTP/1.0 408 ")


@pytest.mark.parametrize("model", ["größe", "a/b", "a%2Fb", "a b", "/", "a/", "..", "モデル"])
def test_models_of_any_name_are_found_and_released(client, model):
    client.ask("POST", "/alerts", notification(alert(model=model)))
    place = quote(model, safe="")
    assert json.loads(client.ask("GET", f"/breaker/{place}")[1])["phase"] == "open"
    assert client.status("POST", f"/release/{place}", b"{}") == 200
    assert client.responder.state(model).phase == "closed"


def test_a_name_that_is_too_long_for_a_file_is_no_failure(client, capsys):
    assert client.status("GET", f"/breaker/{'m' * 5000}") == 200
    alerts = [alert(model="m" * 5000), alert()]
    assert client.status("POST", "/alerts", notification(*alerts)) == 200
    assert client.responder.state("churn").phase == "open"
    assert client.status("POST", f"/release/{'m' * 5000}", b"{}") == 409
    assert client.status("GET", "/breaker/%00") == 200
    assert client.status("GET", "/runbooks/%00") == 404
    assert client.status("GET", f"/runbooks/{'A' * 5000}") == 404
    assert capsys.readouterr().err == ""


def test_too_many_requests_are_told_to_wait(tmp_path):
    client = Client(tmp_path, requests_per_minute=3)
    found = [client.ask("POST", "/alerts", notification())[0] for _ in range(4)]
    assert [one.status for one in found] == [200, 200, 200, 429]
    assert found[-1].headers["Retry-After"] == "60"
    client.server.shutdown()
    client.server.server_close()


def test_strangers_cannot_shut_alertmanager_out(tmp_path):
    client = Client(tmp_path, requests_per_minute=3)
    found = [client.status("POST", "/alerts", b"{}", token=None) for _ in range(4)]
    assert found == [401, 401, 401, 429]
    assert client.ask("POST", "/alerts", notification())[0].status == 200
    client.server.shutdown()
    client.server.server_close()


def test_the_limit_recovers_with_time():
    now = 0.0
    limit = Limit(60, lambda: now)
    assert [limit.allows() for _ in range(61)] == [True] * 60 + [False]
    now = 2.0
    assert [limit.allows() for _ in range(3)] == [True, True, False]


def test_runbooks_are_pages_that_link_to_each_other(client):
    page = client.ask("GET", "/runbooks/MlmonitorInputsDrifted", token=None)[1]
    assert "<h2>What to do</h2>" in page
    assert 'href="MlmonitorPredictionsDrifted"' in page
    listed = client.ask("GET", "/runbooks", token=None)[1]
    assert 'href="runbooks/MlmonitorInputsDrifted"' in listed


def test_its_metrics_are_those_of_the_catalogue(client):
    client.ask("POST", "/alerts", notification(alert()))
    client.ask("POST", "/alerts", b"nonsense")
    text = client.ask("GET", "/metrics", token=None)[1]
    assert 'mlmonitor_respond_requests_total{code="200"} 1.0' in text
    assert 'mlmonitor_respond_requests_total{code="400"} 1.0' in text
    assert 'mlmonitor_breaker_state{model="churn",phase="open"} 1.0' in text


def test_a_token_is_needed_to_start(tmp_path):
    config = MonitoringConfig.model_validate({"respond": {"state": tmp_path}})
    with pytest.raises(MlmonitorError, match=r"^respond.token_file: is missing"):
        started(config)
    empty = tmp_path / "token"
    empty.write_text(" \n")
    config = MonitoringConfig.model_validate({"respond": {"state": tmp_path, "token_file": empty}})
    with pytest.raises(MlmonitorError, match="holds no token"):
        started(config)
    empty.write_text("secret\nhalves\n")
    with pytest.raises(MlmonitorError, match="holds more than one line"):
        started(config)


def test_a_token_may_hold_any_letters(client, tmp_path):
    client.token_file.write_text("größe")
    client.ask("POST", "/alerts", notification(alert()), token="größe".encode().decode("latin-1"))
    assert client.responder.state("churn").phase == "open"
    (tmp_path / "monitoring.yaml").write_text(
        f"respond: {{listen: '127.0.0.1:{client.server.server_port}', token_file: token}}\n"
    )
    named = ["-c", str(tmp_path / "monitoring.yaml")]
    done = CliRunner().invoke(program, ["respond", "release", *named, "churn", "--by", "ada"])
    assert done.exit_code == 0, done.output
    assert client.responder.state("churn").phase == "closed"


def test_an_unknown_alert_is_found_before_it_is_needed(tmp_path):
    given = {"steps": [{"alert": "MlmonitorPredictionDrifted", "do": "fallback"}]}
    with pytest.raises(ConfigError, match="did you mean MlmonitorPredictionsDrifted"):
        started(MonitoringConfig.model_validate({"respond": {"state": tmp_path, **given}}))
