"""What a shadow does pages nobody, and what the live model does is not hidden by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

CONFIG: Final = MonitoringConfig()
HOUR: Final = 60
DAY: Final = 24 * HOUR
CALLS: Final = f"{names.PREDICTION_DURATION.name}_count"
SEVERITIES: Final = {"live": "critical", "shadow": "warning"}


def series(metric: str, role: str, values: str) -> dict[str, str]:
    """A series of a role's only pod."""
    labels = (
        f'namespace="test", instance="{role}", job="models", model="m", version="1", role="{role}"'
    )
    return {f'{metric}{{{labels}, reference="a"}}': values}


def pod(role: str, *, down: bool) -> dict[str, str]:
    """A pod that is there for an hour, and then does not answer for three, or does."""
    target = f'up{{namespace="test", instance="{role}", job="models"}}'
    if not down:
        return {target: f"1x{4 * HOUR}", **series(names.MODEL_INFO.name, role, f"1x{4 * HOUR}")}
    return {
        target: f"1x{HOUR} 0x{3 * HOUR}",
        **series(names.MODEL_INFO.name, role, f"1x{HOUR} stale"),
    }


def calls(role: str, *, stop: bool) -> dict[str, str]:
    """Nine calls a minute for a day, and for two more hours unless they stop."""
    later = f"{9 * DAY}x{2 * HOUR}" if stop else f"{9 * DAY}+9x{2 * HOUR}"
    return {
        **series(CALLS, role, f"0+9x{DAY} {later}"),
        **series(names.MODEL_INFO.name, role, f"1x{DAY + 2 * HOUR}"),
    }


def check(
    alert: str, world: Mapping[str, str], minute: int, fires: tuple[str, ...], folder: Path
) -> None:
    """Fail unless the alert fires at a minute for these roles alone, each with its severity."""
    files = rule_files(CONFIG)
    wanted = needed(files.values(), alert)
    rules = {path: text for path, whole in files.items() if (text := pruned(whole, wanted))}
    output.write(rules, folder)
    selector = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    samples = [
        {"labels": f'{{role="{role}", severity="{SEVERITIES[role]}"}}', "value": 1}
        for role in fires
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in world.items()],
        "promql_expr_test": [
            {
                "expr": f"count by (role, severity) ({selector})",
                "eval_time": f"{minute}m",
                "exp_samples": samples,
            }
        ],
    }
    path = folder / "shadows.yml"
    path.write_text(
        dumped(
            {
                "rule_files": [str(folder / path) for path in rules],
                "evaluation_interval": "1m",
                "tests": [test],
            }
        )
    )
    assert not complaints(components.promtool("3"), path)


@pytest.mark.parametrize("down", ["live", "shadow"])
def test_only_the_live_model_pages_when_it_is_down(down: str, tmp_path: Path) -> None:
    world = {**pod("live", down=down == "live"), **pod("shadow", down=down == "shadow")}
    check("MlmonitorServiceDown", world, 3 * HOUR, (down,), tmp_path)


@pytest.mark.parametrize("stopped", [("live",), ("live", "shadow"), ("shadow",)])
def test_calls_of_a_shadow_are_no_calls(stopped: tuple[str, ...], tmp_path: Path) -> None:
    world = {
        **calls("live", stop="live" in stopped),
        **calls("shadow", stop="shadow" in stopped),
    }
    fires = ("live",) if "live" in stopped else ()
    check("MlmonitorNoTraffic", world, DAY + HOUR, fires, tmp_path)
