"""PromQL that every supported Prometheus reads, as real ones read it; and where a syntax error stands."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import promql_parser
import pytest

from mlmonitor import dialect, promql
from mlmonitor.errors import GenerationError
from tests.components import PROMETHEUS_VERSIONS, promtool

if TYPE_CHECKING:
    from pathlib import Path

QUOTED = "has a name in quotes, which Prometheus 2.42 refuses; write names without quotes"
UNKNOWN = "which not every Prometheus since 2.42 knows; write another."
READ = [
    '{__name__="my.metric"}', 'up{a="{", b="x"}', 'up{a=","} / on () up', 'up{or="x"} or up{b="y"}',
    'label_replace(up, "a", "$1", "b", "(.*)")', 'count_values("x", up)', "(up # by ('a')\n)",
    "up offset -5m", "rate(up[1w:5m] offset 1d2h)", "job:up:5m", "up5m > 5", "rate(up[106751d])",
    'up{a=~"[*+]+"}', 'up{a=~"a*?b+?c??"}', 'up{a=~"[]*+]x{1000}"}', 'up{a=~"(a+)+"}',
    'up{a=~"(?P<n>x)|(?i)y"}', r'up{a=~"\\**|\\{5}"}', 'up{a=~"a{,3}"}', "up == bool 1", "-up ^ 2",
]  # fmt: skip
# What Prometheus 2.42 refuses; the second is what Prometheus 3 reads nevertheless.
REFUSED = {
    '{"my.metric"}': (QUOTED, True),
    '{"up", a="b"}': (QUOTED, True),
    'up{a="x", "b.c"="y"}': (QUOTED, True),
    'sum by ("a.b") (up)': (QUOTED, True),
    "up * on (a) group_left ('b') up": (QUOTED, True),
    "up > 5m": (
        "has 5m as a number, which Prometheus 2.42 refuses; write it in seconds: 300.",
        True,
    ),
    "rate(up[5])": ("has 5 without a unit, which Prometheus 2.42 refuses; write 5s.", True),
    "up offset 5": ("has 5 without a unit", True),
    "rate(up[106752d])": ("has 106752d, longer than Prometheus counts; write 106751d", False),
    "up offset 300y": ("has 300y, longer than Prometheus counts", False),
    "histogram_avg(up)": (f"has the function histogram_avg, {UNKNOWN}", True),
    "mad_over_time(up[5m])": (f"has the function mad_over_time, {UNKNOWN}", False),
    "limitk(2, up)": (f"has the function limitk, {UNKNOWN}", False),
    "up + fill(0) up": (f"has the function fill, {UNKNOWN}", False),
    'up{a="x" or a="y"}': ("has `or` between matchers, which Prometheus refuses", False),
    'up{a=~"(?<n>x)"}': ("has the pattern '(?<n>x)', which Prometheus refuses", True),
    'up{a=~"a**"}': ("has the pattern 'a**'", False),
    'up{a!~"[]a]++"}': ("has the pattern '[]a]++'", False),
    'up{a=~"a{2}{3}"}': ("has the pattern 'a{2}{3}'", False),
    'up{a=~"x{2,1001}"}': ("has the pattern 'x{2,1001}'", False),
}
STOPS = {
    "up == ": "something is missing at its end, character 5",
    "up == 1 and  # why\n": "something is missing at its end, character 18",
    "up === 5": "unexpected '=' at character 6",
    "up up": "unexpected 'up' at character 4",
    'up{a="x" b="y"}': "unexpected 'b' at character 10",
    "(up == 1) andd up": "unexpected 'andd' at character 11",
    'label_replace(up, "a" "b", "c", "d")': "unexpected '\"b\"' at character 23",
    "histogram_quantile(0.9 sum by (le) (up))": "unexpected 'sum' at character 24",
    'last_over_time(up{a="b"}[5m]) on (a) up': "unexpected 'on' at character 31",
    "sum(up) by": "something is missing at its end, character 10",
}


@pytest.mark.parametrize("expression", READ)
def test_what_every_prometheus_reads_is_no_problem(expression: str) -> None:
    promql.check(expression, (), "here", own=False)


@pytest.mark.parametrize(("expression", "problem"), [(one, why[0]) for one, why in REFUSED.items()])
def test_what_some_prometheus_refuses_is_told_with_a_fix(expression: str, problem: str) -> None:
    with pytest.raises(GenerationError, match=re.escape(f"here: {problem}")):
        promql.check(expression, (), "here", own=False)


@pytest.mark.parametrize("version", PROMETHEUS_VERSIONS)
def test_promtool_agrees(version: str, tmp_path: Path) -> None:
    expressions = [*READ, *(f"{name}()" for name in sorted(dialect.FUNCTIONS)), *REFUSED]
    told = refusals(expressions, version, tmp_path)
    unknown = [one for one, why in told.items() if "unknown function" in why]
    assert not {f"{name}()" for name in dialect.FUNCTIONS} & set(unknown)
    read = [one for one, (_, by_3) in REFUSED.items() if by_3 and version == "3"]
    assert [one for one in REFUSED if one not in told] == read
    assert not set(READ) & set(told)


def refusals(expressions: list[str], version: str, folder: Path) -> dict[str, str]:
    """The expressions that promtool refuses, and what it says."""
    rules = [{"alert": f"A{index}", "expr": one} for index, one in enumerate(expressions)]
    path = folder / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(
        [promtool(version), "check", "rules", path], capture_output=True, text=True, check=False
    )
    found = re.findall(r'rule \d+, "A(\d+)": (.*)', done.stdout + done.stderr)
    return {expressions[int(index)]: why for index, why in found}


@pytest.mark.parametrize(("opening", "closing"), ["()", ("sum(", ")"), ("{[(", ")]}")])
def test_an_expression_without_end_is_refused_soon(opening: str, closing: str) -> None:
    with pytest.raises(GenerationError, match="here: nested too deeply; record a part"):
        promql.check(opening * 3000 + "up" + closing * 3000, (), "here", own=False)
    promql.check("(" * 99 + 'up{a="((("}' + ")" * 99, (), "here", own=False)


@pytest.mark.parametrize(("expression", "told"), STOPS.items())
def test_a_syntax_error_has_a_place(expression: str, told: str) -> None:
    with pytest.raises(GenerationError, match=re.escape(f"here: no valid PromQL ({told}); mend")):
        promql.parse(expression, "here")


def test_the_place_of_an_error_in_a_long_expression_is_found_soon() -> None:
    told = dialect.syntax_error("up + " * 300 + "up up" + " + up" * 300, "invalid promql query")
    assert told == "unexpected 'up' at character 1504"


@pytest.mark.parametrize(
    ("expression", "given"),
    [
        ("up[5m]", "range vector"), ("(up[5m:1m])", "range vector"), ('"foo"', "string"),
        ('("foo")', "string"), ("up > 1", "instant vector"), ("-(time() - 5)", "scalar"),
        ("scalar(up) + 1", "scalar"), ("sum(up)", "instant vector"), ("1 + up", "instant vector"),
        ("rate(up[5m])", "instant vector"), ("5", "scalar"),
    ],
)  # fmt: skip
def test_what_an_expression_gives_is_known(expression: str, given: str) -> None:
    assert dialect.result(promql_parser.parse(expression)) == given
    if given in {"instant vector", "scalar"}:
        promql.check_result(expression, "here")
    else:
        with pytest.raises(GenerationError, match=f"here: gives a {given}, and a rule needs an in"):
            promql.check_result(expression, "here")
