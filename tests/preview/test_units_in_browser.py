"""Numbers, colours and tables as the page's modules make them, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.preview.source import Source
from tests.preview import browser
from tests.preview.test_server import DASHBOARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    source = Source("http://127.0.0.1:9")
    with (
        browser.served([DASHBOARD], source, 15.0) as base,
        browser.chromium() as chromium,
        browser.page(chromium) as watched,
    ):
        watched.page.goto(f"{base}/d/one")
        yield watched.page


def called(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """What a function of a module gives."""
    script = "async ([m, f, a]) => (await import(`/static/${m}.js`))[f](...a)"
    return page.evaluate(script, [module, function, list(arguments)])


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.1234, "percentunit", None, "12.3%"),
        (12.5, "percent", 0, "13%"),
        (1234.5, "short", None, "1.23 K"),
        (999_999, "short", None, "1 Mil"),
        (0.0034, "s", None, "3.4 ms"),
        (90, "s", None, "1.5 min"),
        (123_456_789, "bytes", None, "118 MiB"),
        (12.345, "cps", None, "12.3 c/s"),
        (0, "cps", None, "0 c/s"),
        (-5.5, "none", None, "−5.5"),
        (-0.0001, "none", 1, "0.0"),
        (3, "none", None, "3"),
        (2, "none", 2, "2.00"),
        (1.234e-9, "sci", None, "1.2e−9"),
        (0.25, "sci", None, "0.25"),
        (42, "suffix:rows", None, "42 rows"),
        (1234.5, "currencyUSD", None, "$1.23 K"),
        ("NaN", "none", None, "NaN"),
        ("+Inf", "s", None, "∞"),
        (None, "s", None, ""),
        ("text", "s", None, "text"),
    ],
)
def test_numbers_have_units(
    page: Page, value: Any, unit: str, decimals: int | None, text: str
) -> None:
    given = [value, unit] if decimals is None else [value, unit, decimals]
    assert called(page, "units", "format", *given) == text


@pytest.mark.parametrize(
    ("ticks", "unit", "labels"),
    [
        ([0, 2.5, 5], "none", ["0", "2.5", "5.0"]),
        ([0, 500, 1000, 1500], "short", ["0", "500", "1 K", "1.5 K"]),
        ([0, 0.25, 0.5], "percentunit", ["0%", "25%", "50%"]),
        ([0, 0.0005, 0.001], "s", ["0 s", "500 µs", "1 ms"]),
    ],
)
def test_ticks_have_the_digits_that_tell_them_apart(
    page: Page, ticks: list[float], unit: str, labels: list[str]
) -> None:
    assert called(page, "units", "tickLabels", ticks, unit) == labels


def test_mappings_and_thresholds_give_text_and_colour(page: Page) -> None:
    steps = [{"color": "#00ff00"}, {"color": "#ff0000", "value": 1}]
    config = {
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": {"2": {"text": "two", "color": "#0000ff"}}}],
    }
    found = [called(page, "fields", "display", value, config) for value in (0.5, 1, 2)]
    assert [one["text"] for one in found] == ["0.5", "1", "two"]
    assert [one["colour"] for one in found] == ["#00ff00", "#ff0000", "#0000ff"]
    assert called(page, "fields", "display", "NaN", config)["text"] == "–"


def test_overrides_are_for_the_fields_that_they_mean(page: Page) -> None:
    def override(matcher: str, options: Any, unit: str) -> dict[str, Any]:
        properties = [{"id": "unit", "value": unit}, {"id": "custom.width", "value": 9}]
        return {"matcher": {"id": matcher, "options": options}, "properties": properties}

    config = {
        "defaults": {"unit": "none", "custom": {"align": "left"}},
        "overrides": [override("byName", "a", "s"), override("byRegexp", "/^b/", "bytes")],
    }
    units = {
        name: called(page, "fields", "configOf", {"name": name}, config)
        for name in ("a", "bc", "c")
    }
    assert [one["unit"] for one in units.values()] == ["s", "bytes", "none"]
    assert units["a"]["custom"] == {"align": "left", "width": 9}


def test_tables_are_merged_by_the_labels_that_they_share(page: Page) -> None:
    def frame(ref: str, rows: dict[str, float]) -> dict[str, Any]:
        fields = [("model", list(rows), False), (f"Value #{ref}", list(rows.values()), True)]
        made = [{"name": n, "values": v, "numeric": k, "labels": {}} for n, v, k in fields]
        return {"refId": ref, "fields": made}

    organize = {
        "renameByName": {"Value #A": "Errors"},
        "indexByName": {"Value #B": 0, "model": 1, "Value #A": 2},
    }
    steps = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": organize},
        {"id": "sortBy", "options": {"sort": [{"field": "Errors", "desc": True}]}},
        {"id": "limit", "options": {"limitField": 2}},
        {"id": "nothingKnown"},
    ]
    frames = [frame("A", {"x": 1, "y": 3}), frame("B", {"x": 5, "z": 7})]
    found = called(page, "transform", "transformed", frames, steps)
    (merged,) = found["frames"]
    assert {one["name"]: one["values"] for one in merged["fields"]} == {
        "Value #B": [None, 5], "model": ["y", "x"], "Errors": [3, 1],
    }  # fmt: skip
    assert [one["name"] for one in merged["fields"]] == ["Value #B", "model", "Errors"]
    assert found["unknown"] == ["nothingKnown"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "java\nscript:x"]
)
def test_no_link_is_a_script(page: Page, url: str) -> None:
    assert called(page, "dom", "safe", url) is None


def test_links_name_the_value_they_stand_at(page: Page) -> None:
    config = {"links": [{"url": "/d/x?var-column=${__data.fields.Column}&v=${__value.raw}"}]}
    row = {"Column": "a&b", "other": 1}
    (link,) = called(page, "links", "linksOf", config, {"value": 3, "row": row})
    assert link["url"] == "/d/x?var-column=a%26b&v=3"


@pytest.mark.parametrize(
    ("width", "places"),
    [
        (1400, [[0, 0, 8, 8], [8, 0, 8, 8], [16, 0, 8, 8]]),
        (800, [[0, 0, 12, 8], [12, 0, 12, 8], [0, 8, 24, 8]]),
        (400, [[0, 0, 24, 8], [0, 8, 24, 8], [0, 16, 24, 8]]),
    ],
)
def test_narrow_pages_have_fewer_panels_in_a_line_and_no_holes(
    page: Page, width: int, places: list[list[int]]
) -> None:
    panels = [{"grid": [8 * place, 0, 8, 8]} for place in range(3)]
    assert called(page, "grid", "places", panels, width) == places


def test_time_ranges_have_names(page: Page) -> None:
    assert called(page, "times", "rangeText", "now-6h", "now") == "Last 6 hours"
    assert called(page, "times", "rangeText", "now-1d", "now") == "Last day"
    assert called(page, "times", "rangeText", "now-2h", "now-1h") == "now-2h to now-1h"
