"""Which series a source has, and how each follows from the cells of its tally."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mlmonitor import limits, names, process
from mlmonitor.expose.numbers import go_float
from mlmonitor.provenance import moment_or_none
from mlmonitor.reference.labels import category_labels
from mlmonitor.reference.model import shares
from mlmonitor.tally import layout as cells_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlmonitor.expose.source import Source
    from mlmonitor.names import Metric
    from mlmonitor.provenance import Provenance
    from mlmonitor.reference import Column, Reference
    from mlmonitor.tally import Layout
    from mlmonitor.tally.layout import Block, BusinessCells
    from mlmonitor.tally.totals import Floats

Labels = tuple[tuple[str, str], ...]
Cells = tuple[int, ...]

NO_REFERENCE: Final = "none"
FRACTIONAL: Final = frozenset(
    {
        (names.COLUMN_DEVIATION.name, ""),
        (names.COLUMN_SQUARED_DEVIATION.name, ""),
        (names.PREDICTION_DURATION.name, "_sum"),
        (names.BUSINESS_TOTAL.name, ""),
        (names.BUSINESS_DISTRIBUTION.name, "_sum"),
    }
)
"""Counters that are no whole numbers, by metric and suffix."""

DURATION_UPPER: Final = tuple(go_float(edge) for edge in (*cells_of.DURATION_EDGES, math.inf))


class Counted(NamedTuple):
    """A series whose value is the sum of some cells; see `Derivation` for their numbers."""

    metric: Metric
    suffix: str
    labels: Labels
    cells: Cells


class Known(NamedTuple):
    """A series whose value is known."""

    metric: Metric
    labels: Labels
    value: float


class Derivation:
    """Turns the cells of a layout into the values of series, all at once.

    Each value is a sum of cells. Cells from `layout.size` on are the cumulative ones: those of the
    latency buckets, then those of the bins of each block, which `bins[i]` says where, then those of
    the buckets of each of `distributions`, which `buckets[i]` says where.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.durations = layout.size
        sizes = [block.offsets[-1] for block in layout.blocks]
        first = layout.size + len(DURATION_UPPER)
        *self.bins, end = accumulate(sizes, initial=first)
        self.distributions = [b for b in layout.business if b.metric.type == "distribution"]
        widths = [len(one.metric.buckets) + 1 for one in self.distributions]
        self.buckets = tuple(accumulate(widths, initial=end))[:-1]
        self._starts = [
            np.repeat(np.array(block.offsets[:-1], dtype=int), np.diff(block.offsets))
            for block in layout.blocks
        ]

    def of(self, series: Sequence[Counted]) -> tuple[np.ndarray, np.ndarray]:
        """The cells of some series in one run, and where those of each start."""
        lengths = [len(one.cells) for one in series]
        starts = np.array([0, *accumulate(lengths)][: len(series)], dtype=np.int64)
        return np.fromiter(chain.from_iterable(s.cells for s in series), dtype=np.int64), starts

    def extended(self, cells: Floats) -> Floats:
        """The cells and, behind them, the cumulative ones."""
        parts = [cells, np.cumsum(cells[self._layout.durations])]
        for block, starts in zip(self._layout.blocks, self._starts, strict=True):
            summed = np.concatenate([[0.0], np.cumsum(cells[block.bins])])
            parts.append(summed[1:] - summed[starts])
        parts += [np.cumsum(cells[one.cells][:-1]) for one in self.distributions]
        return np.concatenate(parts)


def values(extended: Floats, cells: np.ndarray, starts: np.ndarray) -> Floats:
    """Sums of the cells of each series, float64 of shape (len(starts),)."""
    return np.add.reduceat(extended[cells], starts) if len(starts) else np.empty(0)


