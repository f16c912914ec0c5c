"""The verdicts that the rules would have reached on some traffic, window by window."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import promql
from mlmonitor.backtest.recent import Recent, conditions
from mlmonitor.backtest.schedule import Schedule
from mlmonitor.drift import evidence
from mlmonitor.drift.evidence import Sample, reference_distance
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mlmonitor.backtest.rules import Rule
    from mlmonitor.backtest.steps import ColumnSteps, Traffic
    from mlmonitor.generate.settings import RuleSettings
    from mlmonitor.reference import Column
    from mlmonitor.thresholds import Thresholds

_PROOF: Final = 1e-7
_PROVING_WINDOWS: Final = 2
_LARGEST: Final = 1e30

Key = tuple[str, str]
"""Side and name of a column."""


@dataclass(frozen=True)
class Verdicts:
    """What was found over one window, against one baseline.

    Attributes:
        schedule: its T evaluations.
        baseline: `reference` or `previous`.
        columns: the C columns.
        effects: float32 of shape (T, C, K), effect of each of K tests over its threshold; 0 where a
            column has no such test.
        p_values: float32 of shape (T, C, K), times the number of the column's tests; NaN where there
            is no such test, or too few rows.
        limits: shape (T, C), the p-value that counts as evidence.
    """

    schedule: Schedule
    baseline: str
    columns: tuple[Column, ...]
    effects: np.ndarray
    p_values: np.ndarray
    limits: np.ndarray

    @property
    def tests(self) -> tuple[str, ...]:
        """The K tests."""
        return evidence.TESTS

    def reasons(self, factors: np.ndarray | None = None) -> np.ndarray:
        """The tests that found a column drifted, bool of shape (T, C, K).

        `factors`, of shape (K,), multiplies the thresholds of effects.
        """
        large = self.effects > (1.0 if factors is None else factors)
        return np.asarray(large & (self.p_values <= self.limits[:, :, None]))

    def evident(self, place: int) -> np.ndarray:
        """The columns with evidence of drift, however small its effect, at one evaluation; shape (C,)."""
        return np.asarray((self.p_values[place] <= self.limits[place][:, None]).any(axis=1))


@dataclass(frozen=True)
class Replay:
    """All that the rules would have found.

    Attributes:
        traffic: what was replayed.
        settings: what the rules depend on.
        verdicts: by baseline and window.
        broken: where the condition of an alert on single columns holds: alert -> column -> bool of
            shape (steps + 1,), after so many steps.
        rows: rows of each step, shape (steps,): the most that any column has.
    """

    traffic: Traffic
    settings: RuleSettings
    verdicts: tuple[Verdicts, ...]
    broken: dict[str, dict[Key, np.ndarray]]
    rows: np.ndarray

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds of the model."""
        settings = self.settings
        return settings.by_model.get(self.traffic.reference.model, settings.thresholds)


def replay(
    traffic: Traffic,
    settings: RuleSettings,
    rules: Mapping[str, Rule],
    progress: Callable[[int, int], None] | None = None,
) -> Replay:
    """Evaluate all windows over all traffic, one column after the other.

    Args:
        traffic: what was counted.
        settings: what the rules depend on.
        rules: the alerts that are followed.
        progress: told how many columns are done, and how many there are.

    Raises:
        MlmonitorError: SciPy is missing, or there is nothing to evaluate.
    """
    recorder = Recorder(traffic, settings, rules)
    for done, column in enumerate(traffic.columns, 1):
        recorder.add(column)
        if progress is not None:
            progress(done, len(traffic.reference.columns))
    return recorder.finish()


