from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlmonitor.config import (
    AlertSettings,
    DashboardSettings,
    ElasticsearchSettings,
    LinkSettings,
    ModelSettings,
    MonitoringConfig,
    NotificationSettings,
    PrometheusSettings,
    RecordSettings,
    RespondSettings,
    SloSettings,
    ThresholdSettings,
    load_config,
)
from mlmonitor.errors import ConfigError
from mlmonitor.generate.rulespec import alert_sources, alerts_of
from mlmonitor.thresholds import Thresholds

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLE, *MORE = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def table(heading: str) -> dict[str, str]:
    """Key to default, as the section's table says."""
    section = TEXT.split(f"## `{heading}`\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) \|", section, re.MULTILINE))


def test_the_example_is_valid(tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text(EXAMPLE, encoding="utf-8")
    found = load_config(tmp_path / "monitoring.yaml")
    assert [model.identity for model in found.models] == [
        ("house-prices", "1", "live"),
        ("house-prices", "2", "shadow"),
        ("churn", "2024-06", "live"),
    ]
    assert found.prometheus == PrometheusSettings()
    assert found.dashboards == DashboardSettings()


def test_the_error_is_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["#"] * 4 + ["models:", "  - name: a", "    refernce: reference.json", ""]
    Path("monitoring.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config("monitoring.yaml")
    assert f"```text\n{caught.value}\n```" in TEXT


def test_every_key_has_a_section_or_a_line() -> None:
    assert re.findall(r"^## `(\w+)`", TEXT, re.MULTILINE) == list(MonitoringConfig.model_fields)
    assert set(table("prometheus")) == set(PrometheusSettings.model_fields)
    assert set(table("thresholds")) == set(ThresholdSettings.model_fields)
    assert set(table("models")) == set(ModelSettings.model_fields)
    assert set(table("dashboards")) == set(DashboardSettings.model_fields)
    assert set(table("slo")) == set(SloSettings.model_fields)
    assert set(table("alerts")) == set(AlertSettings.model_fields)
    assert set(table("links")) == set(LinkSettings.model_fields)
    assert set(table("notifications")) == set(NotificationSettings.model_fields)
    assert set(table("respond")) == set(RespondSettings.model_fields)
    assert set(table("logs")) == set(RecordSettings.model_fields)
    assert set(table("elasticsearch")) == set(ElasticsearchSettings.model_fields)


@pytest.mark.parametrize("example", MORE)
def test_the_other_examples_are_valid(tmp_path: Path, example: str) -> None:
    (tmp_path / "monitoring.yaml").write_text(example, encoding="utf-8")
    assert load_config(tmp_path / "monitoring.yaml")


def test_thresholds_have_the_defaults_that_the_page_says() -> None:
    written = table("thresholds")
    assert written.pop("alpha") == "from `alerts.budget`"
    defaults = {key: value for key, value in vars(Thresholds()).items() if key != "alpha"}
    assert {key: float(value) for key, value in written.items()} == defaults


def test_alerts_that_pages_name_exist() -> None:
    known = {alert.alert for _, alert in alerts_of(alert_sources())}
    for page in PAGE.parent.glob("*.md"):
        named = set(re.findall(r"\bMlmonitor[A-Z][A-Za-z]+\b", page.read_text(encoding="utf-8")))
        assert named <= known, page.name
