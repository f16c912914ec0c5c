from __future__ import annotations

from typing import Any

import pytest

from mlmonitor.preview import answers
from mlmonitor.preview.source import Source
from mlmonitor.preview.timerange import TimeRange
from tests.preview.fakes import serving

TIME = TimeRange(1000.0, 1060.0, ("now-1m", "now"))


def asked(data: Any, **target: Any) -> dict[str, Any]:
    with serving(answer=lambda *_: data) as server:
        found = answers.queried(
            [{"refId": "A", "expr": "x", **target}], Source(server.url), TIME, 15.0
        )
    (one,) = found["targets"]
    return dict(one)


def test_a_range_has_a_value_or_nothing_at_each_step() -> None:
    values = [[990, "1"], [1020, "0.1234567890123456"], [1035, "NaN"], [1050, "+Inf"]]
    data = {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": values}]}
    found = asked(data)
    assert (found["start"], found["step"], found["count"]) == (990.0, 15.0, 5)
    assert found["series"] == [
        {"labels": {"a": "b"}, "values": [1.0, None, 0.123456789012, None, None]}
    ]


def test_samples_beyond_the_range_are_left_out() -> None:
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": [[0, "1"], [9999, "2"]]}]}
    assert asked(data)["series"][0]["values"] == [None] * 5


def test_an_instant_query_has_one_value() -> None:
    result = [
        {"metric": {"a": "b"}, "value": [1060, "3"]},
        {"metric": {"a": "c"}, "value": [1060, "NaN"]},
    ]
    found = asked({"resultType": "vector", "result": result}, instant=True)
    assert [one["values"] for one in found["series"]] == [[3.0], ["NaN"]]
    assert found["time"] == TIME.end


def test_a_scalar_is_a_series_without_labels() -> None:
    found = asked({"resultType": "scalar", "result": [1060, "3"]}, instant=True)
    assert found["series"] == [{"labels": {}, "values": [3.0]}]


def test_a_failing_query_leaves_the_others() -> None:
    def answer(_: str, values: dict[str, list[str]]) -> Any:
        empty = {"resultType": "matrix", "result": []}
        return b"<html>" if values["query"] == ["bad"] else empty

    targets = [{"refId": "A", "expr": "bad"}, {"refId": "B", "expr": "good"}]
    with serving(answer=answer) as server:
        bad, good = answers.queried(targets, Source(server.url), TIME, 15.0)["targets"]
    assert "not as Prometheus does" in bad["error"]
    assert (bad["refId"], bad["series"]) == ("A", [])
    assert "error" not in good


RULE = {
    "name": "Drifted", "type": "alerting", "alerts": [
        {"state": "firing", "activeAt": "2026-01-01T00:00:02Z", "labels": {"model": "a", "n": "1"}},
        {"state": "pending", "activeAt": "2026-01-01T00:00:01Z", "labels": {"model": "b", "n": "2"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "models"),
    [
        ({}, ["a", "b"]),
        ({"stateFilter": {"firing": True}}, ["a"]),
        ({"alertInstanceLabelFilter": '{model=~"b|c"}'}, ["b"]),
        ({"alertInstanceLabelFilter": '{model!="b", n="1"}'}, ["a"]),
        ({"alertInstanceLabelFilter": '{model=~"("}'}, []),
        ({"alertName": "drift"}, ["a", "b"]),
        ({"alertName": "other"}, []),
    ],
)
def test_an_alert_list_shows_what_its_options_say(
    options: dict[str, Any], models: list[str]
) -> None:
    with serving(answer=lambda *_: {"groups": [{"rules": [RULE]}]}) as server:
        found = answers.alerts(options, Source(server.url))
    assert [one["labels"]["model"] for one in found["alerts"]] == models
    assert found["rules"] == 1


def test_the_gravest_alert_is_in_front() -> None:
    def alert(severity: str, state: str = "firing") -> dict[str, Any]:
        labels = {"model": severity, "severity": severity}
        return {"state": state, "activeAt": "2026-01-01T00:00:00Z", "labels": labels}

    listed = [alert("critical", "pending"), alert("info"), alert("warning"), alert("critical")]
    rule = {"name": "A", "type": "alerting", "alerts": listed}
    with serving(answer=lambda *_: {"groups": [{"rules": [rule]}]}) as server:
        found = answers.alerts({}, Source(server.url))
    told = [(one["labels"]["severity"], one["state"]) for one in found["alerts"]]
    assert told == [
        ("critical", "firing"), ("warning", "firing"), ("info", "firing"), ("critical", "pending"),
    ]  # fmt: skip


def test_alerts_that_cannot_be_had_are_told() -> None:
    with serving(status=503) as server:
        assert "status 503" in answers.alerts({}, Source(server.url))["error"]


@pytest.mark.parametrize(("text", "step"), [("1m", 60.0), ("5s", 15.0), ("$nothing", 15.0)])
def test_a_panel_may_ask_for_longer_steps(text: str, step: float) -> None:
    assert answers.least_step(text, 15.0) == step
