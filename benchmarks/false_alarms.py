"""False alarms in months without drift, and how soon drift is noticed, at six rates of traffic.

80 columns of many kinds, 20 bins, a reference of 1,460 rows that is drawn anew for each month, so that
its own sampling error counts; all tests, both baselines, windows of 1 h, 6 h, 1 d and 7 d.

Each month is kept in build/bench/false_alarms/, so that a run that was cut off goes on; delete the
folder after a change of the rules. BENCH_MONTHS sets the months at each rate (20), BENCH_SECONDS the
rates, BENCH_DELAYS in how many of the months delays are measured (5), BENCH_WORKERS the processes.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import mean, median
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.harness import RESULTS, Result, report
from benchmarks.worlds import STEPS, World
from mlmonitor.backtest.alerts import Episode, fired
from mlmonitor.backtest.delays import notice
from mlmonitor.backtest.replay import replay
from mlmonitor.backtest.rules import rules_of
from mlmonitor.config import MonitoringConfig
from mlmonitor.files import write_atomically
from mlmonitor.generate.settings import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlmonitor.backtest.replay import Replay
    from mlmonitor.reference import Column

SECONDS: Final = tuple(
    int(one) for one in os.environ.get("BENCH_SECONDS", "1,5,10,30,60,300").split(",")
)
MONTHS: Final = int(os.environ.get("BENCH_MONTHS", "20"))
WORKERS: Final = int(os.environ.get("BENCH_WORKERS", "2"))
_DELAY_MONTHS: Final = int(os.environ.get("BENCH_DELAYS", "5"))
_TENTH: Final = 8
_HOUR: Final = 3600.0
_MONTHS: Final = RESULTS / "false_alarms"
CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"windows": ["1h", "6h", "1d", "7d"]},
        "alerts": {"baselines": ["reference", "previous"]},
    }
)
Scenario = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Month:
    """What happened in one month without drift, and what a change in it would have led to."""

    seconds: int
    seed: int
    pages: int
    warnings: int
    causes: tuple[tuple[str, str, float, tuple[str, ...], tuple[str, ...]], ...]
    noticed: Scenario


def month(task: tuple[int, int]) -> Month:
    """Simulate one month at one row in so many seconds."""
    seconds, seed = task
    world = World(seed, 1 / seconds)
    rules = rules_of(CONFIG, "world")
    replayed = replay(world.traffic(), RuleSettings.of(CONFIG), rules)
    found = fired(replayed, rules)
    counts = Counter(one.severity for one in found)
    noticed = _noticed(world, replayed, rules) if seed < _DELAY_MONTHS else {}
    causes = tuple(_cause(one) for one in found if one.severity != "info")
    return Month(seconds, seed, counts["critical"], counts["warning"], causes, noticed)


def _cause(one: Episode) -> tuple[str, str, float, tuple[str, ...], tuple[str, ...]]:
    return (
        one.alert, one.severity, one.window, tuple(name for _, name in one.columns), one.tests,
    )  # fmt: skip


def _noticed(world: World, replayed: Replay, rules: Any) -> Scenario:
    rng = np.random.default_rng((world.seed, 7))
    since = int(rng.uniform(0.3, 0.5) * STEPS)
    found: Scenario = {}
    for name, columns in _scenarios(world, rng):
        changed = [world.counted(column, change, since) for column, change in columns]
        one = notice(replayed, rules, changed, since)
        found[name] = {"warned": one.warned, "paged": one.paged}
    return found


_Changed = list[tuple["Column", "Callable[[np.ndarray], np.ndarray]"]]


def _scenarios(world: World, rng: np.random.Generator) -> Iterator[tuple[str, _Changed]]:
    columns = {column.name: column for column in world.reference.columns}
    numeric = [one for one in columns.values() if one.kind == "numeric" and one.side == "input"]
    chosen = [numeric[i] for i in rng.permutation(len(numeric))[:_TENTH].tolist()]
    one, tenth = [(chosen[0], _moved(chosen[0], 0.5))], [(c, _moved(c, 1.0)) for c in chosen]
    prediction = columns["prediction"]
    yield "0.5 σ in 1 of 80 columns", one
    yield "1 σ in 8 of 80 columns", tenth
    yield "1 σ in 8 columns and the prediction", [*tenth, (prediction, _moved(prediction, 1.0))]
    yield "a feature missing", [(chosen[0], lambda values: values * np.nan)]
    yield "a unit changed (×1000)", [(chosen[0], lambda values: values * 1000)]
    far = next((c for c in chosen if abs(c.mean or 0.0) > (c.deviation or 0.0)), chosen[0])
    yield "a unit changed (÷10.764)", [(far, lambda values: values / 10.764)]


def _moved(column: Column, deviations: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: values + deviations * (column.deviation or 0.0)


def main() -> None:
    """Simulate all months that are not there yet, and report them."""
    _MONTHS.mkdir(parents=True, exist_ok=True)
    tasks = [(seconds, seed) for seed in range(MONTHS) for seconds in SECONDS]
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(_kept, [task for task in tasks if not _path(task).exists()]))
    months = [_read(_path(task)) for task in tasks]
    results = []
    for seconds in SECONDS:
        own = [one for one in months if one.seconds == seconds]
        rate = f"1 row in {seconds} s"
        worst = max(one.pages for one in own), max(one.warnings for one in own)
        pages, warned = mean(one.pages for one in own), mean(one.warnings for one in own)
        results.append(Result(f"{rate}: pages", pages, 1.0, "in 28 days", f"most {worst[0]}"))
        results.append(Result(f"{rate}: warnings", warned, 4.0, "in 28 days", f"most {worst[1]}"))
        results += _delays(rate, seconds, own)
    report("false_alarms", f"No drift in {MONTHS} months at each rate", results)
    _tell_causes(months)


def _path(task: tuple[int, int]) -> Path:
    return _MONTHS / f"{task[0]}s-{task[1]:02d}.json"


def _kept(task: tuple[int, int]) -> None:
    """Simulate a month, and keep it."""
    write_atomically(_path(task), json.dumps(asdict(month(task)), indent=1) + "\n")


def _read(path: Path) -> Month:
    data = json.loads(path.read_text())
    causes = tuple((a, s, w, tuple(columns), tuple(by)) for a, s, w, columns, by in data["causes"])
    return Month(**{**data, "causes": causes})


def _delays(rate: str, seconds: int, months: list[Month]) -> list[Result]:
    results = []
    for name in next((one.noticed for one in months if one.noticed), {}):
        trials = [one.noticed[name] for one in months if one.noticed]
        for event in ("warned", "paged"):
            known = [found for one in trials if (found := one[event]) is not None]
            target = _target(name, event, seconds)
            if known or target is not None:
                after = median(known) / _HOUR if known else float("inf")
                note = f"{len(known)} of {len(trials)} months"
                results.append(Result(f"{rate}: {name}, {event} after", after, target, "h", note))
    return results


def _target(name: str, event: str, seconds: int) -> float | None:
    """Hours allowed; a broken feature: 15 minutes or 30 rows."""
    if name.startswith("a "):
        return max(0.25, 30 * seconds / _HOUR) if event == "paged" else None
    if seconds > 1:
        return None
    return 1.0 if event == "warned" or "prediction" in name else None


def _tell_causes(months: list[Month]) -> None:
    causes: Counter[tuple[int, str, float, str, str]] = Counter()
    for one in months:
        for alert, _, window, columns, tests in one.causes:
            kind = columns[0].split("_")[0] if columns else ""
            causes[one.seconds, alert, window / _HOUR, kind, "+".join(tests)] += 1
    for (seconds, alert, hours, kind, by), count in causes.most_common(40):
        print(f"{count:4d} × 1/{seconds} s {alert} {hours:g} h: {kind} by {by}")


if __name__ == "__main__":
    main()
