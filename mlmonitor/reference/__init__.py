"""The reference profile: what the data looked like on which a model was trained or accepted."""

from __future__ import annotations

from mlmonitor.reference.model import SCHEMA_VERSION, Column, Kind, Reference, Side

__all__ = ["SCHEMA_VERSION", "Column", "Kind", "Reference", "Side"]
