"""A server of its own for `/metrics`, beside a service that has none."""

from __future__ import annotations

import io
import socket
import socketserver
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import REGISTRY

from mlmonitor.errors import MlmonitorError
from mlmonitor.expose.apps import wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from prometheus_client import CollectorRegistry

    from mlmonitor.expose.apps import ReferencePlace

_FULL: Final = (
    b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
_LINGER: Final = 1.0
_BLOCK: Final = 1 << 16
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - Prometheus scrapes from another machine


def start_server(
    port: int,
    addr: str = _EVERYWHERE,
    registry: CollectorRegistry = REGISTRY,
    *,
    reference: ReferencePlace = "inline",
) -> tuple[WSGIServer, threading.Thread]:
    """Serve the metrics of a registry from a daemon thread of this process.

    Args:
        port: where to listen; 0 takes a free one, see `server_port` of the server.
        addr: address to listen on, all by default.
        registry: whose metrics.
        reference: see `asgi_app`.

    Returns:
        The server, whose `shutdown()` and `server_close()` end it, and its thread.

    Raises:
        MlmonitorError: the address or port cannot be had.
    """
    server = listen(addr, port, wsgi_app(registry, reference=reference))
    thread = threading.Thread(target=server.serve_forever, name="mlmonitor-metrics", daemon=True)
    thread.start()
    return server, thread


def listen(addr: str, port: int, app: WSGIApplication) -> WSGIServer:
    """A server for an application, bound but not serving yet.

    Raises:
        MlmonitorError: the address or port cannot be had.
    """
    kind = _Ipv6Server if ":" in addr else _Server
    try:
        server = kind((addr, port), _QuietHandler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{addr}:{port}: nothing can be served there ({reason}); choose another port."
        raise MlmonitorError(message) from error
    server.set_app(app)
    return server


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    """A thread a request, so that a slow client holds up nobody; and so many threads at the most."""

    daemon_threads = True
    # The workers of many services ask at once, every few seconds, and wait for two.
    request_queue_size = 128
    connections = 128

    def __init__(self, *args: Any) -> None:
        self._places = threading.BoundedSemaphore(self.connections)
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; at once, and that there is none left, where too many are at work."""
        if not self._places.acquire(blocking=False):
            with suppress(OSError):
                request.sendall(_FULL)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of failures of ours, not of clients that went away or stand still."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def server_bind(self) -> None:
        """Bind without asking the name service what the host is called, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.socket.getsockname()[:2]
        self.server_name = str(host)
        self.setup_environ()


class _Ipv6Server(_Server):
    address_family = socket.AF_INET6


class _Punctual(io.RawIOBase):
    """What a client sends until a moment; then a TimeoutError, however often it sent something."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self._seconds = connection, seconds
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes, as long as there is time."""
        left = self._until - time.monotonic()
        if left <= 0:
            message = "the request took too long"
            raise TimeoutError(message)
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            # The answer has its own time.
            self._connection.settimeout(self._seconds)


class _QuietHandler(WSGIRequestHandler):
    """Keeps scrapes out of the service's log, and gives a whole request so many seconds."""

    timeout = 30.0

    def setup(self) -> None:
        """Read by a clock: a client that sends a byte now and then would hold a thread for good."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Punctual(self.connection, self.timeout))

    def finish(self) -> None:
        """Send the answer, and take in what was not read of the request.

        A connection that is closed with bytes unread is reset, and the answer lost: whoever sends too
        much would see a broken pipe, and not why.
        """
        super().finish()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            until = time.monotonic() + _LINGER
            while (left := until - time.monotonic()) > 0:
                self.connection.settimeout(left)
                if not self.connection.recv(_BLOCK):
                    break

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's signature
        """Log nothing."""
