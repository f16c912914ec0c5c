"""The tally: the additive counters of one monitor, and how rows are folded into them."""

from __future__ import annotations

from mlmonitor.tally.layout import Layout
from mlmonitor.tally.rows import UnreadableRow
from mlmonitor.tally.tally import Tally
from mlmonitor.tally.totals import ColumnTotals, Totals

__all__ = ["ColumnTotals", "Layout", "Tally", "Totals", "UnreadableRow"]
