"""What a backtest found, and its published JSON form."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import promql
from mlmonitor.backtest.alerts import DETAIL, Episode, Incident, incidents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.backtest.confirm import Confirmation
    from mlmonitor.backtest.delays import Delay
    from mlmonitor.backtest.replay import Key, Replay
    from mlmonitor.backtest.suggest import Suggestion

_WEEK: Final = 7.0
_MONTH: Final = 28.0


@dataclass(frozen=True)
class Count:
    """How often one severity fired.

    Attributes:
        severity: critical pages, warning makes a ticket, info records.
        episodes: in all the traffic.
        a_week, in_28_days: the same in that time.
    """

    severity: str
    episodes: int
    a_week: float
    in_28_days: float


@dataclass(frozen=True)
class AlertCount:
    """How often one alert fired, over one window where it has one, and for how many hours."""

    alert: str
    severity: str
    window: str
    episodes: int
    hours: float


@dataclass(frozen=True)
class ColumnCount:
    """How often one column was part of an alert, and by which tests it drifted."""

    side: str
    column: str
    episodes: int
    hours: float
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Backtest:
    """The report.

    Attributes:
        model, version: of the reference.
        start, days, rows: of the traffic; start in ISO 8601, None for simulated traffic.
        months: how many times as much was simulated.
        columns: number of columns.
        counts: by severity.
        alerts: by alert and window, most episodes first.
        worst: columns by episodes, most first.
        incidents: pages and warnings that belong together.
        delays: by change.
        suggestions: thresholds that would have kept to the budget.
        confirmed: what promtool said to sampled windows, None where it was not asked.
    """

    model: str
    version: str
    start: str | None
    days: float
    rows: int
    months: int
    columns: int
    counts: tuple[Count, ...]
    alerts: tuple[AlertCount, ...]
    worst: tuple[ColumnCount, ...]
    incidents: tuple[Incident, ...]
    delays: tuple[Delay, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    confirmed: Confirmation | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        data = asdict(self)
        data["incidents"] = [_incident(one) for one in self.incidents]
        return data

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def summarise(runs: Sequence[tuple[Replay, list[Episode]]], *, simulated: bool) -> Backtest:
    """Put the episodes of one replay, or of several simulated months, together."""
    first = runs[0][0]
    reference, traffic = first.traffic.reference, first.traffic
    days = sum(replayed.traffic.days for replayed, _ in runs)
    found = [one for _, episodes in runs for one in episodes]
    return Backtest(
        reference.model,
        reference.version,
        None if simulated else moment(traffic.start),
        days,
        round(sum(float(replayed.rows.sum()) for replayed, _ in runs)),
        len(runs),
        len(first.verdicts[0].columns),
        tuple(_count(severity, found, days) for severity in ("critical", "warning", "info")),
        tuple(_by_alert(found)),
        tuple(_by_column(found)),
        tuple(one for _, episodes in runs for one in incidents(episodes)),
    )


def moment(seconds: float) -> str:
    """A point in time as text, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(severity: str, found: Sequence[Episode], days: float) -> Count:
    episodes = sum(one.severity == severity for one in found)
    return Count(severity, episodes, episodes / days * _WEEK, episodes / days * _MONTH)


def _by_alert(found: Sequence[Episode]) -> list[AlertCount]:
    groups: dict[tuple[str, str, float], list[Episode]] = defaultdict(list)
    for one in found:
        groups[one.alert, one.severity, one.window].append(one)
    counted = [
        AlertCount(
            alert,
            severity,
            promql.duration(window) if window else "",
            len(group),
            sum(one.hours for one in group),
        )
        for (alert, severity, window), group in groups.items()
    ]
    return sorted(counted, key=lambda one: (-one.episodes, one.alert, one.window))


def _by_column(found: Sequence[Episode]) -> list[ColumnCount]:
    groups: dict[Key, list[Episode]] = defaultdict(list)
    for one in found:
        if one.alert == DETAIL or len(one.columns) == 1:
            groups[one.columns[0]].append(one)
    counted = [
        ColumnCount(
            side,
            name,
            len(group),
            sum(one.hours for one in group),
            tuple(dict.fromkeys(test for one in group for test in one.tests)),
        )
        for (side, name), group in groups.items()
    ]
    return sorted(counted, key=lambda one: (-one.episodes, one.side, one.column))


def _incident(incident: Incident) -> dict[str, Any]:
    columns = dict.fromkeys(name for one in incident.episodes for _, name in one.columns)
    return {
        "start": moment(incident.start),
        "end": moment(incident.end),
        "severity": incident.severity,
        "alerts": sorted({one.alert for one in incident.episodes}),
        "columns": list(columns),
    }
