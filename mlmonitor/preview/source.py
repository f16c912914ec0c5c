"""Prometheus's HTTP API, as far as dashboards ask it, with failures told in a sentence."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_BYTES: Final = 64 * 2**20
_TIMEOUT: Final = 30.0
_SHOWN: Final = 300


class SourceError(MlmonitorError):
    """Prometheus did not give what was asked for."""


class SilentError(SourceError):
    """Prometheus gave no answer at all, and may be expected to give none to the next question."""


class Source:
    """A Prometheus, or what speaks its API.

    Args:
        url: its address; a name and password in it are sent as basic authentication.
        timeout: seconds to wait for an answer.

    Raises:
        MlmonitorError: the address is none.
    """

    def __init__(self, url: str, timeout: float = _TIMEOUT) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{url}: is no address of a Prometheus; write http://127.0.0.1:9090."
            raise MlmonitorError(message)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        place = host if port is None else f"{host}:{port}"
        self.url = f"{parts.scheme}://{place}{parts.path.rstrip('/')}"
        self._timeout = timeout
        self._headers = {"Accept": "application/json"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def instant(self, expression: str, moment: float) -> dict[str, Any]:
        """The answer to an instant query at a Unix time."""
        values = {"query": expression, "time": f"{moment:.3f}"}
        return self._result("query", values)

    def over(self, expression: str, start: float, end: float, step: float) -> dict[str, Any]:
        """The answer to a range query; times in Unix seconds."""
        values = {
            "query": expression,
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step:.3f}",
        }
        return self._result("query_range", values)

    def labels(self, matchers: Sequence[str], start: float, end: float) -> list[str]:
        """Names of labels, of all series or of those that a selector means."""
        found: list[str] = self._data("labels", _within(matchers, start, end))
        return found

    def values(self, label: str, matchers: Sequence[str], start: float, end: float) -> list[str]:
        """Values of a label, of all series or of those that a selector means."""
        path = f"label/{quote(label, safe='')}/values"
        found: list[str] = self._data(path, _within(matchers, start, end))
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Every alerting rule, with its alerts that are pending or firing."""
        data = self._data("rules", {"type": "alert"})
        try:
            rules = [rule for group in data["groups"] for rule in group["rules"]]
            return [rule for rule in rules if rule["type"] == "alerting"]
        except (KeyError, TypeError) as error:
            raise self._strange() from error

    def _result(self, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        data = self._data(path, values, post=True)
        if not isinstance(data, dict) or not {"result", "resultType"} <= data.keys():
            raise self._strange()
        return data

    def _strange(self) -> SourceError:
        message = (
            f"{self.url} answered, but not as Prometheus does; "
            "give the address of a Prometheus by --prometheus."
        )
        return SourceError(message)

    def _data(self, path: str, values: Mapping[str, Any], *, post: bool = False) -> Any:
        """What an endpoint answers.

        Raises:
            SourceError: unreachable, slow, no Prometheus, or a query that it refuses.
        """
        query = urlencode(values, doseq=True)
        url = f"{self.url}/api/v1/{path}"
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked by the constructor
            url if post or not query else f"{url}?{query}",
            data=query.encode() if post else None,
            headers=self._headers,
        )
        body, status = self._read(request)
        return self._checked(body, status)

    def _read(self, request: urllib.request.Request) -> tuple[bytes, int]:
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310 - see above
                return answer.read(_MOST_BYTES + 1), answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.read(_MOST_BYTES), error.code
        except TimeoutError:
            message = (
                f"Prometheus at {self.url} took longer than {self._timeout:g} s; "
                "choose a shorter time range, or wait until it is less busy."
            )
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                reason = "no answer in time"
            text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
            message = (
                f"Prometheus at {self.url} does not answer ({text}); "
                "start it, or give its address by --prometheus."
            )
        raise SilentError(message)

    def _checked(self, body: bytes, status: int) -> Any:
        if len(body) > _MOST_BYTES:
            message = (
                f"Prometheus at {self.url} answered more than {_MOST_BYTES // 2**20} MiB; "
                "choose a shorter time range."
            )
            raise SourceError(message)
        try:
            answer = json.loads(body)
            if answer["status"] == "success":
                return answer["data"]
            said = str(answer.get("error", "no reason given"))
        except (ValueError, KeyError, TypeError, AttributeError):
            said = ""
        if said:
            message = f"Prometheus refuses the query: {' '.join(said.split())[:_SHOWN]}"
        elif status >= 300:  # noqa: PLR2004 - no success
            message = (
                f"Prometheus at {self.url} answered with status {status}; see its log, "
                "or check the address."
            )
        else:
            raise self._strange()
        raise SourceError(message)


def _within(matchers: Sequence[str], start: float, end: float) -> dict[str, Any]:
    return {"match[]": list(matchers), "start": f"{start:.3f}", "end": f"{end:.3f}"}
