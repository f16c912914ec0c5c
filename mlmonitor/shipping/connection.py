"""Where Elasticsearch is, who we are there, and what its answers mean to a user."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from mlmonitor.errors import MlmonitorError
from mlmonitor.secret import secret

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PASSWORD_VARIABLE: Final = "MLMONITOR_ELASTICSEARCH_PASSWORD"  # noqa: S105 - its name
API_KEY_VARIABLE: Final = "MLMONITOR_ELASTICSEARCH_API_KEY"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


@dataclass(frozen=True)
class Connection:
    """How to reach an Elasticsearch.

    Secrets are read when a client is made, from the environment (`MLMONITOR_ELASTICSEARCH_PASSWORD`,
    `MLMONITOR_ELASTICSEARCH_API_KEY`) or from files, and never stand in what is printed.

    Attributes:
        url: `http(s)://host:port`, with a path where a proxy has one.
        user: name for the password.
        password_file, api_key_file: files with nothing else in them.
        ca_file: PEM file of the authority that its certificate is from; the system's without it.
        timeout: seconds to wait for an answer.
        compress: whether requests are compressed.
    """

    url: str
    user: str | None = None
    password_file: str | None = None
    api_key_file: str | None = None
    ca_file: str | None = None
    timeout: float = 30.0
    compress: bool = False

    def __post_init__(self) -> None:
        message = _problem(self.url)
        if message is not None:
            raise MlmonitorError(message)

    def client(self) -> Elasticsearch:
        """A client that does not retry by itself.

        Raises:
            MlmonitorError: the client is not installed, a secret is missing, or a file unusable.
        """
        try:
            from elastic_transport import TransportWarning  # noqa: PLC0415 - an extra
            from elasticsearch import Elasticsearch  # noqa: PLC0415
        except ImportError as error:
            message = (
                "elasticsearch: the client is not installed; run `pip install 'mlmonitor[elk]'`."
            )
            raise MlmonitorError(message) from error
        # A server without security says so in every answer, one with tasks that they are a preview.
        warnings.filterwarnings("ignore", category=TransportWarning)
        options = {**self._identity(), **self._verification()}
        return Elasticsearch(
            self.url,
            request_timeout=self.timeout,
            http_compress=self.compress,
            max_retries=0,
            retry_on_timeout=False,
            retry_on_status=(),
            **options,
        )

    def _identity(self) -> dict[str, Any]:
        api_key = secret(API_KEY_VARIABLE, self.api_key_file)
        if api_key:
            return {"api_key": api_key}
        if self.user is None:
            return {}
        password = secret(PASSWORD_VARIABLE, self.password_file)
        if not password:
            message = (
                f"user {self.user}: has no password; set {PASSWORD_VARIABLE} or name a file with "
                "--password-file."
            )
            raise MlmonitorError(message)
        return {"basic_auth": (self.user, password)}

    def _verification(self) -> dict[str, Any]:
        if self.ca_file is None:
            return {}
        if not self.url.startswith("https:"):
            message = (
                f"{self.url}: a CA file needs https; change the URL or leave out {self.ca_file}."
            )
            raise MlmonitorError(message)
        import ssl  # noqa: PLC0415 - slow, and seldom needed

        try:
            return {"ssl_context": ssl.create_default_context(cafile=self.ca_file)}
        except (ssl.SSLError, ValueError) as error:
            raise _unusable(self.ca_file, "no certificates in PEM form") from error
        except OSError as error:
            raise _unusable(self.ca_file, error.strerror) from error


def _unusable(file: str, reason: str | None) -> MlmonitorError:
    return MlmonitorError(f"{file}: the CA file cannot be used ({reason}); name another.")


def _problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"{url}: is no URL; write it as https://host:9200."
    if parts.password is not None or parts.username is not None:
        shown = f"{parts.scheme}://{parts.hostname}"
        return (
            f"{shown}: the URL holds a user or password, which others can read; use --user and "
            f"{PASSWORD_VARIABLE}."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or port is None:
        return (
            f"{url}: is no URL of an Elasticsearch; write it as https://host:9200, with the port."
        )
    return None


def explained(url: str, error: Exception) -> str:
    """One sentence for what Elasticsearch, or the way to it, answered."""
    from elasticsearch import ApiError, ConnectionTimeout, SSLError  # noqa: PLC0415 - an extra

    if isinstance(error, ApiError):
        return f"{url}: {_answered(error.meta.status, reason_of(error))}"
    if isinstance(error, SSLError):
        return (
            f"{url}: its certificate does not verify ({_shown(error)}); name its authority with "
            "--ca-file."
        )
    if isinstance(error, ConnectionTimeout):
        return f"{url}: does not answer in time; is it overloaded?"
    return f"{url}: cannot be reached ({_shown(error)}); is it running?"


def _answered(status: int, reason: str) -> str:
    if status == _UNAUTHORIZED:
        return "refuses the user, password or API key; check them."
    if status == _FORBIDDEN:
        return f"the user may not do that ({reason}); give it the role to ship."
    if status == _NOT_FOUND:
        return f"has no such place ({reason}); is it an Elasticsearch?"
    return f"answers {status} ({reason})."


def reason_of(error: Exception) -> str:
    """The reason that Elasticsearch gave, shortened."""
    body = getattr(error, "body", None)
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = found.get("reason") or found.get("type")
    return " ".join(str(found or error).split())[:300]


def _shown(error: Exception) -> str:
    text = str(getattr(error, "message", error))
    return " ".join(text.split())[:200]
