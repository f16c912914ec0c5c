"""A reference with every kind of column, and rows that drift from it by known amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmonitor.reference import Column
from tests import references

if TYPE_CHECKING:
    from mlmonitor.reference import Reference

_ROWS = 3000
_SHIFTS = (0.0, 0.05, 0.1, 0.15, 0.3)
_CATEGORIES = (2, 3, 4, 6, 9, 14)
Rows = list[dict[str, Any]]


def reference(seed: int = 0) -> Reference:
    """Numeric, discrete, sparse, categorical, boolean, constant, counted and nearly empty ones."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(10, 3, _ROWS)
    sparse = np.where(rng.random(_ROWS) < 0.7, 0.0, rng.exponential(5.0, _ROWS))
    holes = np.where(rng.random(_ROWS) < 0.99, np.nan, normal)
    columns = [
        references.binned("rooms", rng.integers(1, 8, _ROWS), kind="discrete", edges=range(1, 7)),
        references.binned("pool", sparse, kind="sparse", edges=[0.0, 1.0, 5.0]),
        references.binned("constant", np.full(_ROWS, 5.0), kind="discrete", edges=[5.0]),
        references.binned("changed", np.full(_ROWS, 5.0), kind="discrete", edges=[5.0]),
        references.binned("holes", holes),
        references.binned("gone", normal),
        references.categorical("garden", {"False": 1800, "True": 1200}, kind="boolean"),
        references.categorical("only", {"one": _ROWS}),
        references.categorical(
            "city", {"Oslo": 1300, "Bergen": 1000}, rows=_ROWS, missing=100, other=600,
            other_values=("Bodø", "Hamar"), allowed=None,
        ),
        Column(name="note", side="input", kind="text", rows=_ROWS, missing=150),
        references.binned("prediction", normal * 1000, side="output"),
    ]  # fmt: skip
    columns += [references.binned(f"shift {s}", normal) for s in _SHIFTS]
    columns += [references.categorical(f"of {n}", _uniform(n)) for n in _CATEGORIES]
    return references.reference(*columns, model="houses", version="7")


def rows(count: int, seed: int, drift: float = 1.0) -> Rows:
    """Rows for `reference`; `drift` scales how far they are from it."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "rooms": np.minimum(rng.integers(1, 8, count) + (rng.random(count) < 0.1 * drift), 7),
        "pool": np.where(rng.random(count) < 0.7 - 0.1 * drift, 0.0, rng.exponential(6.0, count)),
        "constant": np.full(count, 5.0),
        "changed": np.where(rng.random(count) < 0.5 * drift, 6.0, 5.0),
        "holes": _with_gaps(rng, count, 0.99 - 0.05 * drift),
        "gone": _with_gaps(rng, count, drift),
        "garden": rng.random(count) < 0.4 + 0.05 * drift,
        "only": np.full(count, "one"),
        "city": _cities(rng, count, drift),
        "note": np.where(rng.random(count) < 0.05 + 0.05 * drift, None, "fine"),  # type: ignore[call-overload]
        "prediction": rng.normal(10 + drift, 3, count) * 1000,
    }
    for shift in _SHIFTS:
        columns[f"shift {shift}"] = rng.normal(10 + 3 * shift * drift, 3, count)
    for size in _CATEGORIES:
        weights = np.ones(size) + 0.3 * drift * (np.arange(size) == 0)
        categories = [f"c{i}" for i in range(size)]
        columns[f"of {size}"] = rng.choice(categories, count, p=weights / weights.sum())
    values = {name: [_plain(value) for value in column] for name, column in columns.items()}
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _with_gaps(rng: np.random.Generator, count: int, share: float) -> Any:
    return np.where(rng.random(count) < share, np.nan, rng.normal(10, 3, count))


def _uniform(size: int) -> dict[str, int]:
    return {f"c{i}": _ROWS // size + (i < _ROWS % size) for i in range(size)}


def _cities(rng: np.random.Generator, count: int, drift: float) -> Any:
    cities = np.array(["Oslo", "Bergen", "Hamar", "Paris", None], dtype=object)
    weights = np.array([1300, 1000, 600, 100 * drift, 100])
    return rng.choice(cities, count, p=weights / weights.sum())


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value
