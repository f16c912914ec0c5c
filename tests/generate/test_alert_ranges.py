"""Ranges in alerts are as long as they say: calls that are rare, a single event, memory with peaks.

Not among the generated tests: in those, what is counted grows evenly, and many a range would do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.prometheus import rule_files
from tests import components
from tests.needed_rules import complaints_about
from tests.promtool_values import by_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG: Final = MonitoringConfig()
HOUR: Final = 60
DAY: Final = 24 * HOUR
POD: Final = 'namespace="test", instance="pod-0", job="models"'
GROUP: Final = 'rule_group="a;mlmonitor-drift"'


@dataclass(frozen=True)
class Case:
    """Series, and the minutes at which an alert fires and does not."""

    series: Mapping[str, str]
    firing: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()

    def test(self, alert: str) -> dict[str, Any]:
        """As promtool reads it."""
        expr = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})'
        samples = [{"labels": "{}", "value": 1}]
        checks = [
            {"expr": expr, "eval_time": f"{minute}m", "exp_samples": wanted}
            for minutes, wanted in ((self.firing, samples), (self.silent, []))
            for minute in minutes
        ]
        return by_the_minute(self.series, checks)


def _calls(version: str, minutes: int) -> dict[str, str]:
    """A call every so many minutes."""
    series = f'{names.PREDICTIONS.name}{{model="m", version="{version}", role="live", {POD}}}'
    values = [f"{calls}x{minutes - 1}" for calls in range(26 * HOUR // minutes + 1)]
    return {series: " ".join(values)}


def _calls_a_minute(
    *phases: tuple[int, int | None], firing: tuple[int, ...], silent: tuple[int, ...]
) -> Case:
    """So many minutes with so many calls each, or without a pod where that is None."""
    labels = f'{{model="m", version="1", role="live", {POD}'
    calls = [
        f"0+{rate}x{minutes - 1}" if rate is not None else f"_x{minutes}"
        for minutes, rate in phases
    ]
    known = [f"1x{minutes - 1}" if rate is not None else f"_x{minutes}" for minutes, rate in phases]
    series = {
        f"{names.PREDICTION_DURATION.name}_count{labels}}}": " ".join(calls),
        f'{names.MODEL_INFO.name}{labels}, reference="a"}}': " ".join(known),
    }
    return Case(series, firing, silent)


def _not_counted() -> Case:
    """Three calls a minute, whose inputs are counted for two hours and not for the two after."""
    labels = f'{{model="m", version="1", role="live", {POD}'
    column = f'{labels}, reference="a", side="input", column="c"}}'
    series = {
        f"{names.PREDICTIONS.name}{labels}}}": f"0+3x{4 * HOUR}",
        f'{names.MODEL_INFO.name}{labels}, reference="a"}}': f"1x{4 * HOUR}",
        f"{names.REFERENCE_ROWS.name}{column}": f"100x{4 * HOUR}",
        f"{names.COLUMN_ROWS.name}{column}": f"0+3x{2 * HOUR} {6 * HOUR}x{2 * HOUR}",
    }
    return Case(series, (2 * HOUR + 50,), (2 * HOUR + 35,))


def _pods(metric: str, labels: str, values: str, pods: int) -> dict[str, str]:
    """The same series of so many pods."""
    of = 'namespace="test", job="models", model="m", version="1", role="live"'
    return {f'{metric}{{{of}, instance="{pod}"{labels}}}': values for pod in range(pods)}


def _few_in_each_pod(counter: str, calls: str, labels: str) -> Case:
    """Three of a hundred and twenty calls in a quarter of an hour go wrong, in each of twenty pods."""
    series = {
        **_pods(counter, labels, f"0+0.2x{HOUR}", 20),
        **_pods(calls, "", f"0+8x{HOUR}", 20),
        **_pods(names.MODEL_INFO.name, ', reference="a"', f"1x{HOUR}", 20),
    }
    return Case(series, firing=(50,))


def _restarted_in_turn() -> Case:
    """Ten pods, each of which does not answer for two minutes, one after the other."""
    down = {
        f'up{{namespace="test", job="models", instance="{pod}"}}': f"1x{19 + 2 * pod} 0x1 1x{HOUR}"
        for pod in range(10)
    }
    series = {**down, **_pods(names.MODEL_INFO.name, ', reference="a"', f"1x{HOUR}", 10)}
    return Case(series, silent=tuple(range(20, HOUR)))


def _replaced(*others: str) -> dict[str, str]:
    """A pod for an hour; then another that never answers for six, and none after; `up` of other pods."""
    target = 'namespace="test", job="models"'
    up = {
        f'up{{{target}, instance="old"}}': f"1x{HOUR} stale",
        f'up{{{target}, instance="new"}}': f"_x{HOUR} 0x{6 * HOUR} stale",
        **{f'up{{{target}, instance="{n}"}}': values for n, values in enumerate(others)},
    }
    info = f'{names.MODEL_INFO.name}{{model="m", version="1", role="live", reference="a"'
    return {f'{info}, {target}, instance="old"}}': f"1x{HOUR} stale", **up}


def _rollouts() -> tuple[Case, ...]:
    """None of the new pods answers; those of others that are in the same job do, or are down as well."""
    during = tuple(range(HOUR + 10, 7 * HOUR, 5))
    over = tuple(range(7 * HOUR + 20, 8 * HOUR, 5))
    fires = Case(_replaced(), during, (*range(0, HOUR, 5), *over))
    return fires, Case(_replaced(f"1x{8 * HOUR}", f"0x{8 * HOUR}"), silent=(*during, *over))


def _once(counter: str) -> Case:
    """A counter that grows by one after an hour: told after ten minutes, and for twenty at most."""
    return Case({f"{counter}{{{GROUP}}}": f"0x{HOUR - 1} 1x{2 * HOUR}"}, (HOUR + 15,), (HOUR + 25,))


def _rare(calls: int, every: int, bad: tuple[int, int], *, slow: bool) -> dict[str, str]:
    """So many calls at once every so many minutes; for a time they fail, or are slow."""
    labels = f'{{model="m", version="1", role="live", {POD}'
    total, good = [], []
    for minute in range(2 * DAY):
        asked = minute // every * calls
        wrong = sum(calls for one in range(every, minute + 1, every) if bad[0] <= one < bad[1])
        total.append(asked)
        good.append(asked - wrong)
    duration = names.PREDICTION_DURATION.name
    failed = [0 if slow else a - b for a, b in zip(total, good, strict=True)]
    return {
        f"{duration}_count{labels}}}": " ".join(map(str, total)),
        f'{duration}_bucket{labels}, le="0.5"}}': " ".join(map(str, good if slow else total)),
        f'{names.PREDICTION_ERRORS.name}{labels}, exception="E"}}': " ".join(map(str, failed)),
        f'{names.MODEL_INFO.name}{labels}, reference="a"}}': f"1x{2 * DAY}",
    }


def _hourly(*, slow: bool) -> tuple[Case, ...]:
    """A call an hour, and twenty: a page from the fifth on, in the gaps too, until one is good again."""
    end = 2 * DAY - 8 * HOUR
    over, few = tuple(range(end + 10, 2 * DAY, 5)), tuple(range(DAY, DAY + 4 * HOUR, 5))
    one, many = (_rare(calls, HOUR, (DAY, end), slow=slow) for calls in (1, 20))
    return (
        Case(one, tuple(range(DAY + 4 * HOUR + 10, end, 5)), (*few, *over)),
        Case(many, tuple(range(DAY + 10, end, 5)), over),
    )


def _six_a_day(*, slow: bool) -> tuple[Case, ...]:
    """A call every four hours: a ticket from the fifth on, until six hours hold good ones alone."""
    end = DAY + DAY // 2
    steps = tuple(range(DAY // 2 + 16 * HOUR + 20, end, 5))
    few = tuple(range(DAY // 2, DAY // 2 + 15 * HOUR, 5))
    series = _rare(1, 4 * HOUR, (DAY // 2, end), slow=slow)
    return (Case(series, steps, (*few, *range(end + 6 * HOUR + 10, 2 * DAY, 5))),)


def _memory(peak: float) -> Case:
    """Memory that grows evenly, and for a minute in fifty by what it grows in so many hours."""
    grown = (
        1e9 * (1 + 0.5 * (minute / HOUR + (peak if minute % 50 == 0 else 0)))
        for minute in range(12 * HOUR)
    )
    labels = f'{{model="m", version="1", role="live", {POD}'
    series = {
        f'{names.PROCESS_MEMORY.name}{labels}, pid="1"}}': " ".join(f"{one:.0f}" for one in grown),
        f'{names.MODEL_INFO.name}{labels}, reference="a"}}': f"1x{12 * HOUR}",
    }
    minutes = tuple(range(7 * HOUR, 11 * HOUR, 10))
    return Case(series, *((), minutes) if peak else (minutes, ()))


# A service that rests on Sundays, from a Saturday noon on: the next Sunday is quiet, Monday must not be.
_WEEK: Final = ((DAY // 2, 9), (DAY, 0), (6 * DAY, 9), (DAY + 2 * HOUR, 0))
_SUNDAY: Final = tuple(DAY // 2 + 7 * DAY + hours * HOUR for hours in (2, 12, 24))
_MONDAY: Final = (DAY // 2 + 8 * DAY + HOUR,)

CASES: Final = {
    "MlmonitorServiceDown": _rollouts(),
    "MlmonitorErrorBudgetBurning": _hourly(slow=False),
    "MlmonitorLatencyBudgetBurning": _hourly(slow=True),
    "MlmonitorErrorBudgetDraining": _six_a_day(slow=False),
    "MlmonitorLatencyBudgetDraining": _six_a_day(slow=True),
    "MlmonitorNoTraffic": (
        _calls_a_minute(*_WEEK, silent=_SUNDAY, firing=_MONDAY),
        _calls_a_minute(
            *((minutes, rate or None) for minutes, rate in _WEEK), silent=_SUNDAY, firing=_MONDAY
        ),
        _calls_a_minute((DAY, 9), (HOUR, None), silent=(DAY + 30,), firing=(DAY + 45,)),
    ),
    "MlmonitorInputsNotCounted": (_not_counted(),),
    "MlmonitorVersionsMixed": (
        Case(_calls("1", 2) | _calls("2", 50), firing=(DAY + 2 * HOUR,)),
        Case(_calls("1", 2) | _calls("2", 70), silent=tuple(range(HOUR, DAY + 2 * HOUR, HOUR))),
    ),
    "MlmonitorScrapeFailing": (_restarted_in_turn(),),
    "MlmonitorMonitorFailing": (
        _few_in_each_pod(
            names.MONITOR_FAILURES.name,
            f"{names.PREDICTION_DURATION.name}_count",
            ', reason="fold"',
        ),
    ),
    "MlmonitorRowsDropped": (
        _few_in_each_pod(names.MONITOR_DROPPED.name, names.PREDICTIONS.name, ', reason="backlog"'),
    ),
    "MlmonitorRulesFailing": (_once("prometheus_rule_evaluation_failures_total"),),
    "MlmonitorRulesSlow": (_once("prometheus_rule_group_iterations_missed_total"),),
    "MlmonitorMemoryGrowing": (_memory(0), _memory(2.1), _memory(-2.1)),
}


def check(promtool: Path, alert: str, files: Mapping[str, str], folder: Path) -> None:
    """Fail where an alert looks back over more or less than it should."""
    tests = [case.test(alert) for case in CASES[alert]]
    assert not complaints_about(promtool, alert, files, tests, folder)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_looks_back_as_far_as_it_says(alert: str, tmp_path: Path) -> None:
    check(components.promtool("3"), alert, rule_files(CONFIG), tmp_path)
