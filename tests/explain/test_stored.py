from __future__ import annotations

import json
import threading
from itertools import islice

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from mlmonitor import MlmonitorError
from mlmonitor.cli import program
from mlmonitor.explain.question import Condition, Question, moment
from mlmonitor.explain.stored import Stored
from mlmonitor.shipping.connection import Connection
from tests.elasticsearch_server import ADMIN
from tests.prediction_records import record

pytestmark = pytest.mark.xdist_group("elasticsearch")
MODEL = "explained"


def admin(url: str) -> Elasticsearch:
    return Elasticsearch(url, basic_auth=ADMIN, request_timeout=60)


@pytest.fixture(scope="module")
def stored(elasticsearch_server, tmp_path_factory):
    client = admin(elasticsearch_server.url)
    template = {
        "mappings": {
            "dynamic_templates": [
                {"texts": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}
            ]
        }
    }
    name = f"test-{MODEL}"
    client.indices.put_index_template(
        name=name,
        index_patterns=[f"logs-mlmonitor.{MODEL}-*"],
        template=template,
        data_stream={},
        priority=900,
    )
    for number in range(40):
        changes = {}
        if number % 10 == 3:
            changes = {
                "event__outcome": "failure",
                "error__type": "KeyError",
                "error__message": "no",
            }
        if number == 7:
            changes["mlmonitor__violations"] = [
                {"side": "input", "column": "size", "reason": "unseen"}
            ]
        client.create(
            index=f"logs-mlmonitor.{MODEL}-default",
            id=f"id-{number}",
            document=record(number, MODEL, **changes),
        )
    client.indices.refresh(index=f"logs-mlmonitor.{MODEL}-*")
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(ADMIN[1])
    return Connection(elasticsearch_server.url, ADMIN[0], str(secret))


@pytest.mark.parametrize(
    "question",
    [
        Question(model=MODEL),
        Question(model=MODEL, failed=True),
        Question(model=MODEL, violating=""),
        Question(model=MODEL, violating="size"),
        Question(model=MODEL, violating="city"),
        Question(model=MODEL, ids=("id-4",)),
        Question(model=MODEL, slower=0.0012),
        Question(model=MODEL, role="shadow"),
        Question(
            model=MODEL, since=moment("2026-11-25T10:00:20Z"), until=moment("2026-11-25T10:00:30Z")
        ),
        Question(model=MODEL, conditions=(Condition.parsed("inputs.size>12"),)),
        Question(model=MODEL, conditions=(Condition.parsed("inputs.city=Oslo"),)),
    ],
)
def test_elasticsearch_and_the_files_answer_alike(stored, question):
    whole = list(Stored(stored).read(Question(model=MODEL)))
    assert len(whole) == 40
    expected = [one["event"]["id"] for one in whole if question.matches(one)]
    assert [one["event"]["id"] for one in Stored(stored).read(question)] == expected
    newest = [one["event"]["id"] for one in Stored(stored).read(question, newest=3)]
    assert newest == expected[-3:]


def test_following_gives_what_comes_once(stored, elasticsearch_server):
    question = Question(model=MODEL)
    taken = []
    thread = threading.Thread(
        target=lambda: taken.extend(islice(Stored(stored).follow(question, pause=0.1), 2)),
        daemon=True,
    )
    thread.start()
    threading.Event().wait(1.0)
    client = admin(elasticsearch_server.url)
    for number in (100, 101):
        client.create(
            index=f"logs-mlmonitor.{MODEL}-default",
            id=f"id-{number}",
            document=record(number, MODEL),
            refresh=True,
        )
    thread.join(20)
    assert [one["event"]["id"] for one in taken] == ["id-100", "id-101"]


def test_the_command_line_asks_elasticsearch(stored):
    options = [
        "--elasticsearch",
        stored.url,
        "--user",
        ADMIN[0],
        "--password-file",
        stored.password_file,
    ]
    options += ["--model", MODEL]
    done = CliRunner().invoke(program, ["logs", "search", *options, "--failed", "--format", "json"])
    assert [json.loads(line)["event"]["id"] for line in done.stdout.splitlines()] == [
        "id-3",
        "id-13",
        "id-23",
        "id-33",
    ]
    shown = CliRunner().invoke(program, ["logs", "show", "id-3", *options])
    assert "KeyError" in shown.stdout
    counted = CliRunner().invoke(
        program, ["logs", "stats", *options, "--failed", "--format", "json"]
    )
    assert json.loads(counted.stdout)["failures"] == {"KeyError": 4}


def test_a_wrong_password_and_a_server_that_is_not_there_are_clear_errors(stored, tmp_path):
    (tmp_path / "wrong").write_text("wrong")
    with pytest.raises(MlmonitorError, match="refuses the user, password"):
        list(Stored(Connection(stored.url, ADMIN[0], str(tmp_path / "wrong"))).read(Question()))
    with pytest.raises(MlmonitorError, match="cannot be reached"):
        list(Stored(Connection("http://127.0.0.1:9")).read(Question()))
