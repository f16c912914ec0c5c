from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

from mlmonitor import names
from mlmonitor.cli import program
from mlmonitor.generate.elastic.roles import EXPORTER, roles
from mlmonitor.shipping.connection import PASSWORD_VARIABLE, Connection
from mlmonitor.shipping.exporter import Exporter, Source
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


def export(folder: Path, url: str, *options: str, user: str = ADMIN[0], **more: str) -> Result:
    """What is there, shipped."""
    command = ["export", "logs", str(folder), "--elasticsearch", url, "--user", user, "--once"]
    return run([*command, "--patience", "20", *options], more.get("password", ADMIN[1]))


def run(arguments: list[str], password: str | None = None) -> Result:
    return CliRunner().invoke(program, arguments, env={PASSWORD_VARIABLE: password})


def test_records_are_shipped_and_refused_ones_are_dead_letters(elasticsearch_server, tmp_path):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    lines = [record(f"once-{place}", "once") for place in range(19)]
    lines.append(
        json.dumps({"@timestamp": "2026-01-01T00:00:00Z", "message": "served"}).encode() + b"\n"
    )
    wrong = record("wrong", "once", area="no number")
    (tmp_path / "a.jsonl").write_bytes(b"".join([*lines[:10], wrong, b"no JSON\n", *lines[10:]]))
    done = export(tmp_path, elasticsearch_server.url, "--stream", records.stream("once"))
    assert done.exit_code == 0
    assert done.stderr == "20 records shipped, 0 were there already, 2 are dead letters.\n"
    assert len(records.found(elasticsearch, "once")) == 20
    letters = [
        json.loads(line) for line in (tmp_path / "dead-letters.ndjson").read_text().splitlines()
    ]
    assert [letter["record"] for letter in letters] == ["no JSON", wrong.decode().strip()]
    assert "no JSON" in letters[0]["reason"]
    assert "failed to parse field [mlmonitor.inputs.area] of type [float]" in letters[1]["reason"]
    assert (tmp_path / "dead-letters.ndjson").stat().st_mode & 0o077 == 0


def test_a_record_that_is_too_large_does_not_hold_up_the_others(elasticsearch_server, tmp_path):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    lines = [
        record(f"large-{place}", "large", text="x" * (place == 50) * 9000) for place in range(99)
    ]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    with Proxy(elasticsearch_server.url) as proxy:
        proxy.largest = 8000
        done = export(tmp_path, proxy.url)
    assert done.stderr == "98 records shipped, 0 were there already, 1 are dead letters.\n"
    letter = json.loads((tmp_path / "dead-letters.ndjson").read_text())
    assert (letter["id"], letter["status"]) == ("large-50", 413)
    assert len(records.found(elasticsearch, "large")) == 98


def test_dead_letters_that_cannot_be_written_are_waited_for(elasticsearch_server, tmp_path):
    letters = tmp_path / "dead-letters.ndjson"
    letters.mkdir()
    (tmp_path / "a.jsonl").write_bytes(b"no JSON\n")
    told: list[str] = []
    stop = threading.Event()
    exporter = Exporter(
        Source(tmp_path),
        Connection(elasticsearch_server.url, ADMIN[0]),
        tell=told.append,
        stop=stop,
    )
    thread = threading.Thread(target=exporter.run)
    thread.start()
    try:
        records.wait_until(lambda: bool(told))
        letters.rmdir()
        records.wait_until(letters.is_file)
    finally:
        stop.set()
        thread.join()
    assert told[0] == (
        f"{letters}: dead letters cannot be written (Is a directory); make room. Trying again."
    )
    assert json.loads(letters.read_text())["record"] == "no JSON"


def test_without_its_registry_and_with_its_role_alone_nothing_is_doubled_after_a_rollover(
    elasticsearch_server, tmp_path
):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    role = {key: roles()[EXPORTER][key] for key in ("cluster", "indices")}
    shipper = User("only-ships", (EXPORTER,))
    elasticsearch_server.set_users({**USERS, "shipper": shipper}, json.dumps({EXPORTER: role}))
    (tmp_path / "a.jsonl").write_bytes(b"".join(record(f"r-{n}", "again") for n in range(1500)))
    as_shipper = {"user": "shipper", "password": shipper.password}
    first = export(tmp_path, elasticsearch_server.url, **as_shipper)
    elasticsearch.indices.rollover(alias=records.stream("again"))
    (tmp_path / "shipped.json").unlink()
    second = export(tmp_path, elasticsearch_server.url, **as_shipper)
    elasticsearch_server.set_users(USERS)
    assert first.stderr == "1,500 records shipped, 0 were there already, 0 are dead letters.\n"
    assert second.stderr == "0 records shipped, 1,500 were there already, 0 are dead letters.\n"
    assert records.found(elasticsearch, "again").total() == 1500


