"""A backtest's report as one HTML file, its pictures inline."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from mlmonitor.backtest.report import moment
from mlmonitor.backtest.table import length, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table

    from mlmonitor.backtest.delays import Delay
    from mlmonitor.backtest.report import Backtest

_COLOURS: Final = {"critical": "#c4162a", "warning": "#d9822b"}
_WIDTH: Final = 900
_ROW: Final = 22
_LABEL: Final = 300
_TICKS: Final = ((300, "5 min"), (3600, "1 h"), (21600, "6 h"), (86400, "1 d"), (604800, "7 d"))
_PLOT: Final = (60, 20, 560, 260)
"""Left, top, right and bottom of the picture of delays."""
_NARROWEST: Final = 1e-9
_STYLE: Final = """
body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; color: #222; }
table { border-collapse: collapse; margin: .5em 0 2em; }
td, th { padding: .2em .8em; text-align: left; border-bottom: 1px solid #ddd; }
svg { font: 12px sans-serif; max-width: 100%; }
"""


def html(report: Backtest) -> str:
    """The report as a page that needs nothing else."""
    title = f"Backtest of {report.model} {report.version}"
    parts = [f"<h1>{escape(title)}</h1>"]
    parts += [_html_table(one) for one in tables(report)]
    if report.incidents:
        parts += ["<h2>When alerts fired</h2>", _timeline(report)]
    if shifts := [one for one in report.delays if one.size]:
        parts += ["<h2>Delay by size of the shift</h2>", _delay_picture(shifts)]
    if report.confirmed:
        parts.append(f"<p>{escape(str(report.confirmed))}</p>")
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _html_table(table: Table) -> str:
    heads = "".join(f"<th>{escape(str(column.header))}</th>" for column in table.columns)
    cells = [[escape(str(cell)) for cell in column.cells] for column in table.columns]
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n"
        for row in zip(*cells, strict=True)
    )
    title = escape(str(table.title or ""))
    return f"<h2>{title}</h2>\n<table><tr>{heads}</tr>\n{rows}</table>"


def _timeline(report: Backtest) -> str:
    """A row for each alert, a bar for each time it fired."""
    episodes = [one for incident in report.incidents for one in incident.episodes]
    names = sorted({(one.alert, one.window) for one in episodes})
    first = min(one.start for one in episodes)
    last = max(one.end for one in episodes)
    scale = (_WIDTH - _LABEL) / max(last - first, 1.0)
    shapes = []
    for row, (alert, window) in enumerate(names):
        label = alert.removeprefix("Mlmonitor") + (f" {length(window)}" if window else "")
        shapes.append(f'<text x="0" y="{row * _ROW + 15}">{escape(label)}</text>')
        for one in episodes:
            if (one.alert, one.window) == (alert, window):
                left, wide = _LABEL + (one.start - first) * scale, (one.end - one.start) * scale
                shapes.append(
                    f'<rect x="{left:.1f}" y="{row * _ROW + 4}" width="{max(wide, 1):.1f}" '
                    f'height="{_ROW - 8}" fill="{_COLOURS[one.severity]}"><title>'
                    f"{escape(', '.join(name for _, name in one.columns))}</title></rect>"
                )
    bottom = len(names) * _ROW + 16
    shapes.append(f'<text x="{_LABEL}" y="{bottom}">{moment(first)}</text>')
    shapes.append(f'<text x="{_WIDTH}" y="{bottom}" text-anchor="end">{moment(last)}</text>')
    return _svg(_WIDTH, bottom + 8, shapes)


def _delay_picture(delays: Sequence[Delay]) -> str:
    """Median delay of warnings and pages against the size of the shift, both on log scales."""
    left, top, right, bottom = _PLOT
    sizes = [math.log(one.size) for one in delays]
    low = min(sizes)
    high = max(*sizes, low + _NARROWEST)
    least, most = math.log(_TICKS[0][0]), math.log(28 * 86400)

    def at(size: float, seconds: float) -> tuple[float, float]:
        x = left + (math.log(size) - low) / (high - low) * (right - left)
        return x, bottom - (math.log(seconds) - least) / (most - least) * (bottom - top)

    shapes = []
    for seconds, text in _TICKS:
        y = at(delays[0].size, seconds)[1]
        shapes.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#ddd"/>')
        shapes.append(f'<text x="0" y="{y + 4:.1f}">{text}</text>')
    for one in delays:
        x = at(one.size, least)[0]
        shapes.append(
            f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{one.size:g} σ</text>'
        )
    for severity in ("warning", "critical"):
        points = [
            at(one.size, max(after, _TICKS[0][0]))
            for one in delays
            if (after := one.warned_after if severity == "warning" else one.paged_after) is not None
        ]
        shapes += _line(points, _COLOURS[severity])
    legend = bottom + 38
    shapes.append(f'<text x="{left}" y="{legend}" fill="{_COLOURS["warning"]}">warned</text>')
    shapes.append(f'<text x="{left + 70}" y="{legend}" fill="{_COLOURS["critical"]}">paged</text>')
    return _svg(right + 40, legend + 10, shapes)


def _line(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return [
        line,
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points),
    ]


def _svg(width: float, height: float, shapes: Iterable[str]) -> str:
    inner = "\n".join(shapes)
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>\n{inner}\n</svg>'
