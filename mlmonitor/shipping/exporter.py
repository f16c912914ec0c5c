"""Ships the files of folders: reads, brings, and writes down how far."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError
from mlmonitor.logs.files import SHIPPED_FILE
from mlmonitor.shipping.backoff import Backoff
from mlmonitor.shipping.deadletters import DeadLetters
from mlmonitor.shipping.delivery import Delivery, Limits, Stopped
from mlmonitor.shipping.entries import Entry, Rejected
from mlmonitor.shipping.folder import Folder
from mlmonitor.shipping.metrics import ShippingMetrics
from mlmonitor.shipping.registry import Registry

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mlmonitor.shipping.connection import Connection

DEAD_LETTERS: Final = "dead-letters.ndjson"
_SCAN: Final = 1.0
_POLL: Final = 0.2
_TURN: Final = 256 << 10


@dataclass(frozen=True)
class Source:
    """What is shipped: files of one folder.

    Attributes:
        folder: where they are.
        names: their names; every file of records without any.
        state: the folder of registry and dead letters; beside the files without one.
        stream: the data stream of lines that name none; they are dead letters without it.
    """

    folder: Path
    names: tuple[str, ...] = ()
    state: Path | None = None
    stream: str = ""

    @classmethod
    def of(cls, paths: Sequence[Path], state: Path | None = None, stream: str = "") -> Source:
        """One folder, or files of one with what rotation makes of them.

        Raises:
            MlmonitorError: one is missing, or they are of several folders.
        """
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            message = f"{missing}: is neither a file nor a folder; name what the service writes to."
            raise MlmonitorError(message)
        if len(paths) == 1 and paths[0].is_dir():
            return cls(paths[0], (), state, stream)
        folders = {path.parent for path in paths}
        if len(folders) != 1 or any(path.is_dir() for path in paths):
            message = (
                f"{paths[1]}: is not of the folder of {paths[0]}; run an exporter for each folder."
            )
            raise MlmonitorError(message)
        return cls(paths[0].parent, tuple(path.name for path in paths), state, stream)

    @property
    def place(self) -> Path:
        """The folder of registry and dead letters."""
        return self.state or self.folder


class Exporter:
    """Ships the files of a source.

    Args:
        source: which files.
        connection: where to.
        tell: is given a sentence about each kind of trouble.
        stop: ends it when set.
        limits, backoff: see `Delivery`.
        metrics: counts; of its own without them.
        moved: see `Registry`.
        is_spool: whether nobody else needs the files: those that are complete and shipped go.

    Raises:
        MlmonitorError: the registry or the connection cannot be used.
    """

    def __init__(
        self,
        source: Source,
        connection: Connection,
        *,
        tell: Callable[[str], None],
        stop: threading.Event,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        metrics: ShippingMetrics | None = None,
        moved: bool = False,
        is_spool: bool = False,
    ) -> None:
        self._stop, self._tell = stop, tell
        self._is_spool = is_spool
        self._limits = limits or Limits()
        self._metrics = metrics or ShippingMetrics()
        client = connection.client()
        registry = Registry(source.place / SHIPPED_FILE, connection.url, moved=moved)
        self._letters = DeadLetters(source.place / DEAD_LETTERS)
        self._folder = Folder(source.folder, registry, source.names, tell, source.stream)
        self._delivery = Delivery(
            client, connection.url, f"mlmonitor-{registry.id}",
            refused=self._letters.keep, metrics=self._metrics, stop=stop, tell=tell,
            limits=self._limits, backoff=backoff, is_direct=is_spool,
        )  # fmt: skip
        self._metrics.waiting = lambda: self._folder.waiting
        self._metrics.files = lambda: len(self._folder.files)
        self._turn = 0
        self._scan_at = 0.0

    def run(self, *, once: bool = False) -> None:
        """Ship until stopped; with `once`, until all that was there is shipped.

        Raises:
            MlmonitorError: see `Delivery`, and where a registry cannot be written.
        """
        try:
            if not self._is_spool:
                self._delivery.check()
            self._loop(once=once)
        except Stopped:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Let go of files and registry, as a forked child has to."""
        self._folder.close()

    def _loop(self, *, once: bool) -> None:
        while not self._stop.is_set():
            self._scan()
            found = self._gather()
            if found:
                self._ship(found)
                continue
            self._metrics.head = ""
            self._safely(self._folder.save)
            if once:
                return
            self._stop.wait(_POLL)
        self._folder.save()

    def _scan(self) -> None:
        if time.monotonic() < self._scan_at:
            return
        self._scan_at = time.monotonic() + _SCAN
        if self._is_spool:
            self._folder.remove_shipped()
        rest = self._folder.scan()
        if rest:
            self._keep(rest)

    def _gather(self) -> list[Entry | Rejected]:
        """Whole lines of all files, a piece of each in turn, until a request is full."""
        found: list[Entry | Rejected] = []
        size = 0
        files = self._folder.files
        self._turn += 1
        while files and size < self._limits.size and len(found) < self._limits.records:
            left = []
            for place in range(len(files)):
                file = files[(place + self._turn) % len(files)]
                if file.is_another():
                    self._scan_at = 0.0
                    continue
                lines = file.read(_TURN)
                if lines:
                    left.append(file)
                    found += lines
                    size += sum(len(one.line) for one in lines)
                if size >= self._limits.size or len(found) >= self._limits.records:
                    break
            files = left
        return found

    def _ship(self, found: Sequence[Entry | Rejected]) -> None:
        entries = [one for one in found if isinstance(one, Entry)]
        rejected = [one for one in found if isinstance(one, Rejected)]
        self._metrics.head = entries[0].timestamp if entries else ""
        self._safely(self._folder.note_sent)
        if rejected:
            self._keep(rejected)
        self._delivery.deliver(entries)
        self._folder.confirm()

    def _keep(self, rejected: Sequence[Rejected]) -> None:
        self._safely(lambda: self._letters.keep(rejected))
        self._metrics.done(names.DEAD_LETTER, len(rejected))

    def _safely(self, work: Callable[[], None]) -> None:
        """Do what may fail for want of space, as often as it takes."""
        backoff, told = Backoff(), ""
        while True:
            try:
                work()
            except MlmonitorError as error:  # noqa: PERF203 - as often as it takes
                if str(error) != told:
                    told = str(error)
                    self._tell(f"{told} Trying again.")
                if self._stop.wait(backoff.wait()):
                    raise Stopped from error
            else:
                return
