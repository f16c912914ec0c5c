"""A browser for tests of the page, and a page that remembers what went wrong on it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import expect, sync_playwright

from mlmonitor.expose.server import listen
from mlmonitor.preview.server import App
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, Page

    from mlmonitor.preview.source import Source

# Without a sandbox because tests may run as root; the rest keeps Chromium from calling home.
ARGUMENTS: Final = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-gpu", "--font-render-hinting=none",
)  # fmt: skip
SETTLED: Final = "#app[data-state=ready]"
_PATIENCE: Final = 30_000.0


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium without a window, until the block ends."""
    program = str(components.chromium())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(dashboards: Sequence[dict[str, Any]], source: Source, scrape: float) -> Iterator[str]:
    """The address of a preview, until the block ends."""
    server = listen("127.0.0.1", 0, App(dashboards, source, scrape))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Watched:
    """A page of the browser.

    Attributes:
        page: playwright's.
        complaints: errors and warnings of its console, and exceptions.
        requests: every address that it asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, address: str, *, tall: bool = True) -> None:
        """Open an address and wait until every panel has its data."""
        self.page.goto(address)
        self.settle(tall=tall)

    def settle(self, *, tall: bool = True) -> None:
        """Wait until every panel has its data; those below the window's foot too if `tall`."""
        self.page.wait_for_selector("main", timeout=_PATIENCE)
        if tall:
            height = self.page.evaluate("document.documentElement.scrollHeight")
            size = self.page.viewport_size or {"width": 1440, "height": 1000}
            self.page.set_viewport_size({"width": size["width"], "height": height + 40})
        self.page.wait_for_selector(SETTLED, timeout=_PATIENCE)
        waiting = self.page.locator(f"article.busy{', article[data-state=loading]' * tall}")
        expect(waiting).to_have_count(0, timeout=_PATIENCE)

    @property
    def states(self) -> dict[str, str]:
        """Panels by title, and their state; `drawn` when all is well."""
        script = """
            Object.fromEntries([...document.querySelectorAll("article")].map(
              (one) => [one.querySelector("h3").textContent, one.dataset.state]))
        """
        found: dict[str, str] = self.page.evaluate(script)
        return found

    @property
    def elsewhere(self) -> list[str]:
        """Requests to other hosts than this machine."""
        known = {"127.0.0.1", None}
        return [one for one in self.requests if urlsplit(one).hostname not in known]


@contextmanager
def page(browser: Browser, *, width: int = 1440, dark: bool = False) -> Iterator[Watched]:
    """A fresh page, until the block ends."""
    context = browser.new_context(
        viewport={"width": width, "height": 1000},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    try:
        found = Watched(context.new_page())
        found.page.on("console", lambda said: _noted(found, said.type, said.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("request", lambda request: found.requests.append(request.url))
        yield found
    finally:
        context.close()


def _noted(found: Watched, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        found.complaints.append(text)


def address(base: str, uid: str, start: float, end: float, **variables: str) -> str:
    """The address of a dashboard, from one Unix time to another, without a refresh."""
    query = {"from": f"{start * 1000:.0f}", "to": f"{end * 1000:.0f}", "refresh": ""}
    query |= {f"var-{name}": value for name, value in variables.items()}
    return f"{base}/d/{uid}?{urlencode(query)}"
