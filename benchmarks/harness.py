"""What all benchmarks share: timing against a yardstick of the same run, a table, a JSON file."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULTS = Path("build/bench")
_CALLS = 2_048
_ROWS_AT_ONCE = 128


@dataclass(frozen=True)
class Result:
    """One line of a benchmark: what was measured, in units of the yardstick, and the target."""

    work: str
    measured: float
    target: float | None
    unit: str
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the target was reached."""
        if self.target is None:
            return ""
        return "reached" if self.measured <= self.target else "missed"


def seconds(work: Callable[[], object], rounds: int = 7) -> float:
    """The shortest of several runs."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def seconds_a_call(
    call: Callable[[Any], object], rows: Callable[[int], Sequence[Any]], rounds: int = 9
) -> float:
    """Mean time of a call in the best of several rounds of 2,048 calls.

    Enough calls to contain every fold; `rows(first)` makes 128 inputs just before they are used, so
    that the time is the call's and not that of fetching old objects from memory.
    """
    best = float("inf")
    for _ in range(rounds):
        total = 0.0
        for first in range(0, _CALLS, _ROWS_AT_ONCE):
            inputs = rows(first)
            started = time.perf_counter()
            for one in inputs:
                call(one)
            total += time.perf_counter() - started
        best = min(best, total)
    return best / _CALLS


def counter_increment() -> float:
    """Seconds of one `Counter.inc()` of prometheus_client: the yardstick I."""
    counter = Counter("yardstick", "A counter.", registry=CollectorRegistry())

    def increments() -> None:
        for _ in range(20_000):
            counter.inc()

    return seconds(increments) / 20_000


def report(name: str, title: str, results: Sequence[Result]) -> None:
    """Print the table and write `build/bench/NAME.json`."""
    table = Table(title=title, title_justify="left")
    for heading in ("work", "measured", "target", "", "note"):
        table.add_column(heading, justify="right" if heading in {"measured", "target"} else "left")
    for one in results:
        target = "" if one.target is None else f"{one.target:g} {one.unit}"
        measured = f"{one.measured:.3g} {one.unit}"
        table.add_row(one.work, measured, target, one.verdict, one.note)
    Console(width=130).print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = [{**asdict(one), "verdict": one.verdict} for one in results]
    (RESULTS / f"{name}.json").write_text(json.dumps(lines, indent=2) + "\n")
