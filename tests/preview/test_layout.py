from __future__ import annotations

from typing import Any

from mlmonitor.preview.layout import sections
from mlmonitor.preview.template import Value


def panel(number: int, x: int, y: int, w: int = 12, h: int = 8, **more: Any) -> dict[str, Any]:
    return {"id": number, "type": "stat", "gridPos": {"x": x, "y": y, "w": w, "h": h}, **more}


def row(number: int, y: int, title: str, **more: Any) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": 24, "h": 1}
    return {"id": number, "type": "row", "title": title, "gridPos": place, **more}


def places(found: Any) -> list[tuple[str, int, int, int, int]]:
    return [(one.key, one.left, one.top, one.width, one.height) for one in found.panels]


def test_rows_hold_the_panels_below_them() -> None:
    first, second = sections(
        [panel(1, 0, 0), row(2, 8, "Drift"), panel(4, 12, 9), panel(3, 0, 9)], {}
    )
    assert (first.title, places(first)) == ("", [("1", 0, 0, 12, 8)])
    assert second.title == "Drift"
    assert places(second) == [("3", 0, 0, 12, 8), ("4", 12, 0, 12, 8)]


def test_a_collapsed_row_holds_its_panels_itself() -> None:
    (found,) = sections([row(1, 0, "More", collapsed=True, panels=[panel(2, 0, 1)])], {})
    assert found.collapsed
    assert places(found) == [("2", 0, 0, 12, 8)]


def test_a_panel_repeats_for_each_value_and_pushes_what_is_below() -> None:
    values = {"column": Value(("a", "b", "c"), ("A", "B", "C"), several=True)}
    panels = [panel(1, 0, 0, repeat="column", maxPerRow=2), panel(2, 0, 8)]
    (found,) = sections(panels, values)
    assert places(found) == [
        ("1-a", 0, 0, 12, 8), ("1-b", 12, 0, 12, 8), ("1-c", 0, 8, 12, 8), ("2", 0, 16, 12, 8),
    ]  # fmt: skip
    assert [one.scoped["column"].texts for one in found.panels[:3]] == [("A",), ("B",), ("C",)]


def test_a_panel_repeats_downwards() -> None:
    values = {"column": Value(("a", "b"), several=True)}
    (found,) = sections([panel(1, 0, 0, repeat="column", repeatDirection="v")], values)
    assert places(found) == [("1-a", 0, 0, 12, 8), ("1-b", 0, 8, 12, 8)]


def test_a_row_repeats_with_all_its_panels() -> None:
    values = {"column": Value(("a", "b"), several=True)}
    found = sections([row(1, 0, "$column", repeat="column"), panel(2, 0, 1)], values)
    assert [places(one) for one in found] == [[("2-a", 0, 0, 12, 8)], [("2-b", 0, 0, 12, 8)]]
    assert [one.scoped["column"].values for one in found] == [("a",), ("b",)]


def test_what_repeats_for_no_value_is_left_out() -> None:
    values = {"column": Value((), several=True)}
    assert sections([row(1, 0, "", repeat="column"), panel(2, 0, 1)], values) == []
