"""Restarts of workers, seen as changes of a start time and as new process ids: just enough, and too few.

Not among the generated tests: how many there must be follows from the threshold, and series do not.
"""

from __future__ import annotations

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

ALERT: Final = "MlmonitorRestarting"
CONFIG: Final = MonitoringConfig()
POD: Final = 'model="m", version="1", role="live", namespace="test", instance="pod-0", job="models"'
STARTED: Final = names.PROCESS_STARTED.name
# The limit is four an hour.
TOO_FEW, ENOUGH = 4, 5


def _changes(number: int) -> dict[str, str]:
    """A worker keeps its process id, as in a container, and starts again so often, every 11 minutes."""
    starts = " ".join(f"{index}x10" for index in range(number - 1))
    return {f'{STARTED}{{{POD}, pid="1"}}': f"-9x120 {starts} {number}x200"}


def _new_ids(number: int) -> dict[str, str]:
    """Each worker that starts has another id; the last of them stays."""
    series = {f'{STARTED}{{{POD}, pid="0"}}': "-9x120"}
    for index in range(number):
        gap = f"_x{121 + 11 * index}"
        length = 10 if index < number - 1 else 200
        series[f'{STARTED}{{{POD}, pid="{index + 1}"}}'] = f"{gap} {index}x{length}"
    return series


def _test(series: dict[str, str], *, fires: bool) -> dict[str, Any]:
    every = {
        f"{names.MONITOR_WORKERS.name}{{{POD}}}": "1x400",
        f'{names.MODEL_INFO.name}{{{POD}, reference="a"}}': "1x400",
        **series,
    }
    expr = f'count(ALERTS{{alertname="{ALERT}", alertstate="firing"}})'
    checks = [
        {"expr": expr, "eval_time": f"{120 + minute}m", "exp_samples": []}
        for minute in (0, 30, *(() if fires else range(40, 120, 5)), 150)
    ]
    if fires:
        samples = [{"labels": "{}", "value": 1}]
        checks.append({"expr": expr, "eval_time": "178m", "exp_samples": samples})
    return by_the_minute(every, checks)


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where the alert does not count just the restarts of an hour."""
    # Of the new ids, one worker is always there.
    tests = [
        _test(_changes(TOO_FEW), fires=False),
        _test(_changes(ENOUGH), fires=True),
        _test(_new_ids(TOO_FEW + 1), fires=False),
        _test(_new_ids(ENOUGH + 1), fires=True),
    ]
    assert not complaints_about(promtool, ALERT, files, tests, folder, every="1m")


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_restarts_are_counted_over_an_hour_by_start_times_and_by_ids(
    version: str, tmp_path: Path
) -> None:
    check(components.promtool(version), rule_files(CONFIG), tmp_path)
