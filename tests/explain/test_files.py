from __future__ import annotations

import json
import threading
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from mlmonitor import MlmonitorError
from mlmonitor.explain import files
from tests.logs.monitors import ROW, monitor, predict
from tests.prediction_records import record

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, *numbers: int, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("\n".join(json.dumps(record(n)) for n in numbers) + end)


def ids(found):
    return [one["event"]["id"] for one in found]


def test_records_of_a_folder_come_oldest_file_first(tmp_path):
    call = monitor(tmp_path, settings={"file_size": 2_000, "max_disk": 1 << 20})(predict)
    for _ in range(50):
        call(ROW)
    found = ids(files.read([tmp_path]))
    assert len(found) == 50
    assert found == sorted(found)


def test_what_is_no_record_or_half_of_one_is_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xff\xfe\n[1]\n{"log":{}}\n\n{"event":{"id":7}}\n')
    write(path, 1, 2)
    with path.open("a") as file:
        file.write('{"event":{"id":"half')
    assert ids(files.read([path])) == ["id-1", "id-2"]
    assert ids(files.read([tmp_path])) == ["id-1", "id-2"]


def test_a_path_that_is_not_there_is_one_clear_sentence(tmp_path):
    with pytest.raises(MlmonitorError, match="no such file or folder"):
        list(files.read([tmp_path / "nowhere"]))


def test_following_takes_what_comes_whole_once_through_rotation_and_truncation(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, 0)
    taken: list[str] = []
    ready, step = threading.Event(), threading.Semaphore(0)

    def follow():
        ready.set()
        for one in islice(files.follow([tmp_path], pause=0.01), 5):
            taken.append(one["event"]["id"])
            step.release()

    thread = threading.Thread(target=follow, daemon=True)
    coming = files._grown(path, (path.stat().st_ino, 0))
    assert len(coming[1]) == 1
    thread.start()
    assert ready.wait(5)
    threading.Event().wait(0.3)
    whole = json.dumps(record(1))
    with path.open("a") as file:
        file.write(whole[:50])
        file.flush()
        threading.Event().wait(0.1)
        assert taken == []
        file.write(whole[50:] + "\n")
    assert step.acquire(timeout=5)
    write(tmp_path / "b.jsonl", 2)
    assert step.acquire(timeout=5)
    path.write_text("")
    threading.Event().wait(0.1)
    write(path, 3)
    assert step.acquire(timeout=5)
    path.rename(tmp_path / "c.jsonl")
    write(path, 4)
    assert step.acquire(timeout=5)
    assert taken[:3] == ["id-1", "id-2", "id-3"]
    assert "id-4" in taken[3:]
