"""A fleet for the benchmarks: models of many columns, as the library itself exposes them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from mlmonitor.expose import render
from mlmonitor.reference import Column, Reference

BINS: Final = 20
_REFERENCE_ROWS: Final = 20_000
_EDGES: Final = tuple(float(edge) for edge in range(1, BINS))
_NAMED: Final = tuple(f"v{number}" for number in range(BINS - 2))
_ROWS: Final = 400
_CATEGORICAL_EVERY: Final = 10


def profile(columns: int, model: str = "houses") -> Reference:
    """A reference: nine of ten columns have 20 bins, one has 20 categories; the last is an output."""
    made = [
        _categorical(n) if n % _CATEGORICAL_EVERY == _CATEGORICAL_EVERY - 1 else _numeric(n)
        for n in range(columns - 1)
    ]
    output = _numeric(columns - 1).model_copy(update={"name": "prediction", "side": "output"})
    return Reference(model=model, version="1", rows=_REFERENCE_ROWS, columns=(*made, output))


def frame(reference: Reference, rows: int, seed: int) -> pd.DataFrame:
    """Rows without drift for all columns but the output."""
    rng = np.random.default_rng(seed)
    names = np.array(_NAMED, dtype=object)
    return pd.DataFrame(
        {
            column.name: rng.choice(names, rows)
            if column.is_categorical
            else rng.uniform(0, BINS, rows)
            for column in reference.columns
            if column.side == "input"
        }
    )


def exposition(models: int, columns: int) -> str:
    """What a pod of some models answers to a scrape, after a few hundred rows each."""
    registry = CollectorRegistry()
    references = [profile(columns, f"model-{number}") for number in range(models)]
    for reference in references:
        _predict(reference, registry)(frame(reference, _ROWS, seed=0))
    return render(registry)[0].decode()


def _predict(reference: Reference, registry: CollectorRegistry) -> Any:
    monitor = Monitor(reference.model, version="1", reference=reference, registry=registry)
    rng = np.random.default_rng(1)

    @monitor(batch=True)
    def predict(batch: pd.DataFrame) -> np.ndarray:
        return rng.uniform(0, BINS, len(batch))

    return predict


def _numeric(number: int) -> Column:
    return Column(
        name=f"x{number}",
        side="input",
        kind="numeric",
        rows=_REFERENCE_ROWS,
        edges=_EDGES,
        counts=(_REFERENCE_ROWS // BINS,) * BINS,
        range=(0.0, float(BINS)),
        mean=BINS / 2,
        deviation=BINS / 12**0.5,
        median=BINS / 2,
    )


def _categorical(number: int) -> Column:
    share = _REFERENCE_ROWS // len(_NAMED)
    counts = dict.fromkeys(_NAMED[1:], share)
    return Column(
        name=f"x{number}",
        side="input",
        kind="categorical",
        rows=_REFERENCE_ROWS,
        categories={_NAMED[0]: _REFERENCE_ROWS - sum(counts.values()), **counts},
        allowed=_NAMED,
    )
