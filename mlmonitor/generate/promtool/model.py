"""The model of the simulated world: its rows, its reference, and what a monitor counts of them."""

from __future__ import annotations

import functools
import logging
import math
from contextlib import suppress
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from prometheus_client import CollectorRegistry

from mlmonitor import names
from mlmonitor.monitor import Monitor
from mlmonitor.reference.build import from_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.reference import Reference

MODEL: Final = "mlmonitor-test"
ROWS: Final = 600
BINS: Final = 8
_CITIES: Final = ("Basel", "Basel", "Basel", "Bern", "Bern", "Chur")

Series = tuple[str, tuple[tuple[str, str], ...]]
Row = dict[str, Any]


def rows() -> list[Row]:
    """Rows whose columns are spread as the reference says, exactly, and independent of each other.

    Columns: `age` (normal), `income` (log-normal), `celsius` (normal about 20), `balance` (six of
    ten are zero), `city` (three values, one in fifty missing); output `price`.
    """
    return [dict(row) for row in _rows()]


@functools.cache
def _rows() -> tuple[Row, ...]:
    return tuple(_row(index) for index in range(ROWS))


def _row(index: int) -> Row:
    """A row; each column runs through its quantiles in an order of its own."""
    age, income, celsius, balance, price = (
        NormalDist().inv_cdf(_rank(index, stride)) for stride in (1, 7, 11, 13, 17)
    )
    empty = _rank(index, 13) < 0.6  # noqa: PLR2004 - share of zeros
    return {
        "age": 45 + 12 * age,
        "income": math.exp(8 + 0.5 * income),
        "celsius": 20 + 8 * celsius,
        "balance": 0.0 if empty else 100 + 20 * balance,
        "city": None if index % 50 == 0 else _CITIES[index * 19 % ROWS * len(_CITIES) // ROWS],
        "rare": age if index % 10 == 0 else None,
        "plan": "free" if index * 29 % 3 else "pro",
        "price": 300 + 40 * price,
    }


def _rank(index: int, stride: int) -> float:
    return (index * stride % ROWS + 0.5) / ROWS


@functools.cache
def reference(version: str = "1") -> Reference:
    """The reference of a version: all rows once."""
    frame = pd.DataFrame(rows())
    made = from_frame(frame, model=MODEL, version=version, prediction="price", bins=BINS)
    columns = tuple(
        column.model_copy(update={"allowed": None}) if column.name == "city" else column
        for column in made.columns
    )
    return made.model_copy(update={"columns": columns})


def counted(traffic: Iterable[Row], errors: float = 0.0, version: str = "1") -> dict[Series, float]:
    """What a monitor exposes after these rows, of which a share raises.

    Gauges and infos are as the monitor exposes them.
    """
    registry = CollectorRegistry()
    monitor = Monitor(MODEL, version=version, reference=reference(version), registry=registry)

    every = list(traffic)
    inputs = [{key: value for key, value in one.items() if key != "price"} for one in every]
    if errors:
        _call_with_errors(monitor, inputs, [one["price"] for one in every], errors)
    else:
        with monitor.prediction(inputs, batch=True) as prediction:
            prediction.output = [one["price"] for one in every]
    return {**_exposed(registry), **_records(version)}


@functools.cache
def _records(version: str) -> dict[Series, float]:
    """The series of records, of which tests say themselves how they grow."""
    registry = CollectorRegistry()
    Monitor(
        MODEL,
        version=version,
        reference=reference(version),
        registry=registry,
        logs=logging.NullHandler(),
    )
    told = {metric.name for metric in names.RECORD_METRICS}
    return {series: value for series, value in _exposed(registry).items() if series[0] in told}


def _exposed(registry: CollectorRegistry) -> dict[Series, float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def _call_with_errors(
    monitor: Monitor, inputs: list[Row], outputs: list[Any], errors: float
) -> None:
    """A call for each row that raises, a share of all and evenly spread; one for the others together."""
    failed = 0.0
    answered: list[tuple[Row, Any]] = []
    for one, output in zip(inputs, outputs, strict=True):
        failed += errors
        if failed >= 1:
            with suppress(ValueError), monitor.prediction(one, batch=False):
                raise ValueError
        else:
            answered.append((one, output))
        failed %= 1
    if answered:
        with monitor.prediction([one for one, _ in answered], batch=True) as prediction:
            prediction.output = [output for _, output in answered]
