"""What a shadow does pages nobody, and what the live model does is not hidden by it."""

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
CALLS: Final = f"{names.PREDICTION_DURATION.name}_count"
SEVERITIES: Final = {"live": "critical", "shadow": "warning"}


@dataclass(frozen=True)
class Case:
    """Series of a model and its shadow, and for whom an alert fires at a minute."""

    series: Mapping[str, str]
    minute: int
    fires: str | None

    def test(self, alert: str) -> dict[str, Any]:
        """As promtool reads it."""
        firing = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
        labels = f'{{role="{self.fires}", severity="{SEVERITIES.get(self.fires or "")}"}}'
        check = {
            "expr": f"count by (role, severity) ({firing})",
            "eval_time": f"{self.minute}m",
            "exp_samples": [{"labels": labels, "value": 1}] if self.fires else [],
        }
        return by_the_minute(self.series, [check])


def _series(metric: str, role: str, values: str) -> dict[str, str]:
    """A series of a role's only pod."""
    labels = f'model="m", version="1", role="{role}", reference="a"'
    return {f'{metric}{{namespace="test", instance="{role}", job="models", {labels}}}': values}


def _pod(role: str, *, down: bool) -> dict[str, str]:
    """A pod that is there for an hour, and then does not answer for three, or does."""
    target = f'up{{namespace="test", instance="{role}", job="models"}}'
    if not down:
        return {target: f"1x{4 * HOUR}", **_series(names.MODEL_INFO.name, role, f"1x{4 * HOUR}")}
    return {
        target: f"1x{HOUR} 0x{3 * HOUR}",
        **_series(names.MODEL_INFO.name, role, f"1x{HOUR} stale"),
    }


def _calls(role: str, *, stop: bool) -> dict[str, str]:
    """Nine calls a minute for a day, and for two more hours unless they stop."""
    later = f"{9 * DAY}x{2 * HOUR}" if stop else f"{9 * DAY}+9x{2 * HOUR}"
    return {
        **_series(CALLS, role, f"0+9x{DAY} {later}"),
        **_series(names.MODEL_INFO.name, role, f"1x{DAY + 2 * HOUR}"),
    }


def _down(role: str) -> Case:
    series = _pod("live", down=role == "live") | _pod("shadow", down=role == "shadow")
    return Case(series, 3 * HOUR, role)


def _quiet(*roles: str) -> Case:
    series = _calls("live", stop="live" in roles) | _calls("shadow", stop="shadow" in roles)
    return Case(series, DAY + HOUR, "live" if "live" in roles else None)


CASES: Final = {
    "MlmonitorServiceDown": (_down("live"), _down("shadow")),
    "MlmonitorNoTraffic": (_quiet("live"), _quiet("live", "shadow"), _quiet("shadow")),
}


def check(promtool: Path, alert: str, files: Mapping[str, str], folder: Path) -> None:
    """Fail unless an alert tells the model from its shadow."""
    tests = [case.test(alert) for case in CASES[alert]]
    assert not complaints_about(promtool, alert, files, tests, folder)


@pytest.mark.parametrize("alert", CASES)
def test_only_the_live_model_pages(alert: str, tmp_path: Path) -> None:
    check(components.promtool("3"), alert, rule_files(CONFIG), tmp_path)
