"""What folding a batch costs, in copies of its array."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry

from benchmarks import samples
from benchmarks.harness import Result, report, seconds
from mlmonitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 100_000


def main() -> None:
    """Time every form of a batch and report it."""
    array = np.random.default_rng(1).normal(size=(ROWS, samples.WIDTH)) * 3 + np.arange(
        samples.WIDTH
    )
    copy = seconds(array.copy)
    frame = pd.DataFrame(array, columns=samples.NAMES)
    separate = pd.DataFrame({name: frame[name].to_numpy().copy() for name in samples.NAMES})
    cases: list[tuple[str, Any, float]] = [
        ("C order", array, 11),
        ("Fortran order", np.asfortranarray(array), 12),
        ("frame", frame, 12),
        ("frame of separate columns", separate, 12),
    ]
    predict = _predict()
    results = [
        Result(name, seconds(partial(predict, data), 5) / copy, target, "copies")
        for name, data, target in cases
    ]
    results.append(
        Result("C order, beside a busy thread", _beside(predict, array) / copy, 25, "copies")
    )
    report("batch", f"100,000 × 80 floats, in copies of the array = {copy * 1e3:.0f} ms", results)


def _predict() -> Callable[[Any], object]:
    monitor = Monitor("bench", reference=samples.reference(), registry=CollectorRegistry())
    return monitor(_rows, batch=True, output=lambda _: np.zeros(0))


def _rows(batch: Any) -> int:
    return len(batch)


def _beside(predict: Callable[[Any], object], array: np.ndarray) -> float:
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=burn)
    thread.start()
    found = seconds(lambda: predict(array), 3)
    stop.set()
    thread.join()
    return found


if __name__ == "__main__":
    main()
