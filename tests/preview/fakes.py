"""A server that answers as it is told, for what a real Prometheus cannot be made to do."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Server:
    """What the server answers, and what it was asked.

    Attributes:
        status, kind, body: of every answer.
        seconds: to wait before it.
        answer: from a path and its parameters to the data of a successful answer, or a whole body.
        asked: (path, parameters) of every request.
    """

    url: str = ""
    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    seconds: float = 0.0
    answer: Callable[[str, dict[str, list[str]]], Any] | None = None
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def respond(self, path: str, values: dict[str, list[str]]) -> bytes:
        """The body of one answer."""
        self.asked.append((path, values))
        time.sleep(self.seconds)
        if self.answer is None:
            return self.body
        found = self.answer(path, values)
        if isinstance(found, bytes):
            return found
        return json.dumps({"status": "success", "data": found}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep silent about clients that did not wait."""


@contextmanager
def serving(**told: Any) -> Iterator[Server]:
    """A server, until the block ends."""
    state = Server(**told)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, query: str) -> None:
            state.headers = dict(self.headers)
            body = state.respond(urlsplit(self.path).path, parse_qs(query))
            self.send_response(state.status)
            self.send_header("Content-Type", state.kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep silent."""

    server = _Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
