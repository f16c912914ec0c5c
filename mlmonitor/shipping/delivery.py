"""Brings records to Elasticsearch, each exactly once, however often it takes.

`create` with an id is refused where the id is there already, but only in the index that is written
now: after a rollover the same id would be taken again. So whatever may have been taken, because the
answer to a request was lost or unclear, is looked up in the whole stream first, once no request of
ours is at work any more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    SerializationError,
    SSLError,
    TransportError,
    UnsupportedProductError,
)

from mlmonitor import names
from mlmonitor.errors import MlmonitorError
from mlmonitor.shipping import answers
from mlmonitor.shipping.answers import Verdict
from mlmonitor.shipping.backoff import Backoff
from mlmonitor.shipping.connection import explained, reason_of
from mlmonitor.shipping.entries import Entry, Rejected

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from elasticsearch import Elasticsearch

    from mlmonitor.shipping.metrics import ShippingMetrics

_LOOKUP: Final = 1000
_HALVE_AFTER: Final = 2
_GROWTH: Final = 1.05
"""How fast requests grow again after one that was too large."""
_TASKS: Final = "indices:data/write/bulk*"
_TASK_PAUSE: Final = 0.2
_PRIVILEGES: Final = ("create_doc", "read", "maintenance")
_ANSWER: Final = "errors,items.*.status,items.*.error.type,items.*.error.reason"
_ANSWER_CAUSE: Final = "items.*.error.caused_by.reason"


class Stopped(Exception):  # noqa: N818 - a signal, no error
    """The wait was ended from outside."""


@dataclass(frozen=True)
class Limits:
    """What one request holds, and how long to be patient.

    Attributes:
        records, size: of one request, at most.
        settle: seconds for which a lost request is given time to be seen at work.
        patience: seconds of failures after which to give up; for ever without it.
    """

    records: int = 5_000
    size: int = 4 << 20
    settle: float = 1.0
    patience: float | None = None


class _Halve(Exception):  # noqa: N818 - a signal, no error
    """The server takes no such request; `learn` is whether for its size."""

    def __init__(self, *, learn: bool) -> None:
        self.learn = learn


class _Trouble(Exception):  # noqa: N818 - a signal, no error
    """A request that has to be made again."""

    def __init__(
        self, sentence: str, reason: str, wait: float = 0.0, *, fatal: bool = False
    ) -> None:
        super().__init__(sentence)
        self.reason, self.wait, self.fatal = reason, wait, fatal


class Delivery:
    """One way to one Elasticsearch; used from one thread.

    Args:
        client: does not retry by itself.
        url: for sentences.
        identity: what its requests are known by among the server's tasks; the same after a restart.
        refused: keeps records that will never be taken.
        metrics: counts.
        stop: ends waits when set.
        tell: is given a sentence about each kind of trouble, once, and when it is over.
        limits: see there.
        backoff: waits between attempts.
        is_direct: whether it serves a running service, which may lack the right to read, so that
            nothing is looked up, and which goes on whatever the server says at first.
    """

    def __init__(
        self,
        client: Elasticsearch,
        url: str,
        identity: str,
        *,
        refused: Callable[[Sequence[Rejected]], None],
        metrics: ShippingMetrics,
        stop: threading.Event,
        tell: Callable[[str], None],
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        is_direct: bool = False,
    ) -> None:
        self._is_direct = is_direct
        self._client = client.options(opaque_id=identity)
        self._url, self._identity = url, identity
        self._refused, self._metrics = refused, metrics
        self._stop, self._tell = stop, tell
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._size = self._limits.size
        self._is_unsettled = True
        self._has_worked = False
        self._waited = 0.0
        self._told: str | None = None
        self._permitted: set[str] = set()
        self._blind: set[str] = set()

    def check(self) -> None:
        """See who we are there, before there is anything to ship.

        Raises:
            MlmonitorError: the server refuses us, its certificate does not verify, or, with patience
                at an end, it cannot be reached.
            Stopped: from outside.
        """
        self._persist(self._authenticate)

    def deliver(self, entries: Sequence[Entry]) -> None:
        """Bring entries; returns when each is there or refused.

        Raises:
            MlmonitorError: as `check`, and where the user lacks a privilege or a stream its template.
            Stopped: from outside; what was done is not told.
        """
        work = deque(self._parts(entries))
        failures = 0
        while work:
            part = work.popleft()
            try:
                left = self._attempt(part)
            except _Halve as order:
                self._metrics.again("too_large" if order.learn else "other")
                work.extendleft(reversed(self._halves(part, learn=order.learn)))
            except _Trouble as trouble:
                failures += 1
                is_stuck = failures % _HALVE_AFTER == 0 and trouble.reason in {
                    "connection",
                    "timeout",
                }
                parts = self._halves(part) if is_stuck and len(part) > 1 else [part]
                work.extendleft(reversed(parts))
                self._wait(trouble)
            else:
                failures = 0
                if left:
                    work.appendleft(left)
                    self._wait(_Trouble(f"{self._url}: is overloaded.", "too_many_requests"))
                else:
                    self._recovered()
                    self._size = min(int(self._size * _GROWTH) + 1, self._limits.size)

    # One attempt.

    def _attempt(self, part: list[Entry]) -> list[Entry]:
        """Send what is not there yet; what was turned away and may come again."""
        try:
            self._permit(part)
            absent = self._absent(part)
        except (TransportError, ApiError) as error:
            raise self._trouble(error) from error
        # Done are those found; they must not be looked for again in what is left.
        part[:] = absent
        return self._send(part) if part else []

    def _send(self, part: list[Entry]) -> list[Entry]:
        body = b"".join(piece for e in part for piece in (e.action, b"\n", e.line, b"\n"))
        try:
            answer = self._client.bulk(
                operations=[body],  # type: ignore[list-item]  # bytes pass as they are
                require_data_stream=True,
                filter_path=f"{_ANSWER},{_ANSWER_CAUSE}",
            ).body
        except ApiError as error:
            return self._not_taken(part, error)
        except TransportError as error:
            self._doubt(part)
            raise self._trouble(error) from error
        if not answer.get("errors", True):
            self._metrics.done(names.SHIPPED, len(part))
            self._has_worked = True
            return []
        return self._sorted_out(part, answer.get("items", []))

    def _not_taken(self, part: list[Entry], error: ApiError) -> list[Entry]:
        """What to do with a request that was refused as a whole."""
        status = error.meta.status
        if status in {answers.TOO_LARGE, answers.BAD}:
            if len(part) > 1:
                raise _Halve(learn=status == answers.TOO_LARGE) from error
            is_large = status == answers.TOO_LARGE
            reason = "larger than Elasticsearch takes" if is_large else reason_of(error)
            self._bury([_letter(part[0], status, reason)])
            return []
        if status not in {answers.TOO_MANY, *answers.REFUSED}:
            self._doubt(part)
        raise self._trouble(error) from error

    def _sorted_out(self, part: list[Entry], items: list[dict[str, Any]]) -> list[Entry]:
        """What became of each; those that may come again."""
        if len(items) != len(part):
            self._doubt(part)
            message = f"{self._url}: answers for {len(items)} of {len(part)} records."
            raise _Trouble(message, "other")
        sorted_: dict[Verdict, list[Entry]] = {one: [] for one in Verdict}
        letters: list[Rejected] = []
        refusal = ""
        for one, item in zip(part, items, strict=True):
            outcome = item["create"]
            status, error = int(outcome["status"]), outcome.get("error") or {}
            meant = answers.verdict(status, error)
            sorted_[meant].append(one)
            if meant is Verdict.DEAD:
                letters.append(_letter(one, status, answers.reason(error)))
            elif meant is Verdict.REFUSED:
                refusal = answers.refusal(one.stream, status, error)
        self._metrics.done(names.SHIPPED, len(sorted_[Verdict.SHIPPED]))
        self._metrics.done(names.PRESENT, len(sorted_[Verdict.PRESENT]))
        self._doubt(sorted_[Verdict.UNCLEAR])
        self._bury(letters)
        again = sorted_[Verdict.AGAIN] + sorted_[Verdict.UNCLEAR] + sorted_[Verdict.REFUSED]
        if refusal:
            part[:] = again
            message = f"{self._url}: {refusal}"
            raise _Trouble(message, "refused", fatal=True)
        self._has_worked = True
        return again

    def _bury(self, letters: list[Rejected]) -> None:
        if not letters:
            return
        self._persist(lambda: self._file(letters))
        self._metrics.done(names.DEAD_LETTER, len(letters))

    def _file(self, letters: list[Rejected]) -> None:
        try:
            self._refused(letters)
        except MlmonitorError as error:
            raise _Trouble(str(error), "other") from error

    def _doubt(self, part: Sequence[Entry]) -> None:
        self._is_unsettled = self._is_unsettled or bool(part)
        for one in part:
            one.doubtful = True

    # What is there already.

    def _absent(self, part: list[Entry]) -> list[Entry]:
        """Those that are not in their stream, whichever of its indices."""
        doubtful = [one for one in part if one.doubtful and one.stream not in self._blind]
        if not doubtful:
            return part
        self._settle()
        found: set[tuple[str, str]] = set()
        for stream in sorted({one.stream for one in doubtful}):
            self._refresh(stream)
            ids = [one.id for one in doubtful if one.stream == stream]
            for first in range(0, len(ids), _LOOKUP):
                found.update(
                    (stream, one) for one in self._search(stream, ids[first : first + _LOOKUP])
                )
        absent = [one for one in part if (one.stream, one.id) not in found]
        self._metrics.done(names.PRESENT, len(part) - len(absent))
        for one in absent:
            one.doubtful = False
        return absent

    def _refresh(self, stream: str) -> None:
        answer = self._client.indices.refresh(index=stream, ignore_unavailable=True).body
        if answer.get("_shards", {}).get("failed"):
            message = f"{self._url}: a shard of {stream} cannot be searched."
            raise _Trouble(message, "unavailable")

    def _search(self, stream: str, ids: list[str]) -> Iterator[str]:
        answer = self._client.search(
            index=stream,
            query={"ids": {"values": ids}},
            size=len(ids) * 2,
            source=False,
            ignore_unavailable=True,
            allow_partial_search_results=False,
            filter_path="timed_out,hits.hits._id",
        ).body
        for hit in answer.get("hits", {}).get("hits", []):
            yield hit["_id"]

    def _settle(self) -> None:
        """Wait until no request of ours is at work, also one that the server has yet to read."""
        if not self._is_unsettled:
            return
        self._pause(self._limits.settle)
        while self._is_at_work():
            self._pause(_TASK_PAUSE)
        self._is_unsettled = False

    def _is_at_work(self) -> bool:
        try:
            answer = self._client.tasks.list(
                actions=_TASKS, filter_path="nodes.*.tasks.*.headers"
            ).body
        except ApiError as error:
            if (
                error.meta.status == answers.FORBIDDEN
            ):  # without `monitor` the pause has to be enough
                return False
            raise
        return any(
            task.get("headers", {}).get("X-Opaque-Id") == self._identity
            for node in answer.get("nodes", {}).values()
            for task in node.get("tasks", {}).values()
        )

    # Who we are.

    def _authenticate(self) -> None:
        try:
            self._client.security.authenticate()
        except ApiError as error:
            # A server without security knows no users.
            if error.meta.status in {answers.UNAUTHORIZED, *answers.UNAVAILABLE, answers.TOO_MANY}:
                raise self._trouble(error) from error
        except TransportError as error:
            raise self._trouble(error) from error

    def _permit(self, part: list[Entry]) -> None:
        """See that we may do in each stream what has to be done there, before it is needed."""
        for stream in sorted({one.stream for one in part} - self._permitted):
            wanted = [{"names": [stream], "privileges": list(_PRIVILEGES)}]
            try:
                answer = self._client.security.has_privileges(index=wanted).body
            except ApiError as error:
                if error.meta.status in {
                    answers.UNAUTHORIZED,
                    *answers.UNAVAILABLE,
                    answers.TOO_MANY,
                }:
                    raise
                answer = {"has_all_requested": True}
            allowed = {} if answer["has_all_requested"] else answer["index"][stream]
            missing = ", ".join(name for name in _PRIVILEGES if not allowed.get(name, True))
            if missing and self._is_direct and allowed[_PRIVILEGES[0]]:
                self._blind.add(stream)
            elif missing:
                message = (
                    f"{self._url}: the user lacks {missing} on {stream}; give it the role to ship."
                )
                raise _Trouble(message, "refused", fatal=True)
            self._permitted.add(stream)

    # Trouble.

    def _trouble(self, error: ApiError | TransportError) -> _Trouble:
        sentence = explained(self._url, error)
        if isinstance(error, UnsupportedProductError):
            return _Trouble(f"{self._url}: is no Elasticsearch.", "other", fatal=True)
        if isinstance(error, ApiError):
            status = error.meta.status
            return _Trouble(
                sentence,
                answers.retry_reason(status),
                _asked(error),
                fatal=status in answers.REFUSED,
            )
        if isinstance(error, ConnectionTimeout):
            return _Trouble(sentence, "timeout")
        if isinstance(error, SerializationError):
            return _Trouble(sentence, "other")
        return _Trouble(sentence, "connection", fatal=isinstance(error, SSLError))

    def _persist(self, work: Callable[[], None]) -> None:
        while True:
            try:
                work()
            except _Trouble as trouble:  # noqa: PERF203 - as often as it takes
                self._wait(trouble)
            else:
                self._recovered()
                return

    def _wait(self, trouble: _Trouble) -> None:
        """Wait before another attempt, or give up."""
        sentence = str(trouble)
        self._metrics.again(trouble.reason)
        if trouble.fatal and not self._has_worked and not self._is_direct:
            raise MlmonitorError(sentence) from trouble
        pause = self._backoff.wait(trouble.wait)
        patience = self._limits.patience
        if patience is not None and self._waited + pause > patience:
            raise MlmonitorError(sentence) from trouble
        self._waited += pause
        if self._told != trouble.reason:
            self._told = trouble.reason
            self._tell(f"{sentence} Trying again.")
        self._pause(pause)

    def _recovered(self) -> None:
        self._backoff.reset()
        self._waited = 0.0
        if self._told is not None:
            self._tell(f"{self._url}: takes records again.")
            self._told = None

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    # Sizes.

    def _parts(self, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
        part: list[Entry] = []
        size = 0
        for one in entries:
            if part and (len(part) >= self._limits.records or size + one.size > self._size):
                yield part
                part, size = [], 0
            part.append(one)
            size += one.size
        if part:
            yield part

    def _halves(self, part: list[Entry], *, learn: bool = False) -> list[list[Entry]]:
        middle = len(part) // 2
        if learn:
            self._size = max(sum(one.size for one in part) // 2, 1)
        return [part[:middle], part[middle:]]


def _letter(one: Entry, status: int, reason: str) -> Rejected:
    return Rejected(one.line, reason, one.source, one.end, one.id, one.stream, status)


def _asked(error: ApiError) -> float:
    """Seconds that the server asks to wait, if it says so in seconds."""
    try:
        return min(max(float(error.meta.headers.get("retry-after") or 0), 0.0), 300.0)
    except ValueError:
        return 0.0
