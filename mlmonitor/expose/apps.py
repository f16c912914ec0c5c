"""`/metrics` as an ASGI app and as a WSGI app."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from prometheus_client import REGISTRY

from mlmonitor.expose.collector import render
from mlmonitor.expose.negotiate import accepts_gzip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from prometheus_client import CollectorRegistry

    from mlmonitor.expose.text import Part

    AsgiApp = Callable[
        [MutableMapping[str, Any], Callable[..., Any], Callable[..., Any]], Awaitable[None]
    ]
    WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

ReferencePlace = Literal["inline", "separate"]
"""Whether the reference's gauges stand among the others or on a path `…/reference` of their own."""

_METHODS: Final = "GET, HEAD"
_WORTH_COMPRESSING: Final = 1024
_COMPRESSION: Final = 1


@dataclass(frozen=True)
class _Request:
    """What of a request matters here."""

    method: str
    path: str
    accept: str
    accept_encoding: str


@dataclass(frozen=True)
class _Response:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


def asgi_app(
    registry: CollectorRegistry = REGISTRY, *, reference: ReferencePlace = "inline"
) -> AsgiApp:
    """An ASGI app that serves the metrics of a registry; they are written in a thread.

    Args:
        registry: whose metrics.
        reference: `separate` serves the reference's gauges on a path that ends in `/reference`,
            which may be scraped more rarely.
    """

    async def app(
        scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            from asyncio import to_thread  # noqa: PLC0415 - an ASGI server has loaded it

            response = await to_thread(_respond, registry, _from_scope(scope), reference)
            headers = [(key.encode(), value.encode()) for key, value in response.headers]
            start = {"type": "http.response.start", "status": response.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": response.body})

    return app


def wsgi_app(
    registry: CollectorRegistry = REGISTRY, *, reference: ReferencePlace = "inline"
) -> WsgiApp:
    """A WSGI app that serves the metrics of a registry; see `asgi_app`."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _Request(
            environ["REQUEST_METHOD"],
            environ.get("PATH_INFO", ""),
            environ.get("HTTP_ACCEPT", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
        )
        response = _respond(registry, request, reference)
        status = f"{response.status.value} {response.status.phrase}"
        start_response(status, list(response.headers))
        return [response.body]

    return app


def _respond(
    registry: CollectorRegistry, request: _Request, reference: ReferencePlace
) -> _Response:
    if request.method == "HEAD":
        whole = _respond(registry, replace(request, method="GET"), reference)
        return replace(whole, body=b"")
    if request.method != "GET":
        body = f"Only {_METHODS} are served here.\n".encode()
        plain = ("Content-Type", "text/plain; charset=utf-8")
        return _Response(
            HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", _METHODS), plain, _length(body)), body
        )
    body, content_type = render(registry, request.accept, _part(request.path, reference))
    headers = [("Content-Type", content_type), ("Vary", "Accept, Accept-Encoding")]
    if len(body) >= _WORTH_COMPRESSING and accepts_gzip(request.accept_encoding):
        body = gzip.compress(body, _COMPRESSION, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    return _Response(HTTPStatus.OK, (*headers, _length(body)), body)


def _length(body: bytes) -> tuple[str, str]:
    return "Content-Length", str(len(body))


def _part(path: str, reference: ReferencePlace) -> Part:
    if reference == "inline":
        return "all"
    return "reference" if path.rstrip("/").endswith("/reference") else "live"


def _from_scope(scope: MutableMapping[str, Any]) -> _Request:
    def header(name: bytes) -> str:
        return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)

    return _Request(scope["method"], scope["path"], header(b"accept"), header(b"accept-encoding"))


async def _live(receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    while True:
        stage = (await receive())["type"]
        await send({"type": f"{stage}.complete"})
        if stage == "lifespan.shutdown":
            return
