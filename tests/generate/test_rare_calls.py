"""Versions are mixed where each gets a call an hour, and not where one of them gets fewer.

Not among the generated tests: in those, counters grow evenly, and any range would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from tests import components
from tests.needed_rules import dumped, needed, pruned
from tests.promtool_values import complaints

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ALERT: Final = "MlmonitorVersionsMixed"
CONFIG: Final = MonitoringConfig()
FILE: Final = "prometheus/alerts-model.rules.yml"
MINUTES: Final = 26 * 60
# Minutes between two calls.
OFTEN, SELDOM = 50, 70


def _calls(version: str, minutes: int) -> dict[str, str]:
    """A call every so many minutes."""
    labels = f'model="m", version="{version}", role="live", namespace="test", instance="{version}"'
    values = [f"{calls}x{minutes - 1}" for calls in range(MINUTES // minutes + 1)]
    return {f"{names.PREDICTIONS.name}{{{labels}}}": " ".join(values)}


def _test(minutes: int, *, fires: bool) -> dict[str, Any]:
    every = _calls("1", 2) | _calls("2", minutes)
    expr = f'count(count_over_time(ALERTS{{alertname="{ALERT}", alertstate="firing"}}[1h]))'
    samples = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in every.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": f"{MINUTES}m", "exp_samples": samples},
        ],
    }


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where versions are told mixed by other than a call an hour."""
    output.write({FILE: pruned(files[FILE], needed(files.values(), ALERT))}, folder)
    document = {
        "rule_files": [str(folder / FILE)],
        "evaluation_interval": "5m",
        "tests": [_test(OFTEN, fires=True), _test(SELDOM, fires=False)],
    }
    path = folder / "versions.yml"
    path.write_text(dumped(document))
    assert not complaints(promtool, path)


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_versions_are_mixed_where_each_gets_a_call_an_hour(version: str, tmp_path: Path) -> None:
    check(components.promtool(version), rule_files(CONFIG), tmp_path)
