"""A report as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from mlmonitor.drift.report import ColumnReport, Report

_TITLES = ("side", "column", "kind", "PSI", "KS", "JS", "mean", "missing", "p", "verdict")
_TEXTS = 3


def table(report: Report) -> Table:
    """The columns of a report, worst first; drifted ones in red.

    The mean is its shift in reference deviations, missing the change of the missing share, and p
    the column's p-value.
    """
    from rich.table import Table  # noqa: PLC0415 - only the terminal needs it
    from rich.text import Text  # noqa: PLC0415

    shown = Table(
        title=f"{report.model} {report.version}: {report.drifted} of {len(report.columns)} columns "
        f"drifted in {report.rows:,.0f} rows"
    )
    for index, title in enumerate(_TITLES):
        shown.add_column(title, justify="left" if index < _TEXTS else "right", overflow="fold")
    for column in report.columns:
        cells = (Text(cell) for cell in _cells(column))
        shown.add_row(*cells, style="bold red" if column.drifted else None)
    return shown


def _cells(column: ColumnReport) -> tuple[str, ...]:
    verdict = ", ".join(column.reasons) or ("too few rows" if column.p_value is None else "ok")
    shift = column.missing_shift
    return (
        column.side,
        column.column,
        column.kind,
        _number(column.psi),
        _number(column.ks),
        _number(column.js),
        "" if column.mean_shift is None else f"{column.mean_shift:+.2f}",
        "" if shift is None else f"{100 * shift:+.1f} %",
        "" if column.p_value is None else f"{column.p_value:.1e}",
        verdict,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
