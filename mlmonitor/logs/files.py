"""JSON lines in files: one at a time for each writer, a new one when it is full.

A file is never renamed and its name never used again: data set, opening time in milliseconds as
twelve hexadecimal digits, process id and a random part, with hyphens between. Its writer holds a lock
(`flock`) on it as long as it may write, so that a file without one is complete. Whoever ships files
keeps `SHIPPED_FILE` beside them, which says by name how many bytes are safe elsewhere:
`{"files": {"NAME": {"offset": 123}}}`; other keys are the shipper's own.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIX: Final = ".jsonl"
SHIPPED_FILE: Final = "shipped.json"
_NEW: Final = ".new"
_RETRY: Final = 1.0
"""Seconds between attempts to open a file, and between looks whether it is still there."""
_PAUSE: Final = 0.1
"""Seconds from a new file to the deletion of old ones."""
_CHUNK: Final = 1 << 20
_NAME_PARTS: Final = 4


@dataclass(frozen=True, order=True)
class LogFile:
    """A file of records; in order, the oldest first."""

    opened: int
    path: Path
    size: int = 0

    @property
    def name(self) -> str:
        """Its name, without the folder."""
        return self.path.name

    @property
    def dataset(self) -> str:
        """Data set of its records."""
        return self.name.split("-", 1)[0]


def log_files(directory: str | os.PathLike[str]) -> list[LogFile]:
    """The files of records in a folder, oldest first; none where there is no such folder."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
        for entry in entries:
            opened = _opened(entry.name)
            if opened is not None:
                with suppress(FileNotFoundError):
                    found.append(LogFile(opened, Path(entry.path), entry.stat().st_size))
    return sorted(found)


def _opened(name: str) -> int | None:
    parts = name.removesuffix(SUFFIX).split("-")
    if not name.endswith(SUFFIX) or len(parts) != _NAME_PARTS:
        return None
    try:
        return int(parts[1], 16)
    except ValueError:
        return None


