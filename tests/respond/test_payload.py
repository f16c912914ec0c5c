from __future__ import annotations

import json

import pytest

from mlmonitor.errors import MlmonitorError
from mlmonitor.respond.payload import parse
from tests.respond.notifications import STARTED_SECONDS, alert, notification


def test_what_alertmanager_sends_is_read():
    found = parse(notification(alert()))
    assert found.alerts[0].name == "MlmonitorPredictionsDrifted"
    assert found.alerts[0].started == pytest.approx(STARTED_SECONDS, abs=1e-6)


@pytest.mark.parametrize(
    ("started", "seconds"),
    [
        ("2024-05-01T12:00:00Z", 1714564800.0),
        ("2024-05-01T14:00:00+02:00", 1714564800.0),
        ("2024-05-01T14:00:00.5+02:00", 1714564800.5),
        ("2024-05-01T07:00:00.25-05:00", 1714564800.25),
    ],
)
def test_times_are_read_with_and_without_fraction_and_zone(started, seconds):
    assert parse(notification(alert(started=started))).alerts[0].started == seconds


def test_an_episode_is_known_by_group_fingerprint_and_start():
    one = parse(notification(alert()))
    keys = {
        one.key(one.alerts[0]),
        *(
            other.key(other.alerts[0])
            for other in (
                parse(notification(alert(started="2024-05-01T13:00:00Z"))),
                parse(notification(alert(version="8"))),
                parse(notification(alert(), group="other")),
            )
        ),
    }
    assert len(keys) == 4
    again = parse(notification(alert(status="resolved")))
    assert again.key(again.alerts[0]) == one.key(one.alerts[0])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        notification(alert(model="\ud800")),
        json.dumps({"version": "3", "groupKey": "a", "alerts": []}).encode(),
        notification({"status": "firing"}),
        notification({**alert(), "startsAt": "yesterday"}),
        notification({**alert(), "startsAt": 5}),
        notification({**alert(), "labels": {"model": 5}}),
        notification({**alert(), "status": "odd"}),
    ],
    ids=[
        "empty",
        "no JSON",
        "list",
        "no keys",
        "no UTF-8",
        "deep",
        "lone surrogate",
        "version 3",
        "no labels",
        "no time",
        "number as time",
        "number as model",
        "odd status",
    ],
)
def test_anything_else_is_refused_in_a_sentence(body):
    with pytest.raises(MlmonitorError, match=r"; send Alertmanager's webhook"):
        parse(body)
