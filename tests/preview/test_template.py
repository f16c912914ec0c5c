from __future__ import annotations

import pytest

from mlmonitor.preview import template
from mlmonitor.preview.template import Value

ONE = Value(("a.b",), ("A",))
SOME = Value(("a.b", "c|d"), ("A", "C"), several=True)
ALL = Value(("a", "b"), ("a", "b"), several=True, everything=".+")
VALUES = {"one": ONE, "some": SOME, "all": ALL, "__range": Value(("6h",))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{x="$one"}', '{x="a.b"}'),
        ('{x=~"$some"}', r'{x=~"(a\\.b|c\\|d)"}'),
        ('{x=~"$all"}', '{x=~".+"}'),
        ("{x=~`${one:regex}`}", r"{x=~`a\.b`}"),
        ("{x=~`${some:regex}`}", r"{x=~`a\.b|c\|d`}"),
        ("{x=~`${all:regex}`}", "{x=~`.+`}"),
        ("${some:pipe} ${some:csv} ${all:raw}", "a.b|c|d a.b,c|d .+"),
        ("[$__range] [[one]]", "[6h] a.b"),
        ("$unknown ${unknown:regex} $1", "$unknown ${unknown:regex} $1"),
        ("${some:json} ${some:doublequote}", '["a.b", "c|d"] "a.b","c|d"'),
    ],
)
def test_variables_are_written_as_queries_need_them(text: str, expected: str) -> None:
    assert template.fill(text, VALUES, template.for_promql) == expected


def test_quotes_and_backslashes_do_not_end_a_matcher() -> None:
    odd = Value(('a"\\b',))
    assert template.fill('{x="$x"}', {"x": odd}, template.for_promql) == r'{x="a\"\\b"}'


def test_titles_read_as_people_do() -> None:
    assert template.fill("$one, $some, $all", VALUES) == "A, A + C, All"


def test_addresses_hold_every_value() -> None:
    text = template.fill("${some:queryparam}&${all:queryparam}", VALUES)
    assert text == "var-some=a.b&var-some=c%7Cd&var-all=%24__all"
    assert template.fill("/$some", VALUES, template.for_urls) == "/a.b%2Cc%7Cd"


def test_a_value_is_not_filled_in_again() -> None:
    values = {"a": Value(("$b",)), "b": Value(("wrong",))}
    assert template.fill("$a", values) == "$b"


def test_names_are_found() -> None:
    assert template.names("$a ${b:regex} [[c]] ${__field.labels.x}") == {"a", "b", "c"}
