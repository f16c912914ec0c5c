"""Where each counter of a monitor lives in its flat array of cells.

The layout is fixed when the reference is loaded, and depends on nothing else, so that the arrays of
threads, processes and machines can be added up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.business import BusinessMetric
    from mlmonitor.reference import Column, Reference

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

DURATION_EDGES: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0,
)  # fmt: skip
"""Upper edges of the latency buckets in seconds: what models take, from a table look-up on."""

EXCEPTIONS: Final = (
    "ValueError", "TypeError", "KeyError", "IndexError", "AttributeError", "RuntimeError",
    "NotImplementedError", "ZeroDivisionError", "OverflowError", "MemoryError", "TimeoutError",
    "ConnectionError", "OSError", "CancelledError",
)  # fmt: skip
"""Exceptions that are counted under their own name by default; any other is `other`."""

DEVIATION_LIMIT: Final = 1e4
"""Distances from the reference mean count at most this many reference standard deviations."""

# Cells of a categorical column behind its categories, and of a column that is only counted.
OTHER, UNSEEN, UNSEEN_ALLOWED, MISSING, WRONG_TYPE = range(5)
CATEGORY_EXTRA: Final = 5
PRESENT, ABSENT, MISTYPED = range(3)
COUNTED_CELLS: Final = 3

_BINNED_FIELDS: Final = (
    "nan", "none", "infinite", "wrong_type", "out_of_range", "extreme", "above", "below", "squares",
    "nonzero",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Block:
    """The cells of one side: `input`, say. Slices index the whole array of cells.

    `order` are the names of all columns of the side as the reference has them, those too that are
    left out.
    `binned` columns share one slice a field, in the columns' order; the bins of column `i` are
    `bins.start + offsets[i] : bins.start + offsets[i + 1]`. Each `categorical` column has its
    categories and then `__other__`, `__unseen__`, unseen but allowed, missing and wrong type from
    `category_starts[i]` on. Each `counted` column has present, missing and wrong type.
    """

    side: str
    order: tuple[str, ...]
    binned: tuple[Column, ...]
    categorical: tuple[Column, ...]
    counted: tuple[Column, ...]
    rows: int
    unexpected: int
    offsets: tuple[int, ...]
    bins: slice
    nan: slice
    none: slice
    infinite: slice
    wrong_type: slice
    out_of_range: slice
    extreme: slice
    above: slice
    below: slice
    squares: slice
    nonzero: slice
    category_starts: tuple[int, ...]
    counted_starts: tuple[int, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of the side: binned, then categorical, then counted."""
        return self.binned + self.categorical + self.counted


@dataclass(frozen=True)
class BusinessCells:
    """The cells of one segment of a business metric.

    A counter has its amount; a distribution its buckets (not cumulative, the last above all edges)
    and its sum; a gauge its last value and the Unix time of that, 0 before there is one.
    """

    metric: BusinessMetric
    segment: str
    cells: slice


@dataclass(frozen=True)
class RecordCells:
    """The cells of what is recorded of predictions.

    Attributes:
        written, sampled_out: cells of the records written and of those not in the sample.
        dropped, cut: cells of lost and shortened records, by reason.
        sensitive: cells of sensitive values, by kind and then by `columns`.
        columns: columns that may hold such values, and what stands for all others.
    """

    written: int
    sampled_out: int
    dropped: slice
    cut: slice
    sensitive: slice
    columns: tuple[str, ...]

    def sensitive_cell(self, kind: str, column: str) -> int:
        """The cell of a kind of sensitive value in a column."""
        known = column if column in self.columns else names.SENSITIVE_ELSEWHERE
        place = names.SENSITIVE_KINDS.index(kind) * len(self.columns) + self.columns.index(known)
        return int(self.sensitive.start) + place