def test_wrong_passwords_missing_rights_and_missing_templates_are_one_sentence(
    elasticsearch_server, tmp_path
):
    url = elasticsearch_server.url
    elasticsearch = records.client(url)
    records.prepare(elasticsearch)
    roles = "adding: {indices: [{names: ['logs-*'], privileges: [create_doc]}]}\n"
    elasticsearch_server.set_users({**USERS, "adder": User("only-adds", ("adding",))}, roles)
    file = tmp_path / "a.jsonl"
    file.write_bytes(record("1", "rights"))
    wrong = export(tmp_path, url, password="wrong")
    lacking = export(tmp_path, url, user="adder", password="only-adds")
    elasticsearch_server.set_users(USERS)
    file.write_bytes(record("1", "rights").replace(b"mlmonitor.houses", b"elsewhere"))
    homeless = export(tmp_path, url)
    told = [done.stderr for done in (wrong, lacking, homeless)]
    assert told == [
        f"Error: {url}: refuses the user, password or API key; check them.\n",
        (
            f"Error: {url}: the user lacks read, maintenance on {records.stream('rights')}; "
            "give it the role to ship.\n"
        ),
        (
            f"Error: {url}: has no data stream logs-elsewhere-rights and no template for it; "
            "run `mlmonitor push-elk`.\n"
        ),
    ]
    assert [done.exit_code for done in (wrong, lacking, homeless)] == [2, 2, 2]


def test_a_certificate_has_to_verify(elasticsearch_server, tmp_path):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = authority.issue_cert("127.0.0.1")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    pem = str(tmp_path / "server.pem")
    (tmp_path / "a.jsonl").write_bytes(record("tls", "tls"))
    with Proxy(elasticsearch_server.url, (pem, pem)) as proxy:
        unknown = export(tmp_path, proxy.url)
        known = export(tmp_path, proxy.url, "--ca-file", str(tmp_path / "ca.pem"))
    assert unknown.exit_code == 2
    assert f"{proxy.url}: its certificate does not verify" in unknown.stderr
    assert "name its authority with --ca-file." in unknown.stderr
    assert known.stderr == "1 records shipped, 0 were there already, 0 are dead letters.\n"


def test_the_exporter_tells_how_far_behind_it_is(elasticsearch_server, tmp_path):
    elasticsearch = records.client(elasticsearch_server.url)
    records.prepare(elasticsearch)
    (tmp_path / "a.jsonl").write_bytes(record("lag", "lag"))
    port = free_port()
    with Proxy(elasticsearch_server.url) as proxy:
        proxy.status = 429
        command = [sys.executable, "-m", "mlmonitor", "export", "logs", str(tmp_path)]
        command += ["--elasticsearch", proxy.url, "--user", ADMIN[0]]
        process = subprocess.Popen(
            [*command, "--metrics", f"127.0.0.1:{port}"], cwd=ROOT,
            env={**os.environ, PASSWORD_VARIABLE: ADMIN[1]},
        )  # fmt: skip
        try:
            records.wait_until(lambda: 429 in proxy.made_up)
            behind = metrics(port)
            proxy.status = 0
            records.wait_for(elasticsearch, "lag", 1)
            records.wait_until(lambda: metrics(port)[names.SHIPPING_LAG_BYTES.name] == 0)
            after = metrics(port)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert behind[names.SHIPPING_LAG_BYTES.name] > 100
    assert behind[names.SHIPPING_LAG_SECONDS.name] > 0
    assert behind[names.SHIPPING_FILES.name] == 1
    assert after[f'{names.SHIPPING_RECORDS.name}{{outcome="shipped"}}'] == 1
    assert after[f'{names.SHIPPING_RETRIES.name}{{reason="too_many_requests"}}'] >= 1


def metrics(port: int) -> dict[str, float]:
    """Samples of the exporter by series."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, value in samples}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "missing: is neither a file nor a folder; name what the service writes to."),
        (["a", "b/c.jsonl"], "b/c.jsonl: is not of the folder of a; run an exporter for each folder."),
        (["a", "--metrics", "no"], "--metrics no: is no place to listen; write PORT or HOST:PORT."),
        (
            ["a", "--elasticsearch", "http://me:secret@host:9200"],
            ("http://host: the URL holds a user or password, which others can read; use --user and "
            "MLMONITOR_ELASTICSEARCH_PASSWORD."),
        ),
        (
            ["a", "--elasticsearch", "https://host"],
            "https://host: is no URL of an Elasticsearch; write it as https://host:9200, with the port.",
        ),
        (
            ["a", "--user", "me"],
            ("user me: has no password; set MLMONITOR_ELASTICSEARCH_PASSWORD or name a file with "
            "--password-file."),
        ),
        (
            ["a", "--ca-file", "a"],
            "http://127.0.0.1:9: a CA file needs https; change the URL or leave out a.",
        ),
        (
            ["a", "--elasticsearch", "https://127.0.0.1:9", "--ca-file", "b/c.jsonl"],
            "b/c.jsonl: the CA file cannot be used (no certificates in PEM form); name another.",
        ),
        (
            ["a", "--api-key-file", "b/c.jsonl"],
            "b/c.jsonl: is empty; put the secret into it.",
        ),
    ],
)  # fmt: skip
def test_bad_options_are_one_sentence(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.jsonl").touch()
    command = ["export", "logs", "--elasticsearch", "http://127.0.0.1:9", "--once"]
    done = run([*command, "--patience", "0", *arguments])
    assert (done.stderr, done.exit_code) == (f"Error: {sentence}\n", 2)


def test_a_server_that_is_not_there_is_one_sentence(tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    done = run(
        ["export", "logs", str(tmp_path), "--elasticsearch", url, "--once", "--patience", "0"]
    )
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {url}: cannot be reached (")
    assert done.stderr.endswith("); is it running?\n")
