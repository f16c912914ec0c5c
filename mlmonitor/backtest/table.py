"""A backtest's report as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from mlmonitor.backtest.report import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.backtest.report import Backtest

_MOST_ROWS: Final = 10
_CALLED: Final = {"critical": "pages", "warning": "warnings", "info": "records"}


def tables(report: Backtest) -> Iterator[Table]:
    """The tables of a report, those without rows left out."""
    yield _counts(report)
    for made in (_alerts(report), _columns(report), _incidents(report), _delays(report)):
        if made.row_count:
            yield made
    if report.suggestions:
        yield _suggestions(report)


def length(seconds: float | None) -> str:
    """A delay as people write it."""
    if seconds is None:
        return "not"
    minutes = round(seconds / 60)
    if minutes < 120:  # noqa: PLR2004 - two hours
        return f"{minutes} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"  # noqa: PLR2004 - two days


def _counts(report: Backtest) -> Table:
    title = f"{report.model} {report.version}: {report.columns:,} columns, {report.rows:,} rows, "
    title += f"{report.days:g} days" if report.start is None else f"{report.days:.1f} days"
    title += " simulated without drift" if report.start is None else f" from {report.start}"
    table = _table(title, ("alerts",), ("in all", "a week", "in 28 days"))
    for one in report.counts:
        numbers = (f"{one.episodes:,}", f"{one.a_week:.2f}", f"{one.in_28_days:.2f}")
        table.add_row(_CALLED[one.severity], *numbers)
    return table


def _alerts(report: Backtest) -> Table:
    table = _table("What fired", ("alert", "severity", "window"), ("times", "hours"))
    for one in report.alerts:
        numbers = (f"{one.episodes:,}", f"{one.hours:,.1f}")
        table.add_row(one.alert, one.severity, one.window, *numbers)
    return table


def _columns(report: Backtest) -> Table:
    table = _table("Columns that alert most", ("side", "column", "by"), ("times", "hours"))
    for one in report.worst[:_MOST_ROWS]:
        numbers = (f"{one.episodes:,}", f"{one.hours:,.1f}")
        table.add_row(one.side, Text(one.column), ", ".join(one.tests), *numbers)
    return table


def _incidents(report: Backtest) -> Table:
    table = _table("Incidents", ("from", "to", "severity", "alerts", "columns"), ())
    for one in report.incidents[:_MOST_ROWS]:
        alerts = sorted({episode.alert.removeprefix("Mlmonitor") for episode in one.episodes})
        names = dict.fromkeys(name for episode in one.episodes for _, name in episode.columns)
        shown = ", ".join([*names][:3]) + (" …" if len(names) > 3 else "")  # noqa: PLR2004
        start, end = moment(one.start), moment(one.end)
        table.add_row(start, end, one.severity, ", ".join(alerts), Text(shown))
    if len(report.incidents) > _MOST_ROWS:
        table.caption = f"and {len(report.incidents) - _MOST_ROWS:,} more"
    return table


def _delays(report: Backtest) -> Table:
    table = _table(
        "How soon a change of one column is noticed (median)",
        ("change",),
        ("warned after", "share", "paged after", "share"),
    )
    for one in report.delays:
        warned = (length(one.warned_after), f"{one.warned:.0%}")
        table.add_row(one.change, *warned, length(one.paged_after), f"{one.paged:.0%}")
    return table


def _suggestions(report: Backtest) -> Table:
    table = _table("Thresholds that keep to the budget", ("threshold",), ("now", "suggested"))
    for one in report.suggestions:
        table.add_row(one.threshold, f"{one.now:g}", f"{one.suggested:g}")
    return table


def _table(title: str, texts: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
