from __future__ import annotations

import pandas as pd
import pytest

from mlmonitor.backtest.run import Files, Simulated, backtest_of
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import MlmonitorError
from tests import references
from tests.backtest import sample

HOURLY = MonitoringConfig.model_validate({"prometheus": {"windows": ["1h"]}})


def test_rates_and_durations_are_read():
    source = Simulated.of("2d", "3/10s")
    assert (source.seconds, source.rate) == (2 * 86400, pytest.approx(0.3))
    assert Simulated.of("1h", "0.5/m").rate == pytest.approx(0.5 / 60)


@pytest.mark.parametrize("rate", ["fast", "1", "0/s", "1/0s", "-1/s", "1/year"])
def test_what_is_no_rate_is_told(rate):
    with pytest.raises(MlmonitorError, match=r"is no rate; write rows in a time, such as 1/s"):
        Simulated.of("28d", rate)


def test_simulated_months_differ_and_suggest_thresholds_only_where_they_are_needed():
    told = []
    found = backtest_of(
        HOURLY,
        references.mixed(),
        Simulated(2 * 86400, 0.05, months=2),
        delays=False,
        tests=True,
        progress=lambda *done: told.append(done),
    )
    assert found.tests is None
    assert found.report.months == 2
    assert found.report.start is None
    assert found.report.rows != 2 * round(found.report.rows / 2)
    assert found.report.suggestions == ()
    assert ("Replaying", 8, 8) in told


def test_past_traffic_is_read_replayed_and_its_delays_are_simulated(tmp_path):
    frame = pd.DataFrame(references.mixed_rows(8000))
    frame["prediction"] = 10_000.0 + 3_000 * frame.index % 7
    frame["when"] = 1_700_000_000 + frame.index * 20
    frame.loc[frame.index > 4000, "note"] = None
    path = tmp_path / "traffic.csv"
    frame.to_csv(path, index=False)
    told = []

    found = backtest_of(
        sample.CONFIG,
        references.mixed(),
        Files((str(path),), "when"),
        tests=True,
        progress=lambda *done: told.append(done[0]),
    )

    alerts = {one.alert for one in found.report.alerts}
    assert "MlmonitorInputsDrifted" in alerts
    assert found.report.start == "2023-11-14T22:10:00Z"
    assert found.report.suggestions == ()
    assert [one.change for one in found.report.delays][-1] == "all unseen"
    assert "Mlmonitor" in (found.tests or "")
    assert [*dict.fromkeys(told)] == ["Reading", "Replaying", "Simulating", "Changing columns"]
