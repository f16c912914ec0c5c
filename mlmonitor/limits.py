"""How much the worker processes of a pod may use together, as the system limits it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_UNLIMITED_BYTES: Final = 2**60
"""Version 1 of control groups writes a number near 2**63 where there is no limit."""


def memory_limit() -> int | None:
    """Most memory of this process's control group in bytes; None where none is set.

    Read of control groups of version 2 and 1 below `/sys/fs/cgroup`. A group is limited by those
    that it is in as well.
    """
    found = [
        int(text)
        for folder in _folders("memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        if (text := _read(folder / name)).isdecimal()
    ]
    least = min(found, default=_UNLIMITED_BYTES)
    return least if least < _UNLIMITED_BYTES else None


def cpu_limit() -> float:
    """CPUs that this process's control group may use, at most those that it may run on."""
    return min([float(_usable_cpus()), *_quotas()])


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas() -> Iterator[float]:
    """CPU time over time, of each group with a quota."""
    for folder in _folders("cpu"):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if not period:
            quota = _read(folder / "cpu.cfs_quota_us")
            period = _read(folder / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal() and int(period):
            yield int(quota) / int(period)


def _folders(controller: str) -> Iterator[Path]:
    """The control groups of this process that the controller limits, innermost first.

    A container that does not see its place in the host's tree has its own group at the top, so
    that folders which do not exist are passed over on the way up.
    """
    for line in _read(_PROC / "self" / "cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top = _GROUPS
        elif controller in controllers.split(","):
            top = _GROUPS / controller
        else:
            continue
        group = Path(path.lstrip("/"))
        yield from (top / one for one in (group, *group.parents))


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
