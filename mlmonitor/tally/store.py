"""Where a tally's memory lives: in the process, or in files that the workers of a service share.

Each worker counts in a file of its own, mapped into memory, so that its counts outlive it; whoever
is scraped adds up all of them. A worker holds a lock on its file for as long as it lives, which is
how the others know. The counts of dead workers are merged into one base file now and then. A lock
file beside them keeps a reading from seeing a merge half done, and the base file lists what it holds,
so that a merge cut short is neither lost nor counted twice.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from mlmonitor.errors import MlmonitorError
from mlmonitor.files import write_atomically
from mlmonitor.tally.kernel import view_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.memory import MemoryMap

_MAGIC: Final = b"mlmtally\x01\x00\x00\x00\x00\x00\x00\x00"
_HEAD_VALUES: Final = 16
_VERSION, _PID, _LOADED, _IN_FLIGHT, _COLLECTIONS = 0, 1, 2, 3, 4
_START: Final = len(_MAGIC) + 16
_FILES_BEFORE_MERGE: Final = 8
_READ_ATTEMPTS: Final = 200
_READ_PAUSE: Final = 0.0005


@dataclass(frozen=True)
class WorkerState:
    """What a live worker says of itself: seconds since the epoch, calls, runs by generation."""

    pid: int
    loaded: float
    in_flight: int
    collections: tuple[int, int, int]


class Head:
    """The first values of a store's memory: a version that is odd during a write, and the state."""

    def __init__(self, values: memoryview[float]) -> None:
        self._values = values
        self._version = values[_VERSION]

    def begin(self) -> None:
        """Mark the memory as being written."""
        self._version += 1.0
        self._values[_VERSION] = self._version

    def end(self) -> None:
        """Mark the memory as whole again."""
        self._version += 1.0
        self._values[_VERSION] = self._version

    def describe(self, state: WorkerState) -> None:
        """Write what the worker says of itself."""
        values = self._values
        values[_PID], values[_LOADED], values[_IN_FLIGHT] = state.pid, state.loaded, state.in_flight
        for generation, runs in enumerate(state.collections):
            values[_COLLECTIONS + generation] = runs


@dataclass(frozen=True)
class Shared:
    """What the other workers have counted, as cells of the layout, and those of them that live."""

    cells: Floats
    workers: tuple[WorkerState, ...]


class Store(Protocol):
    """Gives a tally its memory."""

    def open(self) -> tuple[Head, Floats]:
        """Memory to count in from now on, its planes and cells at zero."""

    def others(self) -> Shared | None:
        """The sum of all cells but those of the memory that was opened here."""

    def forget(self) -> None:
        """Let go of the memory in a forked child, to which it does not belong."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes read what is counted here."""


class PrivateStore:
    """Memory of this process alone."""

    is_shared = False

    def __init__(self, size: int) -> None:
        self._size = size

    def open(self) -> tuple[Head, Floats]:
        """See `Store`."""
        return Head(view_of(np.zeros(_HEAD_VALUES))), np.zeros(self._size)

    def others(self) -> None:
        """See `Store`."""
        return

    def forget(self) -> None:
        """See `Store`."""


