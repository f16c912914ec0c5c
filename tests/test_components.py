from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import components
from tests.elasticsearch_server import ADMIN, USERS, User

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


def status(url: str, user: tuple[str, str], path: str = "/_cluster/health") -> int:
    """What the server answers to a user."""
    token = base64.b64encode(":".join(user).encode()).decode()
    request = urllib.request.Request(url + path, headers={"Authorization": f"Basic {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.xdist_group("elasticsearch")
def test_an_elasticsearch_knows_its_users_and_their_roles(elasticsearch_server):
    server = elasticsearch_server
    assert status(server.url, ADMIN) == 200
    assert status(server.url, (ADMIN[0], "wrong")) == 401
    roles = "nobody: {cluster: [], indices: []}\n"
    server.set_users({**USERS, "new": User("secret-password", ("nobody",))}, roles)
    assert status(server.url, ("new", "secret-password")) == 403
    server.set_users(USERS)


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Obtain Prometheus 3 where there is neither a cache nor a tool to get it with."""
    code = "from tests import components; components.obtain('3')"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": str(tmp_path), "MLMONITOR_CACHE": str(tmp_path / "cache"), **environment},
    )  # fmt: skip


def test_an_elasticsearch_without_java_is_a_skip_with_its_reason(monkeypatch):
    monkeypatch.delenv("ES_JAVA_HOME", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(components.Unavailable, match="no Java 17 or later to run it with"):
        components.elasticsearch_programs()


def test_what_cannot_be_had_is_a_skip_with_its_reason(tmp_path):
    done = run(tmp_path)
    assert "SkipTest" in done.stderr or "Unavailable" in done.stderr
    assert "there is no Go to build it with" in done.stderr


def test_a_version_that_nobody_provides_is_refused():
    with pytest.raises(components.Unavailable, match=r"2\.45: only 2\.42 and 3"):
        components.obtain("2.45")


def test_a_cache_that_cannot_be_written_is_a_reason_and_no_crash(tmp_path):
    (tmp_path / "file").touch()
    done = run(tmp_path, MLMONITOR_CACHE=str(tmp_path / "file" / "cache"))
    assert "Unavailable: Prometheus 3: no place in the cache (MLMONITOR_CACHE)" in done.stderr


def program(path: Path, version: str) -> None:
    """A program that prints a version, as Prometheus does."""
    path.write_text(f"#!/bin/sh\necho prometheus, version {version}\n")
    path.chmod(0o755)


def found_first(monkeypatch, tmp_path, version) -> Path:
    """What the demo takes where the PATH and the cache hold a version each."""
    (tmp_path / "cache" / "prometheus-debian").mkdir(parents=True)
    program(tmp_path / "prometheus", version)
    program(tmp_path / "cache" / "prometheus-debian" / "prometheus", "2.53.3")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MLMONITOR_CACHE", str(tmp_path / "cache"))
    return components.first()


@pytest.mark.parametrize("version", ["2.42.0", "3.16.0", ""])
def test_the_first_is_the_one_on_the_path(monkeypatch, tmp_path, version):
    assert found_first(monkeypatch, tmp_path, version) == tmp_path / "prometheus"


def test_the_first_passes_over_one_older_than_what_is_supported(monkeypatch, tmp_path):
    cached = tmp_path / "cache" / "prometheus-debian" / "prometheus"
    assert found_first(monkeypatch, tmp_path, "2.31.2") == cached


def test_the_first_passes_over_one_that_does_not_run(monkeypatch, tmp_path):
    broken = tmp_path / "prometheus"
    cached = tmp_path / "cache" / "prometheus-debian" / "prometheus"
    assert found_first(monkeypatch, tmp_path, "2.31.2") == cached
    broken.write_text("#!/bin/sh\nexit 3\n")
    assert components.first() == cached
    (tmp_path / "promtool").symlink_to(broken)
    with pytest.raises(components.Unavailable, match="the distribution has"):
        components.obtain("2.42")


def test_the_first_is_a_cached_one_where_the_path_has_none(monkeypatch, tmp_path):
    (tmp_path / "cache" / "prometheus-debian").mkdir(parents=True)
    cached = tmp_path / "cache" / "prometheus-debian" / "prometheus"
    program(cached, "2.53.3")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("MLMONITOR_CACHE", str(tmp_path / "cache"))
    assert components.first() == cached


def test_another_version_of_the_distribution_is_not_taken_for_the_one_named(monkeypatch, tmp_path):
    found_first(monkeypatch, tmp_path, "3.16.0")
    with pytest.raises(components.Unavailable, match=r"the distribution has 2\.53\.3"):
        components.obtain("2.42")


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
