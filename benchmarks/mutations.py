"""How many mistakes in the rules their tests catch.

`python -m benchmarks.mutations` makes single mistakes in the sources of all rules but those on what
monitoring.yaml itself names, such as dependencies: a threshold doubled or halved, a comparison turned,
a range or window changed, a label dropped from `by` or `on`, a join swapped, an arm of `or` removed.
Each mutant is generated and run through the comparison of every statistic with SciPy (`tests/test_statistics_in_rules.py`), and through
the generated promtool tests of the alerts that read what the mutated rule makes; a rule that no test
tells from the true one survives. For speed the alerts are tested with one window, those on earlier
traffic with two, and with the rules that each alert needs and no others. Ranges of last_over_time
only say how old a value may be and are not mutated: `tests/generate/test_slow_group.py` holds them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from benchmarks import mutants
from benchmarks.harness import Result, report
from mlmonitor import bundled, promql
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import GenerationError
from mlmonitor.generate.alerting import active_sources, alert_rules
from mlmonitor.generate.promtool.document import rule_tests
from mlmonitor.generate.recorded import settings_rules
from mlmonitor.generate.recording import recording_rules
from mlmonitor.generate.settings import RuleSettings
from tests import components
from tests import test_statistics_in_rules as statistics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.mutants import Mutant, Rule

VERSION: Final = "3"
PROCESSES: Final = 2
TARGET: Final = 90.0
_CONCERNS: Final = ("data", "distribution", "model", "monitor", "operation")
_RECORDED: Final = ("data", "drift", "operation")
_FILES: Final = (
    *(f"recording/{name}.yaml" for name in _RECORDED),
    *(f"alerting/{name}.yaml" for name in _CONCERNS),
)
_ONE, _TWO = "one window", "two windows"
_CONFIGS: Final = {
    _ONE: MonitoringConfig.model_validate({"prometheus": {"windows": ["1h"]}}),
    _TWO: MonitoringConfig.model_validate(
        {
            "prometheus": {"windows": ["1h", "6h"]},
            "alerts": {"baselines": ["reference", "previous"]},
        }
    ),
}
_NOTHING_FIRES: Final = "nothing fires"
_SECONDS: Final = 600
Files = dict[str, str]


def main() -> None:
    """Make the sample, run it, print the survivors and the share that is caught."""
    asked = _asked()
    expressions = mutants.rules(bundled.folder("alerts"), _FILES)
    drawn = mutants.sample(expressions, asked.sample, asked.seed)
    caught: Counter[str] = Counter()
    made: Counter[str] = Counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for index, (mutant, by) in enumerate(zip(drawn, pool.map(_catch, drawn), strict=True), 1):
            made[mutant.kind] += by != "invalid"
            caught[mutant.kind] += by not in {"", "invalid"}
            place = f"{mutant.rule.file}, {mutant.rule.name}, {mutant.kind}"
            print(f"{index}: {by or 'SURVIVES'}: {place}, {mutant.told}", flush=True)
    share = 100 * caught.total() / max(made.total(), 1)
    report("mutations", "Mistakes in rules that are caught", [
        *(Result(kind, 100 * caught[kind] / made[kind], None, "%", f"of {made[kind]}")
          for kind in mutants.KINDS if made[kind]),
        Result("caught", share, None, "%", f"of {made.total()}; {TARGET:g} % are wanted"),
    ])  # fmt: skip
    sys.exit(share < TARGET)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.mutations")
    parser.add_argument("--sample", type=int, default=120, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    return parser.parse_args()


def _catch(mutant: Mutant) -> str:
    """What caught a mutant, or nothing; `invalid` where no rules can be generated from it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = _mutated(mutant, folder / "alerts")
        try:
            files = _rules(_TWO, sources)
        except GenerationError:
            return "invalid"
        if mutant.rule.file == "recording/drift.yaml" and _differs_from_scipy(sources, folder):
            return "SciPy"
        for alert, config in _alerts_that_read(mutant.rule, files):
            if not _passes(alert, config, _rules(config, sources), folder):
                return alert
    return ""


def _mutated(mutant: Mutant, folder: Path) -> Path:
    """The sources of the rules with the mistake in them."""
    for part in ("recording", "alerting", "tests"):
        (folder / part).mkdir(parents=True)
        for name in {*_CONCERNS, *_RECORDED}:
            source = bundled.folder("alerts") / part / f"{name}.yaml"
            if source.exists():
                shutil.copy(source, folder / part)
    path = folder / mutant.rule.file
    document: Any = yaml.safe_load(path.read_text())
    *keys, last = mutant.rule.keys
    place = document
    for key in keys:
        place = place[key]
    place[last] = mutant.expr
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def _rules(config: str, sources: Path) -> Files:
    given = _CONFIGS[config]
    return {
        **settings_rules(given),
        **recording_rules(RuleSettings.of(given), sources),
        **alert_rules(given, sources),
    }


