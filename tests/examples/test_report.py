"""The demo's report: complete, harmless whatever a column is called, and honest about failures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from examples.house_prices.charts import Bar, distribution, timeline
from examples.house_prices.inject import INJECTIONS, NOTHING
from examples.house_prices.judge import Phase, Verdict, judge
from examples.house_prices.report import Story, page
from examples.house_prices.truth import Duty, Truth
from examples.house_prices.watch import Counts, History, Point
from mlmonitor.reference import Column, Reference

WILD = "a<script>\"&'b"
AREA = Column(
    name="area",
    side="input",
    kind="numeric",
    rows=100,
    edges=(10.0, 20.0),
    counts=(30, 40, 30),
    range=(1.0, 30.0),
    mean=15.0,
    deviation=5.0,
)
NAMED = Column(
    name=WILD,
    side="input",
    kind="categorical",
    rows=100,
    categories={f"<{number}>": 10 for number in range(10)},
)
REFERENCE = Reference(model="m", version="1", rows=100, columns=(AREA, NAMED))


def points(start: int, effects: list[float]) -> list[Point]:
    return [Point(float(start + at), effect, effect > 1) for at, effect in enumerate(effects)]


HISTORY: History = {
    ("input", "area"): points(0, [0.1] * 10 + [0.5, 2.0, 30.0, 30.0]),
    ("input", WILD): points(0, [0.0] * 10 + [1.2, 1.5, 1.5, 1.5]),
}


def story(duty: Duty = "must be found") -> Story:
    """Ten quiet seconds and four loud ones; both columns alert in the second phase."""
    truths = [
        Truth("input", "area", "must be found", {"distribution": 30.0}),
        Truth("input", WILD, duty, {"distribution": 3.0}),
    ]
    quiet = judge(Phase(NOTHING, 0.0, 9.0), [], HISTORY)
    loud = judge(Phase(INJECTIONS[0], 10.0, 13.0), truths, HISTORY)
    counts = {
        ("input", "area"): Counts(50.0, 0.0, [50.0, 0.0, 0.0]),
        ("input", WILD): Counts(50.0, 50.0, [0.0] * 12),
    }
    return Story(
        watcher="Prometheus",
        reference=REFERENCE,
        verdicts=[quiet, loud],
        history=HISTORY,
        counts=[{}, counts],
        rows=700,
        workers=2,
        window=8.0,
        commands=("mlmonitor profile 'a & b.csv'",),
    )


def test_the_page_says_that_all_went_well() -> None:
    text = page(story())
    assert "every column that had to stay silent stayed silent" in text
    assert "2 of 2" in text


def test_the_page_says_that_something_alerted_that_had_to_stay_silent() -> None:
    text = page(story("must stay silent"))
    assert "1 that had to stay silent alerted" in text
    assert "every column that had to stay silent stayed silent" not in text


def test_names_of_columns_and_categories_are_only_text() -> None:
    text = page(story())
    assert "<script" not in text
    assert "<3>" not in text


def test_a_page_of_nothing_found_is_still_a_page() -> None:
    empty: History = {}
    verdicts: list[Verdict] = [judge(Phase(NOTHING, 0.0, 9.0), [], empty)]
    told = Story("x", REFERENCE, verdicts, empty, [{}], 0, 2, 8.0, ())
    assert page(told).endswith("</html>\n")


@pytest.mark.parametrize("form", ["bins", "values", "categories"])
def test_a_distribution_is_well_formed(form: str) -> None:
    bars = [Bar(f"<{number}>", 0.05, number / 200) for number in range(20)]
    for shown in (bars, bars[:1], []):
        ET.fromstring(distribution(shown, 1, "a & b", form))  # type: ignore[arg-type]


def test_many_categories_become_the_largest_and_the_rest() -> None:
    bars = [Bar(f"c{number}", number / 190, 0.0) for number in range(20)]
    drawn = distribution(bars, 1, "many", "categories")
    assert drawn.count('class="reference"') == 8
    assert "others" in drawn


def test_the_timeline_names_what_alerted() -> None:
    drawn = timeline(HISTORY, story().verdicts).replace("&times;", "x")
    names = [text.text for text in ET.fromstring(drawn).iter("text")]
    assert "area" in names
    assert WILD in names
