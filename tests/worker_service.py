"""A service for tests, to be run by real servers with several workers.

`make_wsgi()` and `make_asgi()` predict a JSON list of rows, one by one, at `/predict` and serve
`/metrics`; each answer names the process that gave it in `X-Worker`. With `WORKER_SERVICE_ROWS` set,
so many rows of `early_rows` are predicted when the application is made.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from prometheus_client import REGISTRY, CollectorRegistry

import mlmonitor
from mlmonitor import Monitor
from tests.references import mixed, mixed_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from mlmonitor.expose.apps import AsgiApp, WsgiApp

EARLY_ROWS = "WORKER_SERVICE_ROWS"
Row = dict[str, Any]


def make_monitor(registry: CollectorRegistry) -> Monitor:
    """The monitor of the service."""
    return Monitor("m", version="1", reference=mixed(), registry=registry)


def price_and_spoil(row: Row) -> float:
    """A prediction, by a model that writes into what it was given."""
    price = 4_000.0 * float(row["rooms"])
    row.update(size=-1.0, city="Atlantis", rooms=10**6)
    del row["garden"]
    return price


def early_rows(count: int) -> list[Row]:
    """The rows that are predicted before a server forks."""
    return mixed_rows(count, seed=99)


def make_wsgi() -> WsgiApp:
    """The service for WSGI servers."""
    predict = make_monitor(REGISTRY)(input="row")(price_and_spoil)
    metrics = mlmonitor.wsgi_app()
    for early in early_rows(int(os.environ.get(EARLY_ROWS, "0"))):
        predict(early)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, [*headers, ("X-Worker", str(os.getpid()))])

        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start)
        rows = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        body = json.dumps([predict(row) for row in rows]).encode()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return app


def make_asgi() -> AsgiApp:
    """The service for ASGI servers: the rows of a request are predicted side by side."""
    metrics, monitor = mlmonitor.asgi_app(), make_monitor(REGISTRY)

    @monitor(input="row")
    async def predict(row: Row) -> float:
        await asyncio.sleep(0)
        return price_and_spoil(row)

    async def app(
        scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        async def send_named(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                name = (b"x-worker", str(os.getpid()).encode())
                message = {**message, "headers": [*message["headers"], name]}
            await send(message)

        async def receive_and_flush() -> MutableMapping[str, Any]:
            message: MutableMapping[str, Any] = await receive()
            if message["type"] == "lifespan.shutdown":
                monitor.flush()
            return message

        if scope["type"] == "lifespan":
            await metrics(scope, receive_and_flush, send)
            return
        if scope["path"] == "/metrics":
            await metrics(scope, receive, send_named)
            return
        rows = json.loads(await _body(receive))
        prices = json.dumps(await asyncio.gather(*map(predict, rows))).encode()
        await send_named({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": prices})

    return app


async def _body(receive: Callable[..., Any]) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
