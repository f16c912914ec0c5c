"""A whole backtest, from the traffic to the report."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from mlmonitor import promql
from mlmonitor.backtest.alerts import fired
from mlmonitor.backtest.confirm import confirm
from mlmonitor.backtest.delays import changes
from mlmonitor.backtest.delays import delays as measured
from mlmonitor.backtest.incident_tests import incident_tests
from mlmonitor.backtest.replay import replay
from mlmonitor.backtest.report import summarise
from mlmonitor.backtest.rules import rules_of
from mlmonitor.backtest.simulate import Simulation, simulate
from mlmonitor.backtest.suggest import suggest
from mlmonitor.backtest.traffic import traffic_of_files
from mlmonitor.errors import MlmonitorError, placed
from mlmonitor.generate.settings import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlmonitor.backtest.alerts import Episode
    from mlmonitor.backtest.delays import Delay
    from mlmonitor.backtest.promtool import Promtool
    from mlmonitor.backtest.replay import Replay
    from mlmonitor.backtest.report import Backtest
    from mlmonitor.backtest.rules import Rule
    from mlmonitor.backtest.steps import Traffic
    from mlmonitor.config import MonitoringConfig
    from mlmonitor.reference import Reference

    Progress = Callable[[str, int, int], None]

_RATE: Final = re.compile(r"([0-9]*\.?[0-9]+)/([0-9]*)(ms|s|m|h|d)")
_SEED_STEP: Final = 1_000


@dataclass(frozen=True)
class Files:
    """Past traffic: its files, which columns hold what, and whether nothing drifts in it."""

    paths: tuple[str, ...]
    time: str
    prediction: str | None = None
    target: str | None = None
    clean: bool = False

    def traffic(self, reference: Reference, step: float, progress: Progress) -> Iterator[Traffic]:
        """The traffic of all files."""
        yield traffic_of_files(
            self.paths,
            reference,
            self.time,
            step=step,
            prediction=self.prediction,
            target=self.target,
            progress=lambda done, total: progress("Reading", done, total),
        )


@dataclass(frozen=True)
class Simulated:
    """Traffic without drift: seconds, rows a second, how many times, and a seed."""

    seconds: float
    rate: float
    months: int = 1
    seed: int = 0

    @classmethod
    def of(cls, duration: str, rate: str, months: int = 1, seed: int = 0) -> Simulated:
        """As the command line has it: `28d`, `1/s`.

        Raises:
            MlmonitorError: no duration, or no rate.
        """
        found = _RATE.fullmatch(rate)
        if found is None or float(found[1]) <= 0 or found[2].strip("0") == "" != found[2]:
            message = (
                f"--rate: {rate!r} is no rate; write rows in a time, such as 1/s, 2/m or 1/30s."
            )
            raise MlmonitorError(message)
        with placed("--rate"):
            span = promql.seconds(f"{found[2] or 1}{found[3]}")
        with placed("--simulate"):
            length = promql.seconds(duration)
        return cls(length, float(found[1]) / span, months, seed)

    def traffic(self, reference: Reference, step: float, progress: Progress) -> Iterator[Traffic]:
        """Each month."""
        del progress
        for month in range(self.months):
            seed = self.seed + _SEED_STEP * month
            yield simulate(reference, self.seconds, self.rate, seed=seed, step=step)


class Outcome(NamedTuple):
    """The report; and, where they were asked for and there are incidents, tests for promtool."""

    report: Backtest
    tests: str | None


def backtest_of(
    config: MonitoringConfig,
    reference: Reference,
    source: Files | Simulated,
    *,
    delays: bool = True,
    tests: bool = False,
    promtool: Promtool | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Replay traffic through the rules of a configuration.

    Args:
        config: thresholds, windows and alerts.
        reference: the profile that traffic is compared with.
        source: where the traffic comes from.
        delays: whether to measure how soon changes are noticed, on traffic simulated at the same
            rates.
        tests: whether to write promtool tests of the incidents.
        promtool: what is to compute some windows again.
        progress: told what is done, how far it is, and how far it will go.

    Raises:
        MlmonitorError: no such files, columns or times, or SciPy is missing.
    """
    tell = progress or _silent
    settings, rules = RuleSettings.of(config), rules_of(config, reference.model)
    runs = []
    for traffic in source.traffic(reference, settings.step, tell):
        replayed = replay(
            traffic, settings, rules, lambda done, total: tell("Replaying", done, total)
        )
        runs.append((replayed, fired(replayed, rules)))
    report = summarise(runs, simulated=isinstance(source, Simulated))
    first = runs[0][0]
    if isinstance(source, Simulated) or source.clean:
        chosen = suggest([run for run, _ in runs], rules, first.thresholds)
        report = replace(report, suggestions=tuple(chosen))
    if delays:
        report = replace(report, delays=tuple(_delays(first, rules, tell)))
    if promtool is not None:
        confirmed = confirm(
            first, promtool, progress=lambda done, total: tell("Confirming", done, total)
        )
        report = replace(report, confirmed=confirmed)
    return Outcome(report, _tests(config, runs) if tests else None)


def _tests(config: MonitoringConfig, runs: Iterable[tuple[Replay, list[Episode]]]) -> str | None:
    """Tests of the first traffic in which there are incidents."""
    made = (incident_tests(config, replayed, found) for replayed, found in runs)
    return next((text for text in made if text is not None), None)


def _delays(replayed: Replay, rules: Mapping[str, Rule], tell: Progress) -> list[Delay]:
    """Delays on simulated traffic: this one, or one with as many rows in each step."""
    simulation = replayed.traffic.columns
    if not isinstance(simulation, Simulation):
        traffic = replayed.traffic
        simulation = Simulation(
            traffic.reference, traffic.steps, traffic.step, 0.0, 0, counts=replayed.rows
        )
        traffic = replace(traffic, columns=simulation)
        base = replay(
            traffic,
            replayed.settings,
            rules,
            lambda done, total: tell("Simulating", done, total),
        )
    else:
        base = replayed
    return measured(
        base,
        simulation,
        rules,
        changes(),
        progress=lambda done, total: tell("Changing columns", done, total),
    )


def _silent(_: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
