from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, names
from mlmonitor.errors import MlmonitorError
from mlmonitor.logs.files import log_files
from mlmonitor.logs.sinks import QueueFullError
from mlmonitor.shipping import ElasticsearchHandler
from mlmonitor.shipping.connection import PASSWORD_VARIABLE
from tests.components import free_port
from tests.elasticsearch_server import ADMIN, USERS, User
from tests.shipping import records
from tests.shipping.proxy import Proxy
from tests.shipping.records import record

pytestmark = pytest.mark.xdist_group("elasticsearch")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _password(monkeypatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, ADMIN[1])


def handler(url: str, **options: Any) -> ElasticsearchHandler:
    return ElasticsearchHandler(url, user=ADMIN[0], **options)


def lines(namespace: str, number: int, first: int = 0) -> list[bytes]:
    return [record(f"{namespace}-{place}", namespace) for place in range(first, first + number)]


def dropped(registry: CollectorRegistry, reason: str) -> float:
    value = registry.get_sample_value(names.SHIPPING_DROPPED.name, {"reason": reason})
    assert value is not None
    return value


def test_lines_are_shipped_and_what_is_no_record_is_counted(elasticsearch_server, caplog):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    registry = CollectorRegistry()
    direct = handler(elasticsearch_server.url, registry=registry)
    logger = logging.getLogger("tests.shipping.direct")
    logger.addHandler(direct)
    for line in lines("direct", 50):
        logger.warning("%s", line.decode().strip())
    logger.warning("no JSON")
    direct.write(b"".join(lines("direct", 50, first=50)), 50)
    direct.close()
    logger.removeHandler(direct)
    found = records.found(elasticsearch, "direct")
    assert found == dict.fromkeys((f"direct-{place}" for place in range(100)), 1)
    assert dropped(registry, "rejected") == 1
    shipped = registry.get_sample_value(names.SHIPPING_RECORDS.name, {"outcome": "shipped"})
    assert shipped == 100
    assert "records are dropped: no JSON" in caplog.text


def test_what_it_logs_of_itself_does_not_come_back_to_it(elasticsearch_server):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    registry = CollectorRegistry()
    direct = handler(elasticsearch_server.url, registry=registry)
    root = logging.getLogger()
    level = root.level
    root.addHandler(direct)
    root.setLevel(logging.DEBUG)
    try:
        direct.write(lines("loop", 1)[0], 1)
        direct.flush()
    finally:
        root.setLevel(level)
        root.removeHandler(direct)
        direct.close()
    assert dropped(registry, "rejected") == 0
    assert records.found(elasticsearch, "loop") == {"loop-0": 1}


def test_an_outage_costs_what_the_queue_cannot_hold_and_it_is_counted(elasticsearch_server):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    registry = CollectorRegistry()
    with Proxy(elasticsearch_server.url) as proxy:
        proxy.status = 503
        direct = handler(proxy.url, queue=100, registry=registry)
        direct.write(lines("queue", 1)[0], 1)
        until = time.monotonic() + 20
        while not proxy.made_up and time.monotonic() < until:
            time.sleep(0.02)
        with pytest.raises(QueueFullError, match="no room for 50 records"):
            direct.write(b"".join(lines("queue", 150, first=1)), 150)
        assert dropped(registry, "queue_full") == 50
        assert (registry.get_sample_value(names.SHIPPING_LAG_BYTES.name) or 0) > 10_000
        proxy.status = 0
        records.wait_for(elasticsearch, "queue", 101)
        direct.close()
    found = records.found(elasticsearch, "queue")
    assert found == dict.fromkeys((f"queue-{place}" for place in range(101)), 1)


def test_the_end_of_the_process_does_not_wait_for_long_and_counts_what_is_lost():
    registry = CollectorRegistry()
    direct = handler(f"http://127.0.0.1:{free_port()}", patience=0.5, registry=registry)
    direct.write(b"".join(lines("exit", 1000)), 1000)
    began = time.monotonic()
    direct.close()
    assert time.monotonic() - began < 60
    assert dropped(registry, "exit") == 1000
    with pytest.raises(QueueFullError):
        direct.write(lines("exit", 1)[0], 1)
    assert dropped(registry, "exit") == 1001


def test_a_monitor_counts_what_the_queue_had_no_room_for_and_predicts_on():
    registry = CollectorRegistry()
    direct = ElasticsearchHandler(f"http://127.0.0.1:{free_port()}", queue=10, patience=0)
    monitor = Monitor("houses", version="1", registry=registry, logs=direct)
    predict = monitor(lambda row: row["area"] * 2)
    assert [predict({"area": 2.0}) for _ in range(600)] == [4.0] * 600
    direct.close()
    labels = {"model": "houses", "version": "1", "role": "live"}
    written = registry.get_sample_value(names.LOGGED.name, labels)
    lost = registry.get_sample_value(names.LOG_DROPPED.name, {**labels, "reason": "queue"})
    assert written is not None
    assert lost is not None
    assert lost > 0
    assert written + lost == 600


