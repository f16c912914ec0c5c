"""A version that another has taken the place of alerts no more, though it is still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.promtool.change import Change, Replacement
from mlmonitor.generate.promtool.world import Phase, Pod, World
from tests import components
from tests.needed_rules import complaints_about
from tests.promtool_values import by_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG: Final = MonitoringConfig()
HOUR: Final = 3600.0
NORMAL, IDLE, GONE = Change(), Change(rate=0), Change(gone=True)


def _becomes(column: str, value: Any) -> Change:
    return Change(replace={column: Replacement(value=value)})


CASES: Final = {
    "MlmonitorFeatureMissing": (Change(missing={"age": 1}), ""),
    "MlmonitorFeatureUnseen": (_becomes("city", "BASEL"), ""),
    "MlmonitorFeatureDead": (_becomes("city", "Chur"), ""),
    "MlmonitorScaleChanged": (Change(scale={"age": 1000}), ""),
    "MlmonitorOutputsNotFinite": (_becomes("price", float("nan")), ""),
    "MlmonitorPredictionsDrifted": (Change(shift={"price": 4}), "6h"),
    "MlmonitorInputsDrifted": (Change(shift={"age": 4}), "6h"),
}


@dataclass(frozen=True)
class Rollout:
    """One version is broken for six hours and then no longer called; another is there from then on."""

    alert: str
    change: Change
    window: str
    follows: Change

    def test(self) -> dict[str, Any]:
        """As promtool reads it: firing while it is called and an hour later; later if none followed."""
        old = Pod(
            "pod-0", (Phase(HOUR, NORMAL), Phase(6 * HOUR, self.change), Phase(4 * HOUR, IDLE))
        )
        new = Pod("pod-1", (Phase(7 * HOUR, GONE), Phase(4 * HOUR, self.follows)), version="2")
        about = f', window="{self.window}"' if self.window else ""
        firing = f'ALERTS{{alertname="{self.alert}", alertstate="firing", version="1"{about}}}'
        yes, no = [{"labels": "{}", "value": 1}], list[dict[str, Any]]()
        over = no if self.follows is NORMAL else yes
        # Two hours without a call; a verdict then stands for two more evaluations of its window.
        later = [] if self.window else [("9h50m", over)]
        checks = [("55m", no), ("7h", yes), ("8h15m", yes), *later, ("10h50m", over)]
        expected = [
            {"expr": f"group({firing})", "eval_time": at, "exp_samples": samples}
            for at, samples in checks
        ]
        return by_the_minute(World((old, new), 60).series(), expected)


def check(promtool: Path, alert: str, files: Mapping[str, str], folder: Path) -> None:
    """Fail unless an alert ends when another version is called, and only then."""
    change, window = CASES[alert]
    tests = [Rollout(alert, change, window, follows).test() for follows in (NORMAL, IDLE)]
    assert not complaints_about(promtool, alert, files, tests, folder)


@pytest.mark.timeout(600)  # eleven hours of two pods
@pytest.mark.parametrize("alert", CASES)
def test_a_version_alerts_until_another_is_called_in_its_place(alert: str, tmp_path: Path) -> None:
    check(components.promtool("3"), alert, rule_files(CONFIG), tmp_path)
