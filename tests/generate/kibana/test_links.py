from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mlmonitor import streams
from mlmonitor.generate.kibana.links import FIELDS, Hole, discover, rison
from tests.discover_links import KIBANA, decoded, parts

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("!'\"\\ ()&#+%:,-*"))


@given(
    st.recursive(
        TEXTS | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_rison_comes_back(value):
    assert decoded(rison(value)) == value


@given(TEXTS, TEXTS)
def test_any_name_is_asked_for_as_it_is(model, version):
    _, state = parts(discover(KIBANA, {"model": model, "version": version}))
    found = re.fullmatch(
        r'event\.action: prediction and mlmonitor\.model: "(.*)" and mlmonitor\.version: "(.*)"',
        state["query"]["query"],
        re.DOTALL,
    )
    assert found
    assert [re.sub(r"\\(.)", r"\1", one, flags=re.DOTALL) for one in found.groups()] == [
        model,
        version,
    ]


def test_the_records_of_a_model_version_column_and_time():
    url = discover(
        KIBANA,
        {"model": "house-prices", "version": "1", "violation": "Lot.Area"},
        model="house-prices",
        column=("input", "Lot.Area"),
        since="2026-11-25T10:00:00.000Z",
        until="2026-11-25T11:00:00.000Z",
    )
    time, state = parts(url)
    assert time == {"from": "2026-11-25T10:00:00.000Z", "to": "2026-11-25T11:00:00.000Z"}
    assert state["index"] == state["dataSource"]["dataViewId"] == "mlmonitor.house~prices"
    assert f"mlmonitor.inputs.{streams.field('Lot.Area')}" in state["columns"]
    assert state["query"]["query"].endswith('mlmonitor.violations.column: "Lot.Area"')
    assert state["sort"] == [["@timestamp", "desc"]]


def test_what_records_are_chosen_by_is_in_the_catalogue():
    for key in FIELDS:
        _, state = parts(discover(KIBANA, {key: "x"}))
        assert state["query"]["query"] == f'event.action: prediction and {FIELDS[key]}: "x"'


def test_what_another_program_fills_in_is_left_to_it():
    url = discover(
        KIBANA, {"model": Hole("${model:percentencode}")}, since=Hole("${__from:date:iso}")
    )
    assert "${model:percentencode}" in url
    filled = url.replace("${model:percentencode}", "a%26b").replace(
        "${__from:date:iso}", "2026-11-25T10:00:00.000Z"
    )
    time, state = parts(filled)
    assert time["from"] == "2026-11-25T10:00:00.000Z"
    assert state["query"]["query"].endswith('mlmonitor.model: "a&b"')
