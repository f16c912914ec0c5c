from __future__ import annotations

from datetime import datetime, timezone

import pytest

from mlmonitor import MlmonitorError
from mlmonitor.explain.question import Condition, Question, moment
from tests.prediction_records import record

VIOLATION = [{"side": "input", "column": "size", "reason": "out_of_range"}]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("inputs.size>10", True),
        ("inputs.size<=10.5", True),
        ("inputs.size>10.5", False),
        ("inputs.city=Oslo", True),
        ("inputs.city!=Oslo", False),
        ("inputs.rooms = 3", True),
        ("inputs.garden=true", True),
        ("event.outcome=success", True),
        ("mlmonitor.slice=north", True),
        ("inputs.nowhere>1", False),
        ("inputs.city>1", False),
    ],
)
def test_a_condition_holds_for_what_the_record_says(text, holds):
    assert Condition.parsed(text).holds(record(0)) == holds


@pytest.mark.parametrize("text", ["size", "", ">3", "inputs.city>Oslo"])
def test_what_is_no_condition_is_one_clear_sentence(text):
    with pytest.raises(MlmonitorError, match=r"no condition|no number"):
        Condition.parsed(text)


@pytest.mark.parametrize(
    ("question", "matches"),
    [
        (Question(), True),
        (Question(model="m", version="1", role="live"), True),
        (Question(model="n"), False),
        (Question(role="shadow"), False),
        (Question(ids=("id-0",)), True),
        (Question(ids=("id-1",)), False),
        (Question(failed=True), False),
        (Question(violating=""), True),
        (Question(violating="size"), True),
        (Question(violating="city"), False),
        (Question(missing="size"), False),
        (Question(missing="prediction"), False),
        (Question(missing="premium"), False),
        (Question(missing="nowhere"), True),
        (Question(slower=0.001), True),
        (Question(slower=0.0011), False),
        (Question(since=moment("2026-11-25T10:00:00Z")), True),
        (Question(until=moment("2026-11-25T10:00:00Z")), False),
    ],
)
def test_a_record_is_asked_for_by_all_that_is_said(question, matches):
    assert question.matches(record(0, mlmonitor__violations=VIOLATION)) == matches


def test_a_time_is_so_long_ago_or_in_iso_8601():
    now = datetime(2026, 1, 2, tzinfo=timezone.utc)
    assert moment("1d", now) == datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert moment("2026-01-01") == datetime(2026, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(MlmonitorError, match="is no time"):
        moment("yesterday")
