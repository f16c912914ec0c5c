"""`monitoring.yaml` against the references that it names."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlmonitor import promql
from mlmonitor.check.finding import Finding
from mlmonitor.errors import ProfileError
from mlmonitor.provenance import fingerprint
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlmonitor.config import ModelSettings, MonitoringConfig

    Place = Callable[..., str]


def configuration_findings(config: MonitoringConfig) -> Iterator[Finding]:
    """What `reference_findings` tells, and models and windows that the references do not know."""
    yield from reference_findings(config)
    for index, model in enumerate(config.models):
        reference = _loaded(model)
        if reference is not None:
            place = partial(config.place, "models", index)
            yield from _fingerprint(place, model, reference)
            yield from _windows(place, model, reference, config.prometheus.windows)


def reference_findings(config: MonitoringConfig) -> Iterator[Finding]:
    """References that cannot be read or are of another model, and columns that they lack."""
    for index, model in enumerate(config.models):
        place = partial(config.place, "models", index)
        if model.reference is None:
            if model.columns:
                problem = "needs `reference` beside it, which tells the columns; add it."
                yield Finding(place("columns"), problem)
            continue
        try:
            reference = Reference.load(model.reference)
        except ProfileError as error:
            yield Finding(place("reference"), str(error))
            continue
        yield from _agreement(place, model, reference)


def _loaded(model: ModelSettings) -> Reference | None:
    """The reference of a model, if there is one that can be read."""
    try:
        return None if model.reference is None else Reference.load(model.reference)
    except ProfileError:
        return None


def _agreement(place: Place, model: ModelSettings, reference: Reference) -> Iterator[Finding]:
    if (reference.model, reference.version) != (model.name, model.version):
        problem = (
            f"{model.reference} is of {reference.model} {reference.version}, not of {model.name} "
            f"{model.version}; name another file, or profile again."
        )
        yield Finding(place("reference"), problem)
    known = {column.name for column in reference.columns}
    for name in model.columns:
        if name not in known:
            problem = f"{name!r} is no column of {model.reference}{promql.nearest(name, known)}"
            yield Finding(place("columns", name), problem)


def _fingerprint(place: Place, model: ModelSettings, reference: Reference) -> Iterator[Finding]:
    """A model that the reference does not know, or that is another one; its files may be elsewhere."""
    key = "files" if model.files else "fingerprint"
    given = model.fingerprint
    if model.files and all(path.exists() for path in model.files):
        given = fingerprint(*model.files)
    if (model.files or given) and reference.fingerprint is None:
        problem = (
            f"{model.reference} has no fingerprint to compare with; profile with --fingerprint."
        )
        yield Finding(place(key), problem)
    elif given is not None and given != reference.fingerprint:
        problem = f"is not the model of which {model.reference} is; profile the data of this one."
        yield Finding(place(key), problem)


def _windows(
    place: Place, model: ModelSettings, reference: Reference, windows: Iterable[float]
) -> Iterator[Finding]:
    """Windows of the rules in which the reference has not measured how alike rows are."""
    measured = reference.windows or {}
    names = [promql.duration(window) for window in sorted(windows)]
    absent = [name for name in names if name not in measured]
    if measured and absent:
        problem = (
            f"{model.reference} has measured how alike rows are in windows of {', '.join(measured)}, not "
            f"of {', '.join(absent)}, where thresholds.correlation counts; profile again with --windows "
            f"{','.join(names)}."
        )
        yield Finding(place("reference"), problem)