class FileStore:
    """Memory in a file of this worker's, in a folder that the workers of one tally share.

    Args:
        folder: made when it is missing; only tallies of one identity and layout may share it.
        memory_map: what the memory holds and how its cells are read; files of another layout are
            left alone.

    Raises:
        MlmonitorError: the folder cannot be written.
    """

    is_shared = True

    def __init__(self, folder: Path, memory_map: MemoryMap) -> None:
        self._folder, self._map = folder, memory_map
        self._size, self._digest = memory_map.size, memory_map.layout.digest
        self._path: Path | None = None
        self._lock: int | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "lock").touch()
        except OSError as error:
            message = (
                f"{folder}: cannot be written ({error.strerror}); set MLMONITOR_DIR to another."
            )
            raise MlmonitorError(message) from error

    def open(self) -> tuple[Head, Floats]:
        """See `Store`. Merges the files of dead workers first."""
        with self._locked(fcntl.LOCK_EX):
            self._merge()
            path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.tally"
            temporary = path.with_suffix(".new")
            bytes_needed = _START + 8 * (_HEAD_VALUES + self._size)
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            os.ftruncate(descriptor, bytes_needed)
            os.pwrite(descriptor, _MAGIC + self._digest, 0)
            # A mapping keeps a duplicate of its descriptor, and with it a lock, past a fork.
            lock = os.open(temporary, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            temporary.rename(path)
        mapped = mmap.mmap(descriptor, bytes_needed)
        os.close(descriptor)
        self._path, self._lock = path, lock
        values = np.frombuffer(mapped, np.float64, offset=_START)
        return Head(view_of(values[:_HEAD_VALUES])), values[_HEAD_VALUES:]

    def others(self) -> Shared:
        """See `Store`."""
        with self._locked(fcntl.LOCK_SH):
            cells, merged = self._base()
            workers, dead = [], 0
            for path in self._worker_files(merged):
                if path == self._path:
                    continue
                head, counts, alive = self._read(path)
                if counts is None:
                    continue
                cells = self._map.layout.added(cells, counts)
                if alive:
                    workers.append(_state(head))
                dead += not alive
        if dead >= _FILES_BEFORE_MERGE:
            with self._locked(fcntl.LOCK_EX):
                self._merge()
        return Shared(cells, tuple(workers))

    def forget(self) -> None:
        """See `Store`."""
        if self._lock is not None:
            os.close(self._lock)
        self._path = self._lock = None

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, mode)
            yield
        finally:
            # A child forked meanwhile has the descriptor too, so that closing it frees nothing.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def _worker_files(self, merged: set[str]) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.tally") if path.name not in merged)

    def _base(self) -> tuple[Floats, set[str]]:
        """The merged cells of dead workers, and the names of the files that are in them."""
        size = self._map.layout.size
        try:
            content = (self._folder / "base").read_bytes()
        except FileNotFoundError:
            return np.zeros(size), set()
        end = _START + 8 * size
        if content[:_START] != _MAGIC + self._digest or len(content) < end:
            return np.zeros(size), set()
        counts = np.frombuffer(content[_START:end], np.float64).copy()
        return counts, set(json.loads(content[end:]))

    def _merge(self) -> None:
        """Add the counts of dead workers to the base, in one step; the lock is held."""
        cells, merged = self._base()
        for name in merged:
            with suppress(FileNotFoundError):
                (self._folder / name).unlink()
        gone = []
        for path in self._worker_files(set()):
            _, counts, alive = self._read(path)
            if alive or counts is None:
                continue
            cells = self._map.layout.added(cells, counts)
            gone.append(path)
        if not gone:
            return
        names = json.dumps([path.name for path in gone]).encode()
        write_atomically(self._folder / "base", _MAGIC + self._digest + cells.tobytes() + names)
        for path in gone:
            path.unlink()

    def _read(self, path: Path) -> tuple[Floats, Floats | None, bool]:
        """Head and cells of a worker's file, in one consistent state, and whether it lives."""
        with path.open("rb") as file:
            alive = _is_locked(file.fileno())
            nothing = np.zeros(_HEAD_VALUES)
            expected = _START + 8 * (_HEAD_VALUES + self._size)
            if os.fstat(file.fileno()).st_size != expected:
                return nothing, None, alive
            mapped = mmap.mmap(file.fileno(), expected, access=mmap.ACCESS_READ)
            if mapped[:_START] != _MAGIC + self._digest:
                return nothing, None, alive
            values = np.frombuffer(mapped, np.float64, offset=_START)
            copy = _consistent_copy(values) if alive else values.copy()
        return copy[:_HEAD_VALUES], self._map.cells(copy[_HEAD_VALUES:]), alive


def _consistent_copy(values: Floats) -> Floats:
    """A copy that no write has touched; a writer stopped in mid-write is not waited for long."""
    copy = values.copy()
    for _ in range(_READ_ATTEMPTS):
        version = float(values[_VERSION])
        if version % 2 == 0:
            copy = values.copy()
            if float(values[_VERSION]) == version:
                break
        time.sleep(_READ_PAUSE)
    return copy


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _state(head: Floats) -> WorkerState:
    runs = [int(value) for value in head[_COLLECTIONS : _COLLECTIONS + 3]]
    return WorkerState(
        int(head[_PID]), float(head[_LOADED]), int(head[_IN_FLIGHT]), (runs[0], runs[1], runs[2])
    )
