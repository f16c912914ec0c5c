"""Two days of traffic in which three things happen, and what the rules find in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from mlmonitor.backtest.alerts import Episode, fired
from mlmonitor.backtest.delays import spliced
from mlmonitor.backtest.replay import Replay, replay
from mlmonitor.backtest.rules import Rule, rules_of
from mlmonitor.backtest.simulate import simulate
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.settings import RuleSettings
from tests import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmonitor.backtest.simulate import Simulation
    from mlmonitor.backtest.steps import ColumnSteps, Traffic
    from mlmonitor.backtest.support import Support

STEP = 300
GIVEN = {
    "prometheus": {"windows": ["1h", "6h"]},
    "alerts": {"baselines": ["reference", "previous"], "previous": "12h"},
}
CONFIG = MonitoringConfig.model_validate(GIVEN)
SETTINGS = RuleSettings.of(CONFIG)
GONE, MOVED, SHIFTED = (100, 140), (250, 300), (400, 450)


@dataclass(frozen=True)
class Change:
    """What a column is like from one step up to another."""

    column: str
    span: tuple[int, int]
    apply: Callable[[Support], Support]


CHANGES = (
    Change("size", GONE, lambda support: support.without(1.0)),
    Change("rooms", MOVED, lambda support: support.shifted(1.0)),
    Change("prediction", SHIFTED, lambda support: support.shifted(1.0)),
)


@dataclass(frozen=True)
class Changed:
    """Simulated columns, some of which change for a while."""

    simulation: Simulation
    changes: tuple[Change, ...]

    def __iter__(self) -> Iterator[ColumnSteps]:
        for column in self.simulation.reference.columns:
            counted = usual = self.simulation.column(column)
            for change in self.changes:
                if change.column == column.name:
                    support = change.apply(self.simulation.support(column))
                    other = self.simulation.column(column, support)
                    since, until = change.span
                    counted = spliced(spliced(counted, other, since), usual, until)
            yield counted


@cache
def traffic(changes: tuple[Change, ...] = CHANGES) -> Traffic:
    """A row in 20 seconds for two days."""
    made = simulate(references.mixed(), 2 * 86400, 1 / 20, seed=1)
    return replace(made, columns=Changed(made.columns, changes))  # type: ignore[arg-type]


@cache
def rules() -> dict[str, Rule]:
    """All alerts."""
    return rules_of(CONFIG, "m")


@cache
def replayed(changes: tuple[Change, ...] = CHANGES) -> Replay:
    """What the rules find."""
    return replay(traffic(changes), SETTINGS, rules())


@cache
def found(changes: tuple[Change, ...] = CHANGES) -> list[Episode]:
    """What fires."""
    return fired(replayed(changes), rules())
