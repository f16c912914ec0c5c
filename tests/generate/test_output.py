"""Writing generated files, and telling how they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlmonitor.errors import GenerationError, MlmonitorError
from mlmonitor.generate import output

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"b/two.yml": "2\n", "one.json": "ø\n"}


def test_what_was_written_does_not_differ(tmp_path: Path) -> None:
    assert output.write(FILES, tmp_path) == [tmp_path / "b/two.yml", tmp_path / "one.json"]
    assert output.difference(FILES, tmp_path) == ""
    assert (tmp_path / "one.json").read_bytes() == "ø\n".encode()


def test_only_changed_files_are_written(tmp_path: Path) -> None:
    output.write(FILES, tmp_path)
    assert output.write(FILES | {"one.json": "1\n"}, tmp_path) == [tmp_path / "one.json"]


def test_a_difference_names_the_file_and_the_lines(tmp_path: Path) -> None:
    output.write(FILES, tmp_path)
    (tmp_path / "one.json").write_text("old")
    found = output.difference(FILES, tmp_path)
    assert f"+++ {tmp_path / 'one.json'} (generated)\n" in found
    assert "-old\n+ø\n" in found


def test_a_missing_file_differs_and_a_strange_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "strange").touch()
    assert "+2\n" in output.difference(FILES, tmp_path)
    assert not (tmp_path / "b").exists()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.json").mkdir()
    with pytest.raises(GenerationError, match=r"one\.json: is a folder, not a file; move it away"):
        output.difference(FILES, tmp_path)


def ours(name: str, text: str) -> bool:
    return text == f"ours {name}"


OWNED = (output.Owned("b/*.yml", ours), output.Owned("*.json", ours))


def test_what_is_no_longer_generated_is_stale_and_what_is_the_users_is_not(tmp_path: Path) -> None:
    made = {f"b/{name}.yml": f"ours {name}.yml" for name in ("old", "new", "linked")}
    output.write(made, tmp_path)
    (tmp_path / "b/linked.yml").rename(tmp_path / "elsewhere.yml")
    (tmp_path / "b/linked.yml").symlink_to(tmp_path / "elsewhere.yml")
    (tmp_path / "b/copied.yml").write_text("ours old.yml")
    (tmp_path / "b/own.yml").write_text("mine")
    (tmp_path / "b/binary.yml").write_bytes(b"\xff")
    (tmp_path / "b/folder.yml").mkdir()
    (tmp_path / "b/deep").mkdir()
    (tmp_path / "b/deep/old.yml").write_text("ours old.yml")
    assert output.stale({"b/new.yml": ""}, OWNED, tmp_path) == [tmp_path / "b/old.yml"]
    assert output.stale({}, OWNED[1:], tmp_path) == [], "of another command"
    assert output.stale({}, OWNED, tmp_path / "missing") == []


def test_stale_files_are_removed_when_the_others_are_written(tmp_path: Path) -> None:
    output.write(FILES | {"b/old.yml": "ours old.yml"}, tmp_path)
    old = output.stale(FILES, OWNED, tmp_path)
    assert output.write(FILES, tmp_path, old) == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["b", "one.json", "two.yml"]


def test_nothing_is_written_or_removed_where_one_file_cannot_be(tmp_path: Path) -> None:
    output.write({"a/one.yml": "1", "one.json": "ours one.json"}, tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*.*")}
    long = "z" * 250
    files = {"a/one.yml": "2", "new/two.yml": "2", f"new/{long}": "3"}
    with pytest.raises(MlmonitorError, match=f"{long}: cannot be written .File name too long"):
        output.write(files, tmp_path, [tmp_path / "one.json"])
    assert {path: path.read_text() for path in tmp_path.rglob("*.*")} == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", ["", "b", "b/deep"])
def test_a_file_in_the_place_of_a_folder_is_named_as_such(tmp_path: Path, place: str) -> None:
    between = tmp_path / "out" / place
    between.parent.mkdir(parents=True, exist_ok=True)
    between.write_text("mine")
    for work in (output.write, output.difference):
        with pytest.raises(GenerationError, match=rf"{between}: is a file, not a folder; move"):
            work({"a.yml": "1", "b/deep/two.yml": "2"}, tmp_path / "out")
    assert between.read_text() == "mine"
    assert not (tmp_path / "out/a.yml").exists()
