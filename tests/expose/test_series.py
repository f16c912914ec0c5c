from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from mlmonitor import names
from mlmonitor.drift.scrape import from_metrics
from mlmonitor.expose import business_series, register
from mlmonitor.expose.series import NO_REFERENCE, Plan
from mlmonitor.expose.text import SourceText, families
from mlmonitor.process import usage
from mlmonitor.provenance import Provenance
from mlmonitor.tally import Layout
from tests.expose.sources import BUSINESS, Counts, Key, counts, nasty, parsed
from tests.references import binned, categorical, mixed, reference


def exposed(source: Counts) -> dict[Key, float]:
    return parsed(families([SourceText(source).samples("all")], "text"))


def metrics_of(samples: dict[Key, float], column: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for name, labels in samples:
        if dict(labels).get("column") == column:
            found[name] += 1
    return dict(found)


def test_a_scrape_tells_what_the_tally_has_counted() -> None:
    source = counts(nasty(), seed=3)
    assert source.reference is not None
    text = families([SourceText(source).samples("all")], "text").decode()
    (read,) = from_metrics(text, source.reference).values()
    told = {(one.column.side, one.column.name): one for one in read}
    assert len(told) == len(source.reference.columns)
    for one in source.totals().columns():
        found = told[one.column.side, one.column.name]
        assert (found.rows, found.missing) == (one.rows, one.missing)
        assert {r: n for r, n in one.invalid.items() if r in found.invalid} == found.invalid
        for mine, theirs in ((one.bins, found.bins), (one.categories, found.categories)):
            np.testing.assert_array_equal(mine, theirs)
        assert (found.above, found.below, found.squares) == (one.above, one.below, one.squares)
        assert found.nonzero == (one.nonzero if one.column.kind == "sparse" else 0)


def test_every_counter_is_there_at_zero_from_the_first_scrape() -> None:
    samples = exposed(counts(mixed()))
    live = {key: value for key, value in samples.items() if names_counter(key[0])}
    assert len(live) > 100
    assert set(live.values()) == {0.0}


def names_counter(name: str) -> bool:
    process = ("mlmonitor_process", "mlmonitor_prediction_duration")
    return name.endswith("_total") and not name.startswith(process)


def test_each_kind_of_column_has_the_families_that_apply_to_it() -> None:
    samples = exposed(counts(mixed()))
    common = {
        "mlmonitor_column_rows_total": 1,
        "mlmonitor_column_missing_total": 1,
        "mlmonitor_reference_rows": 1,
        "mlmonitor_reference_missing_ratio": 1,
        "mlmonitor_column_info": 1,
    }
    moments = {
        "mlmonitor_column_deviation_total": 2,
        "mlmonitor_column_squared_deviation_total": 1,
        "mlmonitor_reference_mean": 1,
        "mlmonitor_reference_deviation": 1,
        "mlmonitor_reference_absolute_deviation_ratio": 1,
        "mlmonitor_reference_extreme_deviation_ratio": 1,
        "mlmonitor_reference_median": 1,
    }
    bins = dict.fromkeys(
        ("mlmonitor_column_cumulative_total", "mlmonitor_reference_cumulative_ratio"), 20
    )
    four = {"mlmonitor_column_invalid_total": 4}
    assert metrics_of(samples, "size") == common | moments | bins | four
    assert metrics_of(samples, "pool") == {
        **common, **moments, **dict.fromkeys(bins, 4), **four,
        "mlmonitor_column_nonzero_total": 1, "mlmonitor_reference_nonzero_ratio": 1,
    }  # fmt: skip
    assert metrics_of(samples, "city") == {
        **common,
        "mlmonitor_column_invalid_total": 2,
        "mlmonitor_column_category_total": 5,
        "mlmonitor_reference_category_ratio": 5,
    }
    assert metrics_of(samples, "note") == common | {"mlmonitor_column_invalid_total": 1}


def test_rules_that_a_column_lacks_have_no_reason() -> None:
    free = binned("free", [1.0, 2.0]).model_copy(update={"range": None})
    open_ = categorical("open", {"a": 1}, allowed=None)
    samples = exposed(counts(reference(free, open_)))
    reasons = {
        (found["column"], found["reason"])
        for name, labels in samples
        if name == names.COLUMN_INVALID.name and (found := dict(labels))
    }
    assert reasons == {
        ("free", "wrong_type"), ("free", "not_finite"), ("free", "extreme"), ("open", "wrong_type"),
    }  # fmt: skip


def test_counters_and_reference_carry_the_same_edges() -> None:
    samples = exposed(counts(nasty()))
    edges: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for name, labels in samples:
        if "upper" in dict(labels):
            found = dict(labels)
            edges[name].add((found["side"], found["column"], found["lower"], found["upper"]))
    live = edges["mlmonitor_column_cumulative_total"]
    assert live == edges["mlmonitor_reference_cumulative_ratio"]
    assert ("input", "le", "-Inf", "0.0") in live
    assert ("input", "le", "0.0", "1e+06") in live
    assert ("input", "le", "1e+06", "+Inf") in live


def test_reference_shares_end_at_one_and_cover_all_categories() -> None:
    samples = exposed(counts(mixed()))
    shares = {
        dict(labels)["category"]: value
        for (name, labels), value in samples.items()
        if name == names.REFERENCE_CATEGORY.name and dict(labels)["column"] == "city"
    }
    assert shares == {
        "Oslo": 0.45, "Bergen": 0.4, "Hamar": 0.15, "__other__": 0.0, "__unseen__": 0.0,
    }  # fmt: skip
    assert {
        value
        for (name, labels), value in samples.items()
        if name == names.REFERENCE_CUMULATIVE.name and dict(labels)["upper"] == "+Inf"
    } == {1.0}


def test_how_alike_rows_are_is_exposed_where_it_was_measured() -> None:
    bounds = {"correlation": {"1h": 0.04, "7d": 0.0}, "effective_rows": 512.5}
    area = binned("area", range(1000)).model_copy(update=bounds)
    samples = exposed(counts(reference(area, binned("plain", range(1000)))))
    found = {
        (name, dict(labels)["column"], dict(labels).get("window")): value
        for (name, labels), value in samples.items()
        if name in {"mlmonitor_reference_correlation_ratio", "mlmonitor_reference_effective_rows"}
    }
    assert found == {
        ("mlmonitor_reference_effective_rows", "area", None): 512.5,
        ("mlmonitor_reference_correlation_ratio", "area", "1h"): 0.04,
        ("mlmonitor_reference_correlation_ratio", "area", "7d"): 0.0,
    }


def test_a_reference_without_rows_has_shares_of_zero() -> None:
    empty = binned("x", [1.0]).model_copy(update={"rows": 0, "counts": (0, 0)})
    samples = exposed(counts(reference(empty)))
    ratios = {v for (name, _), v in samples.items() if name == names.REFERENCE_CUMULATIVE.name}
    assert ratios == {0.0}


def test_a_column_that_no_reference_knows_is_counted_without_reference_gauges() -> None:
    source = Counts(Layout.of(mixed()), np.zeros(Layout.of(mixed()).size), None)
    plan = Plan.of(source.identity, source.layout, None)
    assert plan.fixed == {}
    labels = {key: value for found in plan.live[names.COLUMN_ROWS] for key, value in found.labels}
    assert labels["reference"] == NO_REFERENCE


def test_an_exception_that_is_declared_twice_has_one_series() -> None:
    layout = Layout.of(None, exceptions=("KeyError", "other", "KeyError"))
    cells = np.zeros(layout.size)
    cells[layout.errors] = (1, 2, 4, 8)
    samples = exposed(Counts(layout, cells))
    errors = {
        dict(labels)["exception"]: value
        for (name, labels), value in samples.items()
        if name == names.PREDICTION_ERRORS.name
    }
    assert errors == {"KeyError": 5.0, "other": 10.0}


def test_the_latency_histogram_adds_up_its_buckets() -> None:
    source = counts()
    source.cells[source.layout.durations] = np.arange(17.0)
    source.cells[source.layout.duration_sum] = 12.25
    samples = exposed(source)
    name = names.PREDICTION_DURATION.name
    buckets = [value for (found, _), value in samples.items() if found == f"{name}_bucket"]
    assert buckets == np.cumsum(np.arange(17.0)).tolist()
    model = (("model", "m"), ("role", "live"), ("version", "1"))
    assert samples[f"{name}_count", model] == buckets[-1]
    assert samples[f"{name}_sum", model] == pytest.approx(12.25)


def test_a_worker_that_is_gone_has_no_process_metrics() -> None:
    source = counts()
    source.pids = (source.pids[0], 2**22 + 1)
    assert usage(source.pids[1]) is None
    samples = exposed(source)
    pids = {dict(labels)["pid"] for _, labels in samples if "pid" in dict(labels)}
    assert pids == {str(source.pids[0])}
    assert (
        samples[names.MONITOR_WORKERS.name, (("model", "m"), ("role", "live"), ("version", "1"))]
        == 2
    )


def test_a_mismatch_is_exposed_for_what_was_compared() -> None:
    source = counts()
    source.provenance = Provenance(5.0, {"model": True, "environment": False})
    samples = exposed(source)
    model = (("model", "m"), ("role", "live"), ("version", "1"))
    assert samples[names.MODEL_TRAINED.name, model] == 5
    found = {
        dict(labels)["reason"]: value
        for (name, labels), value in samples.items()
        if name == names.MODEL_MISMATCH.name
    }
    assert found == {"model": 1, "environment": 0}


def test_business_metrics_have_their_families_and_segments() -> None:
    layout = Layout.of(None, business=BUSINESS)
    cells = np.zeros(layout.size)
    by_name = {(one.metric.name, one.segment): one.cells for one in layout.business}
    cells[by_name["orders", "web"]] = 2.5
    cells[by_name["value", "all"]] = (1, 0, 2, 4, 30.5)
    expected = {
        ("mlmonitor_business_total", "orders", "web", ""): 2.5,
        ("mlmonitor_business_total", "orders", 'q"uo\\te\n', ""): 0.0,
        ("mlmonitor_business_total", "orders", "other", ""): 0.0,
        ("mlmonitor_business_distribution_bucket", "value", "all", "0.0"): 1.0,
        ("mlmonitor_business_distribution_bucket", "value", "all", "1.0"): 1.0,
        ("mlmonitor_business_distribution_bucket", "value", "all", "10.5"): 3.0,
        ("mlmonitor_business_distribution_bucket", "value", "all", "+Inf"): 7.0,
        ("mlmonitor_business_distribution_count", "value", "all", ""): 7.0,
        ("mlmonitor_business_distribution_sum", "value", "all", ""): 30.5,
    }
    assert business(Counts(layout, cells)) == expected
    cells[by_name["stock", "all"]] = (-3.0, 1_700_000_000.5)
    assert business(Counts(layout, cells)) == expected | {
        ("mlmonitor_business_value", "stock", "all", ""): -3.0,
        ("mlmonitor_business_updated_timestamp_seconds", "stock", "all", ""): 1_700_000_000.5,
    }


def test_the_cap_knows_how_many_series_business_metrics_take() -> None:
    layout = Layout.of(None, business=BUSINESS)
    cells = np.ones(layout.size)
    assert business_series(BUSINESS) == len(business(Counts(layout, cells)))


def business(source: Counts) -> dict[tuple[str, ...], float]:
    """Value by name, metric, segment and edge, as text and as a collector gives it."""
    parts = ("metric", "segment", "le")
    found = {
        (name, *(dict(labels).get(part, "") for part in parts)): value
        for (name, labels), value in exposed(source).items()
        if "business" in name and "failures" not in name
    }
    registry = CollectorRegistry()
    register(source, registry)
    collected = {
        (sample.name, *(sample.labels.get(part, "") for part in parts)): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name.startswith("mlmonitor_business")
    }
    assert collected == found
    return found
