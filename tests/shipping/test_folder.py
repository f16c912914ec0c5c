from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from mlmonitor.errors import MlmonitorError
from mlmonitor.shipping import folder as module
from mlmonitor.shipping.entries import Entry, Rejected
from mlmonitor.shipping.folder import Folder
from mlmonitor.shipping.registry import Registry
from tests.shipping.records import record

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:9200"


class Reader:
    """An exporter that takes what it reads for shipped."""

    def __init__(self, path: Path, *names: str) -> None:
        self.told: list[str] = []
        self.path = path
        self.folder = Folder(path, Registry(path / "shipped.json", URL), names, self.told.append)

    def read(self, *, confirm: bool = True) -> list[Entry | Rejected]:
        found: list[Entry | Rejected] = list(self.folder.scan())
        for file in self.folder.files:
            while lines := file.read():
                found += lines
        self.folder.note_sent()
        if confirm:
            self.folder.confirm()
            self.folder.save()
        return found

    def ids(self, *, confirm: bool = True) -> list[str]:
        return [one.id for one in self.read(confirm=confirm)]

    def again(self) -> Reader:
        """One that comes after this one ended, in whatever way."""
        self.folder.close()
        return Reader(self.path)


def written(path: Path, *ids: str, mode: str = "ab") -> Path:
    with path.open(mode) as file:
        file.write(b"".join(record(identity) for identity in ids))
    return path


def test_a_line_is_read_when_its_end_is_there(tmp_path):
    reader = Reader(tmp_path)
    file = tmp_path / "a.jsonl"
    file.write_bytes(record("1") + record("2")[:-20])
    assert reader.ids() == ["1"]
    assert reader.ids() == []
    with file.open("ab") as more:
        more.write(record("2")[-20:])
    assert reader.ids() == ["2"]


