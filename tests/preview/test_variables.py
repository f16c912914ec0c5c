from __future__ import annotations

from typing import Any

import pytest

from mlmonitor.preview.source import Source
from mlmonitor.preview.template import ALL
from mlmonitor.preview.timerange import TimeRange
from mlmonitor.preview.variables import Resolver, Variable
from tests.preview.fakes import serving

TIME = TimeRange(0.0, 60.0, ("now-1m", "now"))
MODELS = ["churn", "eta 10", "eta 2"]


def query(text: str, **more: Any) -> dict[str, Any]:
    return {"name": "model", "type": "query", "query": {"query": text}, **more}


def resolved(
    *listed: dict[str, Any], values: Any = MODELS, requested: dict[str, list[str]] | None = None
) -> tuple[list[Variable], Any]:
    with serving(answer=lambda *_: values) as server:
        found = Resolver(Source(server.url), TIME, requested or {}).resolve(listed)
    return found, server


def test_a_label_is_asked_for_with_its_matchers() -> None:
    (found,), server = resolved(query('label_values(up{a=~"x,y"}, model)'))
    assert server.asked[0][0] == "/api/v1/label/model/values"
    assert server.asked[0][1]["match[]"] == ['up{a=~"x,y"}']
    assert [text for text, _ in found.options] == MODELS
    assert (found.chosen, found.value.values) == (("churn",), ("churn",))


def test_a_variable_depends_on_those_before_it() -> None:
    first = query("label_values(model)")
    second = {**query('label_values(up{model="$model"}, version)'), "name": "version"}
    _, server = resolved(first, second, requested={"model": ["eta 2"]})
    assert server.asked[1][1]["match[]"] == ['up{model="eta 2"}']


@pytest.mark.parametrize(
    ("more", "requested", "chosen"),
    [
        ({}, ["eta 2"], ("eta 2",)),
        ({}, ["gone"], ("churn",)),
        ({"current": {"value": "eta 10"}}, [], ("eta 10",)),
        ({"current": {"value": "eta 10"}}, ["churn"], ("churn",)),
        ({"multi": True}, ["eta 2", "churn", "gone"], ("eta 2", "churn")),
        ({"multi": True, "includeAll": True}, [], (ALL,)),
        ({"multi": True, "includeAll": True}, [ALL, "churn"], (ALL,)),
    ],
)
def test_what_is_asked_for_is_chosen_if_it_is_there(
    more: dict[str, Any], requested: list[str], chosen: tuple[str, ...]
) -> None:
    (found,), _ = resolved(query("label_values(model)", **more), requested={"model": requested})
    assert found.chosen == chosen


def test_all_stands_for_every_option() -> None:
    definition = query("label_values(model)", multi=True, includeAll=True, allValue=".+")
    (found,), _ = resolved(definition)
    assert found.value.values == tuple(MODELS)
    assert found.value.everything == ".+"


@pytest.mark.parametrize(
    ("order", "texts"),
    [
        (1, ["churn", "eta 10", "eta 2"]),
        (2, ["eta 2", "eta 10", "churn"]),
        (3, ["churn", "eta 2", "eta 10"]),
        (7, ["churn", "eta 2", "eta 10"]),
    ],
)
def test_options_are_sorted_as_asked(order: int, texts: list[str]) -> None:
    (found,), _ = resolved(query("label_values(model)", sort=order))
    assert [text for text, _ in found.options] == texts


@pytest.mark.parametrize(
    ("pattern", "options"),
    [
        ("/eta (.*)/", [("10", "10"), ("2", "2")]),
        ("/(?<text>e)ta (?<value>.*)/", [("e", "10"), ("e", "2")]),
        ("churn", [("churn", "churn")]),
    ],
)
def test_a_regex_keeps_and_captures(pattern: str, options: list[tuple[str, str]]) -> None:
    (found,), _ = resolved(query("label_values(model)", regex=pattern))
    assert list(found.options) == options


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        (query("no_such_function(x)"), "is no query for a variable; write label_values"),
        (query("label_values(model)", regex="/(/"), "unterminated subpattern"),
    ],
)
def test_a_wrong_definition_is_told_beside_the_variable(
    definition: dict[str, Any], told: str
) -> None:
    (found,), _ = resolved(definition)
    assert told in found.error
    assert found.options == ()


def test_a_prometheus_that_is_away_leaves_the_variable_empty() -> None:
    (found,) = Resolver(Source("http://127.0.0.1:9"), TIME, {}).resolve([query("label_values(m)")])
    assert "does not answer" in found.error
    assert found.value.values == ()


def test_a_prometheus_that_is_silent_is_asked_once() -> None:
    listed = [{**query("label_values(m)"), "name": name} for name in ("a", "b", "c")]
    with serving(seconds=0.5) as server:
        found = Resolver(Source(server.url, timeout=0.1), TIME, {}).resolve(listed)
        assert len(server.asked) == 1
    assert ["took longer than 0.1 s" in one.error for one in found] == [True] * 3


def test_custom_texts_have_values_of_their_own() -> None:
    definition = {"name": "window", "type": "custom", "query": r"hour : 1h, 6h, a\,b"}
    (found,), _ = resolved(definition)
    assert found.options == (("hour", "1h"), ("6h", "6h"), ("a,b", "a,b"))


def test_constants_are_hidden() -> None:
    (found,), _ = resolved({"name": "k", "type": "constant", "query": "v"})
    assert found.hidden
    assert found.value.values == ("v",)
