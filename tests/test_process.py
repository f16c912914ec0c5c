from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlmonitor import process
from mlmonitor.process import usage

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_cpu_time_of_this_process_grows_with_work() -> None:
    before = usage(os.getpid())
    deadline = time.process_time() + 0.1
    while time.process_time() < deadline:
        pass
    after = usage(os.getpid())
    assert before is not None
    assert after is not None
    assert after.cpu_seconds - before.cpu_seconds == pytest.approx(0.1, abs=0.08)
    assert after.cpu_seconds == pytest.approx(time.process_time(), abs=0.5)


@linux
def test_memory_and_descriptors_of_this_process_follow_what_it_holds(tmp_path: Path) -> None:
    gc.collect()
    before = usage(os.getpid())
    held = b"x" * 50_000_000
    files = [(tmp_path / str(number)).open("w") for number in range(7)]
    after = usage(os.getpid())
    for file in files:
        file.close()
    assert before is not None
    assert after is not None
    assert after.resident_bytes is not None
    assert before.resident_bytes is not None
    assert after.resident_bytes - before.resident_bytes > 0.9 * len(held)
    assert after.descriptors is not None
    assert before.descriptors is not None
    assert after.descriptors - before.descriptors == len(files)


@linux
def test_another_process_is_read_while_it_lives_and_is_gone_after() -> None:
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        child.stdout.readline()
        alive = usage(child.pid)
        assert alive is not None
        assert alive.resident_bytes is not None
        assert alive.resident_bytes > 1_000_000
        child.stdin.close()
        deadline = time.monotonic() + 10
        while usage(child.pid) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert usage(child.pid) is None  # a zombie, not yet waited for
    assert usage(child.pid) is None


@linux
def test_the_start_of_a_process_is_the_same_at_each_reading() -> None:
    before = time.time()
    with subprocess.Popen(["/bin/sleep", "30"]) as child:
        found = {usage(child.pid).started for _ in range(20)}  # type: ignore[union-attr]
        child.kill()
    assert len(found) == 1
    assert before - 2 < found.pop() < time.time() + 2


@linux
def test_the_limit_of_descriptors_is_that_of_the_process() -> None:
    own = usage(os.getpid())
    assert own is not None
    assert own.max_descriptors == soft_limit()
    command = ["/bin/sh", "-c", "ulimit -n 64; echo; exec sleep 30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = usage(child.pid)
        child.kill()
    assert found is not None
    assert found.max_descriptors == 64


def soft_limit() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def test_without_proc_only_this_process_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_PROC", tmp_path)
    own = usage(os.getpid())
    assert own is not None
    assert own.cpu_seconds == pytest.approx(time.process_time(), abs=0.5)
    assert (own.resident_bytes, own.started) == (None, None)
    assert own.max_descriptors == soft_limit()
    assert usage(os.getppid()) is None


@linux
def test_a_program_whose_name_holds_spaces_and_parentheses_is_read(tmp_path: Path) -> None:
    program = tmp_path / "a) b (c"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "30"]) as child:
        deadline = time.monotonic() + 10
        while program.name not in Path(f"/proc/{child.pid}/stat").read_text():
            assert time.monotonic() < deadline
        found = usage(child.pid)
        child.kill()
    assert found is not None
    assert found.cpu_seconds < 1
