from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import MlmonitorError
from mlmonitor.preview import dashboards

if TYPE_CHECKING:
    from pathlib import Path


def test_the_overview_is_in_front() -> None:
    uids = [one["uid"] for one in dashboards.generated(MonitoringConfig())]
    assert uids[:3] == ["mlmonitor-fleet", "mlmonitor-model", "mlmonitor-data"]


def test_files_of_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_text(json.dumps({"title": "A", "panels": []}))
    (tmp_path / "other.json").write_text("[1]")
    (found,) = dashboards.from_folder(tmp_path)
    assert (found["uid"], found["title"]) == ("a", "A")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "holds no dashboards; run mlmonitor generate-dashboards"),
        ({"a.json": "{"}, r"a\.json: is no JSON"),
        ({"a.json": '{"uid": "x", "panels": []}', "b.json": '{"uid": "x", "panels": []}'}, "uid 'x' is that of"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_told(tmp_path: Path, files: dict[str, str], told: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(MlmonitorError, match=told):
        dashboards.from_folder(tmp_path)


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(MlmonitorError, match="is no folder"):
        dashboards.from_folder(tmp_path / "none")
