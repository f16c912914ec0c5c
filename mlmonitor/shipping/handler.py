"""Records straight from a service, for one without a disk to write files to."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError
from mlmonitor.logs.sinks import QueueFullError
from mlmonitor.shipping.connection import Connection
from mlmonitor.shipping.lines import Lines
from mlmonitor.shipping.metrics import ShippingMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from mlmonitor.logs.files import FileWriter
    from mlmonitor.shipping.delivery import Delivery
    from mlmonitor.shipping.entries import Rejected
    from mlmonitor.shipping.exporter import Exporter

_OWN: Final = "mlmonitor.shipping"
_LOGGER: Final = logging.getLogger(_OWN)
_LOOP: Final = (_OWN, "elastic_transport", "elasticsearch", "urllib3")
"""Loggers whose records would bring forth others when they are shipped."""
_POLL: Final = 0.1
_RECORDS: Final = 500
_SIZE: Final = 1 << 20
_SPOOL_FILE: Final = 8 << 20
_SPOOL: Final = "spool"
_TAKE_OVER: Final = 2.0


class ElasticsearchHandler(logging.Handler):
    """Ships lines of JSON to their data streams, from a thread of its own.

    For `Monitor(logs=handler)`, or beside a formatter that makes such lines, as that of
    `mlmonitor.logs` does. A prediction never waits for it: what the queue has no room for is dropped
    and counted, memory stays bounded. With `spool`, lines go through files in that folder, which
    workers may share, so that an outage or a restart costs nothing until `max_spool` is reached.

    Args:
        url: see `Connection`, as `user`, `password_file`, `api_key_file`, `ca_file` and `timeout`.
        queue: lines that wait at most; `queue_size`: their bytes.
        spool: folder of the files.
        max_spool: bytes that it may hold.
        stream: the data stream of lines that name none, as a service's own; they are refused without.
        patience: seconds for which the end of the process waits for what is left.
        registry: where the counters are exposed.
        level: as of any handler.

    Raises:
        MlmonitorError: the URL, a secret or the folder cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password_file: str | None = None,
        api_key_file: str | None = None,
        ca_file: str | None = None,
        timeout: float = 10.0,
        queue: int = 10_000,
        queue_size: int = 32 << 20,
        spool: str | os.PathLike[str] | None = None,
        max_spool: int = 1 << 30,
        stream: str = "",
        patience: float = 5.0,
        registry: CollectorRegistry | None = None,
        level: int = logging.NOTSET,
    ) -> None:
        # Imported here and not by the threads: a fork in between would leave its child with half a module.
        import mlmonitor.shipping.exporter  # noqa: F401, PLC0415 - slow, and needed with a handler alone

        super().__init__(level)
        self._connection = Connection(url, user, password_file, api_key_file, ca_file, timeout)
        self._connection.client().close()
        self._patience = patience
        self._most, self._most_bytes = queue, queue_size
        self.metrics = ShippingMetrics(registry)
        self._spool = Path(spool) if spool is not None else None
        self._max_spool, self._stream = max_spool, stream
        self._is_closed = False
        self._reset()
        self.metrics.waiting = lambda: self._lines.size
        if self._spool is not None:
            self._writer()  # a folder that cannot be written is told here
        _handlers.add(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of `logging`, whose formatted text is a line."""
        if record.name.startswith(_LOOP):
            return
        try:
            line = self.format(record).encode()
        except Exception:  # noqa: BLE001 - logging raises nothing
            self.metrics.lost(names.DROP_BROKEN)
            return
        self._put(line)

    def write(self, lines: bytes, records: int, *, failed: bool = False) -> None:  # noqa: ARG002 - a Sink
        """Take whole lines, as `Monitor` gives them, without the detour over `logging`.

        Raises:
            QueueFullError: there was no room for some of them.
        """
        if (logging.ERROR if failed else logging.INFO) < self.level:
            return
        turned_away = sum(not self._put(line) for line in lines.split(b"\n") if line)
        if turned_away:
            raise QueueFullError(turned_away)

    def flush(self) -> None:
        """Wait until what was taken is shipped, or in the spool, or `patience` is over."""
        until = time.monotonic() + self._patience
        while self._is_busy() and time.monotonic() < until:
            time.sleep(_POLL / 2)

    def close(self) -> None:
        """Ship what is left, as far as `patience` reaches; the rest is dropped and counted."""
        if not self._is_closed:
            self._is_closed = True
            self.flush()
            self._end.set()
            for thread in self._threads:
                thread.join(_POLL if self._is_busy() else self._patience)
            left = len(self._lines) + self._in_hand
            if left:
                self.metrics.lost(names.DROP_EXIT, left)
        super().close()

    def after_fork(self) -> None:
        """Leave what waits, and the files, to the parent."""
        exporter = self._exporter
        self._reset()
        self.createLock()
        if exporter is not None:
            exporter.close()

    def _reset(self) -> None:
        self._lines = Lines(self._most, self._most_bytes)
        self._start_lock = threading.Lock()
        self._threads: tuple[threading.Thread, ...] = ()
        self._end = threading.Event()
        self._in_hand = 0
        self._exporter: Exporter | None = None

    def _put(self, line: bytes) -> bool:
        """Whether a line was taken; where not, it is counted."""
        if not self._threads:
            self._start()
        is_taken = not self._is_closed and self._lines.put(line)
        if not is_taken:
            self.metrics.lost(names.DROP_EXIT if self._is_closed else names.DROP_QUEUE)
        return is_taken

    def _is_busy(self) -> bool:
        return bool(self._threads) and (len(self._lines) > 0 or self._in_hand > 0)

    def _start(self) -> None:
        with self._start_lock:
            if self._threads or self._is_closed:
                return
            works = [self._ship] if self._spool is None else [self._keep, self._export]
            threads = tuple(
                threading.Thread(target=work, name="mlmonitor-shipping", daemon=True)
                for work in works
            )
            try:
                for thread in threads:
                    thread.start()
            except RuntimeError:  # none can be started while Python exits
                return
            self._threads = threads

    # On threads of its own.

    def _ship(self) -> None:
        """Bring lines to Elasticsearch."""
        from mlmonitor.shipping.delivery import Stopped  # noqa: PLC0415 - slow to import

        delivery = None
        while True:
            found = self._take()
            if not found:
                if self._end.wait(_POLL):
                    return
                continue
            try:
                delivery = delivery or self._delivery()
                self._deliver(delivery, found)
            except Stopped:
                return
            except Exception as error:  # noqa: BLE001 - a thread that ends would ship nothing
                self._tell(f"{type(error).__name__}: {error}")
                self.metrics.lost(names.DROP_BROKEN, len(found))
            self._in_hand = 0

    def _take(self) -> list[bytes]:
        found = self._lines.take(_RECORDS, _SIZE)
        self._in_hand = len(found)
        return found

    def _delivery(self) -> Delivery:
        from mlmonitor.shipping.delivery import Delivery, Limits  # noqa: PLC0415 - slow to import

        return Delivery(
            self._connection.client(), self._connection.url, f"mlmonitor-{uuid.uuid4().hex}",
            refused=self._refused, metrics=self.metrics, stop=self._end, tell=self._tell,
            limits=Limits(records=_RECORDS, size=_SIZE), is_direct=True,
        )  # fmt: skip

    def _deliver(self, delivery: Delivery, found: list[bytes]) -> None:
        from mlmonitor.shipping.entries import Entry, entry  # noqa: PLC0415 - imported already

        parsed = [entry(line, _fresh_id, fallback_stream=self._stream) for line in found]
        entries = [one for one in parsed if isinstance(one, Entry)]
        broken = [one for one in parsed if not isinstance(one, Entry)]
        if broken:
            self._refused(broken)
            self.metrics.done(names.DEAD_LETTER, len(broken))
        self.metrics.head = entries[0].timestamp if entries else ""
        delivery.deliver(entries)
        self.metrics.head = ""

    def _refused(self, letters: Sequence[Rejected]) -> None:
        self.metrics.lost(names.DROP_REJECTED, len(letters))
        self._tell(f"{len(letters)} records are dropped: {letters[0].reason}")

    def _keep(self) -> None:
        """Move lines to files."""
        writer, told = None, ""
        while True:
            found = self._take()
            if not found:
                if self._end.wait(_POLL):
                    if writer is not None:
                        writer.close()
                    return
                continue
            try:
                writer = writer or self._writer()
                writer.write(b"".join(line + b"\n" for line in found), len(found))
                told = ""
            except (OSError, MlmonitorError) as error:
                self.metrics.lost(names.DROP_SPOOL, len(found))
                told = self._told_once(error, told)
            self._in_hand = 0

    def _told_once(self, error: OSError | MlmonitorError, told: str) -> str:
        """Tell why the spool cannot be written, unless it was what was told last; what it was."""
        sentence = str(error)
        if isinstance(error, OSError):
            sentence = f"{self._spool}: cannot be written ({error.strerror})"
        if sentence != told:
            self._tell(sentence)
        return sentence

    def _writer(self) -> FileWriter:
        from mlmonitor.logs.files import FileWriter  # noqa: PLC0415 - of use here alone

        spool = self._spool or Path()
        return FileWriter(
            spool, _SPOOL, file_size=min(_SPOOL_FILE, self._max_spool // 4),
            max_disk=self._max_spool, lost=self._overflowed,
        )  # fmt: skip

    def _overflowed(self, _: str, records: int) -> None:
        self.metrics.lost(names.DROP_SPOOL, records)

    def _export(self) -> None:
        """Ship the files, or wait until the worker that ships them is gone."""
        from mlmonitor.shipping.exporter import Exporter, Source  # noqa: PLC0415 - slow to import
        from mlmonitor.shipping.registry import InUseError  # noqa: PLC0415 - imported already

        source, told = Source(self._spool or Path(), stream=self._stream), ""
        while not self._end.is_set():
            try:
                self._exporter = Exporter(
                    source, self._connection, tell=self._tell, stop=self._end,
                    metrics=self.metrics, moved=True, is_spool=True,
                )  # fmt: skip
                self._exporter.run()
            except InUseError:
                pass
            except Exception as error:  # noqa: BLE001 - a thread that ends would ship nothing
                if str(error) != told:
                    told = str(error)
                    self._tell(told)
            self._exporter = None
            self._end.wait(_TAKE_OVER)

    def _tell(self, sentence: str) -> None:
        _LOGGER.warning("%s", sentence)


def _fresh_id() -> str:
    return uuid.uuid4().hex


_handlers: weakref.WeakSet[ElasticsearchHandler] = weakref.WeakSet()


def _each(act: str) -> Any:
    for handler in list(_handlers):
        getattr(handler, act)()


def _after_fork() -> None:
    _each("after_fork")


def _at_exit() -> None:
    _each("close")


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
