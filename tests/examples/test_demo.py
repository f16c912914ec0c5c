"""The demo from end to end, with a real Prometheus and without, and its end by a signal."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from examples.house_prices.demo import SWITCH
from mlmonitor.preview import snapshot
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TIMEOUT = 180

pytestmark = pytest.mark.xdist_group("demo")  # two at once would slow each other's traffic


def start(
    folder: Path, *arguments: str, only: str = "square_metres", **environment: str
) -> subprocess.Popen[str]:
    """The demo in a process of its own, one injection long."""
    command = [sys.executable, "-m", "examples.house_prices.demo", "--folder", str(folder)]
    return subprocess.Popen(
        [*command, "--only", only, *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ports(output: str) -> list[int]:
    """Every loopback port that the demo named."""
    addresses = re.findall(r"http://127\.0\.0\.1:\d+", output)
    return [port for address in addresses if (port := urlsplit(address).port) is not None]


def answers(port: int) -> bool:
    """Whether anything listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class _Outside(HTMLParser):
    """Collects whatever a page would load or point at."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {key}" for key, _ in attrs if key in {"src", "href", "srcset"}]


def check_report(folder: Path) -> None:
    """The page is there, names what was found, and needs nothing from outside."""
    text = (folder / "report.html").read_text()
    outside = _Outside()
    outside.feed(text)
    assert outside.found == []
    assert "url(" not in text
    assert "@import" not in text
    assert "GrLivArea" in text
    assert "the model learnt square feet" in text
    assert ">missing<" not in text  # values changed, and both columns show which


def check_snapshot(folder: Path, *, expected: bool) -> None:
    """Where a Prometheus was, its dashboards are kept with their data, and none has an error."""
    assert (folder / "dashboards.html").exists() == expected
    if not expected:
        return
    data = frozen(folder)
    assert snapshot.failures(data) == 0
    answers = data["views"]["mlmonitor-data"]["answers"].values()
    assert any("GrLivArea" in json.dumps(one) for one in answers)


def frozen(folder: Path) -> dict[str, Any]:
    """The data of the dashboards that the demo kept."""
    text = (folder / "dashboards.html").read_text()
    found = re.search(r'<script type="application/json" id="frozen">(.*?)</script>', text)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def phases(folder: Path) -> set[float]:
    """The phases of the breaker that the dashboards show: 0 closed, 1 probation, 2 open."""
    answers = frozen(folder)["views"]["mlmonitor-monitor"]["answers"].values()
    queries = (one for answer in answers for one in answer["targets"])
    (asked,) = (one for one in queries if "mlmonitor_breaker_state" in one["expr"])
    (series,) = asked["series"]
    return {value for value in series["values"] if value is not None}


@pytest.fixture(params=["prometheus", "embedded"])
def switch(request: pytest.FixtureRequest) -> Iterator[str]:
    """What computes the drift: a Prometheus where one can be had, or the demo itself."""
    if request.param == "embedded":
        yield "none"
        return
    yield str(components.first("prometheus"))


def test_the_demo_finds_what_it_must(switch: str, tmp_path: Path) -> None:
    demo = start(tmp_path / "demo", **{SWITCH: switch})
    output, _ = demo.communicate(timeout=TIMEOUT)
    assert demo.returncode == 0, output
    assert ("No Prometheus" in output) == (switch == "none"), output
    assert "GrLivArea" in output
    check_report(tmp_path / "demo")
    assert list((tmp_path / "demo").glob("**/*.rules.yml"))
    check_snapshot(tmp_path / "demo", expected=switch != "none")
    assert ("Dashboards on http://127.0.0.1:" in output) == (switch != "none"), output
    assert not any(answers(port) for port in ports(output)), output


def test_a_missing_feature_pages_once_ends_on_the_fallback_and_resolves(tmp_path: Path) -> None:
    components.alertmanager_programs()
    prometheus = str(components.first("prometheus"))
    demo = start(tmp_path / "demo", only="missing_basement", **{SWITCH: prometheus})
    output, _ = demo.communicate(timeout=TIMEOUT)
    assert demo.returncode == 0, output
    assert output.count("☎ house-prices 1: input TotalBsmtSF stopped arriving") == 1, output
    assert "The fallback took over, once" in output, output
    assert "$ mlmonitor logs show " in output, output
    assert re.search(r"TotalBsmtSF +null +missing", output), output
    assert "the page is resolved" in output, output
    audit = (tmp_path / "demo" / "respond" / "audit.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in audit]
    steps = [one["event"] for one in events if one["event"] in {"fallback", "released"}]
    assert steps == ["fallback", "released"]
    assert {0, 2} <= phases(tmp_path / "demo")
    assert not any(answers(port) for port in ports(output)), output


def test_a_signal_ends_the_demo_and_all_that_it_started(tmp_path: Path) -> None:
    demo = start(tmp_path / "demo", **{SWITCH: "none"})
    assert demo.stdout is not None
    seen = ""
    for line in demo.stdout:
        seen += line
        if "No Prometheus" in line:
            break
    used = ports(seen)
    assert used, seen
    assert all(answers(port) for port in used)
    demo.send_signal(signal.SIGTERM)
    rest, _ = demo.communicate(timeout=TIMEOUT)
    assert demo.returncode == 130, seen + rest
    assert not any(answers(port) for port in used)
    assert "Traceback" not in seen + rest
