from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mlmonitor.backtest.confirm import Confirmation
from mlmonitor.backtest.page import html
from mlmonitor.backtest.report import Backtest, moment, summarise
from mlmonitor.backtest.table import length, tables
from tests.backtest import sample


def _report(**more: object) -> Backtest:
    made = summarise([(sample.replayed(), sample.found())], simulated=True)
    return replace(made, **more)  # type: ignore[arg-type]


def test_counts_are_those_of_the_episodes_in_their_time():
    report, found = _report(), sample.found()
    counts = {one.severity: one for one in report.counts}
    for severity, count in counts.items():
        episodes = sum(one.severity == severity for one in found)
        assert count.episodes == episodes
        assert count.a_week == pytest.approx(episodes / 2 * 7)
        assert count.in_28_days == pytest.approx(episodes / 2 * 28)
    assert counts["critical"].episodes >= 2
    assert report.days == 2
    assert report.rows == pytest.approx(2 * 86400 / 20, rel=0.02)


def test_months_are_put_together():
    run = (sample.replayed(), sample.found())
    once, twice = summarise([run], simulated=True), summarise([run, run], simulated=True)
    assert twice.months == 2
    assert [one.episodes for one in twice.counts] == [2 * one.episodes for one in once.counts]
    assert [one.a_week for one in twice.counts] == [one.a_week for one in once.counts]


def test_alerts_and_columns_stand_in_the_order_of_their_episodes():
    report = _report()
    for listed in (report.alerts, report.worst):
        counts = [one.episodes for one in listed]
        assert counts == sorted(counts, reverse=True)
    columns = {one.column: one for one in report.worst}
    assert {*columns} == {"size", "rooms", "prediction"}
    assert "missing" in columns["size"].tests


def test_the_published_form_is_json_with_times_in_utc():
    told = json.loads(_report(confirmed=Confirmation("3", 1, 8, 0.0, 0.0, ())).to_json())
    assert told["model"] == "m"
    assert told["confirmed"]["version"] == "3"
    first = told["incidents"][0]
    assert first["severity"] == "critical"
    assert first["start"] == moment(sample.found()[0].start)
    assert "size" in first["columns"]
    assert "MlmonitorFeatureMissing" in first["alerts"]


def test_past_traffic_says_when_it_began():
    run = (sample.replayed(), sample.found())
    assert summarise([run], simulated=False).start == "1970-01-01T00:00:00Z"


def test_tables_show_what_was_found():
    shown = {str(one.title): one for one in tables(_report())}
    [title] = [one for one in shown if one.startswith("m 1:")]
    assert "2 days simulated without drift" in title
    assert "MlmonitorPredictionsDrifted" in [*shown["What fired"].columns[0].cells]
    assert "size" in [str(one) for one in shown["Columns that alert most"].columns[1].cells]


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "not"), (300, "5 min"), (9000, "2.5 h"), (7 * 86400, "7.0 d")]
)
def test_delays_are_written_as_people_write_them(seconds, text):
    assert length(seconds) == text


def test_the_page_draws_a_bar_for_each_episode_and_escapes_names():
    confirmed = Confirmation("<3>", 1, 8, 0.0, 0.0, ())
    page = html(_report(model="a<b", confirmed=confirmed))
    bars = sum(len(one.episodes) for one in _report().incidents)
    assert page.count("<rect ") == bars
    assert "a&lt;b" in page
    assert "a<b" not in page
    assert "promtool &lt;3&gt;" in page
