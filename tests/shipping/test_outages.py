from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlmonitor.shipping.backoff import Backoff
from mlmonitor.shipping.connection import PASSWORD_VARIABLE, Connection
from mlmonitor.shipping.delivery import Limits
from mlmonitor.shipping.exporter import Exporter, Source
from tests.elasticsearch_server import ADMIN
from tests.shipping import records
from tests.shipping.proxy import Proxy

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerContext

pytestmark = pytest.mark.xdist_group("elasticsearch")
ROOT = Path(__file__).parents[2]
KILLS = 50


@contextmanager
def exporting(folder: Path, url: str) -> Iterator[Path]:
    """`mlmonitor export logs` as users run it, until the block ends; a file with what it says."""
    command = [sys.executable, "-m", "mlmonitor", "export", "logs", str(folder), "--timeout", "3"]
    told = folder / "told"
    with told.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--elasticsearch", url, "--user", ADMIN[0]], cwd=ROOT,
            env={**os.environ, PASSWORD_VARIABLE: ADMIN[1]}, stderr=output,
        )  # fmt: skip
    try:
        yield told
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def twice(found: Counter[str]) -> list[str]:
    return [identity for identity, count in found.items() if count > 1]


def test_whatever_happens_to_elasticsearch_every_record_is_there_once(
    elasticsearch_server, tmp_path
):
    server, namespace = elasticsearch_server, "outages"
    elasticsearch = records.client(server.url)
    records.prepare(elasticsearch)
    service = records.Service(tmp_path, namespace)
    with Proxy(server.url) as proxy, exporting(tmp_path, proxy.url) as log:
        service.start()
        records.wait_for(elasticsearch, namespace, 1)
        for status in (429, 503):
            proxy.status = status
            records.wait_until(lambda: status in proxy.made_up)  # noqa: B023 - called at once
        proxy.status = 0
        proxy.largest = 50_000
        records.wait_until(lambda: 413 in proxy.made_up)
        time.sleep(1)
        proxy.largest = 0
        # The server takes a request, its answer is lost, and the next goes to another index.
        proxy.after = lambda: elasticsearch.indices.rollover(alias=records.stream(namespace))
        for _ in range(3):
            proxy.cut, cuts = True, proxy.cuts
            records.wait_until(lambda: proxy.cuts > cuts)  # noqa: B023 - called at once
        time.sleep(1)
        proxy.after = None
        server.pause()
        time.sleep(5)
        server.resume()
        elasticsearch.indices.rollover(alias=records.stream(namespace))
        time.sleep(2)
        server.kill()
        time.sleep(3)
        written = service.end()
        server.start()
        records.wait_for(elasticsearch, namespace, len(written), 150)
    told = log.read_text()
    found = records.found(elasticsearch, namespace)
    assert not set(written) - set(found)
    assert not twice(found)
    assert set(found) == set(written)
    assert {429, 503, 413} <= set(proxy.made_up)
    assert proxy.cuts == 3
    assert len(elasticsearch.indices.get(index=records.stream(namespace))) >= 4
    assert "Trying again" in told
    assert ADMIN[1] not in told


def ship(folder: str, url: str) -> None:
    """An exporter, for a process of its own that is soon killed."""
    os.environ[PASSWORD_VARIABLE] = ADMIN[1]
    exporter = Exporter(
        Source(Path(folder)), Connection(url, ADMIN[0], timeout=2), tell=lambda _: None,
        stop=threading.Event(), limits=Limits(records=300, settle=0.1), backoff=Backoff(0.05, 0.5),
    )  # fmt: skip
    exporter.run()


@contextmanager
def run(context: ForkServerContext, folder: Path, url: str) -> Iterator[None]:
    """An exporter that is killed with -9 at the end of the block."""
    process = context.Process(target=ship, args=(str(folder), url))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()
        process.close()


def test_an_exporter_that_is_killed_again_and_again_loses_and_doubles_nothing(
    elasticsearch_server, tmp_path
):
    server, namespace = elasticsearch_server, "kills"
    elasticsearch = records.client(server.url)
    records.prepare(elasticsearch)
    chance = random.Random(6)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.shipping.test_outages"])
    service = records.Service(tmp_path, namespace, size=400_000)
    service.start()
    began = time.monotonic()
    with run(context, tmp_path, server.url):
        records.wait_for(elasticsearch, namespace, 1)
    # As long as it takes to ship something decides when to kill, on a slow machine too.
    scale = min(time.monotonic() - began, 1.2)
    for kill in range(KILLS):
        with run(context, tmp_path, server.url):
            time.sleep(chance.uniform(0.1, 1.3) * scale)
        if kill % 10 == 9:
            elasticsearch.indices.rollover(alias=records.stream(namespace))
    written = service.end()
    assert 0 < len(records.found(elasticsearch, namespace)) < len(written)
    with exporting(tmp_path, server.url):
        records.wait_for(elasticsearch, namespace, len(written), 150)
    found = records.found(elasticsearch, namespace)
    assert not set(written) - set(found)
    assert not twice(found)
    assert set(found) == set(written)
