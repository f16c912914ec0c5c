"""What a record of a prediction adds to a call, in increments of a prometheus_client counter."""

from __future__ import annotations

import logging
import os
import tempfile
from array import array
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter

from benchmarks import samples
from benchmarks.harness import Result, report, seconds
from mlmonitor import Monitor, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CALLS = 200_000
_PARTS = 5
_BURSTS = 250
_BURST = 192
"""Calls of a run: whole tiles of rows, latencies and notes, so that each run holds as many folds."""
_RECORD = 2_080
"""Bytes of a record of 80 values, nearly."""
_YARDSTICK = Counter("yardstick", "A counter.", registry=CollectorRegistry())
_PERCENT = 99.9


def main() -> None:
    """Time every case and report it."""
    increment = _shortest(lambda _: [])[0] / _BURST
    few = Reference(
        model="bench", version="1", rows=3_000, columns=samples.reference().columns[:20]
    )
    many = samples.reference(strings=40)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name, reference, rows, target in (
            ("20 floats", few, _few, 15.0),
            ("80 values, half of them strings", many, samples.mixed_dicts, 45.0),
        ):
            plain = {"directory": folder, "detect": False}
            cost = _added(reference, rows, plain)
            results.append(Result(f"record of {name}", cost, target, "I"))
            share, size = _bare_write(Path(folder))
            note = f"{size:,} bytes"
            results.append(Result("  of which os.write alone", share, None, "I", note))
            searched = _added(reference, rows, {"directory": folder})
            results.append(Result("  with the detector", searched, 3 * target, "I"))
            handler = logging.FileHandler(Path(folder, "handler"), delay=True)
            through = _added(reference, rows, {"to": handler, "detect": False})
            results.append(Result("  through logging.FileHandler", through, None, "I"))
            handler.close()
            sampled = _added(reference, rows, {**plain, "sample": 0.01})
            results.append(Result("  1 % sampled", sampled, None, "I"))
        results.append(Result("peer: python-json-logger, 20 extras", _peer(folder), None, "I"))
        results += _rotation(folder)
    report("logs", f"A record, in I = one Counter.inc() = {increment * 1e9:.0f} ns", results)


def _few(first: int) -> Sequence[Any]:
    return [dict(list(row.items())[:20]) for row in samples.dicts(first)]


def _nothing(_row: object) -> float:
    return 1.5


def _added(
    reference: Reference, rows: Callable[[int], Sequence[Any]], settings: dict[str, Any]
) -> float:
    """What `logs` adds to a monitored call, in I."""
    watch = partial(Monitor, "bench", reference=reference)
    without = watch(registry=CollectorRegistry())(_nothing)
    recorded = watch(registry=CollectorRegistry(), logs=settings)(_nothing)

    def works(first: int) -> Sequence[Callable[[], object]]:
        given = [*rows(first % 1_792), *rows(first % 1_792 + 128)][:_BURST]
        return partial(_call, without, given), partial(_call, recorded, given)

    increments, plain, whole = _shortest(works)
    return (whole - plain) / increments


def _shortest(works: Callable[[int], Sequence[Callable[[], object]]]) -> list[float]:
    """Seconds of as many increments as a run has calls, and of each work.

    Of many runs of each, in turn, the shortest counts: it is the one that nothing interrupted.
    """
    found: list[float] = []
    for first in range(0, _BURSTS * 128, 128):
        times = [seconds(work, 1) for work in (_increments, *works(first))]
        found = [min(pair) for pair in zip(found, times, strict=True)] if found else times
    return found


def _bare_write(folder: Path) -> tuple[float, int]:
    """What `os.write` of the last record takes by itself, in I, and its bytes.

    It differs most between machines: it is the kernel's and the file system's.
    """
    newest = max(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    line = newest.read_bytes().splitlines(keepends=True)[-1]
    path = folder / "bare"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def writes() -> None:
        for _ in range(_BURST):
            os.write(descriptor, line)

    increments, written = _shortest(lambda _: [writes])
    os.close(descriptor)
    path.unlink()
    return written / increments, len(line)


def _increments() -> None:
    for _ in range(_BURST):
        _YARDSTICK.inc()


def _call(call: Callable[[Any], object], rows: Sequence[Any]) -> None:
    for row in rows:
        call(row)


def _peer(folder: str) -> float:
    """One line of python-json-logger with 20 extra fields."""
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - an extra

    handler = logging.FileHandler(Path(folder, "peer"))
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("peer")  # noqa: LOG001 - of its own, without the root's handlers
    logger.addHandler(handler)

    def log(row: dict[str, float]) -> None:
        logger.info("predicted", extra=row)

    increments, logged = _shortest(lambda first: [partial(_call, log, _few(first % 1_792))])
    handler.close()
    return logged / 128 / (increments / _BURST)


def _rotation(folder: str) -> list[Result]:
    """The 99.9th percentile of calls with rotations, by that without any, measured in turn.

    It is told by few calls, and so is the median of several parts.
    """
    reference = samples.reference(strings=40)
    every = {"none": 1 << 20, "2,000": 2_000, "400": 400}
    calls, took = {}, {name: array("d") for name in every}
    for name, records in every.items():
        size = records * _RECORD
        settings = {"directory": Path(folder, name), "file_size": size, "max_disk": 4 * size}
        watch = Monitor("bench", reference=reference, registry=CollectorRegistry(), logs=settings)
        calls[name] = watch(_nothing)
    for first in range(0, _CALLS, 128):
        rows = samples.mixed_dicts(first % 1_920)
        for name, call in calls.items():
            for row in rows:
                started = perf_counter()
                call(row)
                took[name].append(perf_counter() - started)
    slow = {
        name: np.array([np.percentile(part, _PERCENT) for part in np.array_split(times, _PARTS)])
        for name, times in took.items()
    }
    return [
        Result(
            f"p99.9 with a rotation every {name} calls",
            float(np.median(slow[name] / slow["none"])), 1.2, "× without",
            f"{np.median(slow[name]) * 1e6:.0f} µs, without {np.median(slow['none']) * 1e6:.0f} µs",
        )
        for name in ("2,000", "400")
    ]  # fmt: skip


if __name__ == "__main__":
    main()
