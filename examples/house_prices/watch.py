"""What the monitoring says of each column, asked of Prometheus or computed from `/metrics`."""

from __future__ import annotations

import json
import math
import time
import urllib.parse
import urllib.request
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np

from mlmonitor import drift

if TYPE_CHECKING:
    from mlmonitor.drift import Report, Thresholds
    from mlmonitor.reference import Column, Reference
    from mlmonitor.tally.totals import ColumnTotals

Key: TypeAlias = "tuple[str, str]"

SIDES: Final = frozenset({"input", "output"})
TIMEOUT: Final = 10.0


class Point(NamedTuple):
    """One column at one moment: its largest effect over the threshold, and the verdict."""

    time: float
    effect: float
    drifted: bool


History: TypeAlias = "dict[Key, list[Point]]"


class Counts(NamedTuple):
    """What a window held: rows, those without a value, and values by bin or category.

    The cells are in the reference's order, categories followed by `__other__` and `__unseen__`.
    """

    rows: float
    missing: float
    cells: list[float]


class Watcher(Protocol):
    """Something that knows, at any moment, which columns have drifted."""

    name: str
    addresses: dict[str, str]

    def drifted(self) -> set[Key]:
        """The columns that have drifted by now; called every second or so."""

    def history(self, start: float, end: float) -> History:
        """Every column between two Unix times, (side, column) to its points, oldest first."""

    def counts(self, columns: list[Column], moment: float) -> dict[Key, Counts]:
        """What the window that ends at `moment` held."""


def fetch(url: str) -> str:
    """The text behind a loopback address."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        return str(response.read().decode())


class Prometheus:
    """Reads what the generated rules recorded."""

    def __init__(self, url: str, window: str) -> None:
        """Ask the Prometheus at `url` for the verdicts of one window, such as `1h`.

        The fallback has series of its own, under the same names of columns.
        """
        self._url = url
        # Its own pages may be missing: a server built from source or from Debian has the API alone.
        query = urllib.parse.quote("mlmonitor:column:drifted == 1")
        self.addresses = {"Prometheus": f"{url}/api/v1/query?query={query}"}
        self._live = f'window="{window}", role="live"'
        version = self._get("status/buildinfo")["version"]
        self.name = f"Prometheus {version}".rstrip()  # a build from source may not know its version

    def drifted(self) -> set[Key]:
        """See `Watcher`."""
        series = self._query(f"mlmonitor:column:drifted{{{self._live}}} == 1", time.time())
        return {_key(one["metric"]) for one in series}

    def history(self, start: float, end: float) -> History:
        """See `Watcher`."""
        verdicts = self._samples("mlmonitor:column:drifted", start, end)
        drifted = {(key, moment) for key, moment, value in verdicts if value == 1}
        largest: dict[tuple[Key, float], float] = {}
        for key, moment, value in self._samples("mlmonitor:column_test:effect", start, end):
            if key[0] in SIDES:
                largest[key, moment] = max(value, largest.get((key, moment), 0.0))
        history: History = defaultdict(list)
        for (key, moment), effect in sorted(largest.items()):
            history[key].append(Point(moment, effect, (key, moment) in drifted))
        return dict(history)

    def counts(self, columns: list[Column], moment: float) -> dict[Key, Counts]:
        """See `Watcher`."""
        return {(one.side, one.name): self._counts(one, moment) for one in columns}

    def _counts(self, column: Column, moment: float) -> Counts:
        chosen = (
            f"{{{self._live}, side={json.dumps(column.side)}, column={json.dumps(column.name)}}}"
        )

        def cells(record: str, label: str) -> dict[str, float]:
            series = self._query(record + chosen, moment)
            return {one["metric"].get(label, ""): float(one["value"][1]) for one in series}

        if column.is_binned:
            upper = cells("mlmonitor:column_cumulative:sum", "upper")
            cumulative = [upper[edge] for edge in sorted(upper, key=float)]
            values = [float(count) for count in np.diff([0.0, *cumulative])]
        else:
            by_name = cells("mlmonitor:column_category:sum", "category")
            order = (*(column.categories or ()), "__other__", "__unseen__")
            values = [by_name.get(name, 0.0) for name in order]
        rows = sum(cells("mlmonitor:column_rows:sum", "column").values())
        missing = sum(cells("mlmonitor:column_missing:sum", "column").values())
        return Counts(rows, missing, values)

    def _query(self, query: str, moment: float) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self._get("query", query=query, time=moment)["result"]
        return result

    def _samples(self, record: str, start: float, end: float) -> list[tuple[Key, float, float]]:
        """Every recorded sample of the window, at the moment of its evaluation."""
        series = self._query(f"{record}{{{self._live}}}[{math.ceil(end - start)}s]", end)
        return [
            (_key(one["metric"]), moment, float(value))
            for one in series
            for moment, value in one["values"]
        ]

    def _get(self, path: str, **parameters: object) -> Any:
        query = urllib.parse.urlencode(parameters)
        return json.loads(fetch(f"{self._url}/api/v1/{path}?{query}"))["data"]


class Embedded:
    """Computes the same statistics from two readings of `/metrics`, a window apart."""

    name = "mlmonitor.drift on /metrics"

    def __init__(
        self, url: str, reference: Reference, thresholds: Thresholds, window: float
    ) -> None:
        """Read the `/metrics` at `url`; `window` in seconds."""
        self._url, self._reference, self._thresholds = url, reference, thresholds
        self.addresses = {"metrics": url}
        self._window = window
        self._readings: deque[tuple[float, list[ColumnTotals]]] = deque()
        self._judged: list[tuple[float, Report, dict[Key, Counts]]] = []

    def drifted(self) -> set[Key]:
        """See `Watcher`."""
        now, after = time.time(), self._read()
        self._readings.append((now, after))
        while len(self._readings) > 1 and self._readings[1][0] <= now - self._window:
            self._readings.popleft()
        held = drift.window(after, self._readings[0][1])
        report = drift.compare(held, self._reference, self._thresholds)
        self._judged.append((now, report, {_of(one): _counts(one) for one in held}))
        return {(one.side, one.column) for one in report.columns if one.drifted}

    def history(self, start: float, end: float) -> History:
        """See `Watcher`."""
        found: History = defaultdict(list)
        for moment, report, _ in self._judged:
            if start <= moment <= end:
                for one in report.columns:
                    if one.side in SIDES:
                        point = Point(moment, one.effect, one.drifted)
                        found[one.side, one.column].append(point)
        return dict(found)

    def counts(self, columns: list[Column], moment: float) -> dict[Key, Counts]:
        """See `Watcher`."""
        _, _, held = min(self._judged, key=lambda judged: abs(judged[0] - moment))
        return {(one.side, one.name): held[one.side, one.name] for one in columns}

    def _read(self) -> list[ColumnTotals]:
        found = drift.from_metrics(fetch(self._url), self._reference)
        return next(iter(found.values()), [])


def _key(labels: dict[str, str]) -> Key:
    return labels["side"], labels["column"]


def _of(totals: ColumnTotals) -> Key:
    return totals.column.side, totals.column.name


def _counts(totals: ColumnTotals) -> Counts:
    cells = totals.bins if totals.bins is not None else totals.categories
    return Counts(totals.rows, totals.missing, [] if cells is None else cells.tolist())
