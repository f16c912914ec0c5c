from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, Reference
from mlmonitor.logs import ids
from tests.logs.monitors import ROW, number, reference
from tests.logs.sinks import Kept

texts = st.text(max_size=20) | st.sampled_from(
    ["gas", "Ames", "60", "me@mail.example", "\x9b", "é"]
)
rows = st.fixed_dictionaries(
    {
        "area": st.floats(0, 600) | st.integers(-5, 2**70) | st.just("12"),
        "rooms": st.integers(0, 13) | st.none() | st.booleans(),
        "town": st.sampled_from(["Ames", "60", 60, 60.0, "Paris", None]),
        "heating": st.sampled_from(["gas", "coal", "heat pump", 1]),
        "note": texts | st.none() | st.lists(st.integers()),
    },
    optional={"more": texts},
)
MANY = 40
"""Numbers that are compared all at once."""
numbers = st.floats() | st.sampled_from([0.0, -0.0, 1.0, 500, 501, True, 2**70, None, "1"])


class Longer(dict[str, Any]):
    """A row that takes the long way, for it is no plain dict."""


def numeric(count: int) -> Reference:
    columns = [number(f"n{index}", (0.0, 500.0)) for index in range(count)]
    return Reference(model="houses", version="1", rows=100, columns=tuple(columns))


def recorded(
    row: dict[str, Any], output: Any, options: dict[str, Any], given: Any = None, **watched: Any
) -> list[dict[str, Any]]:
    handler = Kept()
    chosen = {"reference": reference(), **watched}
    watch = Monitor(
        "houses", registry=CollectorRegistry(), logs={"to": handler, **options}, **chosen
    )
    try:
        with watch.prediction(row, prediction_id=given) as one:
            if isinstance(output, Exception):
                raise output
            one.output = output
    except ValueError:
        pass
    found = [json.loads(line) for line in handler.lines]
    for record in found:
        del record["@timestamp"], record["event"]["duration"]
        record.get("error", {}).pop("stack_trace", None)
        if given is None:
            del record["event"]["id"], record["mlmonitor"]["prediction"]
    return found


@given(
    rows,
    st.floats() | st.none() | st.integers() | st.builds(ValueError, texts),
    st.sampled_from([{}, {"detect": False}, {"slow": 1e-9}, {"max_field": 64}, {"sensitive": {"note": "mask"}}]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_short_way_says_what_the_long_one_does(row, output, options):
    assert recorded(row, output, options) == recorded(Longer(row), output, options)


@given(
    rows, st.floats(), st.sampled_from([0.0, 0.3, 0.999]),
    st.text(min_size=1, max_size=30) | st.integers() | st.sampled_from(['a"b', "a\\b", "x" * 600]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_short_way_keeps_the_ids_that_the_long_one_keeps(row, output, rate, identity):
    options = {"sample": rate}
    short = recorded(row, output, options, identity)
    long = recorded(Longer(row), output, options, identity)
    if short and short[0]["event"]["id"] != str(identity):  # it cannot be used, and one was made
        return
    assert short == long


@pytest.mark.parametrize("count", [3, MANY])
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_few_and_many_numbers_are_judged_as_the_long_way_does(count, data):
    row = {f"n{index}": 250.0 for index in range(count)}
    for name in data.draw(st.lists(st.sampled_from(sorted(row)), max_size=3)):
        row[name] = data.draw(numbers)
    if data.draw(st.booleans()):
        row["other"] = row.pop("n1")
    watched = {"reference": numeric(count)}
    assert recorded(row, 1.0, {}, **watched) == recorded(Longer(row), 1.0, {}, **watched)


@pytest.mark.parametrize("known", [reference(), numeric(3), numeric(MANY)])
def test_the_usual_row_goes_the_short_way(known):
    handler = Kept()
    watch = Monitor("houses", reference=known, registry=CollectorRegistry(), logs=handler)
    recorder = watch._counting.recorder
    assert recorder is not None
    recorder._record = None  # type: ignore[method-assign, assignment]
    row = dict(ROW) if known.side("output") else {c.name: 1.0 for c in known.side("input")}
    for identity in (None, "o-17"):
        with watch.prediction(row, prediction_id=identity) as one:
            one.output = 2e5
    assert len(handler.lines) == 2
    assert json.loads(handler.lines[1])["event"]["id"] == "o-17"


def test_a_row_of_numbers_that_the_model_changes_and_chokes_on_is_recorded_as_it_was():
    handler = Kept()
    watch = Monitor("houses", reference=numeric(3), registry=CollectorRegistry(), logs=handler)

    @watch
    def predict(row):
        row["n0"] = -1.0
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        predict({"n0": 1.5, "n1": 2, "n2": np.pi})
    record = json.loads(handler.lines[0])
    assert record["mlmonitor"]["inputs"] == {"n0": 1.5, "n1": 2, "n2": np.pi}
    assert record["event"]["outcome"] == "failure"
    assert "violations" not in record["mlmonitor"]


def test_more_ids_than_a_millisecond_has_digits_for_differ(monkeypatch):
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_790_000_000_123_000_000)
    found = [ids.new() for _ in range(10_000)]
    assert len(set(found)) == 10_000
    assert {one[:13] for one in found} == {
        f"{1_790_000_000_123:012x}"[:8] + "-" + f"{1_790_000_000_123:012x}"[8:]
    }


def test_ids_that_are_used_up_within_predictions_are_made_anew():
    handler = Kept()
    watch = Monitor("houses", reference=numeric(3), registry=CollectorRegistry(), logs=handler)
    call = watch(lambda _: 1.0)
    for _ in range(5_000):
        call({"n0": 1.0, "n1": 1.0, "n2": 1.0})
    found = [json.loads(line)["event"]["id"] for line in handler.lines]
    assert len(set(found)) == 5_000


def test_the_share_of_a_rate_is_the_bound_of_the_sample():
    for rate in (0.0, 2.0**-60, 0.1, 1 / 3, 0.999999):
        share = ids.share(rate)
        kept = [ids.sha256(b"%d" % n).digest() < share for n in range(500)]
        assert kept == [ids.is_sampled(str(n), rate) for n in range(500)]
