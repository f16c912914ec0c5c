"""A server that answers as the documentation of Grafana's HTTP API says, for want of Grafana itself.

It keeps dashboards and folders, checks the token, counts versions, and refuses what the documentation
says is refused: another token (401), a folder whose name is taken (409), a version that is no longer
the newest and a name that is taken (412).
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]
TOKEN = "glsa_known"
Answer = tuple[int, Json]


@dataclass
class State:
    """What the server holds, and what it was asked."""

    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, tuple[Json, Json]] = field(default_factory=dict)
    writes: list[Json] = field(default_factory=list)
    before_write: Callable[[], None] = lambda: None

    def answer(self, method: str, path: str, body: Json | None) -> Answer:
        parts = [unquote(part) for part in path.split("/")[1:]]
        if method == "GET" and parts[:3] == ["api", "dashboards", "uid"]:
            return self._dashboard(parts[3])
        if method == "GET" and parts[:2] == ["api", "folders"]:
            found = parts[2] in self.folders
            return (200, {"uid": parts[2]}) if found else (404, {"message": "folder not found"})
        if (method, path) == ("POST", "/api/folders"):
            return self._make_folder(body or {})
        if (method, path) == ("POST", "/api/dashboards/db"):
            return self._write(body or {})
        return 404, {"message": "Not found"}

    def _dashboard(self, uid: str) -> Answer:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        dashboard, meta = self.dashboards[uid]
        return 200, {"dashboard": dashboard, "meta": meta}

    def _make_folder(self, body: Json) -> Answer:
        if body["title"] in self.folders.values():
            return 409, {"message": "a folder with that name already exists"}
        self.folders[body["uid"]] = body["title"]
        return 200, {"uid": body["uid"], "title": body["title"]}

    def _write(self, body: Json) -> Answer:
        self.before_write()
        new, folder = body["dashboard"], body["folderUid"]
        if folder not in self.folders:
            return 400, {"message": "folder not found"}
        old, _ = self.dashboards.get(new["uid"], ({}, {}))
        if old and new.get("version", 0) != old["version"] and not body["overwrite"]:
            told = {"message": "The dashboard has been changed by someone else"}
            return 412, {**told, "status": "version-mismatch"}
        version = old.get("version", 0) + 1
        number = old.get("id", len(self.dashboards) + 1)
        self.dashboards[new["uid"]] = (
            {**new, "id": number, "version": version},
            {"folderUid": folder},
        )
        self.writes.append(body)
        return 200, {"status": "success", "uid": new["uid"], "version": version}


@contextmanager
def serving(state: State) -> Iterator[str]:
    """The server's address, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond(None)

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self._respond(json.loads(self.rfile.read(size)))

        def _respond(self, body: Json | None) -> None:
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, answer = state.answer(self.command, self.path, body)
            else:
                status, answer = 401, {"message": "Invalid API key"}
            self._write(status, "application/json; charset=UTF-8", json.dumps(answer).encode())

        def _write(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing, among the output of the tests."""

    with running(Handler) as url:
        yield url


@contextmanager
def answering(status: int, kind: str, data: bytes, **headers: str) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing, among the output of the tests."""

    with running(Handler) as url:
        yield url


@contextmanager
def running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
