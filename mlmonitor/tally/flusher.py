"""One thread a process that folds what idle workers have pending, so that a scrape sees it.

A scrape reaches one worker; the others must have written what they counted. The thread starts with
the first tally that shares its memory, again after a fork, and never at import.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import Final, Protocol

INTERVAL: Final = 0.4
"""Seconds between two rounds; a scrape is at most that far behind."""


class Flushable(Protocol):
    """What the thread visits."""

    def heartbeat(self) -> None:
        """Write what is pending; never raises."""

    def after_fork(self) -> None:
        """Start anew in a forked child."""


class _Flusher:
    def __init__(self) -> None:
        self._members: weakref.WeakSet[Flushable] = weakref.WeakSet()
        self._beating: weakref.WeakSet[Flushable] = weakref.WeakSet()
        self._started = False
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._after_fork)
        atexit.register(self._visit)

    def add(self, member: Flushable) -> None:
        self._members.add(member)

    def start_for(self, member: Flushable) -> None:
        with self._lock:
            self._beating.add(member)
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._run, name="mlmonitor-flusher", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            self._visit()

    def _visit(self) -> None:
        with self._lock:
            members = list(self._beating)
        for member in members:
            member.heartbeat()

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._started = False
        for member in list(self._members):
            member.after_fork()
        self._beating.clear()


_flusher: _Flusher | None = None


def watch(member: Flushable) -> None:
    """Tell `member` when the process has been forked."""
    global _flusher  # noqa: PLW0603 - one thread and one fork hook a process
    if _flusher is None:
        _flusher = _Flusher()
    _flusher.add(member)


def beat(member: Flushable) -> None:
    """Visit a watched `member` every `INTERVAL` seconds from now on, and at exit."""
    if _flusher is not None:
        _flusher.start_for(member)
