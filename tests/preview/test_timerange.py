from __future__ import annotations

import datetime as dt

import pytest

from mlmonitor.errors import MlmonitorError
from mlmonitor.preview.timerange import TimeRange, length, rate_interval, text_of

NOW = dt.datetime(2026, 1, 31, 14, 25, 36).astimezone().timestamp()


def local(*parts: int) -> float:
    return dt.datetime(*parts).astimezone().timestamp()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("texts", "start", "end"),
    [
        (("now-6h", "now"), NOW - 21600, NOW),
        (("now-90s", "now-30s"), NOW - 90, NOW - 30),
        (("now/d", "now/d"), local(2026, 1, 31), local(2026, 2, 1)),
        (("now-1d/d", "now/h"), local(2026, 1, 30), local(2026, 1, 31, 15)),
        (("now/M", "now"), local(2026, 1, 1), NOW),
        (("1000", "2500"), 1.0, 2.5),
        (("2026-01-31T12:00", "2026-01-31T13:00:30Z"), local(2026, 1, 31, 12), 1769864430.0),
    ],
)
def test_texts_are_moments(texts: tuple[str, str], start: float, end: float) -> None:
    found = TimeRange.of(texts, NOW)
    assert (found.start, found.end, found.texts) == (start, end, texts)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("yesterday", "now"), "'yesterday' is no time; write now-6h"),
        (("now-1x", "now"), "'now-1x' is no time"),
        (("now", "now-1h"), "ends before it begins; swap them"),
        (("9" * 40, "now"), "is no time"),
    ],
)
def test_what_is_no_time_is_told(texts: tuple[str, str], told: str) -> None:
    with pytest.raises(MlmonitorError, match=told):
        TimeRange.of(texts, NOW)


@pytest.mark.parametrize(
    ("seconds", "points", "least", "step"),
    [(21600, 720, 15, 30), (300, 720, 1, 1), (604800, 300, 15, 3600), (60, 1000, 15, 15)],
)
def test_steps_are_round_and_no_shorter_than_a_scrape(
    seconds: float, points: int, least: float, step: float
) -> None:
    assert TimeRange(0, seconds, ("", "")).step(points, least) == step


@pytest.mark.parametrize(("step", "expected"), [(15, 60), (1, 60), (300, 315)])
def test_a_rate_interval_holds_four_scrapes(step: float, expected: float) -> None:
    assert rate_interval(step, 15) == expected


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("500ms", 0.5), ("1d", 86400)]
)
def test_lengths_are_read(text: str, seconds: float) -> None:
    assert length(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "1h-2m"])
def test_what_is_no_length_is_told(text: str) -> None:
    with pytest.raises(MlmonitorError, match="is no length of time"):
        length(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "500ms"), (90, "90s"), (120, "2m"), (21600, "6h"), (86400, "1d")]
)
def test_lengths_are_written_in_one_unit(seconds: float, text: str) -> None:
    assert text_of(seconds) == text
