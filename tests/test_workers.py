from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests import components
from tests.references import mixed, mixed_rows
from tests.worker_service import EARLY_ROWS, early_rows, make_monitor, price_and_spoil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.worker_service import Row

pytestmark = pytest.mark.timeout(60)

WORKERS: Final = 4
CLIENTS: Final = 8
ROWS_A_REQUEST: Final = 7
IDLE: Final = 1.0
"""Seconds after which an idle worker has written all that it counted."""
ROUNDING: Final = 100 * 2.0**-10
"""How far sums of deviations may be off: each worker's are rounded down, to a unit of 2**-10."""
ROOT: Final = Path(__file__).parents[1]

Key = tuple[str, tuple[tuple[str, str], ...]]
Samples = dict[Key, float]


@dataclass
class Service:
    """A server, and what its clients have sent and seen."""

    port: int
    process: subprocess.Popen[bytes]
    sent: list[Row] = field(default_factory=list)
    served: dict[int, int] = field(default_factory=dict)
    seeds: Iterator[int] = field(default_factory=count)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, str]:
        """The worker that answered, and its answer; every request has a connection of its own."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.headers["X-Worker"]), answer.read().decode()

    def predict(self, rows: int = ROWS_A_REQUEST) -> int:
        """Have some rows predicted; the worker that did."""
        houses = mixed_rows(rows, seed=next(self.seeds))
        pid, _ = self.ask("/predict", json.dumps(houses).encode())
        self.sent += houses
        self.served[pid] = self.served.get(pid, 0) + rows
        return pid

    def predict_everywhere(self) -> None:
        """Send rows, over several connections at once, until four workers have predicted some."""

        def done() -> bool:
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(lambda _: self.predict(), range(4 * CLIENTS)))
            return len(self.served) >= WORKERS

        until(done)

    def scrape(self) -> tuple[int, Samples]:
        """The worker that answered, and what it exposes."""
        pid, text = self.ask("/metrics")
        return pid, parsed(text)

    def scrape_each(self, workers: set[int], times: int = 3) -> list[Samples]:
        """Scrapes, in their order by several clients, until each worker has answered often."""
        answers: list[tuple[int, Samples]] = []

        def client(_: int) -> None:
            before: Samples = {}
            for _ in range(times):
                pid, samples = self.scrape()
                assert_nothing_fell(before, samples)
                before = samples
                answers.append((pid, samples))

        def done() -> bool:
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(client, range(CLIENTS)))
            seen = [pid for pid, _ in answers]
            return all(seen.count(pid) >= times for pid in workers)

        until(done)
        return [samples for _, samples in answers]


@contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[Service]:
    """A server in a process group of its own, which is ended whatever happens."""
    port, log = components.free_port(), folder / "server.log"
    directory = {"MLMONITOR_DIR": str(folder / "counts"), "XDG_RUNTIME_DIR": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=port) for part in command)],
            cwd=ROOT,
            env={**os.environ, **directory, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service = Service(port, process)
    try:
        until(lambda: answers(service))
        yield service
    except BaseException:
        sys.stderr.write(log.read_text(errors="replace")[-4000:])
        raise
    finally:
        end_group(process)


def gunicorn(folder: Path, *options: str, **environment: str) -> Any:
    """gunicorn with its workers forked from a master that has made the monitor."""
    command = ["gunicorn", "--bind=127.0.0.1:{port}", f"--workers={WORKERS}", "--preload"]
    return running([*command, *options, "tests.worker_service:make_wsgi()"], folder, **environment)


def uvicorn(folder: Path) -> Any:
    """uvicorn with workers that make a monitor each."""
    options = ["--factory", "--port={port}", f"--workers={WORKERS}"]
    return running(["uvicorn", *options, "tests.worker_service:make_asgi"], folder)


def answers(service: Service) -> bool:
    assert service.process.poll() is None, "the server ended"
    with suppress(OSError):
        service.ask("/metrics")
        return True
    return False


def end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def until(done: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.05)


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def counters(samples: Samples) -> Samples:
    """What is summed over all workers: neither gauges nor what a process uses."""
    return {
        key: value
        for key, value in samples.items()
        if key[0].startswith("mlmonitor_")
        and key[0].endswith(("_total", "_bucket", "_count", "_sum"))
        and "_process_" not in key[0]
    }


def workers(samples: Samples) -> set[int]:
    """The live workers, as their resident memory tells."""
    name = "mlmonitor_process_resident_memory_bytes"
    return {int(dict(labels)["pid"]) for found, labels in samples if found == name}


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of the series of a name that bear some labels."""
    wanted = labels.items()
    return sum(
        value for key, value in samples.items() if key[0] == name and wanted <= dict(key[1]).items()
    )


def assert_nothing_fell(before: Samples, after: Samples) -> None:
    now = counters(after)
    fallen = {key: value - now[key] for key, value in counters(before).items() if value > now[key]}
    assert not fallen


