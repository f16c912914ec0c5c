from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlmonitor import streams

NAMES = st.text(st.characters() | st.sampled_from("aZ0-_.~@ *:/\\\ud800"), max_size=7)
LONG = st.text(min_size=60, max_size=300)


@pytest.mark.parametrize("model", ["churn", "credit_risk", "eu.fraud", "v2"])
def test_an_ordinary_model_keeps_its_name(model):
    assert streams.dataset(model) == f"mlmonitor.{model}"


def test_a_hyphen_does_not_part_the_data_set():
    assert streams.dataset("house-prices") == "mlmonitor.house~prices"
    assert streams.stream("house-prices", "eu") == "logs-mlmonitor.house~prices-eu"


@pytest.mark.parametrize(
    "column", ["GrLivArea", "1stFlrSF", "Overall Qual", "a-b", "price/m²", "größe", "価格", "x_1"]
)
def test_an_ordinary_column_keeps_its_name(column):
    assert streams.field(column) == column


@pytest.mark.parametrize(
    ("column", "field"),
    [("", "@"), (".", "@2e"), ("a.b", "a@2eb"), (" ", "@20"), ("a ", "a@20"), ("a@2eb", "a@402eb")],
)
def test_an_odd_column_is_escaped(column, field):
    assert streams.field(column) == field


@given(NAMES)
@example("")
@example("@")
@example("\udc80\ud800")
def test_a_model_is_found_from_its_data_set(model):
    assert streams.model(streams.dataset(model)) == model


@given(NAMES)
@example("")
@example("@")
@example("@2e")
def test_a_column_is_found_from_its_field(column):
    assert streams.column(streams.field(column)) == column


@given(st.text() | LONG)
def test_a_data_set_obeys_elastics_naming_scheme(model):
    name = streams.dataset(model)
    assert re.fullmatch(r"[a-z0-9._~@]+", name)
    assert len(name) <= 100
    assert re.fullmatch(r"[a-z0-9._~@]{1,100}", streams.namespace(model))


@given(st.text() | LONG)
def test_a_field_is_one_step_of_a_path_in_any_syntax(column):
    field = streams.field(column)
    assert 0 < len(field.encode()) <= streams.FIELD_LIMIT
    assert not set(field) & set('."*?()[]{}<>:\\,`')
    assert field == field.strip()
    assert field.isprintable() or not column.isprintable() or not column.isascii()


@given(st.sets(LONG | NAMES, min_size=2, max_size=10))
def test_no_two_names_become_one(names):
    assert len({streams.dataset(name) for name in names}) == len(names)
    assert len({streams.field(name) for name in names}) == len(names)


@given(st.text(st.sampled_from("a@2e~-c3ff."), max_size=12))
def test_what_is_not_a_name_is_refused_or_comes_back_the_same(text):
    try:
        name = streams.column(text)
    except ValueError:
        return
    assert streams.field(name) == text


def test_a_name_too_long_to_keep_says_so():
    with pytest.raises(ValueError, match="stands for a longer name"):
        streams.column(streams.field("x" * 300))
    with pytest.raises(ValueError, match="does not start with"):
        streams.model("nginx.access")
    with pytest.raises(ValueError, match="stands for no name"):
        streams.model("mlmonitor.A")
