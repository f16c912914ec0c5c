"""The page on dashboards says what is so: its examples generate, its tables are whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from mlmonitor.config import MonitoringConfig, load_config
from mlmonitor.errors import GenerationError
from mlmonitor.generate import panelspec
from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.generate.fill import Fill

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "dashboards.md").read_text(encoding="utf-8")
PANEL, INCLUDE, CHANGES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-dashboards").mkdir()
    Path("my-dashboards/latency.yaml").write_text(PANEL, encoding="utf-8")


def generated(config: str) -> dict[str, str]:
    Path("monitoring.yaml").write_text(config, encoding="utf-8")
    return dashboards(DashboardSettings.of(load_config("monitoring.yaml")))


def test_a_panel_is_added_by_one_file() -> None:
    made = json.loads(generated(INCLUDE)["grafana/latency.json"])
    _, panel = made["panels"]
    assert panel["title"] == "The slowest pods"
    names = [variable["name"] for variable in made["templating"]["list"]]
    assert names == ["datasource", "namespace", "model", "role", "version"]


def test_the_error_is_as_shown() -> None:
    path = Path("my-dashboards/latency.yaml")
    path.write_text(PANEL.replace("seconds_bucket", "second_bucket"), encoding="utf-8")
    with pytest.raises(GenerationError) as caught:
        generated(INCLUDE)
    assert f"```text\n{caught.value}\n```" in TEXT


def test_panels_change_as_shown() -> None:
    titles = {
        panel["title"] for panel in json.loads(generated(CHANGES)["grafana/model.json"])["panels"]
    }
    assert "Houses priced" in titles
    assert "Garbage collections" not in titles


def test_every_dashboard_is_listed() -> None:
    files = dashboards(DashboardSettings(MonitoringConfig.model_validate(
        {"models": [{"name": "m", "business": {"stock": {"type": "gauge"}}}]})))  # fmt: skip
    titles = {json.loads(text)["title"] for text in files.values()}
    table = TEXT.split("| dashboard | shows |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| ([A-Z][\w ]+) \|", table, re.MULTILINE)) == titles


def test_every_panel_type_and_feature_is_told() -> None:
    union = get_args(get_args(panelspec.AnyPanel)[0])
    types = {get_args(one.model_fields["type"].annotation)[0] for one in union}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE)) == types
    for feature in get_args(panelspec.Feature):
        assert f"`{feature}`" in TEXT


def test_every_placeholder_is_told() -> None:
    known = set(Fill(MonitoringConfig())._values)
    told = set(re.findall(r"`<([a-z_]+)>`", TEXT.split("| placeholder |")[1].split("\n\n")[0]))
    assert told == known
