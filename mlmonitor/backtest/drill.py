"""A part of some traffic with few of its columns, small enough for promtool.

Columns that do not matter are still counted by the rules, which judge each in the light of how many
there are. They become columns that are only counted, and that either drift beyond doubt or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlmonitor.backtest.steps import REASONS, ColumnSteps, Traffic
from mlmonitor.reference import Column

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlmonitor.backtest.replay import Key


@dataclass(frozen=True)
class Part:
    """Which part of some traffic.

    Attributes:
        edges: int64 of shape (N + 1,), ascending steps; rows between two edges are spread evenly.
        kept: columns as they are, by side and name.
        drifting: columns of which all rows are to be missing; of the rest, none is.
        step: seconds of a step of the part, where it is another than the traffic's.
    """

    edges: np.ndarray
    kept: Collection[Key]
    drifting: Collection[Key] = ()
    step: float | None = None

    def of(self, traffic: Traffic) -> Traffic:
        """The part as traffic of its own, that begins at 0."""
        step = self.step or traffic.step
        lengths = np.rint(np.diff(self.edges) * traffic.step / step).astype(np.int64)
        columns = tuple(self._column(counted, lengths) for counted in traffic.columns)
        reference = traffic.reference.model_copy(
            update={"columns": tuple(one.column for one in columns)}
        )
        return Traffic(reference, 0.0, step, int(lengths.sum()), columns)

    def _column(self, counted: ColumnSteps, lengths: np.ndarray) -> ColumnSteps:
        key = counted.column.side, counted.column.name
        even = counted.sums(self.edges[:-1], self.edges[1:]).spread(lengths)
        if key in self.kept:
            return even
        return _only_counted(even, missing=key in self.drifting)


def _only_counted(counted: ColumnSteps, *, missing: bool) -> ColumnSteps:
    column = counted.column
    steps = len(counted.rows)
    nothing = np.zeros(steps)
    return ColumnSteps(
        Column(name=column.name, side=column.side, kind="text", rows=column.rows),
        counted.rows,
        counted.rows if missing else nothing,
        np.zeros((steps, 0)),
        nothing,
        nothing,
        nothing,
        nothing,
        np.zeros((steps, len(REASONS))),
    )
