"""References and rows for the benchmarks: 80 columns of normal numbers, or half of them strings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmonitor.reference import Column, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 80
_RNG = np.random.default_rng(0)
MATRIX = _RNG.normal(size=(2_048, WIDTH)) * 3 + np.arange(WIDTH)
NAMES = [f"c{index}" for index in range(WIDTH)]
MIXED_NAMES = [*NAMES[:40], *(f"s{index}" for index in range(40))]
_CODES = _RNG.integers(0, 10, (2_048, 40)).tolist()
_JSON = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in MATRIX.tolist()]
_SHUFFLED = _RNG.permutation(WIDTH).tolist()
_HOLES = _RNG.integers(0, WIDTH, 2_048).tolist()


def reference(*, strings: int = 0, grid: int | None = 8) -> Reference:
    """A reference of `80 - strings` numbers and `strings` categories.

    Args:
        strings: how many columns are categorical, of ten values each.
        grid: edges are multiples of 1 / grid, as the profile chooses them; None leaves them at the
            exact quantiles, as a user may set them.
    """
    numbers = [_number(index, grid) for index in range(WIDTH - strings)]
    return Reference(
        model="bench",
        version="1",
        rows=3_000,
        columns=(*numbers, *(_category(index) for index in range(strings))),
    )


def _number(index: int, grid: int | None) -> Column:
    sample = np.random.default_rng(index).normal(size=3_000) * 3 + index
    cuts = np.quantile(sample, np.linspace(0.05, 0.95, 19))
    edges = np.unique(cuts if grid is None else np.ceil(cuts * grid) / grid)
    return Column(
        name=NAMES[index],
        side="input",
        kind="numeric",
        rows=3_000,
        edges=tuple(edges.tolist()),
        counts=(0,) * (len(edges) + 1),
        range=(float(sample.min()) - 9, float(sample.max()) + 9),
        mean=float(sample.mean()),
        deviation=float(sample.std()),
    )


def _category(index: int) -> Column:
    values = {f"v{code}": 300 for code in range(10)}
    return Column(
        name=f"s{index}", side="input", kind="categorical", rows=3_000, categories=values,
        allowed=tuple(values),
    )  # fmt: skip


def _numbers(first: int) -> list[list[float]]:
    found: list[list[float]] = MATRIX[first : first + 128].tolist()
    return found


def arrays(first: int) -> Sequence[Any]:
    """Rows as arrays."""
    return [row.copy() for row in MATRIX[first : first + 128]]


def tuples(first: int) -> Sequence[Any]:
    """Rows as tuples."""
    return [tuple(row) for row in _numbers(first)]


def tuples_with_nan(first: int) -> Sequence[Any]:
    """Rows as tuples, one value of each NaN."""
    rows = _numbers(first)
    for row, hole in zip(rows, _HOLES[first : first + 128], strict=True):
        row[hole] = float("nan")
    return [tuple(row) for row in rows]


def dicts(first: int) -> Sequence[Any]:
    """Rows as dicts in the reference's order."""
    return [dict(zip(NAMES, row, strict=True)) for row in _numbers(first)]


def shuffled_dicts(first: int) -> Sequence[Any]:
    """Rows as dicts in another order."""
    return [{NAMES[i]: row[i] for i in _SHUFFLED} for row in _numbers(first)]


def fresh_dicts(first: int) -> Sequence[Any]:
    """Rows as JSON parsing makes them: every key a new string."""
    return [json.loads(text) for text in _JSON[first : first + 128]]


def partial_dicts(first: int) -> Sequence[Any]:
    """Rows as dicts that always lack the same five keys."""
    return [dict(zip(NAMES[5:], row[5:], strict=True)) for row in _numbers(first)]


def dicts_with_a_hole(first: int) -> Sequence[Any]:
    """Rows as dicts that lack one key, another each time."""
    rows = list(dicts(first))
    for row, hole in zip(rows, _HOLES[first : first + 128], strict=True):
        del row[NAMES[hole]]
    return rows


def mixed_dicts(first: int) -> Sequence[Any]:
    """Rows as dicts of 40 floats and 40 fresh strings."""
    codes = _CODES[first : first + 128]
    return [
        dict(zip(MIXED_NAMES, [*row[:40], *("v" + str(code) for code in code_row)], strict=True))
        for row, code_row in zip(_numbers(first), codes, strict=True)
    ]
