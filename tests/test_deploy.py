from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from mlmonitor.config import load_config
from tests import components

ROOT = Path(__file__).parents[1]
CONFIG = "deploy/prometheus/prometheus.yml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the configuration and the generated rules, as its first lines tell."""
    (tmp_path / CONFIG).parent.mkdir(parents=True)
    shutil.copy(ROOT / CONFIG, tmp_path / CONFIG)
    (tmp_path / "monitoring.yaml").write_text("models: [{name: churn}]\n")
    command = ["generate-alerts", "-c", "monitoring.yaml", "-o", "generated"]
    subprocess.run([sys.executable, "-m", "mlmonitor", *command], cwd=tmp_path, check=True)
    return tmp_path


def ask(server: components.Running, path: str) -> dict:
    with urllib.request.urlopen(f"{server.url}/api/v1/{path}", timeout=5) as reply:
        return json.load(reply)["data"]


def targets(server: components.Running) -> list[dict]:
    """The targets that are scraped; Prometheus takes them up some seconds after its start."""
    until = time.monotonic() + 30
    while not (found := ask(server, "targets")["activeTargets"]) and time.monotonic() < until:
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_prometheus_runs_as_configured_with_the_generated_rules(version, checkout):
    with components.prometheus(version, checkout / CONFIG) as server:
        groups = ask(server, "rules")["groups"]
        found = targets(server)
    assert groups
    assert all(group["rules"] for group in groups)
    assert {(one["labels"]["job"], one["labels"]["namespace"]) for one in found} == {
        ("models", "local"),
        ("prometheus", "local"),
    }


def test_prometheus_scrapes_as_monitoring_yaml_assumes_by_default(checkout):
    assumed = load_config(checkout / "monitoring.yaml")
    config = yaml.safe_load((checkout / CONFIG).read_text())
    assert config["global"]["scrape_interval"] == f"{assumed.prometheus.scrape_interval:g}s"
    labels = config["scrape_configs"][0]["static_configs"][0]["labels"]
    assert set(labels) == set(assumed.scope_labels)
