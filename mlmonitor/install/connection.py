"""A connection to a server of Elastic's: its address, who asks, and failures told in a sentence."""

from __future__ import annotations

import base64
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from mlmonitor.errors import InstallError
from mlmonitor.secret import secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elastic_transport import ApiResponseMeta, Urllib3HttpNode

PASSWORD_VARIABLE: Final = "MLMONITOR_ELASTICSEARCH_PASSWORD"  # noqa: S105 - its name
API_KEY_VARIABLE: Final = "MLMONITOR_ELASTICSEARCH_API_KEY"
_SECONDS: Final = 60.0
_OK: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)
NOT_FOUND: Final = 404
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_PORTS: Final = {"http": 80, "https": 443}
_SHOWN: Final = 400


@dataclass(frozen=True)
class Login:
    """Who asks: a user and password, or an API key."""

    user: str = ""
    password: str = ""
    api_key: str = ""

    @classmethod
    def read(cls, user: str | None, password_file: str | None, api_key_file: str | None) -> Login:
        """Who asks, with the secret from a file or the environment.

        Raises:
            InstallError: a file cannot be read, or a user has no password.
        """
        api_key = secret(API_KEY_VARIABLE, api_key_file, failure=InstallError)
        if api_key:
            return cls(api_key=api_key)
        if user is None:
            return cls()
        password = secret(PASSWORD_VARIABLE, password_file, failure=InstallError)
        if not password:
            message = (
                f"user {user}: has no password; set {PASSWORD_VARIABLE} or name a file with "
                "--password-file."
            )
            raise InstallError(message)
        return cls(user, password)

    @property
    def header(self) -> dict[str, str]:
        """The header that says so; empty for nobody."""
        if self.api_key:
            return {"authorization": f"ApiKey {self.api_key}"}
        if not self.user:
            return {}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"authorization": f"Basic {pair}"}

    def __str__(self) -> str:
        """How errors name it."""
        return "the API key" if self.api_key else f"user {self.user!r}"


@dataclass(frozen=True)
class Answer:
    """What a server answered: JSON decoded, all else as text."""

    status: int
    body: Any

    @property
    def is_ok(self) -> bool:
        """Whether the server did what it was asked."""
        return self.status in _OK

    @property
    def reason(self) -> str:
        """Why it did not, in the server's words."""
        body = self.body
        if isinstance(body, dict):
            error = body.get("error")
            if isinstance(error, dict):
                return _reason(error)
            return str(body.get("message") or error or body)[:_SHOWN]
        return " ".join(str(body).split())[:_SHOWN]


