"""`monitoring.yaml` against the references that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmonitor import promql
from mlmonitor.check.finding import Finding
from mlmonitor.errors import ProfileError
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.config import ModelSettings, MonitoringConfig


def configuration_findings(config: MonitoringConfig) -> Iterator[Finding]:
    """References that cannot be read or are of another model, and columns that they lack."""
    for index, model in enumerate(config.models):
        place = f"models[{index}] ({model.name})"
        if model.reference is None:
            if model.columns:
                yield Finding(f"{place}.columns", "needs a reference, which tells the columns.")
            continue
        try:
            reference = Reference.load(model.reference)
        except ProfileError as error:
            yield Finding(f"{place}.reference", str(error))
            continue
        yield from _agreement(place, model, reference)


def _agreement(place: str, model: ModelSettings, reference: Reference) -> Iterator[Finding]:
    if (reference.model, reference.version) != (model.name, model.version):
        problem = (
            f"{model.reference} is of {reference.model} {reference.version}, not of {model.name} "
            f"{model.version}; name another file, or profile again."
        )
        yield Finding(f"{place}.reference", problem)
    known = {column.name for column in reference.columns}
    for name in model.columns:
        if name not in known:
            problem = f"{name!r} is no column of {model.reference}{promql.nearest(name, known)}."
            yield Finding(f"{place}.columns", problem)
