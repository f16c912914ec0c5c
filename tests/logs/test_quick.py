from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from tests.logs.monitors import ROW, reference
from tests.logs.sinks import Kept

DIFFERENT = ("@timestamp",)

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


class Longer(dict[str, Any]):
    """A row that takes the long way, for it is no plain dict."""


def recorded(row: dict[str, Any], output: Any, *, quickly: bool) -> list[dict[str, Any]]:
    handler = Kept()
    watch = Monitor("houses", reference=reference(), registry=CollectorRegistry(), logs=handler)
    with watch.prediction(row if quickly else Longer(row)) as one:
        one.output = output
    found = [json.loads(line) for line in handler.lines]
    for record in found:
        del record["@timestamp"], record["event"]["id"], record["event"]["duration"]
        del record["mlmonitor"]["prediction"]
    return found


@given(rows, st.floats() | st.none() | st.integers())
@settings(max_examples=150, deadline=None)
def test_the_short_way_says_what_the_long_one_does(row, output):
    assert recorded(row, output, quickly=True) == recorded(row, output, quickly=False)


def test_the_usual_row_goes_the_short_way():
    handler = Kept()
    watch = Monitor("houses", reference=reference(), registry=CollectorRegistry(), logs=handler)
    recorder = watch._counting.recorder
    assert recorder is not None
    recorder._record = None  # type: ignore[method-assign, assignment]
    with watch.prediction(dict(ROW)) as one:
        one.output = 2e5
    assert len(handler.lines) == 1
