"""The past of a fleet, in the text that promtool makes blocks from."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks import fleet
from mlmonitor import names
from mlmonitor.expose.numbers import go_float
from mlmonitor.promql import duration
from mlmonitor.reference.labels import category_labels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from mlmonitor.generate.prometheus import RuleSettings
    from mlmonitor.reference import Column, Reference

_ROWS_A_STEP: Final = 3000.0


def write_steps(file: TextIO, reference: Reference, settings: RuleSettings, end: float) -> None:
    """Every series of the step rules over the longest window, up to `end` in Unix seconds."""
    rng = np.random.default_rng(0)
    count = round(max(settings.windows) / settings.step) + 1
    last = end // settings.step * settings.step
    stamps = [f" {t:.0f}\n" for t in last - settings.step * np.arange(count)[::-1]]
    step = duration(settings.step)
    for series, mean in sorted(_series(reference, step), key=lambda one: one[0].partition("{")[0]):
        values = (mean * rng.uniform(0.95, 1.05, count)).tolist()
        file.writelines(f"{series} {v!r}{t}" for v, t in zip(values, stamps, strict=True))


def _series(reference: Reference, step: str) -> Iterator[tuple[str, float]]:
    """Each series and its mean."""
    for column in reference.columns:
        labels = {
            "namespace": "production", "model": reference.model, "version": reference.version,
            "role": "live", "reference": reference.hash8, "side": column.side,
            "column": column.name, "window": step,
        }  # fmt: skip
        for name, more, mean in _of_column(column):
            text = ",".join(f'{key}="{value}"' for key, value in (labels | more).items())
            yield f"mlmonitor:column_{name}:increase{{{text}}}", mean


def _of_column(column: Column) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "rows", {}, _ROWS_A_STEP
    yield "missing", {}, 0.0
    for reason in names.INVALID_REASONS:
        yield "invalid", {"reason": reason}, 0.001 * _ROWS_A_STEP
    if column.is_categorical:
        labels = category_labels(column)
        for label in labels:
            share = (column.categories or {}).get(label, 0) / column.rows
            yield "category", {"category": label}, share * _ROWS_A_STEP
        return
    edges = ["-Inf", *map(go_float, column.edges or ()), "+Inf"]
    for position, (lower, upper) in enumerate(itertools.pairwise(edges), 1):
        share = position / fleet.BINS
        yield "cumulative", {"lower": lower, "upper": upper}, share * _ROWS_A_STEP
    for direction in names.DIRECTIONS:
        yield "deviation", {"direction": direction}, 0.433 * _ROWS_A_STEP
    yield "squared_deviation", {}, _ROWS_A_STEP