@dataclass(frozen=True)
class Plan:
    """The series of a source, by metric: those that count, and the reference's, which stay."""

    derivation: Derivation
    live: dict[Metric, list[Counted]]
    fixed: dict[Metric, list[Known]]

    @classmethod
    def of(
        cls, identity: tuple[str, str, str], layout: Layout, reference: Reference | None
    ) -> Plan:
        """The series of a model with these cells and this reference."""
        derivation = Derivation(layout)
        model = tuple(zip(names.IDENTITY, identity, strict=True))
        profiled = (*model, ("reference", reference.hash8 if reference else NO_REFERENCE))
        known = {(c.side, c.name) for c in reference.columns} if reference else set[object]()
        live: dict[Metric, list[Counted]] = defaultdict(list)
        fixed: dict[Metric, list[Known]] = defaultdict(list)
        created = moment_or_none(reference and reference.created)
        if created is not None:
            fixed[names.REFERENCE_CREATED] = [Known(names.REFERENCE_CREATED, profiled, created)]
        counted = [_model(layout, derivation, model), _business(layout, derivation, model)]
        counted.append(_records(layout, model))
        for block, first in zip(layout.blocks, derivation.bins, strict=True):
            counted.append(_block(block, first, profiled))
            for column in block.columns:
                if (column.side, column.name) in known:
                    for series in _reference(column, _labels(column, profiled)):
                        fixed[series.metric].append(series)
        for one in chain.from_iterable(counted):
            live[one.metric].append(one)
        return cls(derivation, dict(live), dict(fixed))


def momentary(source: Source) -> Iterator[Known]:
    """Series whose values are read anew each time: gauges, and what the workers use."""
    model = tuple(zip(names.IDENTITY, source.identity, strict=True))
    profile = source.reference.hash8 if source.reference else NO_REFERENCE
    workers = source.workers()
    yield from _provenance(source.provenance, model)
    yield Known(names.MODEL_INFO, (*model, ("reference", profile)), 1)
    yield Known(names.IN_FLIGHT, model, source.in_flight())
    yield Known(names.MODEL_LOADED, model, source.loaded())
    yield Known(names.MONITOR_UNMONITORED, model, len(source.layout.left_out))
    yield Known(names.MONITOR_WORKERS, model, len(workers))
    yield Known(names.PROCESS_CPU_LIMIT, model, limits.cpu_limit())
    if (memory := limits.memory_limit()) is not None:
        yield Known(names.PROCESS_MEMORY_LIMIT, model, memory)
    for worker in workers:
        yield from _worker(worker, (*model, ("pid", str(worker.pid))))


def _provenance(known: Provenance, model: Labels) -> Iterator[Known]:
    if known.trained is not None:
        yield Known(names.MODEL_TRAINED, model, known.trained)
    for reason, differs in known.mismatches.items():
        yield Known(names.MODEL_MISMATCH, (*model, ("reason", reason)), differs)


def _worker(worker: process.Worker, labels: Labels) -> Iterator[Known]:
    used = process.usage(worker.pid)
    if used is None:
        return
    yield Known(names.PROCESS_CPU, labels, used.cpu_seconds)
    for metric, value in (
        (names.PROCESS_MEMORY, used.resident_bytes),
        (names.PROCESS_DESCRIPTORS, used.descriptors),
        (names.PROCESS_MAX_DESCRIPTORS, used.max_descriptors),
        (names.PROCESS_STARTED, used.started),
    ):
        if value is not None:
            yield Known(metric, labels, value)
    for generation, runs in enumerate(worker.gc_collections):
        yield Known(names.PROCESS_GC, (*labels, ("generation", str(generation))), runs)


def _model(layout: Layout, derivation: Derivation, model: Labels) -> Iterator[Counted]:
    yield Counted(names.PREDICTIONS, "", model, (layout.predictions,))
    duration, first = names.PREDICTION_DURATION, derivation.durations
    for position, upper in enumerate(DURATION_UPPER):
        yield Counted(duration, "_bucket", (*model, ("le", upper)), (first + position,))
    yield Counted(duration, "_count", model, (first + len(DURATION_UPPER) - 1,))
    yield Counted(duration, "_sum", model, (layout.duration_sum,))
    exceptions: dict[str, list[int]] = defaultdict(list)
    for position, exception in enumerate((*layout.exceptions, "other"), layout.errors.start):
        exceptions[exception].append(position)
    for exception, cells in exceptions.items():
        labels = (*model, ("exception", exception))
        yield Counted(names.PREDICTION_ERRORS, "", labels, tuple(cells))
    for metric, reasons, first in (
        (names.MONITOR_FAILURES, names.FAILURE_REASONS, layout.failures.start),
        (names.MONITOR_DROPPED, names.DROP_REASONS, layout.dropped.start),
    ):
        for position, reason in enumerate(reasons, first):
            yield Counted(metric, "", (*model, ("reason", reason)), (position,))


