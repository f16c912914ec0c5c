from __future__ import annotations

from mlmonitor.explain.statistics import statistics
from tests.prediction_records import record

VIOLATION = [{"side": "input", "column": "size", "reason": "out_of_range"}]


def test_each_record_counts_for_as_many_predictions_as_it_stands_for():
    found = [record(n, mlmonitor__sample__rate=0.1) for n in range(30)]
    found += [
        record(99, mlmonitor__violations=VIOLATION, mlmonitor__sample__kept_for=["violation"]),
        record(98, event__outcome="failure", error__type="KeyError", error__message="x"),
        record(97, mlmonitor__version="2"),
    ]
    numbers = statistics(found)
    assert list(numbers) == [("m", "1", "live"), ("m", "2", "live")]
    first = numbers["m", "1", "live"]
    assert first.records == 32
    assert first.predictions == 302
    assert first.failures == {"KeyError": 1}
    assert first.violations == {("input", "size", "out_of_range"): 1}
    assert first.kept_for == {"violation": 1}
    assert first.quantiles() == {0.5: 0.00115, 0.95: 0.00128, 0.99: 0.00129}
