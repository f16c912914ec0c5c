from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlmonitor.errors import MlmonitorError
from mlmonitor.tally import Layout, Tally
from mlmonitor.tally.memory import MemoryMap
from mlmonitor.tally.store import FileStore
from tests.references import binned, reference

if TYPE_CHECKING:
    from collections.abc import Callable

LAYOUT = Layout.of(reference(*(binned(f"x{i}", np.arange(50.0)) for i in range(80))))
ROW = [float(i % 50) for i in range(80)]


def shared_tally(folder: Path) -> Tally:
    return Tally(LAYOUT, FileStore(folder, MemoryMap.of(LAYOUT)))


def rows_of(tally: Tally) -> int:
    block = LAYOUT.block("input")
    assert block is not None
    return int(tally.totals().cells[block.rows])


def count(tally: Tally, rows: int) -> None:
    for _ in range(rows):
        tally.fold_row("input", ROW)


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process, which then waits to be killed; its pid."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(tell, b"+")
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(tell)
    assert os.read(ready, 1) == b"+"
    os.close(ready)
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_child_counts_for_itself_and_the_parent_sees_it(tmp_path):
    tally = shared_tally(tmp_path)
    count(tally, 7)
    tally.heartbeat()

    def work() -> None:
        assert rows_of(tally) == 7
        count(tally, 12)
        tally.heartbeat()

    pid = in_child(work)
    assert rows_of(tally) == 19
    assert len(tally.workers()) == 2
    kill(pid)
    assert rows_of(tally) == 19
    assert len(tally.workers()) == 1


def test_rows_pending_at_the_fork_are_counted_once(tmp_path):
    tally = shared_tally(tmp_path)
    count(tally, 3)
    pid = in_child(lambda: (count(tally, 6), tally.heartbeat())[0])
    kill(pid)
    assert rows_of(tally) == 9


def test_an_idle_worker_is_read_within_a_second(tmp_path):
    tally = shared_tally(tmp_path)
    count(tally, 1)
    pid = in_child(lambda: count(tally, 4))
    time.sleep(1)
    assert rows_of(tally) == 5
    kill(pid)


def test_a_killed_worker_loses_at_most_a_tile(tmp_path):
    tally = shared_tally(tmp_path)
    sent = 100
    pid = in_child(lambda: count(tally, sent))
    kill(pid)
    assert sent - tally.channels["input"].tile < rows_of(tally) <= sent


def test_dead_workers_are_merged_and_their_counts_remain(tmp_path):
    tally = shared_tally(tmp_path)
    for _ in range(10):
        kill(in_child(lambda: (count(tally, 6), tally.heartbeat())[0]))
    assert rows_of(tally) == 60
    assert rows_of(tally) == 60
    assert len(list(tmp_path.glob("*.tally"))) == 1
    assert rows_of(shared_tally(tmp_path)) == 60


def test_a_merge_cut_short_counts_nothing_twice(tmp_path):
    tally = shared_tally(tmp_path)
    kill(in_child(lambda: (count(tally, 6), tally.heartbeat())[0]))
    dead = next(tmp_path.glob("*.tally"))
    content = dead.read_bytes()
    assert rows_of(shared_tally(tmp_path)) == 6
    assert not dead.exists()
    dead.write_bytes(content)
    assert rows_of(shared_tally(tmp_path)) == 6


def test_scrapes_during_merges_are_exact_and_never_fall(tmp_path):
    tally = shared_tally(tmp_path)
    count(tally, 1)
    sums, stop = [], threading.Event()

    def scrape() -> None:
        while not stop.is_set():
            sums.append(rows_of(tally))

    thread = threading.Thread(target=scrape)
    thread.start()
    for _ in range(30):
        pid = in_child(lambda: (count(tally, 6), tally.heartbeat())[0])
        kill(pid)
    stop.set()
    thread.join()
    assert sums == sorted(sums)
    assert rows_of(tally) == 181


def test_a_file_of_another_layout_is_left_alone(tmp_path):
    tally = shared_tally(tmp_path)
    count(tally, 6)
    (tmp_path / "99-aa.tally").write_bytes(b"something else")
    assert rows_of(tally) == 6


def test_a_worker_killed_in_mid_write_does_not_hold_up_a_scrape(tmp_path):
    tally = shared_tally(tmp_path)

    def work() -> None:
        count(tally, 6)
        tally._head.begin()

    pid = in_child(work)
    started = time.monotonic()
    assert rows_of(tally) == 6
    kill(pid)
    assert rows_of(tally) == 6
    assert time.monotonic() - started < 5


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MlmonitorError, match="MLMONITOR_DIR"):
        shared_tally(tmp_path / "file" / "folder")


def test_sums_of_fractions_are_the_same_in_any_order(tmp_path):
    tallies = [shared_tally(tmp_path) for _ in range(5)]
    rng = np.random.default_rng(0)
    for tally in tallies:
        for row in rng.normal(25, 8, (31, 80)):
            tally.fold_row("input", row)
            tally.finish(float(rng.random()), None)
        tally.heartbeat()
    first = tallies[0].totals().cells
    assert all((tally.totals().cells == first).all() for tally in tallies)
    assert (shared_tally(tmp_path).totals().cells == first).all()


WORKER = """
import json, sys
sys.path.insert(0, {root!r})
from tests.tally.test_store import shared_tally, count, rows_of
from pathlib import Path
tally = shared_tally(Path(sys.argv[1]))
for line in sys.stdin:
    order, rows = json.loads(line)
    if order == "count":
        count(tally, rows)
    print(json.dumps(rows_of(tally) if order == "read" else rows), flush=True)
"""


class Worker:
    """A process of its own that counts on order."""

    def __init__(self, folder: Path) -> None:
        script = WORKER.format(root=str(Path(__file__).parents[2]))
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, order: str, rows: int = 0) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([order, rows]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def test_four_workers_sum_exactly_whichever_is_read(tmp_path):
    workers = [Worker(tmp_path) for _ in range(4)]
    for index, worker in enumerate(workers):
        worker.order("count", 100 * index + index)
    time.sleep(1)
    assert [worker.order("read") for worker in workers] == [606] * 4
    for worker in workers:
        worker.close()
    assert rows_of(shared_tally(tmp_path)) == 606