def test_a_writer_that_may_not_read_is_enough(elasticsearch_server, monkeypatch):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    privileges = "[create_doc, auto_configure]"
    roles = f"writing: {{indices: [{{names: ['logs-*'], privileges: {privileges}}}]}}\n"
    elasticsearch_server.set_users({**USERS, "writer": User("only-writes", ("writing",))}, roles)
    monkeypatch.setenv(PASSWORD_VARIABLE, "only-writes")
    direct = ElasticsearchHandler(elasticsearch_server.url, user="writer", patience=30)
    direct.write(b"".join(lines("writer", 10)), 10)
    direct.close()
    elasticsearch_server.set_users(USERS)
    assert len(records.found(elasticsearch, "writer")) == 10


SERVICE = """
import os, sys, time
from mlmonitor.shipping import ElasticsearchHandler
from tests.shipping.records import record
url, user, namespace, spool, act = sys.argv[1:]
handler = ElasticsearchHandler(url, user=user, spool=spool or None, patience=30)
def write(first, number):
    for place in range(first, first + number):
        handler.write(record(f"{namespace}-{place}", namespace), 1)
write(0, 500)
if act == "fork":
    child = os.fork()
    write(500 if child else 1000, 500)
    if child:
        os.waitpid(child, 0)
    else:
        handler.close()
        os._exit(0)
if act == "hang":
    handler.flush()
    print("kept", flush=True)
    time.sleep(60)
"""


def service(url: str, namespace: str, spool: Path | None, act: str = "") -> subprocess.Popen[bytes]:
    arguments = [url, ADMIN[0], namespace, str(spool or ""), act]
    return subprocess.Popen(
        [sys.executable, "-c", SERVICE, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("has_spool", [False, True])
def test_a_forked_worker_ships_its_own_and_the_end_of_both_waits_for_the_rest(
    elasticsearch_server, tmp_path, has_spool
):
    namespace = f"fork{int(has_spool)}"
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    spool = tmp_path if has_spool else None
    with service(elasticsearch_server.url, namespace, spool, "fork") as process:
        assert process.wait(60) == 0
    if has_spool:  # what was not shipped in time is still there; whoever comes next ships it
        with service(elasticsearch_server.url, f"{namespace}x", spool, "hang") as process:
            records.wait_for(elasticsearch, namespace, 1500)
            process.kill()
    found = records.found(elasticsearch, namespace)
    assert found == dict.fromkeys((f"{namespace}-{place}" for place in range(1500)), 1)


def test_a_spool_outlives_an_outage_and_a_kill(elasticsearch_server, tmp_path):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    with Proxy(elasticsearch_server.url) as proxy:
        proxy.status = 503
        with service(proxy.url, "spool", tmp_path, "hang") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"kept\n"
            process.send_signal(signal.SIGKILL)
        proxy.status = 0
        with service(proxy.url, "spool2", tmp_path, "hang") as process:
            records.wait_for(elasticsearch, "spool", 500)
            records.wait_for(elasticsearch, "spool2", 500)
            process.kill()
    for namespace in ("spool", "spool2"):
        found = records.found(elasticsearch, namespace)
        assert found == dict.fromkeys((f"{namespace}-{place}" for place in range(500)), 1)


def test_a_certificate_that_does_not_verify_is_told_and_costs_no_prediction(tmp_path, caplog):
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    pem = str(tmp_path / "server.pem")
    registry = CollectorRegistry()
    with Proxy("http://127.0.0.1:9", (pem, pem)) as proxy:
        direct = handler(proxy.url, registry=registry, patience=0.2)
        call = Monitor("houses", registry=CollectorRegistry(), logs=direct)(lambda _: 1.5)
        assert [call({"area": 1.0}) for _ in range(3)] == [1.5] * 3
        records.wait_until(lambda: "certificate does not verify" in caplog.text)
        direct.close()
    assert caplog.text.count("certificate does not verify") == 1
    assert dropped(registry, "exit") == 3


def test_a_spool_that_cannot_be_written_any_more_is_told_and_counted(tmp_path, caplog):
    folder = tmp_path / "spool"
    registry = CollectorRegistry()
    direct = handler(f"http://127.0.0.1:{free_port()}", spool=folder, registry=registry, patience=5)
    folder.rmdir()
    folder.touch()  # no folder can be made where a file is, not even by root
    direct.write(b"".join(lines("lost", 3)), 3)
    direct.flush()
    assert dropped(registry, names.DROP_SPOOL) == 3
    assert caplog.text.count(f"{folder}: cannot be written (") == 1
    folder.unlink()
    direct.write(lines("lost", 1)[0], 1)
    direct.flush()
    assert dropped(registry, names.DROP_SPOOL) == 3
    direct.close()
    assert len(log_files(folder)) == 1


def test_bad_settings_are_refused_when_the_handler_is_made(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(MlmonitorError, match="cannot be written"):
        handler("http://127.0.0.1:9200", spool=tmp_path / "file")
    with pytest.raises(MlmonitorError, match="is no URL of an Elasticsearch; write it as https"):
        handler("127.0.0.1:9200")
    with pytest.raises(MlmonitorError, match="cannot be read"):
        handler("https://127.0.0.1:9200", password_file=str(tmp_path / "missing"))
    monkeypatch.delenv(PASSWORD_VARIABLE)
    with pytest.raises(
        MlmonitorError, match=f"user admin: has no password; set {PASSWORD_VARIABLE}"
    ):
        handler("https://127.0.0.1:9200")


def test_making_a_handler_leaves_the_package_light():
    code = "import mlmonitor.shipping, sys; print('elasticsearch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert json.loads(done.stdout.lower()) is False
