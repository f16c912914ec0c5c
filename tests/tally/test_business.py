from __future__ import annotations

import math
import os
import signal
import time
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlmonitor.business import BusinessMetric
from mlmonitor.tally import Layout, Tally, Totals
from mlmonitor.tally.business import LARGEST, VALUES_A_FOLD
from mlmonitor.tally.memory import MemoryMap
from mlmonitor.tally.store import FileStore
from tests.tally.test_store import in_child
from tests.tally.test_tally import Hostile

if TYPE_CHECKING:
    from pathlib import Path

METRICS = (
    BusinessMetric("orders", "counter"),
    BusinessMetric("sold", "counter", segments=("web", "shop")),
    BusinessMetric("stock", "gauge"),
    BusinessMetric("value", "distribution", (1.0, 10.0, 100.0)),
)
LAYOUT = Layout.of(None, business=METRICS)


def cells(tally: Tally, metric: str, segment: str = "all") -> list[float]:
    wanted = (metric, segment)
    found = next(b for b in LAYOUT.business if (b.metric.name, b.segment) == wanted)
    part: list[float] = tally.totals().cells[found.cells].tolist()
    return part


def record(tally: Tally, metric: str, *values: Any, segment: str | None = None) -> None:
    for value in values:
        tally.business.taker(metric)(value, segment)


def shared(folder: Path) -> Tally:
    return Tally(LAYOUT, FileStore(folder, MemoryMap.of(LAYOUT)))


@pytest.mark.parametrize("count", [1, VALUES_A_FOLD - 1, VALUES_A_FOLD, 5 * VALUES_A_FOLD + 3])
def test_values_add_up_whether_they_wait_or_not(count: int) -> None:
    tally = Tally(LAYOUT)
    values = np.random.default_rng(count).lognormal(2, 2, count).round(3)
    record(tally, "orders", *values)
    record(tally, "value", *values)
    assert cells(tally, "orders") == pytest.approx([values.sum()], abs=2**-15)
    edges = (-math.inf, 1.0, 10.0, 100.0, math.inf)
    counted = [((values > low) & (values <= high)).sum() for low, high in pairwise(edges)]
    assert cells(tally, "value") == pytest.approx([*counted, values.sum()], abs=2**-15)


def test_a_value_on_an_edge_belongs_below_it() -> None:
    tally = Tally(LAYOUT)
    record(tally, "value", 0, 1.0, 10, 100.0, 100.5)
    assert cells(tally, "value") == [2, 1, 1, 1, 211.5]


def test_segments_that_are_not_declared_are_other() -> None:
    tally = Tally(LAYOUT)
    record(tally, "sold", 1, 2, segment="web")
    record(tally, "sold", 4, segment="fax")
    record(tally, "sold", 8)
    record(tally, "orders", 16, segment="web")
    found = [cells(tally, "sold", segment) for segment in ("web", "shop", "other")]
    assert found == [[3], [0], [12]]
    assert cells(tally, "orders") == [16]


def test_a_gauge_has_the_last_value_and_its_time() -> None:
    tally = Tally(LAYOUT)
    assert cells(tally, "stock") == [0, 0]
    record(tally, "stock", 5, -2.5)
    value, at = cells(tally, "stock")
    assert value == -2.5
    assert at == pytest.approx(time.time(), abs=10)


@pytest.mark.parametrize("metric", ["orders", "value", "stock"])
def test_numbers_of_all_types_count(metric: str) -> None:
    tally = Tally(LAYOUT)
    record(tally, metric, True, np.float32(2), np.int64(1), Decimal("0.5"), np.array(4.0))
    total = 4.0 if metric == "stock" else 8.5
    assert total in cells(tally, metric)


@pytest.mark.parametrize(
    ("metric", "bad"),
    [
        ("orders", -1), ("orders", math.nan), ("orders", math.inf), ("orders", "7"),
        ("orders", None), ("orders", Hostile), ("orders", 1j), ("orders", 2 * LARGEST),
        ("value", -0.5), ("value", math.nan), ("value", [1]), ("value", 1e308),
        ("stock", math.nan), ("stock", -math.inf), ("stock", "many"), ("stock", Hostile),
    ],
)  # fmt: skip
def test_a_value_that_cannot_count_is_a_failure_and_the_others_count(metric: str, bad: Any) -> None:
    failures: list[str] = []
    tally = Tally(LAYOUT, None, lambda stage, _: failures.append(stage))
    value = bad() if bad is Hostile else bad
    record(tally, metric, value, 3.0, value)
    assert 3.0 in cells(tally, metric)
    assert failures == ["business", "business"]


def test_workers_add_up_and_the_newest_gauge_wins_also_of_an_ended_worker(tmp_path: Path) -> None:
    def work() -> None:
        tally = shared(tmp_path)
        record(tally, "orders", 10)
        record(tally, "value", 5.0, 50.0)
        record(tally, "stock", 7)
        tally.heartbeat()

    mine = shared(tmp_path)
    record(mine, "stock", 3)
    record(mine, "orders", 1)
    mine.heartbeat()
    time.sleep(0.01)
    pids = [in_child(work) for _ in range(3)]
    for _ in range(2):
        assert cells(mine, "orders") == [31]
        assert cells(mine, "value") == [0, 3, 3, 0, 165]
        assert cells(mine, "stock")[0] == 7
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        pids = []
        assert cells(shared(tmp_path), "stock")[0] == 7
    record(mine, "stock", 4)
    assert cells(mine, "stock")[0] == 4
    assert cells(shared(tmp_path), "orders") == [31]


def test_values_of_a_parent_are_not_counted_again_in_its_child(tmp_path: Path) -> None:
    tally = shared(tmp_path)
    record(tally, "orders", 1)
    tally.heartbeat()
    record(tally, "orders", 1)
    pid = in_child(tally.heartbeat)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert cells(tally, "orders") == [2]


def test_totals_of_two_readings_keep_the_newer_gauge() -> None:
    older, newer = Tally(LAYOUT), Tally(LAYOUT)
    record(older, "stock", 1)
    time.sleep(0.002)
    record(newer, "stock", 2)
    record(newer, "orders", 5)
    gauge = LAYOUT.gauges[0].cells
    for both in (older.totals() + newer.totals(), newer.totals() + older.totals()):
        assert isinstance(both, Totals)
        assert both.cells[gauge][0] == 2
        assert both.cells[LAYOUT.business[0].cells] == 5


def test_layouts_of_other_business_metrics_have_another_digest() -> None:
    other = Layout.of(
        None, business=(*METRICS[:3], BusinessMetric("value", "distribution", (1.0, 10.0, 99.0)))
    )
    assert other.size == LAYOUT.size
    assert other.digest != LAYOUT.digest
