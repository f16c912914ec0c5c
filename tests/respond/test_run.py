from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

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


def test_without_a_responder_release_says_so(tmp_path):
    (tmp_path / "token").write_text("secret")
    (tmp_path / "monitoring.yaml").write_text(CONFIG.format(port=free_port()))
    done = subprocess.run(
        program(tmp_path, "release", "churn"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the responder does not answer" in done.stderr
    assert done.stderr.count("\n") == 1
