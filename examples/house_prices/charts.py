"""Charts as inline SVG: no scripts, no fonts, no requests; colours come from the page's CSS."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from examples.house_prices.judge import Phase, Verdict
    from examples.house_prices.watch import History, Point

WIDTH, HEIGHT = 1080, 360
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 46, 34
FLOOR: Final = 0.1
MOST_NAMES: Final = 2

CARD_WIDTH, CARD_HEIGHT = 330, 170
CARD_LEFT, CARD_BASE, CARD_TOP = 34, 128, 10
MOST_CATEGORIES: Final = 8
LABEL_LENGTH: Final = 9


Form = Literal["bins", "values", "categories"]


class Bar(NamedTuple):
    """One cell of a distribution: its name, the reference's share of it and the current one.

    A bin of a continuous column is named by its upper edge, a single value by itself.
    """

    label: str
    reference: float
    current: float


class _Scale(NamedTuple):
    """Moments to x, effects to y on a logarithmic axis."""

    start: float
    end: float
    top: float

    def x(self, moment: float) -> float:
        return LEFT + (moment - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, effect: float) -> float:
        share = math.log(max(effect, FLOOR) / FLOOR) / math.log(self.top / FLOOR)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def timeline(history: History, verdicts: Sequence[Verdict]) -> str:
    """Every column's effect over its threshold in time, coloured where it alerted."""
    phases = [verdict.phase for verdict in verdicts]
    largest = max((point.effect for points in history.values() for point in points), default=1.0)
    scale = _Scale(phases[0].start, phases[-1].end, max(largest * 1.5, 10.0))
    parts = [*_bands(scale, phases), *_grid(scale)]
    parts += [_line(scale, points, "quiet", name) for (_, name), points in sorted(history.items())]
    for number, verdict in enumerate(verdicts):
        following = phases[number + 1].start if number + 1 < len(phases) else scale.end
        parts += _loud(scale, history, verdict, number, following)
    label = "Effect over threshold of every column during the replay"
    return _svg(WIDTH, HEIGHT, label, parts)


def _bands(scale: _Scale, phases: Sequence[Phase]) -> list[str]:
    parts = []
    for number, phase in enumerate(phases):
        left, right = scale.x(phase.start), scale.x(phase.end)
        parts.append(
            f'<rect class="band p{number}" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"/>'
            f'<line class="mark p{number}" x1="{left:.1f}" x2="{left:.1f}" y1="{TOP - 8}" '
            f'y2="{HEIGHT - BOTTOM}"/>'
            f'<text class="phase" x="{left:.1f}" y="{TOP - 26}">{_title(phase)}</text>'
            f'<text class="tick" x="{left:.1f}" y="{TOP - 12}">at {phase.start - scale.start:.0f} s'
            "</text>"
        )
    return parts


def _title(phase: Phase) -> str:
    return escape(phase.injection.title)


def _grid(scale: _Scale) -> list[str]:
    parts = []
    effect = FLOOR
    while effect <= scale.top:
        y = scale.y(effect)
        style = "threshold" if effect == 1 else "grid"
        parts.append(
            f'<line class="{style}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick end" x="{LEFT - 8}" y="{y + 4:.1f}">{effect:g} &times;</text>'
        )
        effect = round(effect * 10, 6)
    y = scale.y(1) - 6
    parts.append(f'<text class="tick end" x="{WIDTH - RIGHT}" y="{y:.1f}">threshold</text>')
    for second in range(0, int(scale.end - scale.start) + 1, 10):
        x = scale.x(scale.start + second)
        parts.append(
            f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}">{second} s</text>'
        )
    return parts


