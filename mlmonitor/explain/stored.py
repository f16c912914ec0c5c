"""Records in the data streams of an Elasticsearch."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError
from mlmonitor.explain import record as records
from mlmonitor.shipping.connection import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.explain.question import Question
    from mlmonitor.explain.record import Record
    from mlmonitor.shipping.connection import Connection

_PAGE: Final = 1_000
_PAUSE: Final = 1.0
_REMEMBERED: Final = 10_000


class Stored:
    """What an Elasticsearch holds.

    Args:
        connection: how to reach it.

    Raises:
        MlmonitorError: the client is not installed, or a secret or file unusable.
    """

    def __init__(self, connection: Connection) -> None:
        self._client, self._url = connection.client(), connection.url

    def read(self, question: Question, *, newest: int | None = None) -> Iterator[Record]:
        """The records that are asked for, oldest first; of many only so many of the newest.

        Raises:
            MlmonitorError: it cannot be reached, or refuses.
        """
        if newest is not None and newest <= _PAGE:
            yield from reversed(self._page(question, "desc", newest))
            return
        after: list[Any] | None = None
        while True:
            hits = self._hits(question, "asc", _PAGE, after)
            yield from (hit["_source"] for hit in hits)
            if len(hits) < _PAGE:
                return
            after = hits[-1]["sort"]

    def follow(self, question: Question, *, pause: float = _PAUSE) -> Iterator[Record]:
        """The records that come from now on, for ever; see `read`."""
        seen: deque[str] = deque(
            (_id(one) for one in self.read(question, newest=_PAGE)), _REMEMBERED
        )
        newest = self._page(question, "desc", 1)
        while True:
            since = records.moment(newest[0]) if newest else None
            for one in self.read(replace(question, since=since or question.since)):
                if _id(one) not in seen:
                    seen.append(_id(one))
                    newest = [one]
                    yield one
            time.sleep(pause)

    def _page(self, question: Question, order: str, size: int) -> list[Record]:
        return [hit["_source"] for hit in self._hits(question, order, size, None)]

    def _hits(
        self, question: Question, order: str, size: int, after: list[Any] | None
    ) -> list[dict[str, Any]]:
        fields = (names.LOG_TIMESTAMP.name, names.LOG_EVENT_ID.name)
        asked: dict[str, Any] = {
            "index": question.stream,
            "query": question.query,
            "sort": [{field: {"order": order, "unmapped_type": "keyword"}} for field in fields],
            "size": size,
            "ignore_unavailable": True,
            "allow_no_indices": True,
        }
        if after is not None:
            asked["search_after"] = after
        try:
            answer = self._client.search(**asked)
        except Exception as error:
            raise MlmonitorError(explained(self._url, error)) from error
        found: list[dict[str, Any]] = answer["hits"]["hits"]
        return found


def _id(record: Record) -> str:
    return str(records.get(record, names.LOG_EVENT_ID))
