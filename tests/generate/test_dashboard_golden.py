"""The dashboards of a stated monitoring.yaml are committed, so that every change of them is seen."""

from __future__ import annotations

from pathlib import Path

from mlmonitor.config import load_config
from mlmonitor.generate import output
from mlmonitor.generate.dashboards import DashboardSettings, dashboards

FOLDER = Path(__file__).parents[1] / "golden"


def test_the_committed_dashboards_are_those_that_are_generated() -> None:
    files = dashboards(DashboardSettings.of(load_config(FOLDER / "monitoring.yaml")))
    assert output.difference(files, FOLDER) == "", (
        "run `mlmonitor generate-dashboards -c tests/golden/monitoring.yaml -o tests/golden`"
    )
    assert {f"grafana/{path.name}" for path in (FOLDER / "grafana").iterdir()} == set(files)