def _loud(scale: _Scale, history: History, verdict: Verdict, number: int, end: float) -> list[str]:
    """The columns that alerted in a phase, until the next one, named where there is room."""
    found = sorted((one for one in verdict.findings if one.found), key=lambda one: -one.effect)
    parts = []
    x = scale.x(verdict.phase.end) - 6
    for rank, finding in enumerate(found):
        points = history[finding.truth.side, finding.truth.column]
        points = [point for point in points if verdict.phase.start <= point.time <= end]
        parts.append(_line(scale, points, f"loud p{number}", finding.truth.column))
        if rank and len(found) > MOST_NAMES:
            continue
        name = finding.truth.column
        if len(found) > MOST_NAMES:
            name += f" and {len(found) - 1} more"
        y = scale.y(max(point.effect for point in points)) - 6
        parts.append(
            f'<text class="name end p{number}" x="{x:.1f}" y="{y:.1f}">{escape(name)}</text>'
        )
    return parts


def _line(scale: _Scale, points: Sequence[Point], style: str, name: str) -> str:
    places = " ".join(f"{scale.x(one.time):.1f},{scale.y(one.effect):.1f}" for one in points)
    return f'<polyline class="{style}" points="{places}"><title>{escape(name)}</title></polyline>'


def distribution(bars: Sequence[Bar], number: int, label: str, form: Form) -> str:
    """Reference shares as wide bars, current ones as narrow bars in front.

    Of categories the largest are shown.
    """
    shown = _largest(bars) if form == "categories" else list(bars)
    top = max((max(bar.reference, bar.current) for bar in shown), default=0.0) or 1.0
    step = (CARD_WIDTH - CARD_LEFT - 6) / max(len(shown), 1)
    parts = _share_axis(top)
    for place, bar in enumerate(shown):
        middle = CARD_LEFT + step * (place + 0.5)
        parts.append(_bar(middle, step * 0.84, bar.reference / top, "reference", bar.label))
        parts.append(_bar(middle, step * 0.42, bar.current / top, f"current p{number}", bar.label))
        if form == "categories":
            parts.append(
                f'<text class="tick end" transform="translate({middle + 4:.1f},{CARD_BASE + 14}) '
                f'rotate(-32)">{escape(_short(bar.label))}</text>'
            )
    if form != "categories":
        parts += _number_labels(shown, step, form)
    return _svg(CARD_WIDTH, CARD_HEIGHT, label, parts)


def _number_labels(bars: Sequence[Bar], step: float, form: Form) -> list[str]:
    """Names of a few bars, as many as fit: values below their bars, edges between two bars."""
    every = max(1, round(len(bars) / 5))
    shift, last = (0.5, len(bars)) if form == "values" else (1.0, len(bars) - 1)
    return [
        f'<text class="tick middle" x="{CARD_LEFT + step * (place + shift):.1f}" '
        f'y="{CARD_BASE + 16}">{escape(bar.label)}</text>'
        for place, bar in enumerate(bars[:last])
        if place % every == every // 2
    ]


def _share_axis(top: float) -> list[str]:
    y = CARD_TOP
    return [
        f'<line class="grid" x1="{CARD_LEFT}" x2="{CARD_WIDTH}" y1="{y}" y2="{y}"/>',
        f'<line class="axis" x1="{CARD_LEFT}" x2="{CARD_WIDTH}" y1="{CARD_BASE}" y2="{CARD_BASE}"/>',
        f'<text class="tick end" x="{CARD_LEFT - 5}" y="{y + 4}">{top:.0%}</text>',
        f'<text class="tick end" x="{CARD_LEFT - 5}" y="{CARD_BASE + 3}">0</text>',
    ]


def _bar(middle: float, width: float, share: float, style: str, label: str) -> str:
    height = share * (CARD_BASE - CARD_TOP)
    return (
        f'<rect class="{style}" x="{middle - width / 2:.1f}" y="{CARD_BASE - height:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}"><title>{escape(label)}</title></rect>'
    )


def _largest(bars: Sequence[Bar]) -> list[Bar]:
    if len(bars) <= MOST_CATEGORIES:
        return list(bars)
    ranked = sorted(bars, key=lambda bar: -max(bar.reference, bar.current))
    rest = ranked[MOST_CATEGORIES - 1 :]
    others = Bar("others", sum(bar.reference for bar in rest), sum(bar.current for bar in rest))
    return [*ranked[: MOST_CATEGORIES - 1], others]


def _short(label: str) -> str:
    return label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        + "".join(parts)
        + "</svg>"
    )
