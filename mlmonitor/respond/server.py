"""The responder's HTTP: Alertmanager's webhook, breakers, runbooks, metrics."""

from __future__ import annotations

import hmac
import json
import threading
import time
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.expose import wsgi_app
from mlmonitor.respond import runbooks
from mlmonitor.respond.payload import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mlmonitor.config.respond import RespondSettings
    from mlmonitor.respond.metrics import ResponderMetrics
    from mlmonitor.respond.responder import Responder

_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"
_NO_SCRIPT: Final = ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")


class Refused(Exception):  # noqa: N818 - an answer, no error of the program
    """A request that gets another status than 200."""

    def __init__(self, status: HTTPStatus, why: str, *headers: tuple[str, str]) -> None:
        super().__init__(why)
        self.status, self.headers = status, headers


class Limit:
    """At most so many requests a minute, on average; the last minute's may come at once."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(a_minute), clock
        self._left, self._last = self._most, clock()
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether one more may come now."""
        with self._lock:
            now = self._clock()
            self._left = min(self._most, self._left + (now - self._last) * self._most / 60)
            self._last = now
            allowed = self._left >= 1
            self._left -= allowed
            return allowed


class App:
    """The WSGI application.

    Only `POST` changes anything, and needs the token; what is read is no secret.

    Args:
        responder: what takes notifications.
        settings: section `respond`.
        metrics: what is counted.
        own_pages: runbooks beside those of the package, by alert; see `runbooks.own_pages`.
    """

    def __init__(
        self,
        responder: Responder,
        settings: RespondSettings,
        metrics: ResponderMetrics,
        own_pages: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if settings.token_file is None:
            message = "respond.token_file: is missing; name a file that holds a long random text."
            raise MlmonitorError(message)
        self._token_file = settings.token_file
        token(self._token_file)
        self._responder, self._settings, self._metrics = responder, settings, metrics
        self._own_pages = own_pages
        self._limit = Limit(settings.requests_per_minute)
        # Apart, so that whoever reaches the port cannot shut Alertmanager out.
        self._strangers = Limit(settings.requests_per_minute)
        self._exposition = wsgi_app(metrics.registry)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        # WSGI has taken the percent signs out, and gives each byte as a letter.
        path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode(errors="replace")
        if path == "/metrics":
            return self._exposition(environ, start)
        more: tuple[tuple[str, str], ...] = ()
        try:
            kind, body = self._answer(environ["REQUEST_METHOD"], path, environ)
            status = HTTPStatus.OK
        except Refused as refused:
            status, kind, more = refused.status, _JSON, refused.headers
            body = _json(error=str(refused))
        except (MlmonitorError, OSError) as error:
            status, kind = HTTPStatus.INTERNAL_SERVER_ERROR, _JSON
            body = _json(error=str(error))
        self._metrics.answered(status)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), _NO_SCRIPT, *more]
        start(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, method: str, path: str, environ: WSGIEnvironment) -> tuple[str, bytes]:
        place, _, name = path.lstrip("/").partition("/")
        posts = {"alerts": self._alerts, "release": self._release}
        gets = {"breaker": self._breaker, "runbooks": self._runbook, "healthz": self._health}
        if place not in {*posts, *gets}:
            raise Refused(HTTPStatus.NOT_FOUND, f"{path}: there is no such page.")
        wanted = "POST" if place in posts else "GET"
        if method != wanted and (method, wanted) != ("HEAD", "GET"):
            why = f"{path}: takes {wanted}."
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, why, ("Allow", wanted))
        if place in posts:
            return _JSON, posts[place](name, self._checked(environ))
        return gets[place](name)

    def _checked(self, environ: WSGIEnvironment) -> bytes:
        """The body of a request that may change something."""
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        known = hmac.compare_digest(given, f"Bearer {token(self._token_file)}".encode())
        if not (self._limit if known else self._strangers).allows():
            why = "too many requests; wait a minute."
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, why, ("Retry-After", "60"))
        if not known:
            why = "the token is missing or wrong; send Authorization: Bearer and the token."
            raise Refused(HTTPStatus.UNAUTHORIZED, why, ("WWW-Authenticate", "Bearer"))
        length = _length(environ.get("CONTENT_LENGTH", ""), self._settings.max_body)
        try:
            body: bytes = environ["wsgi.input"].read(length)
        except TimeoutError as error:
            why = f"the body did not come, {length} bytes by Content-Length; send all, and sooner."
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, why) from error
        return body

    def _alerts(self, _: str, body: bytes) -> bytes:
        try:
            notification = parse(body)
        except MlmonitorError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from error
        return _json(news=self._responder.receive(notification))

    def _release(self, model: str, body: bytes) -> bytes:
        try:
            given = json.loads(body or b"{}")
            who = str(given.get("by", "unknown"))[:200]
        except (ValueError, AttributeError, RecursionError) as error:
            why = 'the body is no JSON such as {"by": "name"}.'
            raise Refused(HTTPStatus.BAD_REQUEST, why) from error
        if (
            self._responder.state(model).phase == "closed"
            and not self._responder.state(model).frozen
        ):
            raise Refused(HTTPStatus.CONFLICT, f"{model}: is on no fallback; nothing to release.")
        return self._responder.release(model, who).to_json().encode()

    def _breaker(self, model: str) -> tuple[str, bytes]:
        return _JSON, self._responder.state(model).to_json().encode()

    def _runbook(self, alert: str) -> tuple[str, bytes]:
        page = runbooks.page(alert, self._own_pages)
        if page is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"{alert}: there is no such runbook.")
        return _HTML, page.encode()

    def _health(self, _: str) -> tuple[str, bytes]:
        return _JSON, _json(status="ok")


def _length(text: str, most: int) -> int:
    """The number of bytes that Content-Length says, up to `most`."""
    if not text:
        raise Refused(HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing; send it.")
    # Other scripts have digits, too, and int() refuses more than a few thousand.
    if not (text.isascii() and text.isdigit()):
        raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length is no number; send that of bytes.")
    digits = text.lstrip("0") or "0"
    if len(digits) > len(str(most)) or int(digits) > most:
        why = f"the body has more than {most} bytes, which are taken; send fewer alerts at once."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
    return int(digits)


def token(path: Path) -> str:
    """The token in a file.

    Raises:
        MlmonitorError: the file cannot be read, or holds none.
    """
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: the token cannot be read ({error}); see respond.token_file."
        raise MlmonitorError(message) from error
    if not found:
        message = f"{path}: holds no token; write a long random text into it."
        raise MlmonitorError(message)
    if not found.isprintable():
        message = (
            f"{path}: holds more than one line; write a long random text into it, in one line."
        )
        raise MlmonitorError(message)
    return found


def _json(**values: Any) -> bytes:
    return (json.dumps(values) + "\n").encode()
