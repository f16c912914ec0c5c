"""The pictures of the dashboards in `docs/images/`, taken anew.

`python -m tests.preview.screenshots` lets some models work for three minutes and takes all;
`--widths 800` takes them as narrow, `--folder` puts them elsewhere, `--themes dark` in the dark.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlmonitor.preview import dashboards
from mlmonitor.preview.source import Source
from tests.preview import browser, showcase

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
SECONDS: Final = 180.0
CHOSEN: Final = {"namespace": "production", "role": "live"}
DETAIL: Final = {"model": "churn", "column": "plan"}
BY_UID: Final = {
    "mlmonitor-business": {"model": "delivery-eta"},
    "mlmonitor-monitor": {"model": "credit-risk"},
}
# A picture taller than this is looked at by nobody.
TALLEST: Final = 1900
ALSO_DARK: Final = "mlmonitor-data"
WIDTH: Final = 1440
WIDE: Final = 1000


def main() -> None:
    """Take all pictures."""
    options = _options()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    found = dashboards.generated(showcase.CONFIG)
    with (
        tempfile.TemporaryDirectory() as place,
        showcase.running(options.prometheus, Path(place), options.seconds) as seen,
        browser.served(found, Source(seen.url), 1.0) as base,
        browser.chromium() as chromium,
    ):
        for width in options.widths:
            for theme in options.themes:
                camera = Camera(chromium, base, seen, folder, width, theme)
                for dashboard in found:
                    camera.take(dashboard["uid"])
        Camera(chromium, base, seen, folder, WIDTH, "dark").take(ALSO_DARK)
        if options.wait:
            print(f"{base} until Enter", file=sys.stderr)  # noqa: T201
            time.sleep(options.wait)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--widths", type=int, nargs="*", default=[WIDTH])
    parser.add_argument("--themes", nargs="*", default=["light"], choices=["light", "dark"])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--prometheus", default="3")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds to go on serving")
    return parser.parse_args()


@dataclass(frozen=True)
class Camera:
    """Takes pictures of one preview, of one width and theme."""

    chromium: Browser
    base: str
    seen: showcase.Seen
    folder: Path
    width: int
    theme: str

    def take(self, uid: str) -> None:
        """Take a dashboard."""
        with browser.page(self.chromium, width=self.width, dark=self.theme == "dark") as watched:
            watched.open(self._address(uid))
            watched.page.mouse.move(0, 0)
            watched.page.wait_for_timeout(300)
            watched.page.screenshot(path=self.folder / self._name(uid), clip=self._clip(watched))
            states = watched.states
        wrong = {title: state for title, state in states.items() if state != "drawn"}
        print(f"{self._name(uid)}: not drawn: {wrong or 'none'}")  # noqa: T201
        for complaint in watched.complaints:
            print(f"  {complaint}", file=sys.stderr)  # noqa: T201

    def _address(self, uid: str) -> str:
        everything = uid in {"mlmonitor-fleet", "mlmonitor-alerts"}
        chosen = CHOSEN if everything else {**CHOSEN, **DETAIL, **BY_UID.get(uid, {})}
        start = max(self.seen.start + 5, self.seen.end - 175)
        return browser.address(self.base, uid, start, self.seen.end, **chosen)

    def _clip(self, watched: browser.Watched) -> FloatRect:
        height = watched.page.evaluate("document.documentElement.scrollHeight")
        tallest = TALLEST if self.width >= WIDE else height
        return {"x": 0, "y": 0, "width": self.width, "height": min(height, tallest)}

    def _name(self, uid: str) -> str:
        marks = [str(self.width)] if self.width != WIDTH else []
        marks += [self.theme] if self.theme == "dark" else []
        return "-".join([uid.removeprefix("mlmonitor-"), *marks]) + ".png"


if __name__ == "__main__":
    main()
