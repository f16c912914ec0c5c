"""Sampled windows of a replay computed again by the rules themselves, in promtool."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from mlmonitor import names, promql
from mlmonitor.backtest.drill import Part
from mlmonitor.backtest.series import raw_series
from mlmonitor.generate import rulefile
from mlmonitor.generate.recording import recording_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmonitor.backtest.promtool import Promtool, Sample
    from mlmonitor.backtest.replay import Key, Replay, Verdicts
    from mlmonitor.generate.settings import RuleSettings

_EACH: Final = 2
_COLUMNS: Final = 8
_IDLE: Final = 2
_CLOSE: Final = 1e-3
_P_CLOSE: Final = 0.02
_P_LEAST: Final = 1e-8
_P_MOST: Final = 0.5
_P_VALUE: Final = "mlmonitor:column_test:p_value"
_TESTS: Final = "mlmonitor:column:tests"
_SERIES: Final = (names.TEST_EFFECT, _P_VALUE, _TESTS, names.COLUMN_DRIFTED)


@dataclass(frozen=True)
class Confirmation:
    """What promtool said to sampled windows.

    Attributes:
        version: of promtool, empty where it does not say.
        windows: how many windows were computed again.
        verdicts: how many columns were judged in them.
        effect: largest difference of two effects, of the larger or of 1.
        p_value: largest difference of two p-values between 1e-8 and 0.5, as a share of one.
        disagreements: where the two do not agree, in words.
    """

    version: str
    windows: int
    verdicts: int
    effect: float
    p_value: float
    disagreements: tuple[str, ...]

    def __str__(self) -> str:
        """The same in a sentence or two."""
        told = f"promtool {self.version}".strip()
        sampled = f"{self.windows} windows, {self.verdicts} verdicts"
        close = f"effects to {self.effect:.0e}, p-values to {self.p_value:.1%}"
        if not self.disagreements:
            return f"{told} computed {sampled} again, and agrees in all: {close}."
        first = "; ".join(self.disagreements[:5])
        return f"{told} disagrees in {len(self.disagreements)} of {sampled}: {first}."


@dataclass(frozen=True)
class _Judged:
    """One column in one window: by test, effects over their thresholds and p-values."""

    effects: dict[str, float]
    p_values: dict[str, float]
    drifted: bool


def confirm(
    replayed: Replay,
    promtool: Promtool,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Confirmation:
    """Have promtool compute a few windows of every length and baseline again.

    Rows are spread evenly over a window, which leaves its sums as they are; of the columns a few are
    computed, the rest counts as what it was found to be.

    Raises:
        MlmonitorError: promtool cannot be run.
    """
    rng = np.random.default_rng(seed)
    chosen = [(one, index) for one in replayed.verdicts for index in _chosen(one, rng)]
    found: list[tuple[str, _Judged, _Judged, float]] = []
    for done, (verdicts, index) in enumerate(chosen, 1):
        found += _compared(replayed, verdicts, index, promtool, rng)
        if progress is not None:
            progress(done, len(chosen))
    effects, p_values, wrong = [0.0], [0.0], []
    for place, ours, theirs, limit in found:
        effect, p_value, agree = _difference(ours, theirs, limit)
        effects.append(effect)
        p_values.append(p_value)
        if not agree:
            wrong.append(place)
    return Confirmation(
        promtool.version, len(chosen), len(found), max(effects), max(p_values), tuple(wrong)
    )


def _chosen(verdicts: Verdicts, rng: np.random.Generator) -> list[int]:
    """Evaluations of full windows: the one with most drift, and others at random."""
    schedule = verdicts.schedule
    tested = ~np.isnan(verdicts.p_values).all(axis=(1, 2))
    whole = schedule.last - schedule.first == (schedule.last - schedule.first).max()
    places = np.flatnonzero(tested & whole)
    if not len(places):
        return []
    drifted = verdicts.reasons()[places].any(axis=2).sum(axis=1)
    worst = [int(places[int(np.argmax(drifted))])]
    others = rng.permutation(places)[:_EACH].tolist()
    return [*dict.fromkeys([*worst, *others])][:_EACH]


def _compared(
    replayed: Replay,
    verdicts: Verdicts,
    index: int,
    promtool: Promtool,
    rng: np.random.Generator,
) -> Iterator[tuple[str, _Judged, _Judged, float]]:
    schedule = verdicts.schedule
    settings = coarse(replayed.settings, schedule.window)
    kept, drifting = _columns(verdicts, index, rng)
    part = Part(_edges(replayed, verdicts, index), kept, drifting, settings.step)
    traffic = part.of(replayed.traffic)
    offset = 1 if settings.has_own_group(schedule.window) else 0
    window = promql.duration(schedule.window)
    matched = "|".join(_SERIES)
    answer = promtool.answer(
        _rules_of(settings, schedule.window),
        raw_series(traffic, settings.scope, idle=_IDLE),
        settings.step,
        f'{{__name__=~"{matched}", window="{window}", baseline="{verdicts.baseline}"}}',
        (traffic.steps + offset) * settings.step,
    )
    theirs = _judged(answer)
    for place, column in enumerate(verdicts.columns):
        key = column.side, column.name
        if key in kept:
            moment = replayed.traffic.start + schedule.at[index] * settings.step
            title = f"{column.side} {column.name} over {window} at {moment:.0f}"
            limit = float(verdicts.limits[index, place])
            yield title, _ours(verdicts, index, place), theirs.get(key, _NOTHING), limit


def _edges(replayed: Replay, verdicts: Verdicts, index: int) -> np.ndarray:
    """The window, and before it the time that it is compared with."""
    schedule, step = verdicts.schedule, replayed.settings.step
    first, last = int(schedule.first[index]), int(schedule.last[index])
    if verdicts.baseline == "reference":
        return np.array([first, last])
    return np.array([max(first - round(replayed.settings.previous / step), 0), first, last])


def _columns(verdicts: Verdicts, index: int, rng: np.random.Generator) -> tuple[set[Key], set[Key]]:
    """Columns to compute: those that drifted, then any; and the others with evidence of drift."""
    reasons = verdicts.reasons()[index].any(axis=1)
    order = np.lexsort((rng.random(len(reasons)), ~reasons))
    keys: list[Key] = [(one.side, one.name) for one in verdicts.columns]
    kept = {keys[i] for i in order[:_COLUMNS].tolist()}
    evident = np.flatnonzero(verdicts.evident(index)).tolist()
    return kept, {keys[i] for i in evident} - kept


def coarse(settings: RuleSettings, window: float) -> RuleSettings:
    """The settings with the longest step that leaves a window's rules as they are: fewer evaluations."""
    interval = settings.interval(window)
    lengths = (*settings.windows, settings.previous)
    for parts in range(2, round(interval / settings.step)):
        step = interval / parts
        if step % settings.step == 0 and all(length % step == 0 for length in lengths):
            return replace(settings, step=step)
    return settings


