from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mlmonitor import MlmonitorError, names
from mlmonitor.logs.files import FileWriter, is_complete, log_files, shipped
from tests.logs.monitors import ROW, counted, lines, monitor, predict, records


class Lost(dict[str, int]):
    def __call__(self, reason: str, count: int) -> None:
        self[reason] = self.get(reason, 0) + count


def writer(folder: Path, lost: Lost | None = None, **options: Any) -> FileWriter:
    given = {"file_size": 1_000, "max_disk": 10_000, **options}
    return FileWriter(folder, "mlmonitor.m", lost=Lost() if lost is None else lost, **given)


def line(number: int) -> bytes:
    return b'{"n":%06d}\n' % (100_000 + number)


def numbers(folder: Path) -> list[int]:
    return [json.loads(one)["n"] - 100_000 for one in lines(folder)]


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    assert condition()


def test_lines_go_to_one_file_until_it_is_full_and_then_to_the_next(tmp_path):
    one = writer(tmp_path, file_size=130, max_disk=10_000)
    for number in range(25):
        one.write(line(number), 1)
    files = log_files(tmp_path)
    assert [file.size for file in files] == [130, 130, 65]
    assert numbers(tmp_path) == list(range(25))
    assert [is_complete(file.path) for file in files] == [True, True, False]
    assert files[0].dataset == "mlmonitor.m"
    one.close()
    assert is_complete(files[2].path)


def test_threads_write_whole_lines_through_rotations(tmp_path):
    one = writer(tmp_path, file_size=2_000, max_disk=1 << 20)

    def work(first):
        for number in range(first, first + 500):
            one.write(line(number), 1)

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(tmp_path)) == [1000 * i + j for i in range(4) for j in range(500)]


def test_a_forked_child_writes_to_a_file_of_its_own(tmp_path):
    watch = monitor(tmp_path)
    call = watch(predict)
    call(ROW)
    child = os.fork()
    if not child:
        call(ROW)
        os._exit(0)
    os.waitpid(child, 0)
    call(ROW)
    assert len(log_files(tmp_path)) == 2
    pids = sorted(record["process"]["pid"] for record in records(tmp_path))
    assert pids == sorted([os.getpid(), os.getpid(), child])
    assert sorted(is_complete(file.path) for file in log_files(tmp_path)) == [False, True]


def test_processes_that_share_a_folder_do_not_mix_their_lines(tmp_path):
    code = (
        "import sys\n"
        "from tests.logs.test_files import line, writer, Path\n"
        "one = writer(Path(sys.argv[1]), file_size=1000, max_disk=1 << 20)\n"
        "for number in range(int(sys.argv[2]), int(sys.argv[2]) + 300):\n"
        "    one.write(line(number), 1)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(1000 * i)], cwd=Path(__file__).parents[2])
        for i in range(3)
    ]  # fmt: skip
    assert [process.wait() for process in started] == [0, 0, 0]
    assert sorted(numbers(tmp_path)) == [1000 * i + j for i in range(3) for j in range(300)]


def test_beyond_max_disk_the_oldest_files_go_and_are_counted(tmp_path):
    lost = Lost()
    one = writer(tmp_path, lost, file_size=1_300, max_disk=5_200)
    for number in range(1_000):
        one.write(line(number), 1)
        if number % 100 == 99:
            wait_for(lambda: sum(file.size for file in log_files(tmp_path)) <= 5_200)
    wait_for(lambda: not any(one.name == "mlmonitor-logs" for one in threading.enumerate()))
    kept = numbers(tmp_path)
    assert kept == list(range(kept[0], 1_000))
    assert lost == {names.RECORD_EXPIRED: 1_000 - len(kept)}


def test_files_that_are_shipped_go_first_and_are_not_lost(tmp_path):
    lost = Lost()
    one = writer(tmp_path, lost, file_size=1_300, max_disk=1 << 20)
    for number in range(500):
        one.write(line(number), 1)
    files = log_files(tmp_path)
    done = {files[1].name: {"offset": 1_300}, files[0].name: {"offset": 650}}
    (tmp_path / "shipped.json").write_text(json.dumps({"files": done, "of": "others"}))
    assert shipped(tmp_path) == {files[1].name: 1_300, files[0].name: 650}
    smaller = writer(tmp_path, lost, file_size=1_300, max_disk=5_200)
    smaller.tidy()
    left = [file.name for file in log_files(tmp_path)]
    assert left == [file.name for file in files[2:]]
    assert lost == {names.RECORD_UNSHIPPED: 50}


