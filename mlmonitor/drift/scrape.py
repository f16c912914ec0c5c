"""Reading a tally back from the text that a monitor exposes, where no Prometheus is at hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from mlmonitor import names
from mlmonitor.reference.labels import category_labels
from mlmonitor.tally.totals import ColumnTotals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Column, Reference

_Key = tuple[str, str]


class Identity(NamedTuple):
    """Whose counts they are."""

    model: str
    version: str
    role: str
    reference: str


@dataclass
class _Counted:
    """The samples of one column."""

    plain: dict[str, float] = field(default_factory=dict)
    parts: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))


_PART_LABEL: Final = {
    names.COLUMN_CUMULATIVE.name: "upper",
    names.COLUMN_CATEGORY.name: "category",
    names.COLUMN_DEVIATION.name: "direction",
    names.COLUMN_INVALID.name: "reason",
}


def from_metrics(text: str, reference: Reference) -> dict[Identity, list[ColumnTotals]]:
    """The counts in a Prometheus text exposition that were counted against `reference`.

    Columns stand in the reference's order; those that the text lacks are left out.

    Raises:
        ValueError: not the Prometheus text format.
    """
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - on use

    found: dict[Identity, dict[_Key, _Counted]] = defaultdict(lambda: defaultdict(_Counted))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            if labels.get("reference") != reference.hash8 or "column" not in labels:
                continue
            identity = Identity(*(labels[name] for name in Identity._fields))
            column = found[identity][labels["side"], labels["column"]]
            part = _PART_LABEL.get(sample.name)
            if part is None:
                column.plain[sample.name] = float(sample.value)
            else:
                column.parts[sample.name][labels[part]] = float(sample.value)
    return {
        identity: [
            _totals(column, columns[column.side, column.name])
            for column in reference.columns
            if (column.side, column.name) in columns
        ]
        for identity, columns in found.items()
    }


def window(
    after: Sequence[ColumnTotals], before: Sequence[ColumnTotals] | None
) -> list[ColumnTotals]:
    """What was counted between two readings; all of `after` where a restart came in between."""
    earlier = {(one.column.side, one.column.name): one for one in before or ()}
    return [_less(one, earlier.get((one.column.side, one.column.name))) for one in after]


def _totals(column: Column, counted: _Counted) -> ColumnTotals:
    plain, parts = counted.plain, counted.parts
    directions = parts[names.COLUMN_DEVIATION.name]
    bins = categories = None
    if column.is_binned:
        cumulative = parts[names.COLUMN_CUMULATIVE.name]
        ordered = sorted((float(upper), count) for upper, count in cumulative.items())
        bins = np.diff([0.0, *(count for _, count in ordered)])
    elif column.is_categorical:
        counts = parts[names.COLUMN_CATEGORY.name]
        categories = np.array([counts.get(label, 0.0) for label in category_labels(column)])
    return ColumnTotals(
        column,
        plain.get(names.COLUMN_ROWS.name, 0.0),
        plain.get(names.COLUMN_MISSING.name, 0.0),
        dict(parts[names.COLUMN_INVALID.name]),
        bins,
        categories,
        directions.get("above", 0.0),
        directions.get("below", 0.0),
        plain.get(names.COLUMN_SQUARED_DEVIATION.name, 0.0),
        plain.get(names.COLUMN_NONZERO.name, 0.0),
    )


def _less(after: ColumnTotals, before: ColumnTotals | None) -> ColumnTotals:
    if before is None or before.rows > after.rows:
        return after
    return replace(
        after,
        rows=after.rows - before.rows,
        missing=after.missing - before.missing,
        invalid={
            reason: count - before.invalid.get(reason, 0.0)
            for reason, count in after.invalid.items()
        },
        bins=None if after.bins is None or before.bins is None else after.bins - before.bins,
        categories=None
        if after.categories is None or before.categories is None
        else after.categories - before.categories,
        above=after.above - before.above,
        below=after.below - before.below,
        squares=after.squares - before.squares,
        nonzero=after.nonzero - before.nonzero,
    )
