"""What a worker process uses, read from outside by whichever worker is scraped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Worker:
    """A live worker process, and how often its garbage collector has run, by generation."""

    pid: int
    gc_collections: tuple[int, int, int]


@dataclass(frozen=True)
class Usage:
    """What a process uses.

    Attributes:
        cpu_seconds: user and system time since its start.
        resident_bytes: resident memory, None where the system does not tell.
        descriptors: open file descriptors, None where the system does not tell.
        max_descriptors: most of these, None where there is no limit or the system does not tell.
        started: when it started, in seconds since the epoch and the same at each reading; None
            where the system does not tell.
    """

    cpu_seconds: float
    resident_bytes: int | None
    descriptors: int | None
    max_descriptors: int | None
    started: float | None


def usage(pid: int) -> Usage | None:
    """What the process `pid` uses now; None when it is gone, or where the system does not tell.

    Linux tells of any process of the same user, other systems only of the calling one.
    """
    if (_PROC / "self" / "stat").exists():
        return _from_proc(pid)
    return _of_this_process() if pid == os.getpid() else None


def _from_proc(pid: int) -> Usage | None:
    folder = _PROC / str(pid)
    try:
        # The name of the program, in parentheses, may hold spaces and parentheses itself.
        state, *fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        pages = int((folder / "statm").read_text("ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
    if state in {"Z", "X"}:
        return None
    second = os.sysconf("SC_CLK_TCK")
    booted = _booted()
    return Usage(
        (int(fields[10]) + int(fields[11])) / second,
        pages * os.sysconf("SC_PAGE_SIZE"),
        _entries(folder / "fd"),
        _max_descriptors(folder),
        None if booted is None else booted + int(fields[18]) / second,
    )


def _booted() -> int | None:
    """When the system started; unlike now less the uptime, it is the same at each reading."""
    try:
        lines = (_PROC / "stat").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("btime ")), None)


def _max_descriptors(folder: Path) -> int | None:
    try:
        lines = (folder / "limits").read_text("ascii").splitlines()
    except OSError:
        return None
    soft = next((line.split()[3] for line in lines if line.startswith("Max open files")), "")
    return int(soft) if soft.isdecimal() else None


def _of_this_process() -> Usage | None:
    try:
        import resource  # noqa: PLC0415 - Windows lacks it
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = None if soft == resource.RLIM_INFINITY else soft
    return Usage(used.ru_utime + used.ru_stime, None, _entries(Path("/dev/fd")), most, None)


def _entries(folder: Path) -> int | None:
    try:
        return len(os.listdir(folder))  # noqa: PTH208 - a list of names is all that is wanted
    except OSError:
        return None