class Connection:
    """One server. `product` is what its errors call it."""

    def __init__(self, url: str, product: str, login: Login, ca: str | None = None) -> None:
        """Connect to nothing yet; `ca` is the file of the authority that vouches for the server.

        Raises:
            InstallError: no address, no such file, or elastic-transport is not installed.
        """
        parts = _address(url)
        self.login = login
        self.product = product
        self.url = url.rstrip("/")
        self._node = _node(parts.scheme, parts.hostname or "", parts.port, parts.path, ca)

    def json(self, method: str, target: str, body: object = None) -> Answer:
        """Ask for JSON, with JSON; `target` starts with a slash.

        Raises:
            InstallError: see `send`.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"accept": "application/json"}
        if data is not None:
            headers["content-type"] = "application/json"
        return self.send(method, target, data, headers)

    def send(
        self, method: str, target: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send a request, once.

        Raises:
            InstallError: no answer, an untrusted certificate, a wrong password, a missing right, or an
                answer that this product does not give.
        """
        from elastic_transport import HttpHeaders, TransportError  # noqa: PLC0415 - an extra

        own = HttpHeaders({**headers, **self.login.header})
        try:
            found = self._node.perform_request(
                method, target, body=data, headers=own, request_timeout=_SECONDS
            )
        except TransportError as error:
            raise InstallError(self._silence(error)) from error
        return self._checked(found.meta, found.body, f"{method} {target}")

    def expect(self, method: str, target: str, body: object = None) -> Any:
        """The body of an answer that must be good.

        Raises:
            InstallError: see `send`; or the server refused.
        """
        answer = self.json(method, target, body)
        if not answer.is_ok:
            raise self.refused(method + " " + target, answer)
        return answer.body

    def refused(self, what: str, answer: Answer) -> InstallError:
        """The error for a request that was refused."""
        message = f"{self.url}: {self.product} refused {what} ({answer.status}: {answer.reason})."
        return InstallError(message)

    def _checked(self, meta: ApiResponseMeta, body: bytes, request: str) -> Answer:
        status, kind = meta.status, meta.mimetype or ""
        if status in _ELSEWHERE:
            place = meta.headers.get("location", "another address")
            message = (
                f"{self.url}: sends on to {place}, as no {self.product} does; check the address."
            )
            raise InstallError(message)
        if not kind.endswith("json"):
            text = body.decode(errors="replace")
            if status in _OK or "html" in kind:
                message = (
                    f"{self.url}: answers {request} with {kind or 'nothing'} (status {status}), "
                    f"which is not {self.product}; check host, port and path."
                )
                raise InstallError(message)
            answer = Answer(status, text)
        else:
            answer = Answer(status, self._decoded(body, kind))
        if status == _UNAUTHORIZED:
            raise InstallError(self._unknown())
        if status == _FORBIDDEN:
            message = (
                f"{self.url}: {self.login} may not {request} ({answer.reason}); "
                "give it the role mlmonitor_installer, or ask a superuser."
            )
            raise InstallError(message)
        return answer

    def _decoded(self, body: bytes, kind: str) -> Any:
        try:
            if kind.endswith("ndjson"):
                return [json.loads(line) for line in body.splitlines() if line.strip()]
            return json.loads(body)
        except ValueError as error:
            message = f"{self.url}: its JSON is broken ({error}); is {self.product} behind a proxy?"
            raise InstallError(message) from error

    def _unknown(self) -> str:
        if not self.login.header:
            return (
                f"{self.url}: {self.product} asks who you are; "
                "give --user and a password, or an API key."
            )
        return (
            f"{self.url}: {self.product} does not know {self.login} with this secret; check both."
        )

    def _silence(self, error: Exception) -> str:
        from elastic_transport import ConnectionTimeout, TlsError  # noqa: PLC0415 - an extra

        reason = " ".join(str(getattr(error, "message", error)).split())[:_SHOWN]
        if isinstance(error, TlsError):
            if "CERTIFICATE_VERIFY_FAILED" in reason:
                return (
                    f"{self.url}: its certificate does not verify ({_certificate(reason)}); "
                    "name the file of the authority that signed it with --ca-file."
                )
            return f"{self.url}: no TLS there ({reason}); is it http://?"
        if isinstance(error, ConnectionTimeout):
            return f"{self.url}: {self.product} did not answer within {_SECONDS:g} s; try again."
        return f"{self.url}: no answer ({reason}); is {self.product} running there?"


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        good = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if good and "@" in parts.netloc:
        message = (
            f"{parts.scheme}://{parts.hostname}: holds a user or password, which others can read; "
            f"use --user and {PASSWORD_VARIABLE}."
        )
        raise InstallError(message)
    if not good or parts.query or parts.fragment:
        message = f"{url!r} is no address of a server; write one such as https://localhost:9200."
        raise InstallError(message)
    return parts


def _node(scheme: str, host: str, port: int | None, path: str, ca: str | None) -> Urllib3HttpNode:
    try:
        from elastic_transport import NodeConfig, Urllib3HttpNode  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "elastic-transport is not installed; run `pip install 'mlmonitor[elk]'`."
        raise InstallError(message) from error
    config = NodeConfig(
        scheme=scheme,
        host=host,
        port=port or _PORTS[scheme],
        path_prefix=path.rstrip("/"),
        ssl_context=_trust(ca) if scheme == "https" else None,
        request_timeout=_SECONDS,
    )
    return Urllib3HttpNode(config)


def _trust(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no certificate in PEM form"
        message = f"{ca}: cannot be used as the certificate of an authority ({reason})."
        raise InstallError(message) from error


def _reason(error: Mapping[str, Any]) -> str:
    """The innermost reason of an error of Elasticsearch."""
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    return str(error.get("reason") or error.get("type") or error)[:_SHOWN]


def _certificate(reason: str) -> str:
    """The part of an error of OpenSSL that says what is wrong."""
    return reason.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or reason
