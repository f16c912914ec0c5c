"""Who counts what is found in the service's own lines, which are of no record."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Protocol

from mlmonitor import names
from mlmonitor.logs import context

if TYPE_CHECKING:
    from collections.abc import Iterable


class Counter(Protocol):
    """Counts sensitive values of one model."""

    def hidden(self, kind: str, column: str) -> None:
        """Count a value of a kind in a column."""


_known: weakref.WeakValueDictionary[tuple[str, str, str], Counter] = weakref.WeakValueDictionary()


def register(identity: tuple[str, str, str], counter: Counter) -> None:
    """Have what is found while this model predicts counted here, as long as the counter lives."""
    _known[identity] = counter


def tell(kinds: Iterable[str]) -> None:
    """Count what was found in a line: with the model that predicts, else with the first one there is.

    A process without a monitor that writes records has nowhere to count.
    """
    running = context.current.get()
    counter = None if running is None else _known.get(running[1])
    if counter is None:
        counter = next(iter(_known.values()), None)
    if counter is not None:
        for kind in kinds:
            counter.hidden(kind, names.SENSITIVE_ELSEWHERE)