@dataclass(frozen=True)
class Layout:
    """The cells of one monitor: those of the model, then a block a side.

    Attributes:
        blocks: one for each side that the reference has, in the catalogue's order.
        predictions: cell of the rows predicted.
        durations: cells of the latency buckets (not cumulative, the last above all edges).
        duration_sum: cell of the summed latency in seconds.
        errors: cells of `exceptions` and `other`.
        failures, dropped: cells of the monitor's own failures and lost rows, by reason.
        exceptions: the declared exception names.
        left_out: columns beyond the cap on series.
        size: number of cells.
        business: the series of business metrics.
        records: what is counted of records, where they are written.
    """

    blocks: tuple[Block, ...]
    predictions: int
    durations: slice
    duration_sum: int
    errors: slice
    failures: slice
    dropped: slice
    exceptions: tuple[str, ...]
    left_out: tuple[Column, ...]
    size: int
    business: tuple[BusinessCells, ...] = ()
    records: RecordCells | None = None

    @classmethod
    def of(
        cls,
        reference: Reference | None,
        *,
        exceptions: Sequence[str] = EXCEPTIONS,
        left_out: Sequence[Column] = (),
        business: Sequence[BusinessMetric] = (),
        sensitive: Sequence[str] | None = None,
    ) -> Layout:
        """Lay out the cells of `reference`, without the columns in `left_out`, and of `business`.

        Where records are written, `sensitive` are the columns that may hold sensitive values.
        """
        cells = _Cells()
        predictions = cells.one()
        durations = cells.many(len(DURATION_EDGES) + 1)
        duration_sum = cells.one()
        errors = cells.many(len(exceptions) + 1)
        failures = cells.many(len(names.FAILURE_REASONS))
        dropped = cells.many(len(names.DROP_REASONS))
        columns = reference.columns if reference else ()
        out = {(column.side, column.name) for column in left_out}
        kept = [column for column in columns if (column.side, column.name) not in out]
        blocks = tuple(
            _block(side, columns, [column for column in kept if column.side == side], cells)
            for side in names.SIDES
            if any(column.side == side for column in columns)
        )
        counted = tuple(_business(metric, cells) for metric in business)
        records = None if sensitive is None else _records(sensitive, cells)
        return cls(
            blocks, predictions, durations, duration_sum, errors, failures, dropped,
            tuple(exceptions), tuple(left_out), cells.used, tuple(chain.from_iterable(counted)),
            records,
        )  # fmt: skip

    def block(self, side: str) -> Block | None:
        """The block of a side, or None where the reference has no such column."""
        return next((block for block in self.blocks if block.side == side), None)

    def added(self, cells: Floats, others: Floats) -> Floats:
        """The cells of two tallies together: sums, and of each gauge the value set last."""
        total = cells + others
        for one in self.gauges:
            newest = cells if cells[one.cells][1] >= others[one.cells][1] else others
            total[one.cells] = newest[one.cells]
        return total

    @cached_property
    def gauges(self) -> tuple[BusinessCells, ...]:
        """The cells that are no sums."""
        return tuple(one for one in self.business if one.metric.type == "gauge")

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that differ between layouts whose cells mean different things."""
        described = repr(
            [
                (self.exceptions, self.size, *(self.records.columns if self.records else ())),
                [(one.metric.name, one.metric.type, one.metric.buckets, one.segment)
                 for one in self.business],
                [
                    (column.side, column.name, column.kind, column.edges, column.range,
                     column.mean, column.deviation, tuple(column.categories or ()), column.allowed)
                    for block in self.blocks
                    for column in block.columns
                ],
            ]
        )  # fmt: skip
        return hashlib.sha256(described.encode()).digest()[:16]


class _Cells:
    """Hands out cells from zero on."""

    def __init__(self) -> None:
        self.used = 0

    def one(self) -> int:
        self.used += 1
        return self.used - 1

    def many(self, count: int) -> slice:
        self.used += count
        return slice(self.used - count, self.used)


def _business(metric: BusinessMetric, cells: _Cells) -> list[BusinessCells]:
    size = {"counter": 1, "gauge": 2, "distribution": len(metric.buckets) + 2}[metric.type]
    return [BusinessCells(metric, one, cells.many(size)) for one in metric.exposed_segments]


def _records(sensitive: Sequence[str], cells: _Cells) -> RecordCells:
    columns = tuple(dict.fromkeys((*sensitive, names.SENSITIVE_ELSEWHERE)))
    return RecordCells(
        written=cells.one(),
        sampled_out=cells.one(),
        dropped=cells.many(len(names.RECORD_DROP_REASONS)),
        cut=cells.many(len(names.CUT_REASONS)),
        sensitive=cells.many(len(names.SENSITIVE_KINDS) * len(columns)),
        columns=columns,
    )


def _block(side: str, known: Sequence[Column], columns: Sequence[Column], cells: _Cells) -> Block:
    binned = tuple(column for column in columns if column.is_binned)
    categorical = tuple(column for column in columns if column.is_categorical)
    counted = tuple(c for c in columns if not c.is_binned and not c.is_categorical)
    rows, unexpected = cells.one(), cells.one()
    sizes = [len(column.edges or ()) + 1 for column in binned]
    offsets = tuple(int(offset) for offset in np.concatenate([[0], np.cumsum(sizes, dtype=int)]))
    bins = cells.many(offsets[-1])
    fields = {name: cells.many(len(binned)) for name in _BINNED_FIELDS}
    category_starts = tuple(
        cells.many(len(column.categories or ()) + CATEGORY_EXTRA).start for column in categorical
    )
    return Block(
        side=side,
        order=tuple(column.name for column in known if column.side == side),
        binned=binned,
        categorical=categorical,
        counted=counted,
        rows=rows,
        unexpected=unexpected,
        offsets=offsets,
        bins=bins,
        category_starts=category_starts,
        counted_starts=tuple(cells.many(COUNTED_CELLS).start for _ in counted),
        **fields,
    )
