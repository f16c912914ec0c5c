"""The page in a real browser, with the data of a real Prometheus."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect

from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.preview import snapshot
from mlmonitor.preview.source import Source
from tests import components, dashboard_world
from tests.preview import browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.preview.browser import Watched

pytestmark = pytest.mark.xdist_group("browser")

DASHBOARDS: Final = {
    one["uid"]: one
    for one in map(json.loads, dashboards(DashboardSettings(dashboard_world.CONFIG)).values())
}
CHOSEN: Final = {
    "namespace": "production", "model": dashboard_world.PLAIN, "role": "live",
    "column": "shift 0.3",
}  # fmt: skip
SPAN: Final = 30.0
NASTY: Final = "</script><img src=x onerror=\"document.title='taken'\">"

INKS: Final = """
(article) => {
  const inks = new Set();
  for (const canvas of article.querySelectorAll("canvas")) {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] > 200) inks.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    }
  }
  return [...inks];
}
"""
RED: Final = "196,39,27"


@dataclass(frozen=True)
class Shown:
    """A preview of the world."""

    base: str
    source: Source
    moment: float

    def address(self, uid: str, **chosen: str) -> str:
        """The address of a dashboard over the life of the world."""
        values = CHOSEN | chosen
        return browser.address(self.base, uid, self.moment - SPAN, self.moment, **values)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    components.chromium()
    folder = tmp_path_factory.mktemp("prometheus")
    with dashboard_world.running("3", folder) as world:
        source = Source(world.url)
        with browser.served(list(DASHBOARDS.values()), source, 1.0) as base:
            yield Shown(base, source, world.moment)


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    with browser.page(chromium) as found:
        yield found


def panel(watched: Watched, title: str) -> Any:
    return watched.page.locator("article", has=watched.page.get_by_role("heading", name=title))


def without_flaws(watched: Watched) -> None:
    """Nothing serious that axe-core finds."""
    watched.page.evaluate(components.axe().read_text())
    found = watched.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    serious = [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert serious == []


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_panel_of_a_dashboard_draws(shown: Shown, watched: Watched, uid: str) -> None:
    watched.open(shown.address(uid))
    assert set(watched.states.values()) == {"drawn"}, watched.states
    for article in watched.page.locator("article").all():
        inks = article.evaluate(INKS)
        if article.locator("canvas").count():
            assert len(inks) > 4, article.inner_text()
        else:
            assert article.locator(".body").inner_text().strip() or article.locator("svg").count()
    assert "No data" not in watched.page.inner_text("main")
    assert watched.complaints == []
    assert watched.elsewhere == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("uid", DASHBOARDS)
def test_people_with_disabilities_can_use_a_dashboard(
    shown: Shown, chromium: Browser, uid: str, theme: str
) -> None:
    with browser.page(chromium, dark=theme == "dark") as watched:
        watched.open(shown.address(uid))
        without_flaws(watched)


@pytest.mark.parametrize("width", [800, 420])
@pytest.mark.parametrize("uid", DASHBOARDS)
def test_a_narrow_window_needs_no_scrolling_sideways(
    shown: Shown, chromium: Browser, uid: str, width: int
) -> None:
    with browser.page(chromium, width=width) as watched:
        watched.open(shown.address(uid))
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert set(watched.states.values()) == {"drawn"}, watched.states


def test_a_drifted_column_is_red(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-data"))
    row = panel(watched, "Drift by column").locator("tr", has_text="gone")
    chip = row.locator(".chip")
    assert chip.inner_text() == "drifted"
    assert chip.evaluate("(one) => getComputedStyle(one).backgroundColor") == f"rgb({RED})".replace(
        ",", ", "
    )
    assert RED in panel(watched, "Columns that drifted").evaluate(INKS)
    calm = panel(watched, "Drift by column").locator("tr", has_text="only").locator(".chip")
    assert calm.inner_text() == "ok"


def test_variables_change_what_is_shown(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-data"))
    watched.page.locator("[data-variable=model] select").select_option(dashboard_world.ODD)
    watched.page.wait_for_url("**var-model=od*")
    watched.settle()
    assert set(watched.states.values()) == {"drawn"}, watched.states
    watched.page.go_back()
    watched.page.wait_for_url("**var-model=houses*")
    watched.settle()
    select = watched.page.locator("[data-variable=model] select")
    assert select.input_value() == dashboard_world.PLAIN


def test_a_variable_takes_several_values(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"))
    place = watched.page.locator("[data-variable=version]")
    place.get_by_role("button").first.click()
    box = place.get_by_role("checkbox", name="7")
    assert not box.is_checked()
    box.check()
    assert not place.get_by_role("checkbox", name="All").is_checked()
    place.get_by_role("button", name="Apply").click()
    watched.page.wait_for_url("**var-version=7*")


def test_links_between_dashboards_keep_time_and_variables(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"))
    watched.page.get_by_role("navigation").get_by_role("link", name="Data").click()
    watched.page.wait_for_url("**/d/mlmonitor-data?*")
    watched.settle()
    assert f"from={(shown.moment - SPAN) * 1000:.0f}" in watched.page.url
    assert "var-model=houses" in watched.page.url
    assert watched.page.get_by_role("heading", level=1).inner_text() == "Data"


def test_a_drag_over_a_chart_chooses_a_shorter_time(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"))
    over = panel(watched, "Latency").first.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    watched.page.mouse.move(box["x"] + 30, box["y"] + 20)
    watched.page.mouse.down()
    watched.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=4)
    watched.page.mouse.up()
    watched.page.wait_for_url(lambda url: f"to={shown.moment * 1000:.0f}" not in url)
    found = re.search(r"from=(\d+)&to=(\d+)", watched.page.url)
    assert found is not None
    assert int(found[2]) - int(found[1]) < SPAN * 1000


def test_pointing_at_a_chart_tells_its_values(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"))
    panel(watched, "Latency").first.locator(".u-over").hover(position={"x": 250, "y": 40})
    assert "ms" in watched.page.locator(".tooltip").inner_text()


def test_a_chart_can_be_read_as_a_table(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"))
    article = panel(watched, "Latency").first
    article.get_by_role("button", name="as a table").click()
    assert "p95" in article.get_by_role("table").inner_text()
    article.get_by_role("button", name="as a table").click()
    assert article.locator("canvas").count() == 1


def test_the_keyboard_reaches_everything(shown: Shown, watched: Watched) -> None:
    watched.open(shown.address("mlmonitor-model"), tall=False)
    keyboard = watched.page.keyboard
    keyboard.press("Tab")
    assert watched.page.evaluate("document.activeElement.textContent") == "Skip to the panels"
    watched.page.get_by_role("button", name=re.compile("^Time range")).focus()
    keyboard.press("Enter")
    assert watched.page.get_by_role("button", name="Last 15 minutes").is_visible()
    keyboard.press("Escape")
    assert not watched.page.get_by_role("button", name="Last 15 minutes").is_visible()
    focused = watched.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("Time range")


def test_the_theme_is_the_systems_until_somebody_chooses(shown: Shown, chromium: Browser) -> None:
    with browser.page(chromium, dark=True) as watched:
        watched.open(shown.address("mlmonitor-fleet"), tall=False)
        theme = "document.documentElement.dataset.theme"
        assert watched.page.evaluate(theme) == "dark"
        watched.page.get_by_role("button", name="Light or dark").click()
        assert watched.page.evaluate(theme) == "light"
        watched.page.reload()
        watched.settle(tall=False)
        assert watched.page.evaluate(theme) == "light"


def test_an_error_stays_in_its_panel(shown: Shown, watched: Watched) -> None:
    one = {
        "uid": "mixed", "title": NASTY, "panels": [
            _stat(1, "good", "vector(7)"), _stat(2, "bad", "sum("), _stat(3, NASTY, "vector(8)"),
        ],
    }  # fmt: skip
    with browser.served([one], shown.source, 1.0) as base:
        watched.open(f"{base}/d/mixed")
    assert watched.states == {"good": "drawn", "bad": "error", NASTY: "drawn"}
    assert "Prometheus refuses the query" in panel(watched, "bad").inner_text()
    assert "7" in panel(watched, "good").inner_text()
    assert watched.page.get_by_role("heading", level=1).inner_text() == NASTY
    assert watched.complaints == []


def test_a_prometheus_that_is_away_is_told_in_each_panel(watched: Watched) -> None:
    source = Source(f"http://127.0.0.1:{components.free_port()}")
    with browser.served(list(DASHBOARDS.values()), source, 1.0) as base:
        watched.open(f"{base}/d/mlmonitor-fleet")
    assert set(watched.states.values()) == {"error"}
    expect(watched.page.locator("article .failure").first).to_contain_text("does not answer")
    assert watched.complaints == []


def test_a_snapshot_opens_from_a_file_and_asks_nobody(
    shown: Shown, watched: Watched, tmp_path: Path
) -> None:
    times = {"from": shown.moment - SPAN, "to": shown.moment}
    asked = {name: [f"{at * 1000:.0f}"] for name, at in times.items()}
    asked |= {f"var-{name}": [value] for name, value in CHOSEN.items()}
    extra = {"uid": "nasty", "title": NASTY, "panels": [_stat(1, NASTY, "vector(7)")]}
    data = snapshot.taken([*DASHBOARDS.values(), extra], shown.source, 1.0, asked)
    assert snapshot.failures(data) == 0
    path = tmp_path / "report.html"
    path.write_text(snapshot.page(data))
    watched.open(path.as_uri())
    assert set(watched.states.values()) == {"drawn"}, watched.states
    links = watched.page.get_by_role("navigation")
    for dashboard in DASHBOARDS.values():
        links.get_by_role("link", name=dashboard["title"], exact=True).click()
        expect(watched.page.get_by_role("heading", level=1)).to_have_text(dashboard["title"])
        watched.settle()
        assert set(watched.states.values()) == {"drawn"}, watched.states
    links.get_by_role("link", name=NASTY).click()
    expect(watched.page.get_by_role("heading", level=1)).to_have_text(NASTY)
    assert watched.page.title() == f"{NASTY} · mlmonitor"
    without_flaws(watched)
    assert watched.complaints == []
    asked_for = {one.partition(":")[0] for one in watched.requests}
    assert asked_for <= {"file", "data"}


def _stat(number: int, title: str, expression: str) -> dict[str, Any]:
    return {
        "id": number, "type": "stat", "title": title, "fieldConfig": {}, "options": {},
        "gridPos": {"h": 4, "w": 6, "x": 6 * number - 6, "y": 0},
        "targets": [{"refId": "A", "expr": expression, "instant": True}],
    }  # fmt: skip
