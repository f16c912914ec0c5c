from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mlmonitor import limits
from mlmonitor.limits import cpu_limit, memory_limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A system whose control groups are files of the test."""
    monkeypatch.setattr(limits, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(limits, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(limits, "_usable_cpus", lambda: 8)

    def write(membership: str, files: dict[str, str]) -> None:
        paths = {"proc/self/cgroup": membership} | {f"cgroup/{k}": v for k, v in files.items()}
        for name, text in paths.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")

    return write


def test_a_container_finds_its_limits_at_the_top(group: Callable[..., None]) -> None:
    group("0::/", {"memory.max": "536870912", "cpu.max": "150000 100000"})
    assert memory_limit() == 536_870_912
    assert cpu_limit() == 1.5


def test_a_container_that_is_told_the_hosts_path_finds_its_own_at_the_top(
    group: Callable[..., None],
) -> None:
    group("0::/kubepods/pod1/c2", {"memory.max": "1000000", "cpu.max": "50000 100000"})
    assert memory_limit() == 1_000_000
    assert cpu_limit() == 0.5


def test_the_narrowest_of_the_groups_around_counts(group: Callable[..., None]) -> None:
    files = {
        "a/b/memory.max": "max",
        "a/memory.max": "3000",
        "memory.max": "5000",
        "a/b/cpu.max": "400000 100000",
        "a/cpu.max": "200000 100000",
    }
    group("0::/a/b", files)
    assert memory_limit() == 3000
    assert cpu_limit() == 2


def test_version_1_has_a_tree_for_each_controller(group: Callable[..., None]) -> None:
    files = {
        "memory/docker/c/memory.limit_in_bytes": "70000",
        "cpu/docker/c/cpu.cfs_quota_us": "25000",
        "cpu/docker/c/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
    }
    group("4:memory:/docker/c\n3:cpuset:/docker/c\n2:cpu,cpuacct:/docker/c\n0::/", files)
    assert memory_limit() == 70_000
    assert cpu_limit() == 0.25


def test_without_limits_memory_has_none_and_cpus_are_those_that_may_be_used(
    group: Callable[..., None],
) -> None:
    group("0::/", {"memory.max": "max", "cpu.max": "max 100000"})
    assert memory_limit() is None
    assert cpu_limit() == 8
    group("1:memory,cpu:/", {"memory/memory.limit_in_bytes": "9223372036854771712"})
    assert memory_limit() is None


def test_more_quota_than_cpus_is_of_no_use(group: Callable[..., None]) -> None:
    group("0::/", {"cpu.max": "1600000 100000"})
    assert cpu_limit() == 8


def test_a_system_without_control_groups_has_its_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_PROC", tmp_path)
    assert memory_limit() is None
    assert 1 <= cpu_limit() <= (os.cpu_count() or 1)
