"""Ids of panels, which changes and links name: each stands once in a dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Panel(Protocol):
    @property
    def id(self) -> str: ...


class _Row(Protocol):
    @property
    def panels(self) -> Sequence[_Panel]: ...


Rows = TypeVar("Rows", bound="Sequence[_Row]")


def unique(rows: Rows) -> Rows:
    """The rows of a dashboard, as they are.

    Raises:
        ValueError: an id stands twice.
    """
    seen = set[str]()
    for panel in (panel for row in rows for panel in row.panels):
        if panel.id in seen:
            message = f"panel id {panel.id!r} stands twice; rename one."
            raise ValueError(message)
        seen.add(panel.id)
    return rows
