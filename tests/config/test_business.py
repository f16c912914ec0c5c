from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from mlmonitor.business import BusinessMetric
from tests.test_config import problem, read

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = "models: [{name: shop, business: {orders: %s}}]"


@pytest.mark.parametrize(
    ("written", "statistic"),
    [
        ("{type: counter, alert: {below: 1}}", "rate"),
        ("{type: gauge}", "value"),
        ("{type: distribution, buckets: [1, 2.5]}", "mean"),
        ("{type: distribution, buckets: [1], alert: {above: 2, statistic: p95}}", "p95"),
        ("{type: distribution, buckets: [1], alert: {above: 2, statistic: rate}}", "rate"),
    ],
)
def test_what_is_judged_follows_from_the_type(tmp_path: Path, written: str, statistic: str) -> None:
    found = read(tmp_path, ORDERS % written).models[0].business["orders"]
    assert found.statistic == statistic


def test_an_alert_on_a_business_metric_has_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, ORDERS % "{type: gauge, alert: {below: -1, above: 5}}")
    alert = found.models[0].business["orders"].alert
    assert alert is not None
    assert (alert.below, alert.above, alert.over) == (-1, 5, 3600.0)
    assert (alert.statistic, alert.severity, alert.minimum) == (None, "warning", 30)
    quiet = read(tmp_path, ORDERS % "{type: gauge}").models[0].business["orders"]
    assert quiet.alert is None


def test_a_monitor_records_the_business_metrics_of_the_file(tmp_path: Path) -> None:
    text = (
        "{type: distribution, buckets: [0, 2.5], segments: [web], help: Orders., alert: {above: 1}}"
    )
    config = read(tmp_path, ORDERS % text)
    options = config.monitor_options("shop")
    assert options["business"] == {
        "orders": BusinessMetric("orders", "distribution", (0, 2.5), ("web",), "Orders.")
    }
    monitor = Monitor("shop", registry=CollectorRegistry(), **options)
    assert [one.segment for one in monitor.layout.business] == ["web", "other"]


def test_versions_may_differ_in_segments_but_not_in_what_is_judged(tmp_path: Path) -> None:
    text = """\
models:
  - {name: a, business: {orders: {type: counter, alert: {below: 1}}}}
  - {name: a, version: "2", business: {orders: {type: counter, segments: [x], alert: {below: %s}}}}
  - {name: b, business: {orders: {type: gauge}}}
"""
    assert len(read(tmp_path, text % 1).models) == 3
    message = "models: type or alert of business metric 'orders' differs between the entries of 'a'"
    assert message in problem(tmp_path, text % 2)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{}", "models[0].business.orders.type: is required"),
        ("{type: timer}", "'timer' is unknown; use one of counter, gauge, distribution."),
        ("{type: counter, bucket: [1]}", "unknown key; did you mean `buckets`?"),
        ("{type: distribution}", "business metric 'orders': a distribution needs buckets"),
        ("{type: distribution, buckets: [2, 1]}", "buckets must ascend"),
        ("{type: distribution, buckets: [-1]}", "none below zero"),
        ("{type: distribution, buckets: ['1']}", "must be a number, found '1'"),
        ("{type: counter, segments: [1]}", 'must be text; write it in quotes: "1".'),
        ("{type: counter, segments: [all]}", "segments may not be named"),
        ("{type: counter, alert: {}}", "orders.alert: names no bound; give below, above or both."),
        ("{type: counter, alert: {below: 1, above: 1}}", "below must be less than above"),
        ("{type: counter, alert: {below: .nan}}", "alert.below: must be a finite number"),
        ("{type: counter, alert: {below: 1, over: 60}}", "60 is no duration"),
        ("{type: counter, alert: {below: 1, minimum: 0}}", "greater than or equal to 1, found 0"),
        ("{type: counter, alert: {below: 1, severity: page}}", "'page' is unknown"),
        (
            "{type: counter, alert: {below: 1, statistic: p95}}",
            "orders: a counter has no p95; use one of rate, or the type distribution.",
        ),
        (
            "{type: gauge, alert: {below: 1, statistic: rate}}",
            "a gauge has no rate; use one of value, or the type counter or distribution.",
        ),
    ],
)
def test_a_business_metric_that_makes_no_sense_is_refused(
    tmp_path: Path, written: str, message: str
) -> None:
    assert message in problem(tmp_path, ORDERS % written)


def test_the_name_of_a_business_metric_is_checked(tmp_path: Path) -> None:
    text = "models: [{name: a, business: {or-ders: {type: counter}}}]"
    assert "business metric 'or-ders': use letters" in problem(tmp_path, text)
