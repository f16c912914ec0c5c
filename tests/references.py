"""References for tests, made from samples without the profile builder."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlmonitor.reference import Column, Reference


def binned(
    name: str,
    values: Any,
    *,
    side: Any = "input",
    kind: Any = "numeric",
    edges: Any = None,
) -> Column:
    """A binned column with `edges`, or edges at the sample's quantiles."""
    sample = np.asarray(values, dtype=np.float64)
    known = sample[~np.isnan(sample)]
    cuts = np.unique(np.quantile(known, np.linspace(0.05, 0.95, 19)) if edges is None else edges)
    counts = np.bincount(np.searchsorted(cuts, known), minlength=len(cuts) + 1)
    return Column(
        name=name,
        side=side,
        kind=kind,
        rows=len(sample),
        missing=len(sample) - len(known),
        edges=tuple(cuts.tolist()),
        counts=tuple(counts.tolist()),
        range=(float(known.min()), float(known.max())),
        mean=float(known.mean()),
        deviation=float(known.std()),
        absolute_deviation=_absolute_deviation(known),
        median=float(np.median(known)),
        nonzero=int((known != 0).sum()),
    )


def _absolute_deviation(known: Any) -> float | None:
    """Mean distance from the mean, in deviations."""
    deviation = float(known.std())
    return float(np.abs(known - known.mean()).mean()) / deviation if deviation else None


def categorical(name: str, counts: dict[str, int], **options: Any) -> Column:
    """A categorical column that allows what it holds."""
    known: dict[str, Any] = {
        "side": "input",
        "kind": "categorical",
        "rows": sum(counts.values()),
        "allowed": tuple(counts),
    }
    return Column(name=name, categories=counts, **{**known, **options})


def reference(*columns: Column, model: str = "m", version: str = "1") -> Reference:
    """A reference of these columns."""
    rows = max((column.rows for column in columns), default=0)
    return Reference(model=model, version=version, rows=rows, columns=columns)


def mixed(seed: int = 0) -> Reference:
    """One column of each kind, and a numeric prediction."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(10, 3, 2000)
    sparse = np.where(rng.random(2000) < 0.7, 0.0, rng.exponential(5.0, 2000))
    return reference(
        binned("size", normal),
        categorical("city", {"Oslo": 900, "Bergen": 800, "Hamar": 300}),
        binned("rooms", rng.integers(1, 8, 2000), kind="discrete", edges=range(1, 7)),
        binned("pool", sparse, kind="sparse", edges=[0.0, 1.0, 5.0]),
        categorical("garden", {"False": 1200, "True": 800}, kind="boolean"),
        Column(name="id", side="input", kind="identifier", rows=2000),
        Column(name="note", side="input", kind="text", rows=2000, missing=100),
        binned("prediction", normal * 1000, side="output"),
    )


def mixed_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Rows for `mixed`, some values missing, unseen, out of range or infinite."""
    rng = np.random.default_rng(seed)
    size = rng.normal(11, 4, count)
    size[rng.random(count) < 0.05] = np.nan
    size[rng.random(count) < 0.01] = np.inf
    cities = rng.choice(np.array(["Oslo", "Bergen", "Hamar", "Paris", None], dtype=object), count)
    return [
        {
            "size": float(size[i]),
            "city": cities[i],
            "rooms": int(rng.integers(0, 9)),
            "pool": float(0.0 if rng.random() < 0.5 else rng.exponential(9.0)),
            "garden": bool(rng.random() < 0.5),
            "id": i,
            "note": "fine" if i % 3 else None,
        }
        for i in range(count)
    ]
