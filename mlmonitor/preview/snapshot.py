"""The page with its data in one file: to send to somebody, to keep with an incident."""

from __future__ import annotations

import json
import time as clock
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.preview import bundle, server, view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmonitor.preview.source import Source
    from mlmonitor.preview.view import View

Json = dict[str, Any]

_AT_ONCE: Final = 4


def taken(
    dashboards: Sequence[Json],
    source: Source,
    scrape: float,
    asked: Mapping[str, Sequence[str]],
    now: float | None = None,
) -> Json:
    """Everything that the page asks its server for, of every dashboard.

    Args:
        dashboards: as Grafana saves them, the one to open first in front.
        source: the Prometheus that is asked.
        scrape: seconds between two scrapes.
        asked: `from`, `to` and `var-name`, as in the page's address.
        now: when it is taken; all dashboards show the same moment.

    Raises:
        MlmonitorError: Prometheus does not answer at all, or `from` or `to` is no time.
    """
    moment = clock.time() if now is None else now
    source.instant("vector(1)", moment)
    views = [view.of(one, source, scrape, asked, moment) for one in dashboards]
    stamp = clock.strftime("%Y-%m-%d %H:%M:%S %Z", clock.localtime(moment))
    return {
        "listing": {**server.listing(dashboards, source.url), "taken": stamp},
        "views": {one.dashboard["uid"]: _frozen(one) for one in views},
    }


def failures(data: Json) -> int:
    """How many panels of a snapshot show an error."""
    answers = [one for view in data["views"].values() for one in view["answers"].values()]
    return sum(
        "error" in one or any("error" in target for target in one.get("targets", ()))
        for one in answers
    )


def page(data: Json) -> str:
    """The file: the page of the preview with `data` in it, which asks nobody for anything."""
    return bundle.page(_as_text(data))


def _frozen(one: View) -> Json:
    described = one.described()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = dict(zip(one.keys, pool.map(one.answer, one.keys), strict=True))
    return {"described": described, "answers": answers, "events": one.events()}


def _as_text(data: Json) -> str:
    """JSON that may stand in a page: nothing in it ends the script, or begins a comment."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