def _differs_from_scipy(sources: Path, folder: Path) -> bool:
    """Whether the comparison of the statistics with SciPy fails."""
    tests = [test for name, test in vars(statistics).items() if name.startswith("test_")]
    try:
        rules = recording_rules(statistics.SETTINGS, sources)
        found = statistics.evaluated(components.promtool(VERSION), rules, folder / "statistics")
        for test in tests:
            test(found)
    except (AssertionError, LookupError, ValueError, ArithmeticError, GenerationError):
        return True
    return False


def _alerts_that_read(rule: Rule, files: Files) -> Iterator[tuple[str, str]]:
    """The alerts that need a rule or are it, the simplest first, then the worlds of quiet traffic.

    Those on earlier traffic take minutes, and are asked about the rules for it alone.
    """
    needs = {alert: _needed(files, alert) for alert in _tests(_TWO) if alert != _NOTHING_FIRES}
    for alert in sorted(needs, key=lambda one: len(needs[one])):
        config = _ONE if alert in _tests(_ONE) else _TWO
        if rule.name in needs[alert] and (config == _ONE or rule.needs):
            yield alert, config
    yield _NOTHING_FIRES, _ONE


@cache
def _tests(config: str) -> dict[str, list[dict[str, Any]]]:
    """The generated tests of each alert, and those in which nothing fires."""
    given, sources = _CONFIGS[config], bundled.folder("alerts")
    names = {alert.alert for one in active_sources(given) for alert in one.alerts}
    found: dict[str, list[dict[str, Any]]] = {}
    for text in rule_tests(given, _rules(config, sources)).values():
        for test in yaml.load(text, Loader=yaml.CSafeLoader)["tests"]:
            first = test["name"].split()[0]
            found.setdefault(first if first in names else _NOTHING_FIRES, []).append(test)
    return found


def _needed(files: Files, alert: str) -> set[str]:
    """The series that an alert reads, itself and those behind them."""
    reads: dict[str, set[str]] = {}
    for rule in _all_rules(files):
        made = rule.get("record") or rule["alert"]
        reads.setdefault(made, set()).update(promql.vocabulary(rule["expr"])[0])
        for selector in promql.selectors(rule["expr"]):
            if selector.name == "ALERTS":
                reads[made] |= {
                    one["alert"]
                    for one in _all_rules(files)
                    if "alert" in one and selector.may_be(one["labels"])
                }
    found, open_ = {alert}, [alert]
    while open_:
        fresh = {name for name in reads.get(open_.pop(), ()) if name in reads} - found
        found |= fresh
        open_ += fresh
    return found


def _all_rules(files: Files) -> list[dict[str, Any]]:
    return [rule for text in files.values() for group in _groups(text) for rule in group["rules"]]


@cache
def _groups(text: str) -> list[dict[str, Any]]:
    return yaml.load(text, Loader=yaml.CSafeLoader)["groups"]  # type: ignore[no-any-return]


def _passes(alert: str, config: str, files: Files, folder: Path) -> bool:
    """Whether the tests of an alert pass, with the rules that it needs and no others."""
    needed = None if alert == _NOTHING_FIRES else _needed(files, alert)
    place = folder / alert.replace(" ", "-")
    place.mkdir()
    listed = []
    for path, text in files.items():
        kept = []
        for group in _groups(text):
            rules = [
                rule
                for rule in group["rules"]
                if needed is None or (rule.get("record") or rule["alert"]) in needed
            ]
            kept += [{**group, "rules": rules}] if rules else []
        if kept:
            listed.append(Path(path).name)
            (place / listed[-1]).write_text(_dump({"groups": kept}))
    test = place / "tests.yml"
    test.write_text(_head(listed) + _tests_text(alert, config))
    command = [str(components.promtool(VERSION)), "test", "rules", str(test)]
    environment = {**os.environ, "GOMAXPROCS": "1"}
    done = subprocess.run(
        command, capture_output=True, check=False, env=environment, timeout=_SECONDS
    )
    return done.returncode == 0


def _head(rule_files: list[str]) -> str:
    step = promql.duration(_CONFIGS[_ONE].prometheus.step)
    return _dump({"rule_files": sorted(rule_files), "evaluation_interval": step})


@cache
def _tests_text(alert: str, config: str) -> str:
    return _dump({"tests": _tests(config)[alert]})


def _dump(content: Any) -> str:
    return yaml.dump(content, Dumper=yaml.CSafeDumper, width=1_000_000, sort_keys=False)


if __name__ == "__main__":
    main()
