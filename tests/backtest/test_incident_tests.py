from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from mlmonitor.backtest.incident_tests import incident_tests
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from tests import components
from tests.backtest import sample

if TYPE_CHECKING:
    from pathlib import Path

OTHER = MonitoringConfig.model_validate(
    {**sample.GIVEN, "thresholds": {"mean_shift": 5, "rank": 0.9, "psi": 9, "ks": 0.9}}
)


GONE, SHIFT = sample.CHANGES[:1], sample.CHANGES[2:]


def _text(changes: tuple[sample.Change, ...]) -> str:
    text = incident_tests(sample.CONFIG, sample.replayed(changes), sample.found(changes))
    assert text is not None
    return text


def _tested(
    version: str, config: MonitoringConfig, text: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    output.write({**rule_files(config), "prometheus/tests/incidents.yml": text}, folder)
    return subprocess.run(
        [str(components.promtool(version)), "test", "rules", "incidents.yml"],
        cwd=folder / "prometheus/tests", capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
@pytest.mark.parametrize("changes", [GONE, SHIFT], ids=["a feature missing", "a shift"])
def test_the_incidents_happen_again_in_promtool(version, changes, tmp_path):
    done = _tested(version, sample.CONFIG, _text(changes), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(900)
def test_rules_that_would_miss_an_incident_fail_its_test(tmp_path):
    done = _tested("2.42", OTHER, _text(SHIFT), tmp_path)
    assert done.returncode != 0
    assert "MlmonitorPredictionsDrifted" in done.stdout + done.stderr


def test_a_test_names_the_alert_and_its_columns_and_starts_from_raw_counters():
    tests = yaml.load(_text(SHIFT), Loader=yaml.CSafeLoader)["tests"]
    one = tests[0]
    assert one["name"].startswith("MlmonitorPredictionsDrifted at 1970-01-02T")
    assert one["name"].endswith(": prediction")
    verdict, fires = one["promql_expr_test"]
    assert 'column="prediction"' in verdict["expr"]
    assert 'alertname="MlmonitorPredictionsDrifted"' in fires["expr"]
    assert not [line for line in one["input_series"] if "mlmonitor:" in line["series"]]


def test_there_is_no_file_without_incidents():
    assert incident_tests(sample.CONFIG, sample.replayed(()), []) is None
