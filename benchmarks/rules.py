"""What Prometheus takes to evaluate all rules of a fleet, those of alerts among them.

A real Prometheus evaluates the rules of the default settings over blocks of a past that was written
beforehand: a week of recorded steps, and the last minutes of what ten pods expose, in the library's own
text. Nothing is scraped meanwhile, so that rules alone are timed. A rule's time is the shortest of its
evaluations; a group costs the sum of its rules, once an interval.

Rules are written once for all models, so that a part of the cost does not grow with the fleet. Three
fleets tell the parts apart: a few columns, many columns, and the few in several models; the cost of 100
models of 100 columns is extrapolated from what a model and a column add.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks import fleet, past
from benchmarks.harness import Result, report
from mlmonitor.config import MonitoringConfig
from mlmonitor.durations import seconds
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.settings import RuleSettings
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = "3"
COLUMNS, PODS, MODELS = 100, 10, 100
_FEW, _SEVERAL = 20, 5
_CONFIG: Final = MonitoringConfig.model_validate({"models": [{"name": "model-0"}]})
_OFTEN: Final = "6s"
_EVALUATIONS: Final = 5
_BEGIN_WITHIN: Final = 20.0
"""Seconds that it takes at the most to make blocks of the last minutes."""
Shares = dict[str, float]
"""By group of rules, seconds of an evaluation as a share of the time between two."""


@dataclass(frozen=True)
class Size:
    """How large a fleet is."""

    models: int
    columns: int


def main() -> None:
    """Measure three fleets and report what one of any size costs."""
    few, many, several = (
        _measured(size) for size in (Size(1, _FEW), Size(1, COLUMNS), Size(_SEVERAL, _FEW))
    )
    report("rules", f"Rules, Prometheus {VERSION}, % of the time between evaluations", [
        *_lines(few, many, several),
    ])  # fmt: skip


def _lines(few: Shares, many: Shares, several: Shares) -> Iterator[Result]:
    for name in many:
        yield Result(f"{name}, one model", 100 * many[name], None, "%")
    total = 100 * sum(many.values())
    yield Result(
        f"all, one model of {COLUMNS} columns and {PODS} pods", total, 1, "%", "of one core"
    )
    column = 100 * (sum(many.values()) - sum(few.values())) / (COLUMNS - _FEW)
    model = 100 * (sum(several.values()) - sum(few.values())) / (_SEVERAL - 1) - _FEW * column
    yield Result("  a column more adds", column, None, "%")
    yield Result("  a model more adds, besides its columns", model, None, "%")
    fleet_total = total + (MODELS - 1) * (model + COLUMNS * column)
    yield Result(f"all, {MODELS} such models", fleet_total, 10, "%", "of one core, extrapolated")


def _measured(size: Size) -> Shares:
    """The share of its time that each group of rules takes in a fleet of some size."""
    settings = RuleSettings.of(_CONFIG)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        intervals = _rules(folder)
        _blocks(folder, size, settings)
        config = folder / "prometheus.json"
        config.write_text(json.dumps({"rule_files": [str(folder / "prometheus" / "*.yml")]}))
        with components.prometheus(VERSION, config, folder / "data") as server:
            times = _shortest(server.url)
    return {group: took / intervals[group] for group, took in times.items()}


def _rules(folder: Path) -> dict[str, float]:
    """Write all rules, to be evaluated often; the seconds that really lie between, by group."""
    intervals = {}
    for path in output.write(rule_files(_CONFIG), folder):
        if path.name.endswith(".rules.yml"):
            document = yaml.safe_load(path.read_text())
            for group in document["groups"]:
                intervals[group["name"]] = seconds(group["interval"])
                group["interval"] = _OFTEN
            path.write_text(yaml.safe_dump(document))
    return intervals


def _blocks(folder: Path, size: Size, settings: RuleSettings) -> None:
    """The past of a fleet: recorded steps of a week first, which takes long; then the raw counters."""
    samples, data = folder / "past.txt", folder / "data"
    with samples.open("w") as file:
        for number in range(size.models):
            reference = fleet.profile(size.columns, f"model-{number}")
            past.write_steps(file, reference, settings, time.time())
        file.write("# EOF\n")
    _fill(samples, data)
    text = fleet.exposition(size.models, size.columns)
    with samples.open("w") as file:
        end = time.time() + _BEGIN_WITHIN
        past.write_scrapes(file, text, PODS, settings, end)
        file.write("# EOF\n")
    _fill(samples, data)
    # Nothing can be recorded that is older than the newest block.
    time.sleep(max(end + 1 - time.time(), 0))


def _fill(samples: Path, data: Path) -> None:
    """Make blocks of a day, about as many as Prometheus keeps of a week."""
    command = ["tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
    tool = str(components.promtool(VERSION))
    subprocess.run([tool, *command, str(samples), str(data)], check=True, capture_output=True)
    samples.unlink()


def _shortest(url: str) -> dict[str, float]:
    """Seconds of each group: the sum of its rules' shortest evaluations."""
    best: dict[str, dict[int, float]] = {}
    seen: dict[str, set[str]] = {}
    while min((len(one) for one in seen.values()), default=0) < _EVALUATIONS:
        for group in _groups(url):
            if group["lastEvaluation"].startswith("0001"):
                seen.setdefault(group["name"], set())
                continue
            seen.setdefault(group["name"], set()).add(group["lastEvaluation"])
            if len(seen[group["name"]]) < 3:  # noqa: PLR2004 - then each has read what others record
                continue
            times = best.setdefault(group["name"], {})
            for position, rule in enumerate(group["rules"]):
                _check(rule)
                times[position] = min(times.get(position, 1e9), rule["evaluationTime"])
        time.sleep(1.0)
    return {name: sum(times.values()) for name, times in best.items()}


def _groups(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v1/rules", timeout=20) as answer:  # noqa: S310 - loopback
        return json.load(answer)["data"]["groups"]  # type: ignore[no-any-return]


def _check(rule: dict[str, Any]) -> None:
    if rule["health"] == "err":
        message = f"{rule['name']}: {rule['lastError']}"
        raise RuntimeError(message)


if __name__ == "__main__":
    main()
