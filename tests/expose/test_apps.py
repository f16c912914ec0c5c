from __future__ import annotations

import asyncio
import gzip
import http.client
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import uvicorn
from prometheus_client import CollectorRegistry

from mlmonitor.expose import asgi_app, register, start_server, wsgi_app
from mlmonitor.expose.text import CONTENT_TYPES
from tests.expose.sources import counts, nasty, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.expose.apps import ReferencePlace


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, path: str = "/metrics", method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    answer = Answer(response.status, found, response.read())
    connection.close()
    return answer


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    register(counts(nasty(), seed=1), made)
    return made


@contextmanager
def wsgi(metrics: CollectorRegistry, place: ReferencePlace = "inline") -> Iterator[int]:
    server, thread = start_server(0, "127.0.0.1", metrics, reference=place)
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def asgi(metrics: CollectorRegistry, place: ReferencePlace = "inline") -> Iterator[int]:
    app: Any = asgi_app(metrics, reference=place)
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


both = pytest.mark.parametrize("serve", [wsgi, asgi], ids=("wsgi", "asgi"))


@both
@pytest.mark.parametrize(
    ("accept", "form"), [("*/*", "text"), ("application/openmetrics-text", "openmetrics")]
)
def test_metrics_are_served_in_the_format_that_is_asked_for(
    serve: Any,
    accept: str,
    form: Any,
) -> None:
    with serve(registry()) as port:
        answer = ask(port, Accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"] == CONTENT_TYPES[form]
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert len(parsed(answer.body, answer.headers["content-type"])) > 400


@both
def test_gzip_is_used_when_accepted_and_worth_it(serve: Any) -> None:
    with serve(registry()) as port:
        plain, packed = ask(port), ask(port, Accept_Encoding="gzip, deflate")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 5
    assert set(parsed(gzip.decompress(packed.body))) == set(parsed(plain.body))
    with serve(CollectorRegistry()) as port:
        small = ask(port, Accept_Encoding="gzip")
    assert "content-encoding" not in small.headers
    assert small.body == b""


@both
def test_head_tells_the_headers_and_other_methods_are_refused(serve: Any) -> None:
    with serve(registry()) as port:
        head, post = ask(port, method="HEAD"), ask(port, method="POST")
        got = ask(port)
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == pytest.approx(len(got.body), rel=0.01)
    assert post.status == 405
    assert post.headers["allow"] == "GET, HEAD"
    assert b"GET, HEAD" in post.body


@both
def test_the_reference_has_a_path_of_its_own_when_wanted(serve: Any) -> None:
    metrics = registry()
    with serve(metrics) as port:
        whole = set(parsed(ask(port).body))
    with serve(metrics, "separate") as port:
        live = set(parsed(ask(port).body))
        fixed = set(parsed(ask(port, "/metrics/reference/").body))
    assert live | fixed == whole
    assert not live & fixed
    assert {name for name, _ in fixed if not name.startswith("mlmonitor_reference")} == {
        "mlmonitor_column_info"
    }


def test_a_websocket_is_turned_away() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    asyncio.run(asgi_app(registry())({"type": "websocket"}, receive, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_the_event_loop_goes_on_while_metrics_are_written() -> None:
    source = counts(nasty(), seed=1)
    release = threading.Event()
    read = source.totals

    def slow() -> Any:
        assert release.wait(10)
        return read()

    source.totals = slow  # type: ignore[method-assign]
    metrics = CollectorRegistry()
    register(source, metrics)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def scrape() -> None:
        scope = {"type": "http", "method": "GET", "path": "/metrics", "headers": []}
        task = asyncio.ensure_future(asgi_app(metrics)(scope, send, send))
        await asyncio.sleep(0.01)
        release.set()
        await task

    asyncio.run(scrape())
    assert sent[0]["status"] == 200


def test_the_wsgi_app_runs_in_any_wsgi_server() -> None:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {"REQUEST_METHOD": "GET"}
    body = b"".join(wsgi_app(registry())(environ, lambda *args: started.append(args)))
    assert started[0][0] == "200 OK"
    assert parsed(body)
