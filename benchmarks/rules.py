"""What Prometheus takes to evaluate all rules of a fleet, those of alerts among them.

A real Prometheus scrapes ten pods, in the library's own text, and evaluates the rules. So that nothing
must be waited for, a week of recorded steps is written into blocks beforehand, and the pods tell their
last minutes at the first scrape. A rule's time is the shortest of its evaluations; a group costs the sum
of its rules, once an interval.

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
from benchmarks.pods import Pods, served
from mlmonitor.config import MonitoringConfig
from mlmonitor.durations import seconds
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.settings import RuleSettings
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = "3"
_RULES: Final = ".rules.yml"
_STEPS: Final = "mlmonitor-drift"
COLUMNS, PODS, MODELS = 100, 10, 100
_FEW, _SEVERAL = 20, 5
_DEFAULT: Final = MonitoringConfig.model_validate({"models": [{"name": "model-0"}]})
_LARGE: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"evaluations": 4},
        "alerts": {"evaluation_interval": "2m"},
        "models": [{"name": "model-0"}],
    }
)
_OFTEN: Final = "20s"
_EVALUATIONS: Final = 6
_READ_BY_OTHERS: Final = 3
Times = dict[str, float]
"""By group of rules, seconds of an evaluation."""


@dataclass(frozen=True)
class Size:
    """How large a fleet is."""

    models: int
    columns: int


@dataclass(frozen=True)
class Fleet:
    """What the rules of fleets of three sizes take, evaluated as one configuration wants them."""

    few: Times
    many: Times
    several: Times
    intervals: Times

    def share(self, times: Times) -> float:
        """Percent of the time between evaluations."""
        return sum(self.percent(name, took) for name, took in times.items())

    def percent(self, group: str, took: float) -> float:
        """The same of one group; a window without a group of its own stands in that of the steps."""
        return 100 * took / self.intervals.get(group, self.intervals[_STEPS])

    @property
    def column(self) -> float:
        """What a column more adds."""
        return (self.share(self.many) - self.share(self.few)) / (COLUMNS - _FEW)

    @property
    def model(self) -> float:
        """What a model more adds, besides its columns."""
        added = (self.share(self.several) - self.share(self.few)) / (_SEVERAL - 1)
        return added - _FEW * self.column

    def of(self, size: Size) -> float:
        """What a fleet of some size costs."""
        more = (size.models - 1) * self.model
        return self.share(self.many) + more + (size.models * size.columns - COLUMNS) * self.column


def main() -> None:
    """Measure three fleets and report what one of any size costs."""
    few, many, several = (
        _measured(size) for size in (Size(1, _FEW), Size(1, COLUMNS), Size(_SEVERAL, _FEW))
    )
    usual, large = (Fleet(few, many, several, _intervals(config)) for config in (_DEFAULT, _LARGE))
    report("rules", f"Rules, Prometheus {VERSION}, % of the time between evaluations", [
        *_lines(usual, large),
    ])  # fmt: skip


def _lines(usual: Fleet, large: Fleet) -> Iterator[Result]:
    for name, took in usual.many.items():
        note = f"{1000 * took:.0f} ms an evaluation"
        yield Result(f"{name}, one model", usual.percent(name, took), None, "%", note)
    one = f"all, one model of {COLUMNS} columns and {PODS} pods"
    yield Result(one, usual.share(usual.many), 1, "%", "of one core")
    yield Result("  a column more adds", usual.column, None, "%")
    yield Result("  a model more adds, besides its columns", usual.model, None, "%")
    size = Size(MODELS, COLUMNS)
    note = "of one core, extrapolated"
    yield Result(f"all, {MODELS} such models", usual.of(size), None, "%", note)
    yield Result("  with the settings for large fleets", large.of(size), 10, "%", note)


def _measured(size: Size) -> Times:
    """Seconds that each group of rules takes in a fleet of some size."""
    settings = RuleSettings.of(_LARGE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_rules(folder)
        _blocks(folder, size, settings)
        reach = settings.step + settings.scrape_interval
        text = fleet.exposition(size.models, size.columns)
        pods = Pods(text, PODS, settings.scrape_interval, reach)
        config = folder / "prometheus.json"
        with served(pods) as port:
            config.write_text(
                json.dumps(
                    {
                        "rule_files": [str(folder / "prometheus" / "*.yml")],
                        "scrape_configs": [pods.scrape_config(port)],
                    }
                )
            )
            with components.prometheus(VERSION, config, folder / "data") as server:
                while not pods.are_scraped:
                    time.sleep(1.0)
                return _shortest(server.url)


def _intervals(config: MonitoringConfig) -> Times:
    """Seconds between two evaluations of each group."""
    documents = [
        yaml.safe_load(text) for path, text in rule_files(config).items() if _RULES in path
    ]
    return {
        group["name"]: seconds(group["interval"])
        for document in documents
        for group in document["groups"]
    }


def _write_rules(folder: Path) -> None:
    """All rules, to be evaluated often."""
    for path in output.write(rule_files(_LARGE), folder):
        if _RULES in path.name:
            document = yaml.safe_load(path.read_text())
            for group in document["groups"]:
                group["interval"] = _OFTEN
            path.write_text(yaml.safe_dump(document))


def _blocks(folder: Path, size: Size, settings: RuleSettings) -> None:
    """The recorded steps of a week, in blocks of a day, about as many as Prometheus keeps of it."""
    samples = folder / "past.txt"
    with samples.open("w") as file:
        for number in range(size.models):
            reference = fleet.profile(size.columns, f"model-{number}")
            past.write_steps(file, reference, settings, time.time())
        file.write("# EOF\n")
    command = ["tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
    tool = str(components.promtool(VERSION))
    subprocess.run(
        [tool, *command, str(samples), str(folder / "data")], check=True, capture_output=True
    )
    samples.unlink()


def _shortest(url: str) -> Times:
    """Seconds of each group: the sum of its rules' shortest evaluations."""
    seen: dict[str, set[str]] = {group["name"]: set() for group in _groups(url)}
    best: dict[str, dict[int, float]] = {name: {} for name in seen}
    while min(map(len, seen.values())) < _EVALUATIONS:
        for group in _groups(url):
            name = group["name"]
            seen[name].add(group["lastEvaluation"])
            if len(seen[name]) > _READ_BY_OTHERS:
                for position, rule in enumerate(group["rules"]):
                    _check(rule)
                    took = rule["evaluationTime"]
                    best[name][position] = min(best[name].get(position, took), took)
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