def _rules_of(settings: RuleSettings, window: float) -> str:
    """The rules that record one window, as one file."""
    others = {promql.duration(one) for one in settings.windows if one != window}
    files = recording_rules(settings)
    found = [yaml.safe_load(files[path])["groups"] for path in files if "/drift" in path]
    kept = [
        {**group, "rules": [rule for rule in group["rules"] if _is_needed(rule, others)]}
        for group in chain.from_iterable(found)
    ]
    return rulefile.text([one for one in kept if one["rules"]], "the rules of one window")


def _is_needed(rule: Mapping[str, Any], others: set[str]) -> bool:
    if rule["record"].startswith("mlmonitor:column_recent"):
        return False
    return rule.get("labels", {}).get("window") not in others


def _ours(verdicts: Verdicts, index: int, place: int) -> _Judged:
    effects, p_values = verdicts.effects[index, place], verdicts.p_values[index, place]
    tested = np.flatnonzero(~np.isnan(p_values)).tolist()
    names_of = verdicts.tests
    return _Judged(
        {names_of[i]: float(effects[i]) for i in tested},
        {names_of[i]: float(p_values[i]) for i in tested},
        bool(verdicts.reasons()[index, place].any()),
    )


_NOTHING: Final = _Judged({}, {}, drifted=False)


def _judged(answer: list[Sample]) -> dict[Key, _Judged]:
    """What promtool recorded, by column; p-values times the number of the column's tests."""
    by_name: dict[str, dict[tuple[str, str, str], float]] = {name: {} for name in _SERIES}
    for labels, value in answer:
        where = labels["side"], labels["column"], labels.get("test", "")
        by_name[labels["__name__"]][where] = value
    drifted = by_name[names.COLUMN_DRIFTED]
    found = {}
    for side, column, _ in drifted:
        tests = by_name[_TESTS].get((side, column, ""), 0.0)
        p_values = {
            test: value * tests
            for (of, name, test), value in by_name[_P_VALUE].items()
            if (of, name) == (side, column)
        }
        effects = {
            test: max(by_name[names.TEST_EFFECT].get((side, column, test), 0.0), 0.0)
            for test in p_values
        }
        found[side, column] = _Judged(effects, p_values, drifted[side, column, ""] == 1)
    return found


def _difference(ours: _Judged, theirs: _Judged, limit: float) -> tuple[float, float, bool]:
    """Largest differences of effects and of p-values, and whether both judge alike."""
    if set(ours.p_values) != set(theirs.p_values):
        return 0.0, 0.0, False
    effects = [
        abs(value - theirs.effects[test]) / max(value, 1.0) for test, value in ours.effects.items()
    ]
    p_values = [
        abs(theirs.p_values[test] / value - 1)
        for test, value in ours.p_values.items()
        if _P_LEAST <= value <= _P_MOST and theirs.p_values[test] > 0
    ]
    effect, p_value = max(effects, default=0.0), max(p_values, default=0.0)
    close = effect <= _CLOSE and p_value <= _P_CLOSE
    return effect, p_value, close and (ours.drifted == theirs.drifted or _is_near(ours, limit))


def _is_near(one: _Judged, limit: float) -> bool:
    """Whether a verdict hangs on a difference that rounding makes."""
    return any(
        math.isclose(one.effects[test], 1.0, rel_tol=_CLOSE)
        or math.isclose(p_value, limit, rel_tol=_P_CLOSE)
        for test, p_value in one.p_values.items()
    )
