"""Durations, templates and the check of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmonitor import promql
from mlmonitor.errors import GenerationError


@pytest.mark.parametrize(
    ("length", "text"),
    [(3599.999, "59m59s999ms"), (300, "5m"), (90061, "1d1h1m1s"), (0.001, "1ms"), (86400, "1d")],
)
def test_durations_are_written_as_prometheus_reads_them(length: float, text: str) -> None:
    assert promql.duration(length) == text
    assert promql.seconds(text) == length


@given(st.integers(1, 10**12))
def test_durations_survive_writing_and_reading(milliseconds: int) -> None:
    length = milliseconds / 1000
    assert promql.seconds(promql.duration(length)) == length


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "0s", "1m1h", "-5m", "1.5h", "٣d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(GenerationError, match="is no duration"):
        promql.seconds(text)


@pytest.mark.parametrize("text", ["106752d", "9" * 20 + "m", "9" * 5000 + "d"])
def test_what_is_longer_than_prometheus_counts_is_refused(text: str) -> None:
    with pytest.raises(GenerationError, match="is longer than Prometheus counts"):
        promql.seconds(text)


def test_no_duration_is_shorter_than_a_millisecond() -> None:
    with pytest.raises(GenerationError, match="too short"):
        promql.duration(0.0001)


def test_an_identity_begins_with_the_scope() -> None:
    identity = promql.Identity(("cluster", "namespace"))
    assert identity.model == "cluster, namespace, model, version, role, reference"
    assert identity.column == identity.model + ", side, column"


def test_placeholders_are_filled_in_and_unknown_ones_refused() -> None:
    values = {"window": "1h", "threshold.ks": "0.1"}
    assert promql.render("a<window>b <= <threshold.ks>", values, "here") == "a1hb <= 0.1"
    with pytest.raises(GenerationError, match="here: <windw> is no placeholder; did you mean win"):
        promql.render("<windw>", values, "here")


def test_thresholds_of_single_models_go_before_the_default() -> None:
    assert promql.threshold(0.2, {"b": 0.2}) == "0 * mlmonitor:model:columns + 0.2"
    assert promql.threshold(0.2, {'a"b': 0.5}) == (
        '0 * mlmonitor:model:columns{model="a\\"b"} + 0.5\nor 0 * mlmonitor:model:columns + 0.2'
    )


@pytest.mark.parametrize(
    ("expression", "metrics", "labels"),
    [
        ("up", {"up"}, set()),
        ("sum by (model, side) (rate(a_total[5m])) / 1e-6", {"a_total"}, {"model", "side"}),
        ("max(a:b:c{x='y)', z!~\"u\"} offset 5m)", {"a:b:c"}, {"x", "z"}),
        ("a * on (b) group_left (c) d > bool 0 or e", {"a", "d", "e"}, {"b", "c"}),
        ("sum(a) without (b) unless ignoring (c) d", {"a", "d"}, {"b", "c"}),
        ('label_replace(a{b=""}, "to", "$1", "from", "(.+)")', {"a"}, {"b", "to", "from"}),
        ("{__name__='a', b='c'}", set(), {"__name__", "b"}),
        ("histogram_quantile(0.9, sum by (le) (a_bucket))", {"a_bucket"}, {"le"}),
        ("topk by (m) (3, a)", {"a"}, {"m"}),
    ],
)
def test_the_names_of_an_expression_are_found(
    expression: str, metrics: set[str], labels: set[str]
) -> None:
    assert promql.vocabulary(expression) == (metrics, labels)


def test_a_metric_outside_the_catalogue_is_refused_with_the_nearest() -> None:
    promql.check("rate(mlmonitor_prediction_duration_seconds_bucket[5m])", (), "panel")
    with pytest.raises(GenerationError, match=r"panel: no metric .*mlmonitor_column_rows_total"):
        promql.check("mlmonitor_column_row_total", (), "panel")


def test_a_label_outside_the_catalogue_and_the_scope_is_refused_with_the_nearest() -> None:
    promql.check("sum by (cluster) (up)", ("cluster",), "panel")
    with pytest.raises(GenerationError, match="panel: no label modl; did you mean model"):
        promql.check("sum by (modl) (up)", (), "panel")


def test_what_is_no_promql_is_refused_with_its_place() -> None:
    with pytest.raises(GenerationError, match=r"panel: no valid PromQL .*; mend it"):
        promql.check("sum by (model (up)", (), "panel")


def test_grafanas_intervals_may_stand_in_an_expression() -> None:
    assert promql.vocabulary("rate(up[$__rate_interval])") == ({"up"}, set())


def test_others_may_name_any_metric_but_ours() -> None:
    promql.check("rate(features_total{team='a'}[5m])", (), "depends_on", own=False)
    with pytest.raises(GenerationError, match="no metric mlmonitor_predictions; did you mean"):
        promql.check("mlmonitor_predictions", (), "depends_on", own=False)


def test_times_of_alerts_are_scaled() -> None:
    text = promql.render_times("x[<5m>] for <90s> <column>", lambda length: length / 10)
    assert text == "x[30s] for 9s <column>"


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("a", True),
        ('a{window="1h"}', True),
        ('a{window="6h"}', False),
        ('a{window=~"1h|6h"}', True),
        ('a{window=~"1|6h"}', False),
        ('a{window!="1h"}', False),
        ('a{window!~"6h|1d"}', True),
        ('a{other="6h"}', True),
    ],
)
def test_a_selector_tells_whether_it_may_choose_a_series(expression: str, *, chosen: bool) -> None:
    selector = next(iter(promql.selectors(f"sum({expression})")))
    assert selector.name == "a"
    assert selector.may_be({"window": "1h"}) == chosen


def test_times_are_scaled_and_ranges_of_steps_leave_out_one_end() -> None:
    text = promql.render_times("a[<30m.steps>] offset <1d>", lambda length: length / 2)
    assert text == "a[14m59s999ms] offset 12h"
