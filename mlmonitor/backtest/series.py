"""Traffic as promtool reads it: the raw counters and gauges of a monitor, a sample each step."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import names, promql
from mlmonitor.expose.numbers import go_float
from mlmonitor.expose.series import Plan, values
from mlmonitor.tally import layout as cells_of
from mlmonitor.tally.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.backtest.steps import ColumnSteps, Traffic
    from mlmonitor.drift.cells import Array
    from mlmonitor.expose.series import Labels
    from mlmonitor.reference import Column
    from mlmonitor.tally.layout import Block

SCOPE: Final = "backtest"
"""Value of every scope label."""
_FINEST: Final = -20
_BITS: Final = 50


def raw_series(
    traffic: Traffic, scope: tuple[str, ...], hash8: str | None = None, idle: int = 0
) -> dict[str, str]:
    """Series in Prometheus' notation -> values in promtool's, for traffic that begins at 0.

    The first sample is taken at 0, where counters already stand: growth that begins at zero would be
    extrapolated by less. Growth is rounded to binary fractions, 2^-20 or what fits a float.

    Args:
        traffic: what was counted.
        scope: labels that keep environments apart.
        hash8: what the reference is called, where the traffic's is a part of another.
        idle: steps that follow without any rows.
    """
    reference = traffic.reference
    identity = (reference.model, reference.version, "live")
    layout = Layout.of(reference)
    plan = Plan.of(identity, layout, reference)
    samples = traffic.steps + idle
    own = (("reference", reference.hash8), ("reference", hash8 or reference.hash8))

    def text(name: str, labels: Labels) -> str:
        named = [own[1] if label == own[0] else label for label in labels]
        pairs = sorted([*((one, SCOPE) for one in scope), *named])
        inner = ", ".join(f"{label}={promql.quoted(value)}" for label, value in pairs)
        return f"{name}{{{inner}}}"

    info = (*zip(names.IDENTITY, identity, strict=True), own[0])
    found = {text(names.MODEL_INFO.name, info): f"1x{samples}"}
    for known in chain.from_iterable(plan.fixed.values()):
        found[text(known.metric.name, known.labels)] = f"{float(known.value)!r}x{samples}"
    counted = [
        one
        for metric, series in plan.live.items()
        if metric.name.startswith("mlmonitor_column")
        for one in series
    ]
    growth = _growth(traffic, layout, plan)
    place, starts = plan.derivation.of(counted)
    by_step = np.stack([values(extended, place, starts) for extended in growth])
    by_step = np.concatenate([by_step, np.zeros((idle, len(counted)))])
    for index, one in enumerate(counted):
        found[text(one.metric.name + one.suffix, one.labels)] = _written(by_step[:, index])
    return dict(sorted(found.items()))


def _growth(traffic: Traffic, layout: Layout, plan: Plan) -> Iterator[Array]:
    """By how much every cell grows in each step."""
    cells = np.zeros((traffic.steps, layout.size))
    for counted in traffic.columns:
        block = layout.block(counted.column.side)
        if block is not None:
            cells[:, block.rows] = counted.rows
            _fill(cells, block, counted)
    yield from map(plan.derivation.extended, cells)


def _fill(cells: Array, block: Block, counted: ColumnSteps) -> None:
    column = counted.column
    wrong = dict(zip(names.INVALID_REASONS, counted.invalid.T, strict=True))
    if column.is_binned:
        index = block.binned.index(column)
        first = block.bins.start + block.offsets[index]
        cells[:, first : first + counted.cells.shape[1]] = counted.cells
        for place, found in (
            (block.none, counted.missing),
            (block.infinite, wrong[names.NOT_FINITE]),
            (block.wrong_type, wrong[names.WRONG_TYPE]),
            (block.out_of_range, wrong[names.OUT_OF_RANGE]),
            (block.extreme, wrong[names.EXTREME]),
            (block.above, counted.above),
            (block.below, counted.below),
            (block.squares, counted.squares),
            (block.nonzero, counted.nonzero),
        ):
            cells[:, place.start + index] = found
    elif column.is_categorical:
        first = block.category_starts[block.categorical.index(column)]
        _fill_categories(cells[:, first:], counted, wrong)
    else:
        first = block.counted_starts[block.counted.index(column)]
        cells[:, first + cells_of.ABSENT] = counted.missing
        cells[:, first + cells_of.MISTYPED] = wrong[names.WRONG_TYPE]


def _fill_categories(cells: Array, counted: ColumnSteps, wrong: dict[str, Array]) -> None:
    column = counted.column
    known, unseen = len(column.categories or ()), counted.cells[:, -1]
    cells[:, : known + 1] = counted.cells[:, :-1]
    barred = counted.cells[:, _barred(column)].sum(axis=1)
    not_allowed = unseen if column.allowed is None else wrong[names.NOT_ALLOWED] - barred
    cells[:, known + cells_of.UNSEEN] = not_allowed
    cells[:, known + cells_of.UNSEEN_ALLOWED] = unseen - not_allowed
    cells[:, known + cells_of.MISSING] = counted.missing
    cells[:, known + cells_of.WRONG_TYPE] = wrong[names.WRONG_TYPE]


def _barred(column: Column) -> list[int]:
    """Categories of the reference that are not allowed."""
    if column.allowed is None:
        return []
    allowed = set(column.allowed)
    return [i for i, value in enumerate(column.categories or ()) if value not in allowed]


def _written(growth: Array) -> str:
    """A counter that grows by so much in each step."""
    total = float(growth.sum())
    if total <= 0:
        return f"0x{len(growth)}"
    exponent = int(np.ceil(np.log2(total))) + 1
    quantum = 2.0 ** max(_FINEST, exponent - _BITS)
    steps = np.round(growth / quantum) * quantum
    value = max(1.0, 2.0**exponent)
    parts = [go_float(value)]
    changes = np.flatnonzero(np.diff(steps, prepend=np.nan))
    for first, last in zip(changes.tolist(), [*changes[1:].tolist(), len(steps)], strict=True):
        slope = float(steps[first])
        parts.append(f"{_number(value + slope)}+{_number(slope)}x{last - first - 1}")
        value += slope * (last - first)
    return " ".join(parts)


def _number(value: float) -> str:
    return f"{value:.20f}".rstrip("0").rstrip(".")
