from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program as mlmonitor
from tests.components import free_port
from tests.respond.notifications import alert, notification

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
respond:
  listen: 127.0.0.1:{port}
  token_file: token
  dry_run: false
  steps: [{{alert: MlmonitorPredictionsDrifted, do: fallback}}]
models:
  - {{name: churn, version: "7"}}
  - {{name: churn, version: rules-1, role: fallback}}
"""


def program(folder: Path, *arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "mlmonitor",
        "respond",
        "-c",
        f"{folder}/monitoring.yaml",
        *arguments,
    ]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    (tmp_path / "token").write_text("secret")
    (tmp_path / "monitoring.yaml").write_text(CONFIG.format(port=port))
    with subprocess.Popen(
        program(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert f"listening on http://127.0.0.1:{port} (steps are taken)" in line
        yield f"http://127.0.0.1:{port}"
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
        assert running.stderr is not None
        assert not running.stderr.read()


def breaker(address: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{address}/breaker/churn", timeout=10) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def test_a_page_switches_and_a_person_releases(address, tmp_path):
    request = urllib.request.Request(
        f"{address}/alerts", notification(alert()), {"Authorization": "Bearer secret"}
    )
    urllib.request.urlopen(request, timeout=10).close()
    state = breaker(address)
    assert (state["phase"], state["fallback"]) == ("open", "rules-1")
    command = program(tmp_path, "release", "churn", "--by", "ada")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "churn: released; its own predictions are served again\n"
    assert breaker(address)["phase"] == "closed"
    lines = [
        json.loads(line) for line in (tmp_path / "respond/audit.jsonl").read_text().splitlines()
    ]
    assert [line["event"] for line in lines] == ["notified", "fallback", "released"]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "Error: churn: is on no fallback; nothing to release.\n"


def test_a_disk_that_cannot_be_written_for_a_while_ends_nothing(address, tmp_path):
    state, away = tmp_path / "respond", tmp_path / "away"
    state.rename(away)
    state.write_text("in the way")
    request = urllib.request.Request(
        f"{address}/alerts", notification(alert()), {"Authorization": "Bearer secret"}
    )
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(request, timeout=10)
    time.sleep(2.5)
    assert breaker(address)["phase"] == "closed"
    state.unlink()
    away.rename(state)
    urllib.request.urlopen(request, timeout=10).close()  # Alertmanager tries again
    assert breaker(address)["phase"] == "open"


@pytest.mark.parametrize("before", [["-c", "monitoring.yaml"], [], ["-c", "other.yaml"]])
def test_the_file_may_be_named_behind_release(address, tmp_path, monkeypatch, before):
    assert breaker(address)["phase"] == "closed"
    monkeypatch.chdir(tmp_path)
    behind = [] if before[-1:] == ["monitoring.yaml"] else ["-c", "monitoring.yaml"]
    done = CliRunner().invoke(mlmonitor, ["respond", *before, "release", *behind, "churn"])
    assert done.exit_code == 2
    assert done.output == "Error: churn: is on no fallback; nothing to release.\n"


@pytest.mark.parametrize("command", [[], ["release", "churn"]])
@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ([], "the configuration is missing"),
        (["-c", "none.yaml"], "none.yaml: there is no such file"),
        (["-c", ""], "the configuration is missing"),
    ],
)
def test_without_a_configuration_the_option_is_named(command, named, problem):
    done = CliRunner().invoke(mlmonitor, ["respond", *named, *command])
    assert done.exit_code == 2
    assert done.output == f"Error: {problem}; name it by -c monitoring.yaml.\n"


def test_without_a_responder_release_says_so(tmp_path):
    (tmp_path / "token").write_text("secret")
    (tmp_path / "monitoring.yaml").write_text(CONFIG.format(port=free_port()))
    done = subprocess.run(
        program(tmp_path, "release", "churn"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the responder does not answer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_answers_and_is_no_responder_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as other:
        (tmp_path / "token").write_text("secret")
        text = CONFIG.format(port=other.getsockname()[1])
        (tmp_path / "monitoring.yaml").write_text(text)

        def greet():
            connection, _ = other.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.org ready\r\n")

        with ThreadPoolExecutor(1) as threads:
            threads.submit(greet)
            done = CliRunner().invoke(
                mlmonitor, ["respond", "release", "-c", str(tmp_path / "monitoring.yaml"), "churn"]
            )
    assert done.exit_code == 2
    assert "the responder does not answer (220 mail.example.org ready" in done.output
    assert done.output.count("\n") == 1


def test_who_releases_must_be_known(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("secret")
    (tmp_path / "monitoring.yaml").write_text(CONFIG.format(port=free_port()))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    done = CliRunner().invoke(
        mlmonitor, ["respond", "-c", str(tmp_path / "monitoring.yaml"), "release", "churn"]
    )
    assert (done.exit_code, done.output) == (
        2,
        "Error: nobody knows who runs this; add --by NAME.\n",
    )