class Recorder:
    """Takes in columns one by one."""

    def __init__(self, traffic: Traffic, settings: RuleSettings, rules: Mapping[str, Rule]) -> None:
        if traffic.step != settings.step:
            message = "traffic must be counted in the steps of monitoring.yaml"
            raise ValueError(message)
        start, steps = traffic.start, traffic.steps
        self.traffic, self.settings, self.rules = traffic, settings, rules
        self.schedules = [Schedule.of(settings, w, start, steps) for w in settings.windows]
        self.short = [Schedule.short(settings, w, start, steps) for w in settings.short_windows]
        self.thresholds = settings.by_model.get(traffic.reference.model, settings.thresholds)
        self.columns: list[Column] = []
        self.findings: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]] = defaultdict(
            list
        )
        self.broken: dict[str, dict[Key, np.ndarray]] = defaultdict(dict)
        self.rows = np.zeros(steps)
        # Alerts look at full windows: without one, no alarm would say nothing of the rules.
        if not any(one.filled.any() for one in self.schedules):
            message = (
                f"The traffic lasts {promql.duration(steps * traffic.step)}, in which no window is "
                f"full; give more than {promql.duration(min(settings.windows))} of it, or shorter "
                "prometheus.windows."
            )
            raise MlmonitorError(message)

    def add(self, counted: ColumnSteps) -> None:
        """Evaluate one column."""
        self.columns.append(counted.column)
        self.rows = np.maximum(self.rows, counted.rows)
        proof = np.zeros(self.traffic.steps + 1, bool)
        reference = Sample.of_reference(counted.column, reference_distance(counted.column))
        for index, schedule in enumerate(self.schedules):
            sums = counted.sums(schedule.first, schedule.last)
            with np.errstate(divide="ignore", invalid="ignore"):
                current = Sample.of_windows(sums, self._rho(counted.column, schedule.window))
            found = _examined(counted.column, current, reference, self.thresholds)
            self.findings["reference", index].append(found.packed)
            sure = found.sure
            past = self._previous(counted, schedule)
            if past is not None:
                found = _examined(counted.column, current, past, self.thresholds)
                self.findings["previous", index].append(found.packed)
            if schedule.window in self._proving:
                proof |= schedule.spread(sure, self.traffic.steps)
        self._add_broken(counted, proof)

    @property
    def _proving(self) -> list[float]:
        """The windows that alerts on broken columns look at."""
        return sorted(self.settings.windows)[:_PROVING_WINDOWS]

    def _add_broken(self, counted: ColumnSteps, proof: np.ndarray) -> None:
        key = counted.column.side, counted.column.name
        rho = max(self._rho(counted.column, window) for window in self._proving)
        one, two, three = (
            Recent(counted.sums(short.first, short.last), proof[short.at], rho)
            for short in self.short
        )
        for alert, holds in conditions((one, two, three), self.rules).items():
            self.broken[alert][key] = self.short[0].spread(holds, self.traffic.steps)

    def _previous(self, counted: ColumnSteps, schedule: Schedule) -> Sample | None:
        """The span before each window, where the rules compare the window with it.

        It holds as many windows as fit, which are independent of each other.
        """
        settings, window = self.settings, schedule.window
        if "previous" not in settings.baselines or not settings.is_slow(window):
            return None
        last = np.maximum(schedule.last - round(window / settings.step), 0)
        first = np.maximum(last - round(settings.previous / settings.step), 0)
        rho = self._rho(counted.column, window)
        windows = np.maximum((last - first) * settings.step / window, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = Sample.of_windows(counted.sums(first, last), rho)
        return replace(
            found,
            effective_rows=_spread_over(found.rows, windows, rho),
            effective=_spread_over(found.values, windows, rho),
        )

    def _rho(self, column: Column, window: float) -> float:
        """How much the rows of a window are correlated: as measured, or as stated."""
        return evidence.correlation(column, window, self.thresholds)

    def finish(self) -> Replay:
        """The verdicts over all columns."""
        verdicts = []
        for (baseline, index), found in self.findings.items():
            effects = np.stack([effect for effect, _ in found], axis=1)
            p_values = np.stack([p_value for _, p_value in found], axis=1)
            schedule, columns = self.schedules[index], tuple(self.columns)
            limits = self._limits(schedule.window, columns, p_values)
            verdicts.append(Verdicts(schedule, baseline, columns, effects, p_values, limits))
        return Replay(self.traffic, self.settings, tuple(verdicts), dict(self.broken), self.rows)

    def changed(self, base: Replay, columns: Iterable[ColumnSteps]) -> Replay:
        """A replay in which some columns are others; the rest is as in `base`."""
        for column in columns:
            self.add(column)
        place = {(one.side, one.name): i for i, one in enumerate(base.verdicts[0].columns)}
        indexes = [place[one.side, one.name] for one in self.columns]
        verdicts = []
        for one in base.verdicts:
            found = self.findings[one.baseline, self._index(one.schedule.window)]
            effects, p_values = one.effects.copy(), one.p_values.copy()
            for index, (effect, p_value) in zip(indexes, found, strict=True):
                effects[:, index], p_values[:, index] = effect, p_value
            limits = self._limits(one.schedule.window, one.columns, p_values)
            verdicts.append(replace(one, effects=effects, p_values=p_values, limits=limits))
        keys = {(one.side, one.name) for one in self.columns}
        kept = {
            alert: {key: holds for key, holds in found.items() if key not in keys}
            for alert, found in base.broken.items()
        }
        broken = {
            alert: {**kept.get(alert, {}), **self.broken.get(alert, {})}
            for alert in {*kept, *self.broken}
        }
        return replace(base, verdicts=tuple(verdicts), broken=broken)

    def _index(self, window: float) -> int:
        return next(i for i, one in enumerate(self.schedules) if one.window == window)

    def _limits(self, window: float, columns: Sequence[Column], p_values: np.ndarray) -> np.ndarray:
        """The limit of each family: inputs, and the rest."""
        least = np.minimum(_least(p_values), 1.0)
        is_input = np.array([column.side == "input" for column in columns])
        limits = np.zeros(least.shape)
        for group, budget in (
            (is_input, self.settings.warnings),
            (~is_input, self.settings.pages),
        ):
            if group.any():
                alpha = self.thresholds.alpha or self.settings.alpha(window, budget)
                limits[:, group] = evidence.limits(least[:, group], alpha)[:, None]
        return limits


def _spread_over(rows: np.ndarray, windows: np.ndarray, rho: float) -> np.ndarray:
    """Rows that count as evidence, where they come from several windows."""
    return np.asarray(rows / (1 + np.maximum(rows / windows - 1, 0) * rho))


def _least(p_values: np.ndarray) -> np.ndarray:
    """The smallest of each column's p-values, NaN where nothing was tested."""
    found = np.where(np.isnan(p_values), np.inf, p_values).min(axis=2)
    return np.where(np.isinf(found), np.nan, found)


@dataclass(frozen=True)
class _Examined:
    """Effects and p-values of a column, and where its distribution differs beyond doubt."""

    packed: tuple[np.ndarray, np.ndarray]
    sure: np.ndarray


def _examined(
    column: Column, current: Sample, baseline: Sample, thresholds: Thresholds
) -> _Examined:
    """One column over one window at all its evaluations."""
    shape = (len(current.rows), len(evidence.TESTS))
    effects, p_values = np.zeros(shape, np.float32), np.full(shape, np.nan, np.float32)
    sure = np.zeros(shape[0], bool)
    for found in evidence.examine(column, current, baseline, thresholds):
        place = evidence.TESTS.index(found.test)
        effects[:, place] = np.clip(np.nan_to_num(found.effect, nan=0.0), 0.0, _LARGEST)
        enough = found.rows >= thresholds.minimum_rows
        p_values[:, place] = np.where(enough, found.p_value, np.nan)
        if found.test == "distribution":
            # The rules read the first term of the series, half the p-value where that is small.
            sure = np.asarray(found.p_value < 2 * _PROOF)
    p_values *= (~np.isnan(p_values)).sum(axis=1, keepdims=True)
    return _Examined((effects, p_values), sure)