def _records(layout: Layout, model: Labels) -> Iterator[Counted]:
    records = layout.records
    if records is None:
        return
    yield Counted(names.LOGGED, "", model, (records.written,))
    yield Counted(names.LOG_SAMPLED_OUT, "", model, (records.sampled_out,))
    for metric, reasons, first in (
        (names.LOG_DROPPED, names.RECORD_DROP_REASONS, records.dropped.start),
        (names.LOG_CUT, names.CUT_REASONS, records.cut.start),
    ):
        for position, reason in enumerate(reasons, first):
            yield Counted(metric, "", (*model, ("reason", reason)), (position,))
    for kind in names.SENSITIVE_KINDS:
        for column in records.columns:
            cell = records.sensitive_cell(kind, column)
            labels = (*model, ("kind", kind), ("column", column))
            yield Counted(names.SENSITIVE, "", labels, (cell,))


def _business(layout: Layout, derivation: Derivation, model: Labels) -> Iterator[Counted]:
    for one in layout.business:
        if one.metric.type == "counter":
            yield Counted(names.BUSINESS_TOTAL, "", _segment(one, model), (one.cells.start,))
    distribution = names.BUSINESS_DISTRIBUTION
    for one, first in zip(derivation.distributions, derivation.buckets, strict=True):
        labels = _segment(one, model)
        edges = (*one.metric.buckets, math.inf)
        for position, edge in enumerate(edges, first):
            yield Counted(distribution, "_bucket", (*labels, ("le", go_float(edge))), (position,))
        yield Counted(distribution, "_count", labels, (first + len(edges) - 1,))
        yield Counted(distribution, "_sum", labels, (one.cells.stop - 1,))


def last_values(source: Source, cells: Floats) -> Iterator[Known]:
    """The gauges among the business metrics that have been set, as the cells of a reading say."""
    model = tuple(zip(names.IDENTITY, source.identity, strict=True))
    for one in source.layout.gauges:
        value, at = cells[one.cells].tolist()
        if at:
            yield Known(names.BUSINESS_VALUE, _segment(one, model), value)
            yield Known(names.BUSINESS_UPDATED, _segment(one, model), at)


def _segment(one: BusinessCells, model: Labels) -> Labels:
    return (*model, ("metric", one.metric.name), ("segment", one.segment))


def _labels(column: Column, profiled: Labels) -> Labels:
    return (*profiled, ("side", column.side), ("column", column.name))


def _block(block: Block, first_bin: int, profiled: Labels) -> Iterator[Counted]:
    labels = (*profiled, ("side", block.side))
    yield Counted(names.UNEXPECTED_COLUMNS, "", labels, (block.unexpected,))
    for index, column in enumerate(block.binned):
        yield from _binned(block, index, first_bin, _labels(column, profiled))
    for column, start in zip(block.categorical, block.category_starts, strict=True):
        yield from _categorical(block, column, start, _labels(column, profiled))
    for column, start in zip(block.counted, block.counted_starts, strict=True):
        missing, mistyped = (start + cells_of.ABSENT,), (start + cells_of.MISTYPED,)
        reasons = ((names.WRONG_TYPE, mistyped),)
        yield from _checked(block, missing, reasons, _labels(column, profiled))


def _checked(
    block: Block, missing: Cells, reasons: Iterable[tuple[str, Cells]], labels: Labels
) -> Iterator[Counted]:
    yield Counted(names.COLUMN_ROWS, "", labels, (block.rows,))
    yield Counted(names.COLUMN_MISSING, "", labels, missing)
    for reason, cells in reasons:
        yield Counted(names.COLUMN_INVALID, "", (*labels, ("reason", reason)), cells)


