"""Where panels stand: rows as sections, and panels repeated for each value of a variable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.preview.template import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Json = dict[str, Any]

_COLUMNS: Final = 24


@dataclass(frozen=True)
class Placed:
    """A panel in its place.

    Attributes:
        key: names it among the panels of the dashboard.
        panel: as Grafana saves it.
        scoped: variables that have a value of their own here.
        left, top, width, height: in the section's grid of 24 columns.
    """

    key: str
    panel: Json
    scoped: Mapping[str, Value]
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Section:
    """A row and the panels below it; the title is empty above the first row."""

    title: str
    collapsed: bool
    scoped: Mapping[str, Value]
    panels: tuple[Placed, ...]


def sections(panels: Sequence[Json], values: Mapping[str, Value]) -> list[Section]:
    """The panels of a dashboard by row, with all repeats; `values` are the variables'."""
    return [
        Section(row.get("title", ""), bool(row.get("collapsed")), scoped, _placed(held, values, scoped))
        for row, held in _rows(panels)
        for scoped in _repeats(row, values)
    ]  # fmt: skip


def _rows(panels: Sequence[Json]) -> Iterator[tuple[Json, list[Json]]]:
    row: Json = {}
    held: list[Json] = []
    for panel in sorted(panels, key=lambda one: (one["gridPos"]["y"], one["gridPos"]["x"])):
        if panel["type"] == "row":
            if row or held:
                yield row, held
            row, held = panel, list(panel.get("panels") or [])
        else:
            held.append(panel)
    if row or held:
        yield row, held


def _repeats(part: Json, values: Mapping[str, Value]) -> list[dict[str, Value]]:
    """The variables with a value of their own, for each time that a row or panel is shown."""
    name = part.get("repeat")
    if not name or name not in values:
        return [{}]
    value = values[name]
    texts = value.texts or value.values
    return [
        {name: Value((one,), (text,), value.several)}
        for one, text in zip(value.values, texts, strict=True)
    ]


def _placed(
    panels: Sequence[Json], values: Mapping[str, Value], row: Mapping[str, Value]
) -> tuple[Placed, ...]:
    first = min((panel["gridPos"]["y"] for panel in panels), default=0)
    mark = "".join(f"-{one.values[0]}" for one in row.values())
    found: list[Placed] = []
    pushed = 0
    for panel in panels:
        grid = panel["gridPos"]
        top = grid["y"] - first + pushed
        repeats = _repeats(panel, {**values, **row})
        placed = Placed(f"{panel['id']}{mark}", panel, row, grid["x"], top, grid["w"], grid["h"])
        if not panel.get("repeat"):
            found.append(placed)
            continue
        shown = list(_repeated(placed, repeats))
        found += shown
        lines = len({one.top for one in shown})
        pushed += (lines - 1) * grid["h"] if lines else 0
    return tuple(found)


def _repeated(placed: Placed, repeats: Sequence[Mapping[str, Value]]) -> Iterator[Placed]:
    """A panel beside or below itself, as often as its variable has values."""
    panel = placed.panel
    down = panel.get("repeatDirection") == "v"
    a_line = 1 if down else max(1, min(len(repeats), panel.get("maxPerRow") or 4))
    width = placed.width if down else _COLUMNS // a_line
    for index, own in enumerate(repeats):
        line, place = divmod(index, a_line)
        (value,) = own.values()
        yield replace(
            placed,
            key=f"{placed.key}-{value.values[0]}",
            scoped={**placed.scoped, **own},
            left=placed.left if down else place * width,
            top=placed.top + line * placed.height,
            width=width,
        )
