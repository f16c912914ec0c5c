"""Monitors that write records, and those records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, expose, names
from mlmonitor.expose import render
from mlmonitor.logs.files import log_files
from mlmonitor.reference import Column, Reference

if TYPE_CHECKING:
    from pathlib import Path


def reference() -> Reference:
    """Two numbers, a category, an id and a note in, a price and a score out."""
    return Reference(
        model="houses",
        version="1",
        rows=100,
        columns=(
            number("area", (10.0, 500.0)),
            number("rooms", (1.0, 12.0), missing=3),
            Column(name="town", side="input", kind="categorical", rows=100, categories={"Ames": 60, "60": 40}),
            Column(
                name="heating", side="input", kind="categorical", rows=100,
                categories={"gas": 90, "coal": 10}, allowed=("gas", "heat pump"),
            ),
            Column(name="note", side="input", kind="text", rows=100, missing=50),
            number("price", (1e4, 1e6), side="output"),
            number("sure", (0.0, 1.0), side="score"),
        ),
    )  # fmt: skip


ROW = {"area": 120.0, "rooms": 4, "town": "Ames", "heating": "gas", "note": "by the lake"}


def predict(*_: Any) -> float:
    """A model that always says the same."""
    return 2e5


def monitor(folder: Path | None, **options: Any) -> Monitor:
    """A monitor whose records go to a folder, if any."""
    settings = options.pop("settings", {})
    where = {} if folder is None else {"directory": folder}
    given = {
        "reference": reference(),
        "registry": CollectorRegistry(),
        "logs": {**where, **settings},
    }
    return Monitor("houses", **{**given, **options})


def lines(folder: Path) -> list[bytes]:
    """All lines of a folder, the oldest file first."""
    return [
        line
        for file in log_files(folder)
        for line in file.path.read_bytes().splitlines(keepends=True)
    ]


def records(folder: Path) -> list[dict[str, Any]]:
    """All records of a folder."""
    return [json.loads(line) for line in lines(folder)]


def number(name: str, span: tuple[float, float], side: Any = "input", missing: int = 0) -> Column:
    """A column of numbers in a range."""
    return Column(
        name=name, side=side, kind="numeric", rows=100, missing=missing, edges=(span[0] + 1,), counts=(0, 0),
        range=span, mean=1.0, deviation=1.0,
    )  # fmt: skip


def counted(watch: Monitor, metric: names.Metric, **labels: str) -> float:
    """The value of a counter as `/metrics` says it."""
    registry = CollectorRegistry()
    expose.register(watch, registry)
    body, _ = render(registry, "")
    total = 0.0
    for line in body.decode().splitlines():
        if line.startswith(metric.name + "{") and all(
            f'{k}="{v}"' in line for k, v in labels.items()
        ):
            total += float(line.rsplit(" ", 1)[1])
    return total
