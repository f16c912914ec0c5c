"""The settings for large fleets, with which every window has a group of its own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rules

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = MonitoringConfig.model_validate(
    {
        "prometheus": {"evaluations": 4},
        "alerts": {"evaluation_interval": "2m", "baselines": ["reference", "previous"]},
        "models": [{"name": "houses"}],
    }
)
BY_WINDOWS = ("MlmonitorInputsDrifted", "MlmonitorHarmfulDrift", "MlmonitorFeatureDead")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fleet")
    output.write(rules(CONFIG), made)
    return made


@pytest.mark.parametrize("alert", BY_WINDOWS)
def test_alerts_fire_and_resolve(folder: Path, alert: str) -> None:
    from tests import components  # noqa: PLC0415 - obtains servers

    path = folder / "prometheus" / "tests" / f"{alert}.yml"
    command = [components.promtool("3"), "test", "rules", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
