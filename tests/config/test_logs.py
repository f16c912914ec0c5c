from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from mlmonitor.config import load_config
from mlmonitor.errors import ConfigError, MlmonitorError
from mlmonitor.logs import LogSettings

if TYPE_CHECKING:
    from pathlib import Path


def options(folder: Path, text: str) -> dict[str, Any]:
    (folder / "monitoring.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "monitoring.yaml").monitor_options("a")


def test_without_the_section_nothing_is_recorded(tmp_path):
    assert "logs" not in options(tmp_path, "models: [{name: a}]\n")
    assert options(tmp_path, "logs: {enabled: false}\nmodels: [{name: a}]\n")["logs"] is None


def test_the_section_and_the_columns_become_settings(tmp_path):
    found = options(
        tmp_path,
        "logs: {directory: here, sample: 0.5, file_size: 2MB, max_disk: 1.5GB, environment: test}\n"
        "slo: {latency: 250ms}\n"
        "models: [{name: a, columns: {owner: {sensitive: drop}, rooms: {importance: 2}}}]\n",
    )["logs"]
    assert found == LogSettings(
        directory=tmp_path / "here", sample=0.5, file_size=2 << 20, max_disk=3 << 29, slow=0.25,
        environment="test", sensitive={"owner": "drop"},
    )  # fmt: skip


def test_slow_is_what_the_section_says_then_what_the_model_promises(tmp_path):
    model = "models: [{name: a, slo: {latency: 100ms}}]\n"
    assert options(tmp_path, f"logs: {{}}\n{model}")["logs"].slow == 0.1
    assert options(tmp_path, f"logs: {{slow: 2s}}\n{model}")["logs"].slow == 2


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("{sample: 2}", "less than or equal to 1"),
        ("{file_size: big}", "'big' is no size"),
        ("{file_size: 600MB}", "two files of file_size"),
        ("{file_size: 10}", "too few"),
        ("{to: kafka}", "one of files, stdout"),
        ("{detector: true}", "detect"),
    ],
)
def test_a_mistake_names_file_and_key(section, problem, tmp_path):
    with pytest.raises(ConfigError, match=problem) as caught:
        options(tmp_path, f"logs: {section}\nmodels: [{{name: a}}]\n")
    assert "monitoring.yaml" in str(caught.value)
    assert "logs" in str(caught.value)


def test_hashing_without_a_key_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.delenv("MLMONITOR_HASH_KEY", raising=False)
    text = "logs: {}\nmodels: [{name: a, columns: {owner: {sensitive: hash}}}]\n"
    (tmp_path / "monitoring.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MlmonitorError, match="needs a key; set MLMONITOR_HASH_KEY or"):
        Monitor.from_config(tmp_path / "monitoring.yaml", "a", registry=CollectorRegistry())
