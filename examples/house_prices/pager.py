"""The demo's pager: what a person would be woken by, received from Alertmanager."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class Page:
    """One alert as it was told first.

    Attributes:
        alert: its name.
        summary: its first line.
        text: what was measured.
        came: when it came, in seconds since the epoch.
    """

    alert: str
    summary: str
    text: str
    came: float

    def names(self, column: str) -> bool:
        """Whether a person who reads it learns of a column."""
        return column in self.summary or column in self.text


class Pager:
    """Takes Alertmanager's webhook and keeps what it tells.

    Attributes:
        pages: alerts that fire, in the order in which they came.
        resolved: names of alerts that were told to be over.
    """

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.resolved: set[str] = set()
        self._known: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def take(self, message: dict[str, Any]) -> None:
        """Keep the alerts of a message that were not told before."""
        with self._lock:
            for alert in message["alerts"]:
                key = (alert["fingerprint"], alert["startsAt"])
                notes, name = alert["annotations"], alert["labels"]["alertname"]
                if alert["status"] == "resolved":
                    self.resolved.add(name)
                elif key not in self._known:
                    self._known.add(key)
                    page = Page(name, notes["summary"], notes["description"], time.time())
                    self.pages.append(page)


@contextmanager
def pager(port: int) -> Iterator[Pager]:
    """A pager that Alertmanager reaches on a port, until the block ends."""
    found = Pager()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            found.take(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing between the demo's own lines."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