def test_a_file_that_is_renamed_is_not_read_again(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1")
    assert reader.ids() == ["1"]
    written(file, "2")
    file.rename(tmp_path / "a.jsonl.1")
    written(file, "3")
    assert sorted(reader.ids()) == ["2", "3"]
    reader = reader.again()
    assert reader.ids() == []


def test_a_file_that_cannot_be_opened_is_told_once_and_the_others_are_read(tmp_path):
    reader = Reader(tmp_path)
    written(tmp_path / "a.jsonl", "1")
    (tmp_path / "b.jsonl").symlink_to("b.jsonl")
    assert reader.ids() == ["1"]
    assert reader.ids() == []
    assert len(reader.told) == 1
    assert "b.jsonl: cannot be read (Too many levels of symbolic links)" in reader.told[0]


def test_a_folder_that_vanishes_and_comes_back_is_followed_again(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    reader = Reader(folder)
    written(folder / "a.jsonl", "1")
    assert reader.ids() == ["1"]
    shutil.rmtree(folder)
    assert reader.ids() == []
    folder.mkdir()
    written(folder / "a.jsonl", "2")
    assert reader.ids() == ["2"]


def test_what_was_renamed_while_nobody_looked_is_known_again(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1")
    assert reader.ids() == ["1"]
    reader.folder.close()
    written(file, "2").rename(tmp_path / "a.jsonl.1")
    written(file, "3")
    assert sorted(Reader(tmp_path).ids()) == ["2", "3"]


def test_a_truncated_file_is_read_from_its_start(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1", "2")
    reader.read()
    written(file, "3", mode="wb")
    assert reader.ids() == ["3"]


def test_a_file_that_was_overwritten_with_a_longer_one_is_read_from_its_start(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1")
    reader.read()
    written(file, "3", "4", "5", mode="wb")
    assert reader.ids() == ["3", "4", "5"]


def test_a_copy_made_before_a_truncation_is_looked_up(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1", "2")
    reader.read()
    written(file, "3")
    shutil.copy(file, tmp_path / "a.jsonl.1")
    written(file, "4", mode="wb")
    found = {one.id: one.doubtful for one in reader.read() if isinstance(one, Entry)}
    assert found == {"1": True, "2": True, "3": True, "4": False}


def test_a_deleted_file_is_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STILL", 0.0)
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1")
    reader.read()
    with file.open("ab") as still_open:
        file.unlink()
        still_open.write(record("2") + record("3")[:30])
        still_open.flush()
        assert reader.ids() == ["2"]
        rest = reader.folder.scan()
    assert [one.reason for one in rest] == ["half a line, and its file is gone"]
    assert not reader.folder.files


def test_what_may_have_been_sent_is_looked_up_after_a_crash(tmp_path):
    reader = Reader(tmp_path)
    file = written(tmp_path / "a.jsonl", "1")
    reader.read()
    written(file, "2", "3")
    assert reader.ids(confirm=False) == ["2", "3"]
    written(file, "4")
    reader = reader.again()
    found = {one.id: one.doubtful for one in reader.read() if isinstance(one, Entry)}
    assert found == {"2": True, "3": True, "4": False}


def test_without_a_registry_everything_that_is_there_is_looked_up(tmp_path):
    file = written(tmp_path / "a.jsonl", "1")
    reader = Reader(tmp_path)
    assert [one.doubtful for one in reader.read() if isinstance(one, Entry)] == [True]
    written(file, "2")
    written(tmp_path / "b.jsonl", "3")
    assert not any(one.doubtful for one in reader.read() if isinstance(one, Entry))


def test_a_file_that_is_gone_after_a_restart_is_told(tmp_path):
    reader = Reader(tmp_path)
    written(tmp_path / "a.jsonl", "1").rename(tmp_path / "a.jsonl.1")
    reader.read()
    (tmp_path / "a.jsonl.1").unlink()
    reader = reader.again()
    reader.read()
    assert "a.jsonl.1: is gone" in reader.told[0]


def test_another_file_with_the_same_inode_is_read_from_its_start(tmp_path):
    file = written(tmp_path / "a.jsonl", "1")
    reader = Reader(tmp_path)
    reader.read()
    reader.folder.close()
    registry = json.loads((tmp_path / "shipped.json").read_text())
    written(tmp_path / "b.jsonl", "2")
    file.unlink()
    status = (tmp_path / "b.jsonl").stat()
    registry["files"]["a.jsonl"]["inode"] = status.st_ino
    (tmp_path / "shipped.json").write_text(json.dumps(registry))
    assert Reader(tmp_path).ids() == ["2"]


def test_only_the_files_that_were_named_are_followed_with_their_rotations(tmp_path):
    for name in ("a.log", "a.log.1", "a.log.2.gz", "a.logs", "b.log", ".a.log.new"):
        written(tmp_path / name, name)
    assert sorted(Reader(tmp_path, "a.log").ids()) == ["a.log", "a.log.1"]


def test_a_long_line_is_read_whole_and_one_that_is_too_long_is_rejected(tmp_path):
    reader = Reader(tmp_path)
    long, too_long = record("long", text="x" * 3_000_000), b'"' + b"x" * 10_500_000 + b'"\n'
    (tmp_path / "a.jsonl").write_bytes(record("1") + long + too_long + record("2"))
    found = reader.read()
    assert [type(one) for one in found] == [Entry, Entry, Rejected, Entry]
    assert found[1].line == long[:-1]
    assert isinstance(found[2], Rejected)
    assert "longer than 10,000,000 bytes" in found[2].reason


def test_a_line_without_an_id_gets_the_same_one_again(tmp_path):
    line = json.loads(record("1"))
    del line["event"]["id"]
    text = json.dumps(line).encode() + b"\n"
    (tmp_path / "a.jsonl").write_bytes(text + text)
    reader = Reader(tmp_path)
    first = reader.ids(confirm=False)
    assert len(set(first)) == 2
    assert reader.again().ids() == first


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": NaN}', "no JSON"),
        (b"[1]", "no JSON object"),
        (b'{"a": 1}', "names no data stream by data_stream.type, "),
        (record("x" * 513)[:-1], "event.id is longer than 512 bytes"),
    ],
    ids=["NaN", "list", "no data stream", "long id"],
)
def test_what_is_no_record_is_rejected_with_its_reason(tmp_path, line, reason):
    (tmp_path / "a.jsonl").write_bytes(line + b"\n" + record("2"))
    rejected, entry = Reader(tmp_path).read()
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason
    assert entry.id == "2"


@pytest.mark.parametrize(
    "text", ["not JSON", '{"files": {}}', "[]", '{"kind": "mlmonitor shipping"}']
)
def test_a_registry_that_is_none_is_refused_and_left_alone(tmp_path, text):
    (tmp_path / "shipped.json").write_text(text)
    with pytest.raises(
        MlmonitorError, match=r"shipped.json: is no registry of shipped files; give"
    ):
        Registry(tmp_path / "shipped.json", URL)
    assert (tmp_path / "shipped.json").read_text() == text


def test_a_registry_of_another_elasticsearch_is_refused(tmp_path):
    reader = Reader(tmp_path)
    reader.read()
    reader.folder.close()
    with pytest.raises(MlmonitorError, match=r"tells what \S+ has, not http://other"):
        Registry(tmp_path / "shipped.json", "http://other:9200")
    moved = Registry(tmp_path / "shipped.json", "http://other:9200", moved=True)
    assert not moved.is_new
    moved.close()


def test_what_a_kill_left_half_written_is_tidied_up(tmp_path):
    (tmp_path / ".shipped.json.abc123").write_text("half")
    reader = Reader(tmp_path)
    reader.read()
    reader.folder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shipped.json", "shipped.json.lock"]


def test_two_exporters_do_not_ship_the_same_files(tmp_path):
    reader = Reader(tmp_path)
    with pytest.raises(MlmonitorError, match="another exporter ships these files; stop it first"):
        Registry(tmp_path / "shipped.json", URL)
    reader.folder.close()
    Registry(tmp_path / "shipped.json", URL).close()


def test_a_registry_that_cannot_be_kept_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MlmonitorError, match="cannot be kept there"):
        Registry(tmp_path / "file" / "shipped.json", URL)
