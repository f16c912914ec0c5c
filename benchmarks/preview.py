"""How long the preview takes to draw a dashboard of thirty panels once Prometheus has answered.

The Prometheus here answers at once with as much as a real one does, so that what is left is the
preview's: its server, the transport, and the browser, which is a real Chromium.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.harness import Result, report
from mlmonitor.preview import static
from mlmonitor.preview.source import Source
from tests.preview import browser
from tests.preview.fakes import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PANELS: Final = 30
SERIES: Final = 8
ROUNDS: Final = 5
_SPAN: Final = 21_600.0
# When each panel was drawn, in Unix milliseconds; paints follow within a frame.
_WATCH: Final = """
window.drawn = [];
new MutationObserver((changes) => {
  for (const { target } of changes) {
    if (target.dataset.state === "drawn") {
      requestAnimationFrame(() => window.drawn.push(performance.timeOrigin + performance.now()));
    }
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""


@dataclass
class Prometheus:
    """Answers any query at once, and remembers when."""

    answered: list[float] = field(default_factory=list)

    def __call__(self, path: str, values: dict[str, list[str]]) -> Any:
        """The data of an answer."""
        if not path.endswith("query_range"):
            return {"resultType": "vector", "result": []}
        start, end, step = (float(values[name][0]) for name in ("start", "end", "step"))
        stamps = [start + step * index for index in range(round((end - start) / step) + 1)]
        result = [
            {
                "metric": {"column": f"column {number}"},
                "values": [[at, f"{math.sin(at / 900 + number):.6f}"] for at in stamps],
            }
            for number in range(SERIES)
        ]
        self.answered.append(time.time())
        return {"resultType": "matrix", "result": result}


@dataclass(frozen=True)
class Load:
    """One load of the page, in seconds: to the first panel and to all, from the answers and the start."""

    first: float
    every: float
    whole: float
    weight: int


def main() -> None:
    """Measure and report."""
    prometheus = Prometheus()
    with (
        serving(answer=prometheus) as server,
        browser.served([dashboard()], Source(server.url), 15.0) as base,
        browser.chromium() as chromium,
    ):
        loads = [_loaded(chromium, base, prometheus) for _ in range(ROUNDS)]
    first, every, whole = (
        statistics.median(getattr(one, name) for one in loads)
        for name in ("first", "every", "whole")
    )
    files = sum(len(static.read(name)) for name in static.files()) / 1000
    note = f"{PANELS} panels of {SERIES} series over 6 h; median of {ROUNDS}"
    results = [
        Result("first panel, after the first answer", first, 1.5, "s", note),
        Result("every panel, after the last answer", every, 1.5, "s", note),
        Result("every panel, after the address was entered", whole, None, "s"),
        Result("weight of the page without data", loads[0].weight / 1000, 500, "kB"),
        Result("all files of the page", files, 500, "kB", "with licence and pictures"),
    ]
    report("preview", "Preview", results)


def dashboard() -> dict[str, Any]:
    """Thirty panels, two of three with lines over time."""
    kinds = ("timeseries", "timeseries", "stat")
    panels = [
        {
            "id": number + 1,
            "type": kinds[number % 3],
            "title": f"Panel {number + 1}",
            "description": "Something to look at.",
            "gridPos": {"h": 8, "w": 8, "x": number % 3 * 8, "y": number // 3 * 8},
            "fieldConfig": {"defaults": {"unit": "none"}},
            "options": {"legend": {"showLegend": True}},
            "targets": [{"refId": "A", "expr": "x", "legendFormat": "{{column}}"}],
        }
        for number in range(PANELS)
    ]
    return {"uid": "thirty", "title": "Thirty", "panels": panels}


def _loaded(chromium: Browser, base: str, prometheus: Prometheus) -> Load:
    prometheus.answered.clear()
    with browser.page(chromium) as watched:
        # All panels are in the window, so that all are asked for at once.
        watched.page.set_viewport_size({"width": 1440, "height": 3400})
        watched.page.add_init_script(_WATCH)
        weight = 0

        def weighed(response: Any) -> None:
            nonlocal weight
            if "/api/" not in response.url:
                weight += int(response.headers.get("content-length", 0))

        watched.page.on("response", weighed)
        started = time.time()
        now = started - _SPAN / 2
        watched.page.goto(browser.address(base, "thirty", now - _SPAN, now))
        watched.settle(tall=False)
        watched.page.wait_for_timeout(200)
        drawn = sorted(
            one / 1000 for one in json.loads(watched.page.evaluate("JSON.stringify(drawn)"))
        )
    if len(drawn) != PANELS:
        message = f"{len(drawn)} of {PANELS} panels were drawn"
        raise RuntimeError(message)
    answered = prometheus.answered
    return Load(drawn[0] - min(answered), drawn[-1] - max(answered), drawn[-1] - started, weight)


if __name__ == "__main__":
    main()
