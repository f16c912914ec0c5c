"""Failures of a Prometheus, each a sentence."""

from __future__ import annotations

import base64
import json

import pytest

from mlmonitor.errors import MlmonitorError
from mlmonitor.preview.source import Source, SourceError
from tests import components
from tests.preview.fakes import serving


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"status": 503, "body": b"upstream"}, "answered with status 503; see its log"),
        ({"status": 500, "body": b""}, "answered with status 500"),
        ({"kind": "text/html", "body": b"<html>Log in</html>"}, "not as Prometheus does"),
        ({"body": b"[1, 2]"}, "not as Prometheus does"),
        ({"body": b'{"status": "success"}'}, "not as Prometheus does"),
        ({"body": b'{"status": "success", "data": [1]}'}, "not as Prometheus does"),
        (
            {
                "status": 400,
                "body": json.dumps({"status": "error", "error": "bad\nquery"}).encode(),
            },
            "refuses the query: bad query",
        ),
        ({"seconds": 1.0, "body": b"{}"}, "took longer than 0.2 s; choose a shorter time range"),
    ],
)
def test_wrong_answers_are_told(told: dict[str, object], sentence: str) -> None:
    with serving(**told) as server, pytest.raises(SourceError, match=sentence) as found:
        Source(server.url, timeout=0.2).instant("up", 0)
    assert "\n" not in str(found.value)


def test_rules_of_another_form_are_told() -> None:
    with serving(answer=lambda *_: {"groups": 7}) as server:
        source = Source(server.url)
        with pytest.raises(SourceError, match="not as Prometheus does"):
            source.alerts()


def test_nobody_there_is_told() -> None:
    source = Source(f"http://127.0.0.1:{components.free_port()}")
    with pytest.raises(SourceError, match=r"does not answer \(Connection refused\); start it"):
        source.over("up", 0, 60, 15)


@pytest.mark.parametrize("url", ["", "localhost:9090", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(MlmonitorError, match="is no address of a Prometheus"):
        Source(url)


def test_a_password_is_sent_and_not_shown() -> None:
    with serving(answer=lambda *_: {"resultType": "vector", "result": []}) as server:
        source = Source(server.url.replace("http://", "http://ann:s%40fe@") + "/prometheus/")
        source.instant("up", 1)
    assert server.headers["Authorization"] == f"Basic {base64.b64encode(b'ann:s@fe').decode()}"
    assert source.url == f"{server.url}/prometheus"
    assert server.asked == [("/prometheus/api/v1/query", {"query": ["up"], "time": ["1.000"]})]
