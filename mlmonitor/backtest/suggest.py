"""Thresholds under which traffic without drift would have kept to the budget of false alarms."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor.backtest.alerts import FAMILIES, fired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmonitor.backtest.alerts import Episode
    from mlmonitor.backtest.replay import Replay
    from mlmonitor.backtest.rules import Rule
    from mlmonitor.thresholds import Thresholds

_MONTH: Final = 28.0
_RISE: Final = 1.1
_MOST_RISES: Final = 60
_BELOW: Final = 0.99
_UNBOUNDED: Final = frozenset({"psi", "mean_shift", "spread"})
THRESHOLDS_OF: Final[dict[str, tuple[str, ...]]] = {
    "distribution": ("psi", "ks"),
    "mean": ("mean_shift",),
    "spread": ("spread",),
    "rank": ("rank",),
    "missing": ("missing",),
    "nonzero": ("nonzero",),
}
"""Test -> the thresholds of its effect."""


@dataclass(frozen=True)
class Suggestion:
    """A threshold to raise."""

    threshold: str
    now: float
    suggested: float


def suggest(
    runs: Sequence[Replay], rules: Mapping[str, Rule], thresholds: Thresholds
) -> list[Suggestion]:
    """Raise the thresholds of the tests that alarm most, until the budget is kept.

    Only for traffic in which nothing drifts: what alarms there is false by definition. A test that
    would have to be raised beyond its range stays at the end of it.
    """
    tests = runs[0].verdicts[0].tests
    factors = np.ones(len(tests))
    days = sum(run.traffic.days for run in runs)
    for _ in range(_MOST_RISES):
        found = [one for run in runs for one in fired(run, rules, factors)]
        guilty = _guilty(found, runs[0], days)
        if guilty is None:
            break
        factors[tests.index(guilty)] *= _RISE
    return [
        Suggestion(name, now, _readable(now * factor, is_share=name not in _UNBOUNDED))
        for test, factor in zip(tests, factors.tolist(), strict=True)
        for name in THRESHOLDS_OF.get(test, ())
        if factor > 1
        for now in [float(getattr(thresholds, name))]
    ]


def _guilty(found: Sequence[Episode], run: Replay, days: float) -> str | None:
    """The test behind most alarms of a severity that is over its budget."""
    budgets = {"critical": run.settings.pages, "warning": run.settings.warnings}
    counts: Counter[str] = Counter()
    for severity, budget in budgets.items():
        alarms = [one for one in found if one.alert in FAMILIES and one.severity == severity]
        if len(alarms) / days * _MONTH > budget:
            counts.update(test for one in alarms for test in one.tests)
    return counts.most_common(1)[0][0] if counts else None


def _readable(raised: float, *, is_share: bool) -> float:
    """Three significant digits, rounded up; a share stays below 1."""
    digits = 10 ** (2 - int(np.floor(np.log10(raised))))
    rounded = float(np.ceil(raised * digits - 1e-9) / digits)
    return min(rounded, _BELOW) if is_share else rounded
