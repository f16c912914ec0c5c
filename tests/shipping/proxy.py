"""A proxy in front of Elasticsearch that makes trouble when told to."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self


class Proxy:
    """Passes requests on, but for what is set here.

    Attributes:
        status: answered to bulk requests in place of the server.
        largest: bytes of a request beyond which the answer is 413.
        cut: whether the answers of bulk requests are lost: the connection ends behind the request.
        after: called when the server has answered a request whose answer is lost.
        answered: how often each status was made up.
    """

    def __init__(self, target: str, certificate: tuple[str, str] | None = None) -> None:
        self.target = urlsplit(target)
        self.status = 0
        self.largest = 0
        self.cut = False
        self.after: Callable[[], None] | None = None
        self.made_up: list[int] = []
        self.cuts = 0
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Proxy
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_bulk = self.path.split("?")[0].endswith("_bulk")
        owner = self.owner
        if is_bulk and owner.status:
            self._answer(owner.status)
            return
        if is_bulk and owner.largest and len(body) > owner.largest:
            self._answer(413)
            return
        cut, owner.cut = is_bulk and owner.cut, owner.cut and not is_bulk
        try:
            status, headers, answer = self._passed_on(body)
        except OSError:
            self._hang_up()
            return
        if cut:
            owner.cuts += 1
            if owner.after is not None:
                owner.after()
            self._hang_up()
            return
        with suppress(OSError):  # whoever asked may be gone
            self._give_back(status, headers, answer)

    def _give_back(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self._body(answer)

    do_GET = do_POST = do_PUT = do_HEAD = _handle  # noqa: N815 - the base's names

    def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = self.owner.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except http.client.HTTPException as error:
            raise OSError from error
        finally:
            connection.close()

    def _answer(self, status: int) -> None:
        self.owner.made_up.append(status)
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self._body(b"<h1>made up</h1>")

    def _body(self, data: bytes) -> None:
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's signature
        """Say nothing."""
