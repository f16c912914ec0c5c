from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mlmonitor.backtest.series import SCOPE, raw_series
from mlmonitor.backtest.traffic import traffic_of_frames
from mlmonitor.monitor import Monitor
from tests import references

_PART = re.compile(r"^([-0-9.]+(?:e[-+]?[0-9]+)?)(?:\+([0-9.]+))?(?:x([0-9]+))?$")


def _frame() -> pd.DataFrame:
    rows = references.mixed_rows(300)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rows)
    frame["prediction"] = rng.normal(1e4, 3e3, len(frame))
    frame["when"] = 1_700_000_100 + np.sort(rng.uniform(0, 1500, len(frame)))
    return frame


def _values(text: str) -> list[float]:
    found: list[float] = []
    for part in text.split():
        first, slope, times = _PART.match(part).groups()  # type: ignore[union-attr]
        found += [float(first) + i * float(slope or 0) for i in range(int(times or 0) + 1)]
    return found


def _exposed() -> dict[str, float]:
    """What a monitor exposes of each series after the same rows."""
    registry = CollectorRegistry()
    monitor = Monitor("m", version="1", reference=references.mixed(), registry=registry)
    inputs = [one.name for one in references.mixed().columns if one.side == "input"]
    for row in _frame().to_dict("records"):
        with monitor.prediction({name: row[name] for name in inputs}) as prediction:
            prediction.output = row["prediction"]
    found = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for one in family.samples:
            labels = ", ".join(
                f'{k}="{v}"' for k, v in sorted({**one.labels, "pod": SCOPE}.items())
            )
            found[f"{one.name}{{{labels}}}"] = one.value
    return found


def test_counters_grow_as_those_of_a_monitor_and_gauges_are_its_own():
    traffic = traffic_of_frames([_frame()], references.mixed(), "when")

    series = raw_series(traffic, ("pod",), idle=2)

    exposed = _exposed()
    for name, text in series.items():
        values = _values(text)
        assert len(values) == traffic.steps + 3, name
        grown = values[-1] - values[0] if "_total{" in name else values[-1]
        if not name.startswith("mlmonitor_model_info"):
            assert grown == pytest.approx(exposed[name], rel=1e-5, abs=1e-3), name
    counted = {name for name in exposed if name.startswith("mlmonitor_column")}
    assert {name for name in series if name.startswith("mlmonitor_column")} == counted


def test_counters_never_fall_and_stand_above_zero_before_they_grow():
    traffic = traffic_of_frames([_frame()], references.mixed(), "when")
    for name, text in raw_series(traffic, ()).items():
        values = _values(text)
        assert values == sorted(values), name
        assert values[0] > 0 or values[-1] == values[0], name


def test_a_part_may_carry_the_name_of_the_whole_reference():
    traffic = traffic_of_frames([_frame()], references.mixed(), "when")
    named = raw_series(traffic, (), "0badcafe")
    assert all('reference="0badcafe"' in name for name in named)
