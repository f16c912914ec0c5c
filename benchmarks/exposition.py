"""What writing `/metrics` costs a series, against prometheus_client writing as many counters.

Every counter of ours changes between two scrapes, so that nothing comes from a cache but the gauges
of the reference, which never change.
"""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client import CollectorRegistry, Counter, generate_latest

from benchmarks.harness import Result, report, seconds
from mlmonitor import Monitor
from mlmonitor.expose import cardinality, render
from mlmonitor.reference import Column, Reference

if TYPE_CHECKING:
    from collections.abc import Callable

SERIES = 10_000
BINS = 20
OPENMETRICS = "application/openmetrics-text"


def main() -> None:
    """Time each way to write the metrics and report it."""
    theirs = _counters()
    registry, change = _monitored()
    text, _ = render(registry)
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    yardstick = seconds(lambda: generate_latest(theirs), 5) / SERIES
    results = [
        _result(name, found / series, yardstick, target)
        for name, found, target in (
            (f"text, {series:,} series", _changing(lambda: render(registry), change), 100 / 40),
            ("OpenMetrics", _changing(lambda: render(registry, OPENMETRICS), change), 100 / 40),
            ("text, nothing has changed", seconds(lambda: render(registry), 20), None),
            ("gzip of the text, in addition", seconds(lambda: gzip.compress(text, 1)), None),
        )
    ]
    title = (
        f"/metrics, in % of prometheus_client's time a series = {yardstick * 1e6:.1f} µs "
        f"({SERIES:,} counters)"
    )
    report("exposition", title, results)


def _result(name: str, found: float, yardstick: float, target: float | None) -> Result:
    note = f"{found * 1e6:.3f} µs a series, {yardstick / found:.0f} times faster"
    return Result(name, 100 * found / yardstick, target, "%", note)


def _changing(work: Callable[[], object], change: Callable[[], object], rounds: int = 30) -> float:
    """The median time of `work` after a change each."""
    taken = []
    for _ in range(rounds):
        change()
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def _counters() -> CollectorRegistry:
    """As many plain counters, with the labels of ours."""
    registry = CollectorRegistry()
    labels = ("model", "version", "role", "reference", "side", "column", "lower", "upper")
    counter = Counter("column_cumulative", "Values by bin.", labels, registry=registry)
    for number in range(SERIES):
        column, position = divmod(number, BINS)
        identity = ("house-prices", "1", "live", "0a1b2c3d", "input")
        edges = (f"{position}.0", f"{position + 1}.0")
        counter.labels(*identity, f"x{column}", *edges).inc(number)
    return registry


def _monitored() -> tuple[CollectorRegistry, Callable[[], object]]:
    """A registry with a monitor of about as many series, and what changes all its counters."""
    fixed, each = cardinality(_profile(0)).per_pod, cardinality(_profile(1)).columns[0].series
    profile = _profile((SERIES - fixed) // each)
    registry = CollectorRegistry()
    monitor = Monitor("house-prices", reference=profile, registry=registry)
    rows = np.random.default_rng(0).uniform(0, BINS, (2000, len(profile.columns)))
    predict = monitor(batch=True)(lambda batch: np.ones(len(batch)))
    predict(rows)
    return registry, lambda: predict(rows[:100])


def _profile(columns: int) -> Reference:
    return Reference(
        model="house-prices",
        version="1",
        rows=1000,
        columns=tuple(_column(f"x{number}") for number in range(columns)),
    )


def _column(name: str) -> Column:
    return Column(
        name=name,
        side="input",
        kind="numeric",
        rows=1000,
        edges=tuple(float(edge) for edge in range(1, BINS)),
        counts=(1000 // BINS,) * BINS,
        range=(0.0, float(BINS)),
        mean=BINS / 2,
        deviation=BINS / 12**0.5,
        median=BINS / 2,
    )


if __name__ == "__main__":
    main()
