"""A source whose counts a test sets, and the columns that are hard to write."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as text_families

from mlmonitor.business import BusinessMetric
from mlmonitor.process import Worker
from mlmonitor.provenance import Provenance
from mlmonitor.tally import Layout, Totals
from tests.references import binned, categorical, mixed, reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Reference
    from mlmonitor.tally.totals import Floats

BUSINESS = (
    BusinessMetric("orders", "counter", segments=("web", 'q"uo\\te\n')),
    BusinessMetric("stock", "gauge"),
    BusinessMetric("value", "distribution", (0, 1, 10.5)),
)

NASTY_NAMES = (
    "", " ", "le", 'quo"te', "new\nline", "back\\slash", "\\n", "ends\\", "ümläut", "日本語", "🏠",
    "{}", "a,b", "a=b", "%s %d", "\t", "\r", "#", "__name__", "\u2028",
)  # fmt: skip

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass
class Counts:
    """A source with the cells that a test gave it."""

    layout: Layout
    cells: Floats
    reference: Reference | None = None
    identity: tuple[str, str, str] = ("m", "1", "live")
    pids: Sequence[int] = (os.getpid(),)
    failures: list[tuple[str, BaseException]] = field(default_factory=list)
    error: Exception | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def totals(self) -> Totals:
        """The counts, or the error that the test set."""
        if self.error is not None:
            raise self.error
        return Totals(self.layout, self.cells)

    def in_flight(self) -> int:
        """Two calls."""
        return 2

    def loaded(self) -> float:
        """A moment in 2023."""
        return 1_700_000_000.25

    def workers(self) -> list[Worker]:
        """A worker for each of `pids`."""
        return [Worker(pid, (30, 20, 10)) for pid in self.pids]

    def failed(self, stage: str, error: BaseException) -> None:
        """Remember the failure."""
        self.failures.append((stage, error))


def counts(
    profile: Reference | None = None,
    *,
    seed: int | None = None,
    identity: tuple[str, str, str] = ("m", "1", "live"),
    business: Sequence[BusinessMetric] = (),
) -> Counts:
    """A source for `profile`, at zero or with counts drawn at random."""
    layout = Layout.of(profile, business=business)
    cells = np.zeros(layout.size)
    if seed is not None:
        rng = np.random.default_rng(seed)
        cells[:] = rng.integers(0, 100_000, layout.size)
        for block in layout.blocks:
            for part in (block.above, block.below, block.squares):
                cells[part] += rng.random(len(block.binned))
        cells[layout.duration_sum] += 0.5
    return Counts(layout, cells, profile, identity)


def nasty() -> Reference:
    """Every kind of column, and columns and categories whose names need care."""
    odd = [binned(name, [0.0, 1.0, 2.0], edges=[-0.0, 1e6]) for name in NASTY_NAMES]
    taken = {"__other__": 3, "__unseen__": 2, "": 1, "__empty__": 1, "__other___": 1}
    return reference(
        *mixed().columns,
        *odd,
        categorical("cat", {**dict.fromkeys(NASTY_NAMES, 1), **taken}),
        categorical("score", {"a": 1, "b": 3}, side="score", allowed=None),
        binned("constant", [5.0] * 4, side="outcome"),
        model='m"\\\n',
    )


def parsed(body: bytes, content_type: str = "text/plain") -> dict[Key, float]:
    """Samples by name and labels; a sample or family that comes twice is an error."""
    families = openmetrics_families if "openmetrics" in content_type else text_families
    found: dict[Key, float] = {}
    seen = set()
    for family in families(body.decode()):
        assert family.name not in seen
        seen.add(family.name)
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found
