"""How long the rules would have taken to notice a change of a known size."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mlmonitor.backtest.alerts import fired
from mlmonitor.backtest.replay import Recorder
from mlmonitor.backtest.steps import ColumnSteps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mlmonitor.backtest.alerts import Episode
    from mlmonitor.backtest.replay import Replay
    from mlmonitor.backtest.rules import Rule
    from mlmonitor.backtest.simulate import Simulation
    from mlmonitor.backtest.support import Support
    from mlmonitor.reference import Column

SHIFTS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
_EARLIEST, _LATEST = 0.3, 0.5


@dataclass(frozen=True)
class Change:
    """Something that happens to one column.

    Attributes:
        name: what it is called in tables.
        size: shift in deviations, 0 for other changes.
        apply: what becomes of the column's distribution.
        binned: whether it happens to binned columns, or to categorical ones.
    """

    name: str
    size: float
    apply: Callable[[Support], Support]
    binned: bool = True


def changes(shifts: Sequence[float] = SHIFTS) -> list[Change]:
    """Shifts of the mean by so many deviations, and features that break."""
    moved = [Change(f"mean {size:+g} σ", size, _shift(size)) for size in shifts]
    return [
        *moved,
        Change("20 % missing", 0.0, lambda support: support.without(0.2)),
        Change("all missing", 0.0, lambda support: support.without(1.0)),
        Change("unit ×1000", 0.0, lambda support: support.scaled(1000.0)),
        Change("all unseen", 0.0, lambda support: support.unseen(), binned=False),
    ]


def _shift(size: float) -> Callable[[Support], Support]:
    return lambda support: support.shifted(size)


class Noticed(NamedTuple):
    """Seconds from a change to the first warning or page, and to the first page; None for never."""

    warned: float | None
    paged: float | None


@dataclass(frozen=True)
class Delay:
    """How a change of one column was noticed, over several trials.

    Attributes:
        change: its name.
        size: shift in deviations, 0 for other changes.
        trials: how many columns and moments were tried.
        warned, paged: share of the trials in which a warning or page, or a page, came before the end.
        warned_after, paged_after: median seconds in those, None where there was none.
    """

    change: str
    size: float
    trials: int
    warned: float
    warned_after: float | None
    paged: float
    paged_after: float | None

    @classmethod
    def of(cls, change: str, size: float, found: Sequence[Noticed]) -> Delay:
        """The summary of some trials."""
        warned = [one.warned for one in found if one.warned is not None]
        paged = [one.paged for one in found if one.paged is not None]
        trials = max(len(found), 1)
        return cls(
            change,
            size,
            len(found),
            len(warned) / trials,
            median(warned) if warned else None,
            len(paged) / trials,
            median(paged) if paged else None,
        )


def delays(
    base: Replay,
    simulation: Simulation,
    rules: Mapping[str, Rule],
    tried: Iterable[Change],
    *,
    trials: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Delay]:
    """Try changes of single input columns at random moments.

    Args:
        base: the replay of the simulation, without any change.
        simulation: where the columns come from.
        rules: the alerts that are followed.
        tried: the changes.
        trials: columns and moments for each.
        seed: chooses columns and moments.
        progress: told how many trials are done, and how many there are.
    """
    rng = np.random.default_rng(seed)
    listed, found = list(tried), []
    for number, change in enumerate(listed):
        noticed = []
        for trial in range(trials):
            column = _chosen(simulation.reference.columns, change, rng)
            since = int(rng.uniform(_EARLIEST, _LATEST) * simulation.steps)
            if column is not None:
                changed = change.apply(simulation.support(column))
                steps = spliced(
                    simulation.column(column), simulation.column(column, changed), since
                )
                noticed.append(notice(base, rules, [steps], since))
            if progress is not None:
                progress(number * trials + trial + 1, len(listed) * trials)
        if noticed:
            found.append(Delay.of(change.name, change.size, noticed))
    return found


def _chosen(columns: Sequence[Column], change: Change, rng: np.random.Generator) -> Column | None:
    """An input that can change so, at random."""
    fitting = [
        column
        for column in columns
        if column.side == "input"
        and (bool(column.deviation) if change.binned else column.is_categorical)
        and (column.is_binned or not change.binned)
    ]
    # A discrete column that is shifted holds values that it never held: more than a shift.
    smooth = [column for column in fitting if column.kind == "numeric"]
    chosen = smooth or fitting if change.binned else fitting
    return chosen[int(rng.integers(len(chosen)))] if chosen else None


def spliced(before: ColumnSteps, after: ColumnSteps, since: int) -> ColumnSteps:
    """The counts of one column up to a step, and of another from there on."""
    parts = {
        one.name: np.concatenate(
            [getattr(before, one.name)[:since], getattr(after, one.name)[since:]]
        )
        for one in fields(ColumnSteps)
        if one.name != "column"
    }
    return ColumnSteps(before.column, **parts)


def notice(
    base: Replay, rules: Mapping[str, Rule], changed: Iterable[ColumnSteps], since: int
) -> Noticed:
    """When columns that change after `since` steps are noticed, by an alert that names one of them."""
    recorder = Recorder(base.traffic, base.settings, rules)
    found = fired(recorder.changed(base, changed), rules)
    keys = {(one.side, one.name) for one in recorder.columns}
    named = [one for one in found if not keys.isdisjoint(one.columns)]
    moment = base.traffic.start + since * base.traffic.step
    return Noticed(
        _first(named, moment, {"warning", "critical"}), _first(named, moment, {"critical"})
    )


def _first(found: Iterable[Episode], moment: float, severities: set[str]) -> float | None:
    """Seconds from a moment to the first alert after it; episodes are in order."""
    later = (one.start for one in found if one.start > moment and one.severity in severities)
    start = next(later, None)
    return None if start is None else start - moment
