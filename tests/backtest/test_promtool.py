from __future__ import annotations

import pytest

from mlmonitor.backtest.promtool import Promtool
from mlmonitor.errors import MlmonitorError
from tests import components

RULES = """\
groups:
- name: doubled
  interval: 1m
  rules:
  - record: rows:doubled
    expr: 2 * rows_total
"""


@pytest.fixture(params=components.PROMETHEUS_VERSIONS)
def promtool(request: pytest.FixtureRequest) -> Promtool:
    return Promtool(str(components.promtool(request.param)))


def test_an_answer_holds_the_labels_and_values_of_what_rules_recorded(promtool):
    series = {'rows_total{city="a\\"b"}': "1+2x5", 'rows_total{city="c"}': "0.5x5"}

    found = promtool.answer(RULES, series, 60.0, "rows:doubled", 180.0)

    assert sorted((labels["city"], value) for labels, value in found) == [
        ('a\\"b', 14.0),
        ("c", 1.0),
    ]


def test_rules_that_are_none_are_told(promtool):
    with pytest.raises(MlmonitorError, match="promtool: "):
        promtool.answer("groups: 3", {"a": "1x3"}, 60.0, "a", 60.0)


def test_a_version_is_told_where_the_program_knows_it():
    assert Promtool(str(components.promtool("2.42"))).version.startswith("2.")


def test_a_missing_program_is_told_with_what_to_do():
    with pytest.raises(MlmonitorError, match="no such program; install Prometheus, or name"):
        Promtool("no-promtool-here")


def test_a_program_that_cannot_run_is_told(tmp_path):
    path = tmp_path / "promtool"
    path.write_text("no program")
    path.chmod(0o755)
    with pytest.raises(MlmonitorError, match="cannot be run"):
        Promtool(str(path)).answer(RULES, {}, 60.0, "a", 60.0)
