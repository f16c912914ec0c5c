"""Writing generated files, and telling how they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlmonitor.errors import GenerationError
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
    with pytest.raises(GenerationError, match=r"one\.json: cannot be read"):
        output.difference(FILES, tmp_path)
