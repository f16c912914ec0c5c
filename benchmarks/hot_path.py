"""What a monitored call costs, in increments of a prometheus_client counter."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client import CollectorRegistry, Histogram

from benchmarks import samples
from benchmarks.harness import Result, counter_increment, report, seconds_a_call
from mlmonitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor import Reference

CASES: tuple[tuple[str, dict[str, Any], Callable[[int], Sequence[Any]], float], ...] = (
    ("+ 80 floats, ndarray", {}, samples.arrays, 6.5),
    ("+ 80 floats, tuple", {}, samples.tuples, 6.5),
    ("+ 80 floats, ndarray, edges given by the user", {"grid": None}, samples.arrays, 7.5),
    ("+ 80 floats, tuple, edges given by the user", {"grid": None}, samples.tuples, 7.5),
    ("+ 80 floats, tuple, one NaN a row", {}, samples.tuples_with_nan, 9.2),
    ("+ dict", {}, samples.dicts, 12),
    ("+ dict, another order", {}, samples.shuffled_dicts, 12),
    ("+ dict, fresh key strings", {}, samples.fresh_dicts, 18),
    ("+ dict, the same 5 keys always absent", {}, samples.partial_dicts, 18),
    ("+ dict, a random key absent", {}, samples.dicts_with_a_hole, 28),
    ("+ dict, 40 floats and 40 fresh strings", {"strings": 40}, samples.mixed_dicts, 20),
)


def main() -> None:
    """Time every case and report it."""
    increment = counter_increment()
    bare = _monitored(None, samples.arrays)
    results = [Result("decorator, no reference", bare / increment, 4, "I")]
    for name, options, rows, target in CASES:
        cost = _monitored(samples.reference(**options), rows) - bare
        results.append(Result(name, cost / counter_increment(), target, "I"))
    results.append(Result("peer: 80 × Histogram.observe", _observe() / increment, None, "I"))
    results += _peer(increment)
    results += _beside_a_busy_thread()
    report("hot_path", f"A call, in I = one Counter.inc() = {increment * 1e9:.0f} ns", results)


def _nothing(_row: object) -> float:
    return 1.5


def _monitored(reference: Reference | None, rows: Callable[[int], Sequence[Any]]) -> float:
    """Seconds that the decorator adds to a function that does nothing."""
    monitor = Monitor("bench", reference=reference, registry=CollectorRegistry())
    return seconds_a_call(monitor(_nothing), rows) - seconds_a_call(_nothing, rows)


def _observe() -> float:
    """Seconds of one cached `observe` for each of 80 columns."""
    histogram = Histogram(
        "peer",
        "A peer.",
        ["column"],
        buckets=[i / 10 for i in range(20)],
        registry=CollectorRegistry(),
    )
    observers = [histogram.labels(name).observe for name in samples.NAMES]

    def call(row: Sequence[float]) -> None:
        for observe, value in zip(observers, row, strict=True):
            observe(value)

    return seconds_a_call(call, samples.tuples, rounds=3)


def _peer(increment: float) -> list[Result]:
    """Whylogs on one row of 80 floats, where it is installed."""
    try:
        import whylogs  # noqa: PLC0415 - optional
    except ImportError:
        return []
    rows = samples.dicts(0)[:20]
    started = perf_counter()
    for row in rows:
        whylogs.log(row)
    return [
        Result(
            "peer: whylogs.log of a dict", (perf_counter() - started) / 20 / increment, None, "I"
        )
    ]


def _beside_a_busy_thread() -> list[Result]:
    """Share of calls above 1 ms beside a thread that never waits, by the fair share of the GIL."""
    predict = Monitor("bench", reference=samples.reference(), registry=CollectorRegistry())(
        _nothing
    )
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(1_000))

    rows, took = samples.tuples(0), []
    thread = threading.Thread(target=burn)
    thread.start()
    for _ in range(160):
        for row in rows:
            started = perf_counter()
            predict(row)
            took.append(perf_counter() - started)
    stop.set()
    thread.join()
    times = np.array(took)
    share = float((times > 1e-3).mean()) / (float(times.mean()) / 5e-3)  # noqa: PLR2004 - 1 ms
    note = f"{(times > 1e-3).mean():.3%} of {len(times):,} calls"  # noqa: PLR2004
    return [Result("share of calls over 1 ms beside a busy thread", share, 2, "× fair share", note)]


if __name__ == "__main__":
    main()
