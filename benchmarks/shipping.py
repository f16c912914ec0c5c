"""What shipping records to a real Elasticsearch costs, and what its absence costs.

`python -m benchmarks.shipping [seconds of an outage]`: 40 or more, so that queues are full in the
second half. Elasticsearch runs on the same machine and takes
the time that the exporter leaves it, so the exporter's own CPU time is what counts.
"""

from __future__ import annotations

import gc
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from prometheus_client import CollectorRegistry

from benchmarks.harness import Result, report
from mlmonitor import Monitor
from mlmonitor.shipping import ElasticsearchHandler
from mlmonitor.shipping.connection import PASSWORD_VARIABLE
from tests.components import free_port
from tests.elasticsearch_server import ADMIN, USERS, elasticsearch
from tests.shipping import records

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDS: Final = 60_000
COLUMNS: Final = 20
RATE: Final = 1_000
OUTAGE: Final = 180.0
CALLS: Final = 20_000
_EXPORT: Final = (sys.executable, "-m", "mlmonitor", "export", "logs")
_MEGABYTE: Final = 1 << 20
_SERVICE: Final = """
import sys, time
from benchmarks.shipping import at_rate, line
from mlmonitor.logs.sinks import QueueFullError
from mlmonitor.shipping import ElasticsearchHandler
handler = ElasticsearchHandler(sys.argv[1], patience=0)
def write(place):
    try:
        handler.write(line(place), 1)
    except QueueFullError:  # as a monitor does: it counts the record and goes on
        pass
at_rate(float(sys.argv[2]), write)
"""


def line(place: int) -> bytes:
    """A record of twenty inputs, as a service writes it."""
    inputs = {f"feature_{column}": place * 0.37 + column for column in range(COLUMNS)}
    return records.record(f"bench-{place}", "bench", **inputs)


def at_rate(duration: float, work: Callable[[int], object]) -> None:
    """Do something a thousand times a second, in twenty bursts."""
    began, done = time.monotonic(), 0
    while (passed := time.monotonic() - began) < duration:
        due = int(passed * RATE)
        for place in range(done, due):
            work(place)
        done = due
        time.sleep(0.05)


def main() -> None:
    """Measure and report."""
    outage = float(sys.argv[1]) if len(sys.argv) > 1 else OUTAGE
    os.environ[PASSWORD_VARIABLE] = ADMIN[1]
    nowhere = f"http://127.0.0.1:{free_port()}"
    with elasticsearch(users=USERS) as server:
        records.prepare(records.client(server.url))
        results = [*_throughput(server.url), *_latency(server.url)]
    results += _exporter_memory(nowhere, outage)
    results += _handler_memory(nowhere, outage)
    report("shipping", f"Shipping, records of {len(line(1000)):,} bytes", results)


def _throughput(url: str) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        # An empty run first: what starting costs is no cost of records.
        start, _ = _exported(path, url)
        (path / "a.jsonl").write_bytes(b"".join(line(place) for place in range(RECORDS)))
        cpu, wall = _exported(path, url)
    cost = (cpu - start) / RECORDS
    return [
        Result(
            "CPU time of the exporter", cost * 1e6, 200, "µs a record",
            f"{1 / cost:,.0f} records/s on a core of its own",
        ),
        Result(
            "with Elasticsearch beside it", wall / RECORDS * 1e6, 200, "µs a record",
            f"{RECORDS / wall:,.0f} records/s, {os.cpu_count()} cores, "
            f"load {os.getloadavg()[0]:.1f}",
        ),
    ]  # fmt: skip


def _exported(folder: Path, url: str) -> tuple[float, float]:
    """CPU and wall seconds of an export."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [*_EXPORT, str(folder), "--elasticsearch", url, "--user", ADMIN[0], "--once"], check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


def _exporter_memory(url: str, outage: float) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "a.jsonl").open("ab", 0) as file:
        process = subprocess.Popen(
            [*_EXPORT, folder, "--elasticsearch", url], stderr=subprocess.DEVNULL
        )
        writer = threading.Thread(target=at_rate, args=(outage, lambda n: file.write(line(n))))
        writer.start()
        found = _memory("exporter", process, outage)
        writer.join()
        return found


def _handler_memory(url: str, outage: float) -> list[Result]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVICE, url, str(outage)], stderr=subprocess.DEVNULL
    )
    return _memory("service with the direct handler", process, outage)


def _memory(who: str, process: subprocess.Popen[bytes], outage: float) -> list[Result]:
    """Resident memory over an outage: the most, and the growth in its second half."""
    samples = []
    began = time.monotonic()
    try:
        while time.monotonic() - began < outage - 2:
            if process.poll() is not None:
                message = f"{who}: ended with status {process.returncode} in the outage"
                raise RuntimeError(message)
            samples.append((time.monotonic() - began, _resident(process.pid)))
            time.sleep(0.5)
    finally:
        process.kill()
        process.wait()
    most = max(size for _, size in samples)
    times, sizes = np.array(samples[-len(samples) // 2 :]).T
    growth = float(np.polyfit(times, sizes, 1)[0]) * 60
    note = f"{growth:+.2f} MB a minute in the second half of {outage:.0f} s at {RATE:,} records/s"
    return [Result(f"{who}, Elasticsearch away", most, 150, "MB", note)]


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / _MEGABYTE


def _latency(url: str) -> list[Result]:
    """p99.9 of calls whose records go to a dead Elasticsearch, over that with a live one."""
    with socket.socket() as hole:  # takes connections, and answers nothing
        hole.bind(("127.0.0.1", 0))
        hole.listen(64)
        silent = f"http://127.0.0.1:{hole.getsockname()[1]}"
        refusing = f"http://127.0.0.1:{free_port()}"
        ways = {"alive": url, "gone": refusing, "silent": silent}
        handlers = {
            name: ElasticsearchHandler(
                place, user=ADMIN[0] if name == "alive" else None, timeout=2, patience=0
            )
            for name, place in ways.items()
        }
        calls = {name: _monitored(name, handler) for name, handler in handlers.items()}
        taken = _interleaved(calls)
        for handler in handlers.values():
            handler.close()
    tails = {name: float(np.quantile(times, 0.999)) for name, times in taken.items()}
    return [
        Result(
            f"p99.9 of a prediction, Elasticsearch {name}", tails[name] / tails["alive"], 1.2,
            "× alive", f"{tails[name] * 1e6:.0f} µs, alive {tails['alive'] * 1e6:.0f} µs",
        )
        for name in ("gone", "silent")
    ]  # fmt: skip


def _monitored(name: str, handler: ElasticsearchHandler) -> Callable[[dict[str, float]], float]:
    monitor = Monitor("houses", version=name, registry=CollectorRegistry(), logs=handler)

    @monitor
    def predict(row: dict[str, float]) -> float:
        return row["feature_0"] * 2

    return predict


def _interleaved(
    calls: dict[str, Callable[[dict[str, float]], float]],
) -> dict[str, list[float]]:
    """Times of calls in turn, so that whatever else happens meets them all."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    row = {f"feature_{column}": column * 0.37 for column in range(COLUMNS)}
    gc.disable()
    for place in range(CALLS):
        for name, call in calls.items():
            started = time.perf_counter()
            call(row)
            taken[name].append(time.perf_counter() - started)
        if place % 50 == 0:
            time.sleep(0.05)
    gc.enable()
    return taken


if __name__ == "__main__":
    main()