def is_complete(path: Path) -> bool:
    """Whether no process will write to a file any more."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def shipped(directory: Path) -> dict[str, int] | None:
    """Bytes that are safe elsewhere, by name of file; None where nobody ships them."""
    try:
        files = json.loads((directory / SHIPPED_FILE).read_bytes())["files"]
        return {name: int(entry["offset"]) for name, entry in files.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


class FileWriter:
    """Appends lines to a file, one `write` a call, from any thread and in any forked child.

    Args:
        directory: made when it is missing.
        dataset: data set of the records, without a hyphen.
        file_size: bytes after which a new file is begun.
        max_disk: bytes that the folder may hold; beyond, what is shipped goes first, then the oldest.
        lost: told the reason and the number of records that were written and are gone.

    Raises:
        MlmonitorError: the folder cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        dataset: str,
        *,
        file_size: int,
        max_disk: int,
        lost: Callable[[str, int], None],
    ) -> None:
        self._directory, self._dataset = directory, dataset
        self._file_size, self._max_disk = file_size, max_disk
        self._lost = lost
        self._reset()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            probe = directory / f".{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            message = (
                f"{directory}: cannot be written ({error.strerror}); give `logs` another folder."
            )
            raise MlmonitorError(message) from error
        _writers.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._path: Path | None = None
        self._size = self._unsure = self._opened = 0
        self._look_at = 0.0
        self._problem: OSError | None = None
        self._is_untidy = self._tidies = False

    def write(self, lines: bytes, records: int, *, failed: bool = False) -> None:  # noqa: ARG002 - a Sink
        """Append whole lines.

        Raises:
            OSError: nothing was written.
        """
        length, lock = len(lines), self._lock
        lock.acquire()  # `with` takes twice the time, in every call
        try:
            size = self._size + length
            if size > self._file_size or monotonic() >= self._look_at:
                self._prepare(length)
                size = self._size + length
            descriptor = self._descriptor
            if descriptor is None:
                raise self._problem or OSError
            done = os.write(descriptor, lines)
            if done != length:
                self._complete(descriptor, lines, done)
            self._size = size
            self._unsure += records
        finally:
            lock.release()

    def close(self) -> None:
        """Let go of the file; the next line begins a new one."""
        with self._lock:
            self._let_go()

    def after_fork(self) -> None:
        """Leave the file to the parent."""
        descriptor = self._descriptor
        self._reset()
        if descriptor is not None:
            os.close(descriptor)

    # Inside; the lock is held.

    def _prepare(self, coming: int) -> None:
        """See that there is a file that has room and is still in its folder."""
        if self._descriptor is not None and monotonic() >= self._look_at:
            if os.fstat(self._descriptor).st_nlink == 0:
                self._lost("vanished", self._unsure)
                self._let_go()
            self._unsure = 0
        if self._descriptor is not None and self._size and self._size + coming > self._file_size:
            self._let_go()
        if self._descriptor is None and monotonic() >= self._look_at:
            self._open()
        self._look_at = monotonic() + _RETRY

    def _open(self) -> None:
        # A file is later than the one before it, even when both begin in one millisecond.
        self._opened = now = max(time.time_ns() // 1_000_000, self._opened + 1)
        token = secrets.token_hex(4)
        path = self._directory / f"{self._dataset}-{now:012x}-{os.getpid()}-{token}{SUFFIX}"
        try:
            try:
                descriptor = _locked(path)
            except FileNotFoundError:
                self._directory.mkdir(parents=True, exist_ok=True)
                descriptor = _locked(path)
        except OSError as error:
            self._problem = error
            return
        self._descriptor, self._path, self._size, self._unsure = descriptor, path, 0, 0
        self._is_untidy = True
        if not self._tidies:
            with suppress(RuntimeError):  # no thread can be started while Python exits
                threading.Thread(target=self._keep, name="mlmonitor-logs", daemon=True).start()
                self._tidies = True

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._look_at = None, 0.0

    def _complete(self, descriptor: int, lines: bytes, done: int) -> None:
        """Write the rest of lines that were written in part, or take back that part."""
        try:
            while done < len(lines):
                done += os.write(descriptor, lines[done:])
        except OSError:
            try:
                os.ftruncate(descriptor, self._size)
            except OSError:
                self._let_go()
            raise

    # On a thread of its own.

    def _keep(self) -> None:
        """Tidy the folder a little after each new file, all those at once that begin meanwhile.

        At once it would run beside the calls that follow, and each would wait for the interpreter.
        """
        while True:
            time.sleep(_PAUSE)
            with self._lock:
                if not self._is_untidy:
                    self._tidies = False
                    return
                self._is_untidy = False
            self.tidy()

    def tidy(self) -> None:
        """Delete files beyond `max_disk`: those that are shipped, then the oldest; never raises."""
        with suppress(Exception):  # tried again with the next file
            self._tidy()

    def _tidy(self) -> None:
        files = log_files(self._directory)
        excess = sum(file.size for file in files) + self._file_size - self._max_disk
        if excess <= 0:
            return
        safe = shipped(self._directory)
        offsets = safe or {}
        files.sort(key=lambda file: (offsets.get(file.name, -1) < file.size, file.opened))
        for file in files:
            if excess <= 0:
                return
            if file.path == self._path or not is_complete(file.path):
                continue
            reason = names.RECORD_EXPIRED if safe is None else names.RECORD_UNSHIPPED
            missing = _lines(file.path, offsets.get(file.name, 0))
            try:
                file.path.unlink()
            except FileNotFoundError:
                continue
            excess -= file.size
            if missing:
                self._lost(reason, missing)


def _locked(path: Path) -> int:
    """A new file, open and locked: it gets its name only then, lest it be taken for complete.

    Raises:
        OSError: it cannot be made.
    """
    temporary = f"{path}{_NEW}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(temporary, path)  # noqa: PTH104 - quicker, and it is on the hot path
    except OSError:
        os.close(descriptor)
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    return descriptor


def _lines(path: Path, offset: int) -> int:
    """Lines of a file from an offset on."""
    count = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(_CHUNK):
            count += chunk.count(b"\n")
    return count


_writers: weakref.WeakSet[FileWriter] = weakref.WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.after_fork()


os.register_at_fork(after_in_child=_after_fork)
