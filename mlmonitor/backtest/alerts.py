"""What would have fired: from verdicts and conditions to episodes of alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mlmonitor.backtest.episodes import episodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlmonitor.backtest.replay import Key, Replay, Verdicts
    from mlmonitor.backtest.rules import Rule

HARMFUL: Final = "MlmonitorHarmfulDrift"
DETAIL: Final = "MlmonitorColumnDrifted"
_WORST: Final = 5


class Family(NamedTuple):
    """Columns that alert together: what they are compared with, and their sides."""

    baseline: str
    sides: frozenset[str]


FAMILIES: Final = {
    "MlmonitorInputsDrifted": Family("reference", frozenset({"input"})),
    "MlmonitorPredictionsDrifted": Family("reference", frozenset({"output", "score"})),
    "MlmonitorInputsChanged": Family("previous", frozenset({"input"})),
    "MlmonitorPredictionsChanged": Family("previous", frozenset({"output", "score"})),
}
"""Alerts on the columns of a model that drifted over a window."""


@dataclass(frozen=True)
class Episode:
    """One firing of one alert.

    Attributes:
        alert, severity: which.
        window: seconds, 0 where the alert has none.
        start, end: seconds since the epoch.
        columns: side and name of the columns that it was about as it began, worst first, five at
            the most.
        tests: the tests that found the first of them.
    """

    alert: str
    severity: str
    window: float
    start: float
    end: float
    columns: tuple[Key, ...]
    tests: tuple[str, ...] = ()

    @property
    def hours(self) -> float:
        """How long it fired."""
        return (self.end - self.start) / 3600


def fired(
    replayed: Replay, rules: Mapping[str, Rule], factors: np.ndarray | None = None
) -> list[Episode]:
    """All episodes of all alerts, in the order of their starts.

    `factors`, of shape (tests,), multiplies the thresholds of effects.
    """
    found: list[Episode] = []
    for verdicts in replayed.verdicts:
        reasons = verdicts.reasons(factors)
        found += _of_families(replayed, verdicts, reasons, rules)
        found += _of_columns(replayed, verdicts, reasons, rules)
    found += _of_broken(replayed, rules)
    found += _harmful(replayed, rules, factors, found)
    return sorted(found, key=lambda one: (one.start, one.alert, one.window, one.columns))


def _end(replayed: Replay) -> float:
    """The last state lasts for a step."""
    traffic = replayed.traffic
    return traffic.start + (traffic.steps + 1) * traffic.step


def _of_families(
    replayed: Replay, verdicts: Verdicts, reasons: np.ndarray, rules: Mapping[str, Rule]
) -> Iterator[Episode]:
    traffic, window = replayed.traffic, verdicts.schedule.window
    at = traffic.start + verdicts.schedule.at * traffic.step
    for alert, family in FAMILIES.items():
        rule = rules.get(alert)
        if rule is None or family.baseline != verdicts.baseline:
            continue
        chosen = _chosen(verdicts, family.sides)
        drifted = np.asarray(reasons[:, chosen].any(axis=(1, 2)))
        if family.baseline == "reference":
            drifted &= verdicts.schedule.filled
        for start, end in episodes(at, drifted, _end(replayed), rule.waits(window)):
            when = int(np.searchsorted(at, start, side="right")) - 1
            columns, tests = _worst(verdicts, reasons, chosen, when)
            yield Episode(alert, rule.severity, window, start, end, columns, tests)


def _of_columns(
    replayed: Replay, verdicts: Verdicts, reasons: np.ndarray, rules: Mapping[str, Rule]
) -> Iterator[Episode]:
    rule = rules.get(DETAIL)
    if rule is None or verdicts.baseline != "reference":
        return
    traffic, window = replayed.traffic, verdicts.schedule.window
    at = traffic.start + verdicts.schedule.at * traffic.step
    drifted = np.asarray(reasons.any(axis=2)) & verdicts.schedule.filled[:, None]
    for index in np.flatnonzero(drifted.any(axis=0)).tolist():
        waits = rule.waits(window)
        for start, end in episodes(at, drifted[:, index], _end(replayed), waits):
            when = int(np.searchsorted(at, start, side="right")) - 1
            columns, tests = _worst(verdicts, reasons, np.array([index]), when)
            yield Episode(DETAIL, rule.severity, window, start, end, columns, tests)


def _of_broken(replayed: Replay, rules: Mapping[str, Rule]) -> Iterator[Episode]:
    traffic = replayed.traffic
    at = traffic.start + np.arange(traffic.steps + 1) * traffic.step
    for alert, columns in replayed.broken.items():
        rule = rules.get(alert)
        if rule is None:
            continue
        for key, holds in columns.items():
            for start, end in episodes(at, holds, _end(replayed), rule.waits()):
                yield Episode(alert, rule.severity, 0.0, start, end, (key,))


def _harmful(
    replayed: Replay, rules: Mapping[str, Rule], factors: np.ndarray | None, found: list[Episode]
) -> Iterator[Episode]:
    """Drifted inputs while a page on a broken feature fires."""
    rule = rules.get(HARMFUL)
    pages = [one for one in found if one.alert in replayed.broken and one.severity == "critical"]
    if rule is None or not pages:
        return
    traffic = replayed.traffic
    at = traffic.start + np.arange(traffic.steps + 1) * traffic.step
    drifted = np.zeros(len(at), bool)
    for verdicts in replayed.verdicts:
        if verdicts.baseline == "reference":
            chosen = _chosen(verdicts, frozenset({"input"}))
            held = np.asarray(verdicts.reasons(factors)[:, chosen].any(axis=(1, 2)))
            drifted |= verdicts.schedule.spread(held, traffic.steps)
    broken = np.zeros(len(at), bool)
    for page in pages:
        broken |= (at >= page.start) & (at < page.end)
    for start, end in episodes(at, drifted & broken, _end(replayed), rule.waits()):
        columns = dict.fromkeys(key for page in pages for key in page.columns if page.end > start)
        yield Episode(HARMFUL, rule.severity, 0.0, start, end, tuple(columns)[:_WORST])


def _chosen(verdicts: Verdicts, sides: frozenset[str]) -> np.ndarray:
    """Places of the columns of some sides."""
    found = [i for i, column in enumerate(verdicts.columns) if column.side in sides]
    return np.array(found, dtype=np.int64)


def _worst(
    verdicts: Verdicts, reasons: np.ndarray, chosen: np.ndarray, when: int
) -> tuple[tuple[Key, ...], tuple[str, ...]]:
    """The drifted columns with the largest effects, and the tests of the first of them."""
    found = np.where(reasons[when], verdicts.effects[when], 0.0).max(axis=1)[chosen]
    order = chosen[np.argsort(-found, kind="stable")][: min(_WORST, int((found > 0).sum()))]
    columns = tuple((verdicts.columns[i].side, verdicts.columns[i].name) for i in order)
    first = reasons[when, order[0]] if len(order) else np.zeros(0, bool)
    return columns, tuple(verdicts.tests[i] for i in np.flatnonzero(first).tolist())


@dataclass(frozen=True)
class Incident:
    """Episodes that overlap in time: what a person would take for one event."""

    start: float
    end: float
    episodes: tuple[Episode, ...]

    @property
    def severity(self) -> str:
        """The gravest of its episodes'."""
        return "critical" if any(e.severity == "critical" for e in self.episodes) else "warning"


def incidents(found: list[Episode], gap: float = 3600.0) -> list[Incident]:
    """Pages and warnings put together where less than `gap` seconds lie between them."""
    groups: list[list[Episode]] = []
    end = -np.inf
    for one in sorted((e for e in found if e.severity != "info"), key=lambda e: e.start):
        if groups and one.start < end + gap:
            groups[-1].append(one)
        else:
            groups.append([one])
        end = max(end, one.end)
    return [
        Incident(group[0].start, max(one.end for one in group), tuple(group)) for group in groups
    ]