def _binned(block: Block, index: int, first_bin: int, labels: Labels) -> Iterator[Counted]:
    column = block.binned[index]
    nan, none = block.nan.start + index, block.none.start + index
    infinite = block.infinite.start + index
    is_input = block.side == "input"
    reasons = [
        (names.WRONG_TYPE, (block.wrong_type.start + index,)),
        (names.NOT_FINITE, (infinite,) if is_input else (nan, infinite)),
        (names.EXTREME, (block.extreme.start + index,)),
    ]
    if column.range is not None:
        reasons.append((names.OUT_OF_RANGE, (block.out_of_range.start + index,)))
    yield from _checked(block, (nan, none) if is_input else (none,), reasons, labels)
    for position, edges in enumerate(_edges(column), first_bin + block.offsets[index]):
        yield Counted(names.COLUMN_CUMULATIVE, "", (*labels, *edges), (position,))
    for direction, cells in (("above", block.above), ("below", block.below)):
        named = (*labels, ("direction", direction))
        yield Counted(names.COLUMN_DEVIATION, "", named, (cells.start + index,))
    yield Counted(names.COLUMN_SQUARED_DEVIATION, "", labels, (block.squares.start + index,))
    if column.kind == "sparse":
        yield Counted(names.COLUMN_NONZERO, "", labels, (block.nonzero.start + index,))


def _categorical(block: Block, column: Column, start: int, labels: Labels) -> Iterator[Counted]:
    known = tuple(column.categories or ())
    extra = start + len(known)
    unseen = extra + cells_of.UNSEEN
    reasons: list[tuple[str, Cells]] = [(names.WRONG_TYPE, (extra + cells_of.WRONG_TYPE,))]
    if column.allowed is not None:
        allowed = set(column.allowed)
        barred = (start + i for i, category in enumerate(known) if category not in allowed)
        reasons.append((names.NOT_ALLOWED, (*barred, unseen)))
    yield from _checked(block, (extra + cells_of.MISSING,), reasons, labels)
    cells: list[Cells] = [(start + i,) for i in range(len(known))]
    cells += [(extra + cells_of.OTHER,), (unseen, extra + cells_of.UNSEEN_ALLOWED)]
    for category, found in zip(category_labels(column), cells, strict=True):
        yield Counted(names.COLUMN_CATEGORY, "", (*labels, ("category", category)), found)


def _reference(column: Column, labels: Labels) -> Iterator[Known]:
    yield Known(names.COLUMN_INFO, (*labels, ("kind", column.kind)), 1)
    yield Known(names.REFERENCE_ROWS, labels, column.rows)
    yield Known(names.REFERENCE_MISSING, labels, column.missing_ratio)
    if column.effective_rows is not None:
        yield Known(names.REFERENCE_EFFECTIVE, labels, column.effective_rows)
    for window, correlation in (column.correlation or {}).items():
        yield Known(names.REFERENCE_CORRELATION, (*labels, ("window", window)), correlation)
    if column.is_binned:
        yield from _binned_reference(column, labels)
    elif column.is_categorical:
        counts = (*(column.categories or {}).values(), column.other, 0)
        for category, share in zip(category_labels(column), shares(counts), strict=True):
            yield Known(names.REFERENCE_CATEGORY, (*labels, ("category", category)), share)


def _binned_reference(column: Column, labels: Labels) -> Iterator[Known]:
    for metric, value in (
        (names.REFERENCE_MEAN, column.mean),
        (names.REFERENCE_DEVIATION, column.deviation),
        (names.REFERENCE_ABSOLUTE_DEVIATION, column.absolute_deviation),
        (names.REFERENCE_EXTREME, column.extreme),
        (names.REFERENCE_MEDIAN, column.median),
    ):
        if value is not None:
            yield Known(metric, labels, value)
    if column.kind == "sparse" and column.nonzero is not None:
        share = column.nonzero / column.values if column.values else 0.0
        yield Known(names.REFERENCE_NONZERO, labels, share)
    counts = column.counts or ()
    total = sum(counts)
    for edges, count in zip(_edges(column), accumulate(counts), strict=True):
        share = count / total if total else 0.0
        yield Known(names.REFERENCE_CUMULATIVE, (*labels, *edges), share)


def _edges(column: Column) -> Iterator[Labels]:
    """The labels of each bin's edges, the same on the counters and on the reference."""
    texts = ["-Inf", *(go_float(edge) for edge in column.edges or ()), "+Inf"]
    for lower, upper in pairwise(texts):
        yield ("lower", lower), ("upper", upper)
