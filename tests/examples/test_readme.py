"""What the first screens of the README say is done as it stands: each file written, each command run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
SECTION: Final = (
    (ROOT / "README.md").read_text(encoding="utf-8").split("## Ten lines\n")[1].split("\n## ")[0]
)
SECONDS: Final = 60


def blocks(language: str) -> list[str]:
    """The blocks of a language, in their order."""
    return re.findall(rf"```{language}\n(.*?)```", SECTION, flags=re.DOTALL)


def commands() -> dict[str, list[str]]:
    """What is typed, as words, by the first of them; `mlmonitor` and `curl` with what they do."""
    lines = [
        line.removeprefix("$ ")
        for block in blocks("console")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    typed = [shlex.split(line) for line in lines]
    return {" ".join(words[: 1 + (words[0] in {"mlmonitor", "curl"})]): words for words in typed}


class Reader:
    """Somebody who follows the README in a folder, on ports that are free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.preview = components.free_port(), components.free_port()
        (folder / "service.py").write_text(blocks("python")[0])
        configuration, server = blocks("yaml")
        (folder / "monitoring.yaml").write_text(configuration)
        moved = server.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        (folder / "prometheus.yml").write_text(moved.replace("15s", "1s"))

    def run(self, start: str) -> None:
        """Run a command that ends."""
        done = subprocess.run(
            self._words(start), cwd=self.folder, env=self._environment(), text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def running(self, start: str, *more: str) -> Iterator[None]:
        """Have a command run that serves until it is stopped."""
        process = subprocess.Popen(
            [*self._words(start), *more], cwd=self.folder, env=self._environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait(SECONDS)

    def _words(self, start: str) -> list[str]:
        moved = [word.replace("8000", str(self.port)) for word in commands()[start]]
        names = {"python": [sys.executable], "mlmonitor": [sys.executable, "-m", "mlmonitor"]}
        program = names.get(moved[0], [sys.executable, "-m", moved[0]])
        return [*program, *(word for word in moved[1:] if word != "--open")]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def answer(url: str, body: Any = None) -> httpx.Response:
    """What is answered as soon as anybody does."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            found = (
                httpx.get(url, follow_redirects=True)
                if body is None
                else httpx.post(url, json=body)
            )
            return found.raise_for_status()
        time.sleep(0.2)
    message = f"{url} does not answer"
    raise AssertionError(message)


def value(server: str, query: str) -> float:
    """A number that Prometheus has, as soon as it has it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        asked = httpx.get(f"{server}/api/v1/query", params={"query": query}).json()
        if asked["data"]["result"]:
            return float(asked["data"]["result"][0]["value"][1])
        time.sleep(0.2)
    message = f"{query}: no value"
    raise AssertionError(message)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    reader = Reader(tmp_path)
    reader.run("python")
    reader.run("mlmonitor profile")
    return reader


def test_the_ten_lines_do_what_they_say(reader: Reader) -> None:
    [url, _, body] = commands()["curl http://127.0.0.1:8000/predict"][1:]
    service = f"http://127.0.0.1:{reader.port}"
    reader.run("mlmonitor generate-alerts")
    reader.run("mlmonitor generate-dashboards")
    with reader.running("uvicorn"):
        priced = answer(url.replace("8000", str(reader.port)), json.loads(body)).json()
        assert 10_000 < priced < 1_000_000
        metrics = answer(f"{service}/metrics/").text
        assert (
            'mlmonitor_predictions_total{model="house-prices",version="1",role="live"} 1' in metrics
        )
        assert 'column="Neighborhood",category="__unseen__"} 1' in metrics
        with components.prometheus("3", reader.folder / "prometheus.yml") as server:
            assert value(server.url, "mlmonitor_predictions_total") == 1
            groups = httpx.get(f"{server.url}/api/v1/rules").json()["data"]["groups"]
            assert {"mlmonitor-drift", "mlmonitor-alerts-data"} <= {one["name"] for one in groups}
            more = ("--prometheus", server.url, "--port", str(reader.preview))
            with reader.running("mlmonitor preview", *more):
                assert "<html" in answer(f"http://127.0.0.1:{reader.preview}/").text


def test_every_file_that_the_readme_links_to_exists() -> None:
    for readme in (ROOT / "README.md", ROOT / "examples" / "house_prices" / "README.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", readme.read_text()):
            assert (readme.parent / target).exists(), f"{readme.name}: {target}"
