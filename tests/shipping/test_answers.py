from __future__ import annotations

import pytest

from mlmonitor.shipping.answers import Verdict, verdict
from mlmonitor.shipping.backoff import Backoff
from mlmonitor.shipping.lines import Lines


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (201, "", Verdict.SHIPPED),
        (409, "version_conflict_engine_exception", Verdict.PRESENT),
        (429, "es_rejected_execution_exception", Verdict.AGAIN),
        (429, "cluster_block_exception", Verdict.AGAIN),
        (403, "cluster_block_exception", Verdict.AGAIN),
        (403, "security_exception", Verdict.REFUSED),
        (404, "index_not_found_exception", Verdict.REFUSED),
        (500, "node_closed_exception", Verdict.UNCLEAR),
        (503, "unavailable_shards_exception", Verdict.UNCLEAR),
        (400, "document_parsing_exception", Verdict.DEAD),
    ],
)
def test_an_answer_says_what_became_of_a_record(status, kind, expected):
    assert verdict(status, {"type": kind}) is expected


def test_waits_double_up_to_a_bound_and_differ():
    waits = [Backoff(0.5, 4).wait() for _ in range(50)]
    assert len(set(waits)) > 40
    assert all(0.25 <= wait <= 0.5 for wait in waits)
    backoff = Backoff(0.5, 4)
    grown = [backoff.wait() for _ in range(6)]
    assert all(2 <= wait <= 4 for wait in grown[3:])
    assert backoff.wait(least=60) == 60
    backoff.reset()
    assert backoff.wait() <= 0.5


def test_a_queue_turns_away_what_it_has_no_room_for():
    lines = Lines(3, 10)
    assert [lines.put(b"1234") for _ in range(3)] == [True, True, False]
    assert (len(lines), lines.size) == (2, 8)
    assert lines.take(5, 6) == [b"1234"]
    assert lines.take(5, 2) == [b"1234"]
    assert lines.take(5, 2) == []
    assert [lines.put(b"1") for _ in range(4)] == [True, True, True, False]
    assert lines.take(2, 100) == [b"1", b"1"]
