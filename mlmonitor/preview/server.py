"""The preview's HTTP: its page, and the views that the page asks for."""

from __future__ import annotations

import itertools
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from mlmonitor.errors import MlmonitorError
from mlmonitor.preview import static, view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mlmonitor.preview.source import Source
    from mlmonitor.preview.view import View

    Asked = Mapping[str, Sequence[str]]

_KEPT: Final = 64
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HEADERS: Final = (
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


class App:
    """The WSGI application; it only reads, and answers only to names of this machine.

    Args:
        dashboards: as Grafana saves them, the one to open first in front.
        source: the Prometheus that is asked.
        scrape: seconds between two scrapes.
    """

    def __init__(self, dashboards: Sequence[dict[str, Any]], source: Source, scrape: float) -> None:
        self._dashboards = {one["uid"]: one for one in dashboards}
        self._source, self._scrape = source, scrape
        self._views: OrderedDict[str, View] = OrderedDict()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        try:
            answer = self._answer(environ)
        except _Refused as refused:
            answer = refused.answer
        except MlmonitorError as error:
            answer = _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        headers = [
            ("Content-Type", answer.kind),
            ("Content-Length", str(len(answer.body))),
            *_HEADERS,
            *answer.headers,
        ]
        start(f"{answer.status.value} {answer.status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: WSGIEnvironment) -> _Answer:
        host = environ.get("HTTP_HOST", "")
        if (host if host.endswith("]") else host.rpartition(":")[0] or host) not in _LOCAL:
            # A page of another site that had its name point here could read along otherwise.
            raise _Refused(HTTPStatus.FORBIDDEN, "Open the preview as http://127.0.0.1.")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            allowed = ("Allow", "GET, HEAD")
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is taken.", allowed)
        # WSGI hands the path over as Latin-1.
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        place, _, rest = path.lstrip("/").partition("/")
        places = {"": self._first, "d": _page, "static": _static, "api": self._data}
        if place not in places:
            raise _Refused(HTTPStatus.NOT_FOUND, f"{path}: there is no such page.")
        return places[place](rest, asked)

    def _first(self, _path: str, _asked: Asked) -> _Answer:
        place = f"/d/{next(iter(self._dashboards))}"
        return _Answer(b"", "text/plain", HTTPStatus.FOUND, (("Location", place),))

    def _data(self, path: str, asked: Asked) -> _Answer:
        """`dashboards`, `view/UID`, `view/TOKEN/panel/KEY` and `view/TOKEN/events`."""
        try:
            match path.split("/", 3):
                case ["dashboards"]:
                    return _json(listing(list(self._dashboards.values()), self._source.url))
                case ["view", uid]:
                    return _json(self._opened(uid, asked))
                case ["view", token, "events"]:
                    return _json(self._view(token).events())
                case ["view", token, "panel", key]:
                    return _json(self._view(token).answer(unquote(key)))
        except KeyError as error:
            why = f"{error.args[0]}: is not here (any more); load the page again."
            raise _Refused(HTTPStatus.NOT_FOUND, why) from error
        raise _Refused(HTTPStatus.NOT_FOUND, f"{path}: there is no such data.")

    def _opened(self, uid: str, asked: Asked) -> dict[str, Any]:
        made = view.of(self._dashboards[uid], self._source, self._scrape, asked)
        described = made.described()
        token = str(next(self._numbers))
        with self._lock:
            self._views[token] = made
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
        return {**described, "token": token}

    def _view(self, token: str) -> View:
        with self._lock:
            return self._views[token]


@dataclass(frozen=True)
class _Answer:
    body: bytes
    kind: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = field(default=())


class _Refused(Exception):  # noqa: N818 - an answer, no error of the program
    """A request that gets another status than 200."""

    def __init__(self, status: HTTPStatus, why: str, *headers: tuple[str, str]) -> None:
        super().__init__(why)
        self.answer = _Answer(json.dumps({"error": why}).encode(), status=status, headers=headers)


def listing(dashboards: Sequence[dict[str, Any]], source: str) -> dict[str, Any]:
    """What there is to see, for the page's navigation."""
    return {
        "source": source,
        "dashboards": [
            {"uid": one["uid"], "title": one["title"], "tags": one.get("tags") or []}
            for one in dashboards
        ],
    }


def _page(_path: str, _asked: Asked) -> _Answer:
    return _Answer(static.read("index.html"), static.HTML)


def _static(name: str, _asked: Asked) -> _Answer:
    kind = static.kind(name)
    if kind is None:
        raise _Refused(HTTPStatus.NOT_FOUND, f"{name}: there is no such file.")
    return _Answer(static.read(name), kind)


def _json(data: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> _Answer:
    body = json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
    return _Answer(body, status=status)
