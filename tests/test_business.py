from __future__ import annotations

from typing import Any

import pytest

from mlmonitor.business import BusinessMetric, declared
from mlmonitor.errors import MlmonitorError


def test_a_declaration_becomes_a_metric() -> None:
    metric, gauge = declared(
        {
            "order_value": {"type": "distribution", "buckets": [1, 2.5], "segments": ["web"]},
            "stock": {"type": "gauge", "help": "Items."},
        }
    )
    assert metric == BusinessMetric("order_value", "distribution", (1, 2.5), ("web",))
    assert metric.exposed_segments == ("web", "other")
    assert gauge.exposed_segments == ("all",)
    assert declared(None) == ()
    assert declared({"stock": gauge}) == (gauge,)


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("a-b", {"type": "counter"}, "use letters"),
        ("a", {"type": "timer"}, "type 'timer' is unknown"),
        ("a", {"kind": "counter"}, "no declaration"),
        ("a", {"type": "counter", "labels": {}}, "no declaration"),
        ("a", "counter", "no declaration"),
        ("a", {"type": "distribution"}, "needs buckets"),
        ("a", {"type": "counter", "buckets": [1]}, "needs buckets"),
        ("a", {"type": "distribution", "buckets": [-1, 1]}, "none below zero"),
        ("a", {"type": "distribution", "buckets": [float("nan")]}, "finite"),
        ("a", {"type": "distribution", "buckets": ["1"]}, "finite"),
        ("a", {"type": "distribution", "buckets": [1, 1]}, "ascend"),
        ("a", {"type": "distribution", "buckets": 5}, "must be a list"),
        ("a", {"type": "counter", "segments": "web"}, "must be a list"),
        ("a", {"type": "counter", "segments": [1]}, "in quotes"),
        ("a", {"type": "counter", "segments": [""]}, "not empty"),
        ("a", {"type": "counter", "segments": ["other"]}, "may not be named"),
        ("a", {"type": "counter", "segments": ["x", "x"]}, "twice"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_name(name: str, given: Any, problem: str) -> None:
    with pytest.raises(MlmonitorError, match=problem) as caught:
        declared({name: given})
    assert f"business metric {name!r}" in str(caught.value)
