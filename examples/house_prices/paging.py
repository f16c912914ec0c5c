"""From a page to the fallback: Alertmanager, the pager, and `mlmonitor respond`."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prometheus_client.parser import text_string_to_metric_families

from examples.house_prices import stack
from examples.house_prices.pager import pager
from examples.house_prices.prepare import MODEL, PAGED
from examples.house_prices.watch import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from examples.house_prices.pager import Page, Pager
    from examples.house_prices.prepare import Prepared

MOST_SECONDS: Final = 60.0
GONE: Final = "TotalBsmtSF"


@dataclass(frozen=True)
class Ports:
    """Loopback ports of all that is started.

    Attributes:
        service, prometheus, alertmanager, pager, responder, preview: one each.
    """

    service: int
    prometheus: int
    alertmanager: int
    pager: int
    responder: int
    preview: int

    @classmethod
    def free(cls) -> Ports:
        """Ports that nothing listens on."""
        return cls(*stack.free_ports(6))

    @property
    def metrics(self) -> str:
        """Address of the service's metrics."""
        return f"http://{stack.HOST}:{self.service}/metrics/"

    @property
    def breaker(self) -> str:
        """Address that the service reads its breaker from."""
        return f"http://{stack.HOST}:{self.responder}"


@dataclass(frozen=True)
class Rescue:
    """How the missing feature ended.

    Attributes:
        page: the page that named the feature, or None.
        switched: whether the breaker is open.
        switches: how often it was opened.
        rows: houses that the fallback has priced.
    """

    page: Page | None
    switched: bool
    switches: int
    rows: int

    @property
    def complete(self) -> bool:
        """Whether a person was told, and the fallback took over, once."""
        return self.page is not None and self.switched and self.switches == 1 and self.rows > 0


@contextmanager
def paging(binary: Path, ready: Prepared, folder: Path, ports: Ports) -> Iterator[Pager]:
    """Alertmanager, the pager and the responder, until the block ends."""
    with (
        pager(ports.pager) as found,
        stack.responder(ready.config, folder, ports.responder),
        stack.alertmanager(binary, folder, ports.alertmanager),
    ):
        yield found


def rescue(found: Pager, ports: Ports) -> Rescue:
    """Wait for the page about the missing feature and for the fallback; what came of it."""
    until = time.monotonic() + MOST_SECONDS
    while True:
        now = _rescue(found, ports)
        if now.complete or time.monotonic() > until:
            return now
        time.sleep(0.5)


def resolved(found: Pager) -> bool:
    """Wait until the page about the missing feature is over; whether it is."""
    until = time.monotonic() + MOST_SECONDS
    while PAGED not in found.resolved and time.monotonic() < until:
        time.sleep(0.5)
    return PAGED in found.resolved


def _rescue(found: Pager, ports: Ports) -> Rescue:
    named = [page for page in found.pages if page.alert == PAGED and page.names(GONE)]
    state = json.loads(fetch(f"{ports.breaker}/breaker/{MODEL}"))
    rows = sum(
        int(sample.value)
        for family in text_string_to_metric_families(fetch(ports.metrics))
        for sample in family.samples
        if sample.name == "mlmonitor_predictions_total" and sample.labels["role"] == "fallback"
    )
    first = named[0] if named else None
    return Rescue(first, state["phase"] == "open", state["switches"], rows)
