"""How many mistakes in the rules their tests catch.

`python -m benchmarks.mutations` makes single mistakes in the sources of all rules but those on what
monitoring.yaml itself names, such as dependencies: a threshold doubled or halved, a comparison turned,
a range or window changed, a label dropped from `by` or `on`, a join swapped, an arm of `or` removed.
Each mutant is generated and run through the tests of what is recorded (`tests/test_steps_in_rules.py`,
`tests/test_statistics_in_rules.py` and `tests/test_false_discoveries_in_rules.py` hold it against NumPy
and SciPy), through those that models are told apart (`tests/generate/test_apart.py`), and shadows from what is
live (`tests/generate/test_shadows.py`), and that alerts look back as far as they say
(`tests/generate/test_alert_ranges.py`), and through the generated promtool tests of the alerts that read
what the mutated rule makes; a rule that no test tells from the true one survives. For speed the alerts are tested with one window, those on earlier traffic with two, and with
the rules that each alert needs and no others. Ranges of last_over_time only say how old a value may be
and are not mutated: `tests/generate/test_slow_group.py` holds them.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
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
from tests import test_false_discoveries_in_rules as ranks
from tests import test_statistics_in_rules as statistics
from tests import test_steps_in_rules as steps
from tests.generate import test_alert_ranges as ranges
from tests.generate import test_apart as apart
from tests.generate import test_restarts as restarts
from tests.generate import test_shadows as shadows
from tests.needed_rules import dumped, groups, needed, pruned
from tests.promtool_values import complaints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
_RECORDED_VALUES, _BESIDE_OTHERS = "recorded values", "beside other models"
_HAND_MADE: Final = {"ranges": ranges, "shadows": shadows}
Files = dict[str, str]
Way = tuple[str, str]


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
        for test, way in _ways(mutant.rule, files):
            if _fails(test, way, sources):
                _check_that_the_true_rules_pass(test, way)
                return test
    return ""


@cache
def _check_that_the_true_rules_pass(test: str, way: str) -> None:
    """A test that fails without any mistake would catch whatever it is given."""
    if _fails(test, way, bundled.folder("alerts")):
        message = f"{test} ({way}) fails without a mistake in the rules"
        raise RuntimeError(message)


def _ways(rule: Rule, files: Files) -> Iterator[Way]:
    """The tests that are given a mutant, the quickest first: what is tested, and in which way."""
    checks = [(test, _RECORDED_VALUES) for test in _checks(rule)]
    alerts = _alerts_that_read(rule, files)
    is_alert = rule.file.startswith("alerting/")
    yield from itertools.chain(alerts, checks) if is_alert else itertools.chain(checks, alerts)
    for way, asked in (
        (_BESIDE_OTHERS, apart.ABOUT),
        *((way, one.CASES) for way, one in _HAND_MADE.items()),
    ):
        for alert in asked:
            if rule.name in needed(files.values(), alert):
                yield alert, way


def _fails(test: str, way: str, sources: Path) -> bool:
    """Whether a test fails with the rules of some sources."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            if way == _RECORDED_VALUES:
                _TESTS[test](sources, folder)
            elif way in _HAND_MADE:
                module = _HAND_MADE[way]
                module.check(_promtool(), test, _generated(module.CONFIG, sources), folder)
            elif way == _BESIDE_OTHERS:
                files = _generated(apart.CONFIG, sources)
                apart.check_alert(_promtool(), test, files, folder)
            else:
                return not _passes(test, way, _rules(way, sources), folder)
        except (AssertionError, LookupError, ValueError, ArithmeticError, GenerationError):
            return True
    return False


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
    return _generated(_CONFIGS[config], sources)


def _generated(given: MonitoringConfig, sources: Path) -> Files:
    return {
        **settings_rules(given),
        **recording_rules(RuleSettings.of(given), sources),
        **alert_rules(given, sources),
    }


def _statistics_equal_scipy(sources: Path, folder: Path) -> None:
    rules = recording_rules(statistics.SETTINGS, sources)
    found = statistics.evaluated(_promtool(), rules, folder)
    for name, test in vars(statistics).items():
        if name.startswith("test_"):
            test(found)


def _steps_are_counted(sources: Path, folder: Path) -> None:
    steps.check_steps(_promtool(), _generated(steps.CONFIG, sources), folder)


def _short_windows_equal_numpy(sources: Path, folder: Path) -> None:
    steps.check(_promtool(), _generated(steps.CONFIG, sources), folder)


def _limits_are_those_of_ranks(sources: Path, folder: Path) -> None:
    ranks.check(_promtool(), recording_rules(ranks.SETTINGS, sources), folder)


def _models_are_apart(sources: Path, folder: Path) -> None:
    apart.check(_promtool(), _generated(apart.CONFIG, sources), folder)


def _restarts_are_counted(sources: Path, folder: Path) -> None:
    restarts.check(_promtool(), _generated(restarts.CONFIG, sources), folder)


def _promtool() -> Path:
    return components.promtool(VERSION)


_TESTS: Final[dict[str, Callable[[Path, Path], None]]] = {
    "steps": _steps_are_counted,
    "ranks": _limits_are_those_of_ranks,
    "NumPy": _short_windows_equal_numpy,
    "SciPy": _statistics_equal_scipy,
    "models apart": _models_are_apart,
    "restarts": _restarts_are_counted,
}


def _checks(rule: Rule) -> Iterator[str]:
    """The tests that hold what a rule records against the truth, the quickest first."""
    if rule.name.endswith(":increase"):
        yield "steps"
    elif rule.name in ranks.RULES:
        yield "ranks"
    elif rule.name == restarts.ALERT:
        yield "restarts"
    elif rule.file == "recording/data.yaml":
        yield "NumPy"
    if rule.file == "recording/drift.yaml" and not rule.name.endswith(":increase"):
        yield "SciPy"
    if rule.file.endswith(("/drift.yaml", "/data.yaml", "/distribution.yaml")):
        yield "models apart"


def _alerts_that_read(rule: Rule, files: Files) -> Iterator[tuple[str, str]]:
    """The alerts that need a rule or are it, the simplest first, then the worlds of quiet traffic.

    Those on earlier traffic take minutes, and are asked about the rules for it alone.
    """
    needs = {
        alert: needed(files.values(), alert) for alert in _tests(_TWO) if alert != _NOTHING_FIRES
    }
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


def _passes(alert: str, config: str, files: Files, folder: Path) -> bool:
    """Whether the tests of an alert pass, with the rules that it needs and no others."""
    place = folder / alert.replace(" ", "-")
    place.mkdir()
    wanted = None if alert == _NOTHING_FIRES else needed(files.values(), alert)
    texts = {}
    for path, whole in files.items():
        text = whole if wanted is None else pruned(whole, wanted)
        if text:
            texts[Path(path).name] = text
            (place / Path(path).name).write_text(text)
    test = place / "tests.yml"
    test.write_text(_head(texts) + _tests_text(alert, config))
    return not complaints(_promtool(), test)


def _head(texts: dict[str, str]) -> str:
    step = promql.duration(_CONFIGS[_ONE].prometheus.step)
    order = [group["name"] for text in texts.values() for group in groups(text)]
    return dumped(
        {
            "rule_files": sorted(texts),
            "evaluation_interval": step,
            "group_eval_order": order,
        }
    )


@cache
def _tests_text(alert: str, config: str) -> str:
    return dumped({"tests": _tests(config)[alert]})


if __name__ == "__main__":
    main()