def assert_exact(samples: Samples, rows: list[Row]) -> None:
    """All counts are those of one process that predicted all of the rows."""
    assert_counted(samples, rows)
    alone = CollectorRegistry()
    predict = make_monitor(alone)(input="row")(price_and_spoil)
    for row in rows:
        predict(dict(row))
    expected = counters(parsed(generate_latest(alone).decode()))
    expected = {key: value for key, value in expected.items() if "duration" not in key[0]}
    found = {key: value for key, value in counters(samples).items() if key in expected}
    sums = {key: found.pop(key) for key in list(found) if "deviation" in key[0]}
    assert sums == pytest.approx({key: expected.pop(key) for key in sums}, abs=ROUNDING)
    assert found == expected


def assert_counted(samples: Samples, rows: list[Row]) -> None:
    """Rows, predictions and one column's bins are what NumPy counts."""
    column = {"side": "input", "column": "size"}
    assert total(samples, "mlmonitor_predictions_total") == len(rows)
    assert total(samples, "mlmonitor_prediction_duration_seconds_count") == len(rows)
    assert total(samples, "mlmonitor_column_rows_total", **column) == len(rows)
    assert total(samples, "mlmonitor_predictions_in_flight") == 0
    values = np.array([row["size"] for row in rows])
    name = "mlmonitor_column_cumulative_total"
    for edge in next(one for one in mixed().columns if one.name == "size").edges or ():
        bins = [
            value
            for key, value in samples.items()
            if key[0] == name
            and column.items() <= dict(key[1]).items()
            and float(dict(key[1])["upper"]) == edge
        ]
        assert bins == [(values <= edge).sum()]


def test_four_preloaded_workers_are_summed_exactly_whichever_answers(tmp_path: Path) -> None:
    with gunicorn(tmp_path, **{EARLY_ROWS: "50"}) as service:
        service.sent += early_rows(50)
        service.predict_everywhere()
        time.sleep(IDLE)
        scrapes = service.scrape_each(set(service.served))
        for samples in scrapes:
            assert_exact(samples, service.sent)
            assert workers(samples) == {*service.served, service.process.pid}
        assert len(service.served) == WORKERS


def test_a_killed_worker_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as service:
        service.predict_everywhere()
        time.sleep(IDLE)
        victim = min(service.served)
        _, before = service.scrape()
        os.kill(victim, signal.SIGKILL)
        service.served.pop(victim)
        service.predict_everywhere()
        time.sleep(IDLE)
        for samples in service.scrape_each(set(service.served)):
            assert_nothing_fell(before, samples)
            assert_exact(samples, service.sent)
            assert workers(samples) == set(service.served)


def test_a_worker_killed_at_work_loses_less_than_a_tile(tmp_path: Path) -> None:
    tally = make_monitor(CollectorRegistry())._tally
    tile = max(channel.tile for channel in tally.channels.values())
    with gunicorn(tmp_path) as service:
        service.predict_everywhere()
        time.sleep(IDLE)
        _, before = service.scrape()
        victim = service.predict(3 * tile - 1)
        os.kill(victim, signal.SIGKILL)
        time.sleep(IDLE)
        name, sent = "mlmonitor_column_rows_total", len(service.sent)
        until(lambda: victim not in workers(service.scrape()[1]))
        for samples in service.scrape_each(workers(service.scrape()[1])):
            assert_nothing_fell(before, samples)
            for side, column in (("input", "size"), ("input", "city"), ("output", "prediction")):
                counted = total(samples, name, side=side, column=column)
                assert sent - tile < counted <= sent


def test_scrapes_while_workers_end_and_are_merged_are_exact(tmp_path: Path) -> None:
    with gunicorn(tmp_path, "--max-requests=6", "--max-requests-jitter=3") as service:
        service.predict_everywhere()
        time.sleep(IDLE)
        rows = total(service.scrape()[1], "mlmonitor_column_rows_total", column="size")
        assert rows == len(service.sent)
        pids = set()
        for samples in service.scrape_each(set(), times=8):
            pids |= workers(samples)
            assert total(samples, "mlmonitor_column_rows_total", column="size") == rows
        assert len(pids) > 2 * WORKERS
        assert_exact(service.scrape()[1], service.sent)
        assert len(list((tmp_path / "counts").rglob("*.tally"))) < len(pids)


def test_workers_that_are_told_to_end_lose_nothing_and_counters_never_fall(tmp_path: Path) -> None:
    with gunicorn(tmp_path) as service, ThreadPoolExecutor(1) as pool:
        for _ in range(4):
            scraping = pool.submit(service.scrape_each, set(), 4)
            for _ in range(4):
                victim = service.predict()
                os.kill(victim, signal.SIGTERM)
            scraping.result()
        time.sleep(IDLE)
        assert_exact(service.scrape()[1], service.sent)


def test_uvicorn_workers_are_summed_exactly(tmp_path: Path) -> None:
    with uvicorn(tmp_path) as service:
        service.predict_everywhere()
        time.sleep(IDLE)
        for samples in service.scrape_each(set(service.served)):
            assert_exact(samples, service.sent)
            assert workers(samples) == set(service.served)


def test_uvicorn_workers_that_flush_at_shutdown_lose_nothing(tmp_path: Path) -> None:
    with uvicorn(tmp_path) as service:
        for _ in range(WORKERS):
            os.kill(service.predict(), signal.SIGTERM)
        time.sleep(IDLE)
        assert_exact(service.scrape()[1], service.sent)
