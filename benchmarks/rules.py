"""What Prometheus takes to evaluate all rules of a fleet, those of alerts among them.

Two runs on a real Prometheus, both of one model of 100 columns. The first is live, on a clock fifteen
times as fast: ten pods, 21 scrapes a step and twelve steps in the first window, as with the default
settings. The second reads windows of up to seven days from a past that was written beforehand, for a
fifth of the columns. A group's time is the shortest of its evaluations; 100 models are taken to cost
100 times one, since every rule is linear in its series.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks import fleet, past
from benchmarks.harness import Result, report
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import RuleSettings, drift_rules, rule_files
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION: Final = "3"
COLUMNS, PODS, MODELS = 100, 10, 100
FRACTION: Final = 5
_FASTER: Final = 15
_SCRAPE, _STEP = 1.0, 20.0
_FAST: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {
            "scrape_interval": f"{_SCRAPE:g}s",
            "step": f"{_STEP:g}s",
            "windows": [f"{12 * _STEP:g}s"],
        },
        "alerts": {"evaluation_interval": f"{60 / _FASTER:g}s", "time_scale": 1 / _FASTER},
        "models": [{"name": "model-0"}],
    }
)
_REAL: Final = RuleSettings(windows=(3600.0, 21600.0, 86400.0, 604800.0))
_FILLING: Final = 13 * _STEP
_EVALUATIONS: Final = 4
_OFTEN: Final = "20s"
_GROUP: Final = "mlmonitor-drift"
Times = dict[str, float]
"""Seconds of a group's evaluation, as a share of the time between two where it is live."""


def main() -> None:
    """Measure both runs and report them."""
    with tempfile.TemporaryDirectory() as folder:
        live = _live(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        slow = _slow(Path(folder))
    report("rules", f"Rules, Prometheus {VERSION}, % of the time between evaluations", [
        *_lines(live, slow),
    ])  # fmt: skip


def _lines(live: Times, slow: Times) -> Iterator[Result]:
    alerts = sum(share for name, share in live.items() if "alerts" in name)
    shares = {"steps, reference and 1h": sum(live.values()) - alerts, "alerts": alerts}
    for window in _REAL.windows[1:]:
        name = past.duration(window)
        shares[name] = FRACTION * slow[f"{_GROUP}-{name}"] / _REAL.interval(window)
    for name, share in shares.items():
        yield Result(f"{name}, one model", 100 * share, None, "%")
    total = 100 * sum(shares.values())
    yield Result("all, one model of 100 columns and 10 pods", total, 1, "%", "of one core")
    yield Result("all, 100 such models", MODELS * total, 10, "%", "of one core, extrapolated")


def _live(folder: Path) -> Times:
    """Share of its time that each group takes: all but those of longer windows."""
    output.write(rule_files(_FAST), folder)
    with fleet.serving(1, COLUMNS) as port:
        config = _config(folder, fleet.targets(port, PODS), _SCRAPE)
        with components.prometheus(VERSION, config) as server:
            time.sleep(_FILLING)
            times = _shortest(server.url, _STEP)
            intervals = {group["name"]: group["interval"] for group in _groups(server.url)}
    return {name: took / (_FASTER * intervals[name]) for name, took in times.items()}


def _slow(folder: Path) -> Times:
    """Seconds of each group of a longer window, over a past of that length."""
    (folder / "prometheus").mkdir()
    for path, text in drift_rules(_REAL).items():
        (folder / path).write_text(yaml.safe_dump(_without_steps(yaml.safe_load(text))))
    columns = COLUMNS // FRACTION
    samples, data = folder / "past.txt", folder / "data"
    with samples.open("w") as file:
        past.write(file, fleet.profile(columns, "model-0"), _REAL, time.time())
    _fill(samples, data)
    with fleet.serving(1, columns) as port:
        config = _config(folder, fleet.targets(port, 1), _REAL.scrape_interval)
        with components.prometheus(VERSION, config, data) as server:
            time.sleep(2 * _REAL.scrape_interval + 20)
            return _shortest(server.url, 20.0)


def _without_steps(document: dict[str, Any]) -> dict[str, Any]:
    """The rules of the windows alone, evaluated often; the past holds what they read."""
    for group in document["groups"]:
        group["interval"] = _OFTEN
        group["rules"] = [
            rule for rule in group["rules"] if not rule["record"].endswith(":increase")
        ]
    return document


def _fill(samples: Path, data: Path) -> None:
    """Make blocks of a day, about as many as Prometheus keeps of a week."""
    command = ["tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
    tool = str(components.promtool(VERSION))
    subprocess.run([tool, *command, str(samples), str(data)], check=True, capture_output=True)
    samples.unlink()


def _config(folder: Path, targets: list[dict[str, Any]], scrape: float) -> Path:
    interval = f"{scrape:g}s"
    config = folder / "prometheus.json"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": interval, "scrape_timeout": interval},
                "rule_files": [str(folder / "prometheus" / "*.yml")],
                "scrape_configs": [{"job_name": "models", "static_configs": targets}],
            }
        )
    )
    return config


def _shortest(url: str, interval: float) -> Times:
    """The shortest of the next evaluations of each group, in seconds."""
    found: dict[str, dict[str, float]] = {}
    end = time.monotonic() + (_EVALUATIONS + 0.5) * interval
    while time.monotonic() < end:
        for group in _groups(url):
            found.setdefault(group["name"], {})[group["lastEvaluation"]] = group["evaluationTime"]
            _check(group["rules"])
        time.sleep(1.0)
    return {name: min(times.values()) for name, times in found.items()}


def _groups(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=20) as answer:  # noqa: S310 - loopback
        return json.load(answer)["data"]["groups"]  # type: ignore[no-any-return]


def _check(rules: Iterable[dict[str, Any]]) -> None:
    for rule in rules:
        if rule["health"] == "err":
            message = f"{rule['name']}: {rule['lastError']}"
            raise RuntimeError(message)


if __name__ == "__main__":
    main()
