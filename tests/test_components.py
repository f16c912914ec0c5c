from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests import components

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_a_prometheus_of_each_version_starts_and_stops(version, tmp_path):
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {scrape_interval: 1s}\n")
    with components.prometheus(version, config) as server:
        with urllib.request.urlopen(f"{server.url}/api/v1/query?query=1%2B1", timeout=5) as reply:
            assert json.load(reply)["data"]["result"][1] == "2"
        url = server.url
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=1)


def test_a_prometheus_that_does_not_start_gives_its_last_words(tmp_path):
    config = tmp_path / "prometheus.yml"
    config.write_text("no: such key\n")
    with pytest.raises(RuntimeError, match="no"), components.prometheus("2.42", config):
        pass


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Obtain Prometheus 3 where there is neither a cache nor a tool to get it with."""
    code = "from tests import components; components.obtain('3')"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": str(tmp_path), "MLMONITOR_CACHE": str(tmp_path / "cache"), **environment},
    )  # fmt: skip


def test_what_cannot_be_had_is_a_skip_with_its_reason(tmp_path):
    done = run(tmp_path)
    assert "SkipTest" in done.stderr or "Unavailable" in done.stderr
    assert "there is no Go to build it with" in done.stderr


def test_the_skip_becomes_a_failure_in_ci():
    code = (
        "import unittest; from tests.components import Unavailable; "
        "print(issubclass(Unavailable, unittest.SkipTest))"
    )
    told = {}
    for ci in ("", "true"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
            env={**os.environ, "CI": ci},
        )  # fmt: skip
        told[ci] = done.stdout.strip()
    assert told == {"": "True", "true": "False"}
