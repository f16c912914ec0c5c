"""What is asked of the data streams is answered as of files, with the fields of the generated templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlmonitor import streams
from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig
from mlmonitor.explain.question import Question, conditions
from mlmonitor.explain.stored import Stored
from mlmonitor.shipping.connection import PASSWORD_VARIABLE, Connection
from tests.elasticsearch_server import ADMIN
from tests.install.stack import bulk, connect, push
from tests.prediction_records import every_kind, record
from tests.references import binned, mixed, reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.elasticsearch_server import Server

pytestmark = pytest.mark.xdist_group("elasticsearch-install")

MODEL = "questions"
ODD = 'Lot.Area (in "ft²")'
RECORDS = [
    *(one for one in every_kind(MODEL) if "id" in one["event"] and "outcome" in one["event"]),
    record(900, MODEL, mlmonitor__inputs__note="near the sea"),
    record(901, MODEL, mlmonitor__inputs__note="far from it", mlmonitor__inputs__city=None),
    record(902, MODEL, mlmonitor__inputs__size=None, mlmonitor__outputs__prediction=None),
]
RECORDS[-1]["mlmonitor"]["inputs"][streams.field(ODD)] = 30.0


@pytest.fixture(scope="module")
def stored(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    path = tmp_path_factory.mktemp("questions") / "reference.json"
    reference(*mixed().columns, binned(ODD, [1.0, 40.0]), model=MODEL).save(path)
    model = ModelSettings(name=MODEL, reference=path)
    core = ElasticsearchSettings(profile="core")
    connection = connect(server)
    push(connection, MonitoringConfig(models=(model,), elasticsearch=core))
    assert {item["status"] for item in bulk(connection, RECORDS)} == {201}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD_VARIABLE, ADMIN[1])
        yield Stored(Connection(server.url, user=ADMIN[0]))


@pytest.mark.parametrize(
    ("question", "where"),
    [
        (Question(), ()),
        (Question(failed=True), ()),
        (Question(violating=""), ()),
        (Question(missing="size"), ()),
        (Question(missing="prediction"), ()),
        (Question(missing=ODD), ()),
        (Question(missing="city"), ("inputs.note=far from it",)),
        (Question(), ("inputs.note=near the sea",)),
        (Question(), ("inputs.note!=near the sea",)),
        (Question(), ("inputs.city=Oslo", "inputs.size>12")),
        (Question(), ("inputs.rooms=3",)),
        (Question(), ("inputs.garden=true",)),
        (Question(), (f"inputs.{ODD}>=30",)),
        (Question(), (f"inputs.{ODD}=30",)),
        (Question(), ("mlmonitor.slice=north",)),
    ],
)
def test_both_give_the_same_answer(stored, question, where):
    asked = Question(
        model=MODEL,
        failed=question.failed,
        violating=question.violating,
        missing=question.missing,
        conditions=conditions(where),
    )
    expected = {one["event"]["id"] for one in RECORDS if asked.matches(one)}
    assert expected
    assert {one["event"]["id"] for one in stored.read(asked)} == expected