def test_files_in_use_by_others_are_never_deleted(tmp_path):
    lost = Lost()
    others = [writer(tmp_path, lost) for _ in range(12)]
    for number, other in enumerate(others):
        other.write(line(number) * 70, 70)
    others[0].tidy()
    assert len(log_files(tmp_path)) == 12
    assert not lost


def test_a_folder_that_vanishes_is_made_again_and_what_was_in_it_counted(tmp_path):
    watch = monitor(tmp_path / "logs")
    call = watch(predict)
    call(ROW)
    shutil.rmtree(tmp_path / "logs")
    call(ROW)
    time.sleep(1.1)
    call(ROW)
    assert len(records(tmp_path / "logs")) == 1
    lost = counted(watch, names.LOG_DROPPED, reason="vanished")
    assert lost == 2
    assert counted(watch, names.LOGGED) == 3


def test_a_full_disk_loses_records_that_are_counted_and_leaves_no_half_line(tmp_path, caplog):
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(mount)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"no small disk can be made here: {made.stderr.decode().strip()}")
    try:
        watch = monitor(mount)
        call = watch(predict)
        for _ in range(200):
            assert call(ROW) == 2e5
        written = counted(watch, names.LOGGED)
        assert 10 < written < 200
        assert counted(watch, names.LOG_DROPPED, reason="write") == 200 - written
        assert len(records(mount)) == written
        told = [r for r in caplog.records if "logs could not be monitored" in r.message]
        assert len(told) == 1
        assert "No space left" in told[0].message
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_limit_on_the_size_of_files_loses_records_that_are_counted(tmp_path):
    """The same as a full disk, where none can be mounted: the write fails in the middle of a line."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.logs.monitors import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "watch = monitor(Path(sys.argv[1]))\n"
        "call = watch(predict)\n"
        "assert [call(ROW) for _ in range(100)] == [2e5] * 100\n"
        "print(counted(watch, names.LOGGED), counted(watch, names.LOG_DROPPED, reason='write'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    written, lost = map(float, done.stdout.split())
    assert 5 < written < 100
    assert lost == 100 - written
    assert len(records(tmp_path)) == written
    assert done.stderr.count("File too large") == 1


def test_a_write_in_part_is_completed_or_taken_back(tmp_path, monkeypatch):
    one = writer(tmp_path)
    one.write(line(0), 1)
    real = os.write

    def short(descriptor, data):
        return real(descriptor, data[:5])

    monkeypatch.setattr(os, "write", short)
    one.write(line(1), 1)
    calls = []

    def failing(descriptor, data):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:5])

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(OSError, match="No space"):
        one.write(line(2), 1)
    monkeypatch.setattr(os, "write", real)
    one.write(line(3), 1)
    assert numbers(tmp_path) == [0, 1, 3]


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_a_folder_that_cannot_be_written_is_one_clear_sentence(place, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" if place == "file" else tmp_path / "file" / "logs"
    with pytest.raises(MlmonitorError, match=r"cannot be written .*give `logs` another folder"):
        monitor(folder)


def test_a_folder_that_becomes_read_only_loses_records_that_are_counted(tmp_path):
    folder = tmp_path / "logs"
    watch = monitor(folder)
    shutil.rmtree(folder)
    folder.touch()  # no folder can be made where a file is, not even by root
    call = watch(predict)
    assert call(ROW) == call(ROW) == 2e5
    assert counted(watch, names.LOG_DROPPED, reason="write") == 2
    folder.unlink()
    time.sleep(1.1)
    call(ROW)
    assert len(records(folder)) == 1


def test_what_was_written_survives_kill_9(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def work():
        call = monitor(tmp_path)(predict)
        for _ in range(50):
            call(ROW)
        ready.set()
        time.sleep(60)

    process = context.Process(target=work)
    process.start()
    assert ready.wait(20)
    process.kill()
    process.join()
    assert len(records(tmp_path)) == 50
    assert is_complete(log_files(tmp_path)[0].path)
