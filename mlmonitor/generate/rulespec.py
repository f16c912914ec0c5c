"""Rule sources in `alerts/`: their form, and how they are read."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, RootModel, field_validator

from mlmonitor import bundled, names, promql, yamlfile
from mlmonitor.config import Positive, Section
from mlmonitor.config.alerts import Severity  # noqa: TC001 - pydantic reads it
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlmonitor.yamlfile import Document

_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
# Labels that alerts get, and from what.
_SET_HERE: Final = {
    "severity": "the key `severity`", "concern": "the name of the file", "window": "the key `each`",
}  # fmt: skip
# What the series says that the alert is made of.
_TAKEN_OVER: Final = (("severity", "{{ $labels.severity }}"),)
_SET_BY_PROMETHEUS: Final = ("alertname", "alertstate")
Text = Annotated[str, Field(min_length=1)]
Each = Literal["once", "reference", "window", "slow", "short", "lately"]
Feature = Literal["reference", "previous", "dependencies", "business", "respond"]


class RecordingRule(Section):
    """A series that is recorded."""

    record: Text
    expr: Text
    labels: dict[str, str] = Field(default={}, description="Labels in addition.")


class RecordingSection(Section):
    """Rules that are written together: once, or for each window, slow window or short window.

    `lately` is once, too, behind those of the short windows.

    Those of `reference` are written once, into a group that is evaluated less often.
    `group` puts them at the end of another file's group, in which they see what it has just recorded.
    """

    each: Each = "once"
    group: str | None = None
    needs: Feature | None = None
    labels: dict[str, str] = Field(default={}, description="Labels in addition.")
    rules: tuple[RecordingRule, ...]


class RecordingFile(RootModel[dict[str, RecordingSection]]):
    """Sections by name."""


class RecordsOfAlert(Section):
    """Which records of predictions are the evidence; those of the model, if nothing else is said."""

    where: str = Field(
        default="",
        description="KQL. {{ $labels.name }} is the value of a label, {{ $field }} the column's field.",
    )
    sort: Text = Field(
        default=names.LOG_TIMESTAMP.name, description="Field of which the largest come first."
    )
    columns: Text | None = Field(
        default=None,
        description="PromQL of series whose columns are shown; %s is for the model's matchers.",
    )


class AlertRule(Section):
    """An alert: when it fires, whom it reaches, and what it tells."""

    alert: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")] = Field(description="Its name.")
    why: Text = Field(description="Why it exists, in a line.")
    expr: Text = Field(description="PromQL with placeholders.")
    each: Literal["once", "window", "slow"] = Field(
        default="once",
        description="`window` writes it for each window, `slow` for each with a group of its own.",
    )
    needs: Feature | None = Field(default=None, description="Left out unless this is configured.")
    threshold: Positive | None = Field(
        default=None, description="<limit> reads it; monitoring.yaml can change it by model."
    )
    share: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="The threshold is a share, which 1 and more cannot be."
    )
    waits: Text = Field(default="0s", alias="for", description="How long it must last.")
    keep_firing_for: Text = Field(default="<5m>", description="How long it must be gone.")
    severity: Severity = Field(description="critical, warning or info.")
    labels: dict[str, str] = Field(default={}, description="Labels in addition.")
    summary: Text = Field(description="What is wrong, and where, in a line.")
    description: Text = Field(description="The measured values, the threshold, what it means.")
    dashboard: Text = Field(default="mlmonitor-model", description="uid of the dashboard to open.")
    records: RecordsOfAlert = Field(
        default=RecordsOfAlert(), description="The records that links.kibana leads to."
    )

    @property
    def is_of_models(self) -> bool:
        """Whether its threshold is a model's, and not one number for all."""
        return "<limit.number>" not in self.expr

    @field_validator("labels")
    @classmethod
    def _usable_labels(cls, value: dict[str, str]) -> dict[str, str]:
        for label in value:
            if not _LABEL.fullmatch(label) or label in _SET_BY_PROMETHEUS:
                message = (
                    f"{label!r} cannot be set; use letters, digits and underscores, and none of "
                    f"{', '.join(_SET_BY_PROMETHEUS)}."
                )
                raise ValueError(message)
        return value


class AlertFile(Section):
    """One concern: its alerts."""

    alerts: tuple[AlertRule, ...]


@dataclass(frozen=True)
class Source:
    """A file of rules: its concern, and where errors are placed."""

    name: str
    place: str
    document: Document

    def at(self, *key: str | int) -> str:
        """File, line and key, for errors."""
        return f"{self.place}:{self.document.line(key)}: {yamlfile.dotted(key)}"


@dataclass(frozen=True)
class RecordingSource(Source):
    """A file of recording rules, section by section."""

    sections: tuple[tuple[str, RecordingSection], ...]


@dataclass(frozen=True)
class AlertSource(Source):
    """A file of alerts; `ships` with the package, or is the user's own."""

    alerts: tuple[AlertRule, ...]
    ships: bool


def recording_sources(folder: Path | None = None) -> list[RecordingSource]:
    """The recording rules that ship with the package, in the order of their names.

    Raises:
        GenerationError: naming file, line, key, problem and fix.
    """
    return [_recording(path) for path in _files(folder, "recording")]


def alert_sources(
    include: Iterable[str] = (), folder: Path | None = None, place: str = "alerts.include"
) -> list[AlertSource]:
    """The alerts that ship with the package, and those of the user's own files, as `place` names them.

    Raises:
        GenerationError: naming file, line, key, problem and fix; or an alert stands twice.
    """
    paths = [(path, f"alerts/alerting/{path.name}", True) for path in _files(folder, "alerting")]
    for pattern in include:
        found = sorted(glob.glob(pattern))  # noqa: PTH207 - an absolute pattern
        if not found:
            message = f"{place}: {pattern} matches no file; mend the path or remove it."
            raise GenerationError(message)
        paths += [(Path(name), name, False) for name in found]
    sources = [_alerts(path, place, ships=ships) for path, place, ships in paths]
    _check_unique(sources)
    return sources


def alerts_of(sources: Iterable[AlertSource]) -> Iterator[tuple[AlertSource, AlertRule]]:
    """Every alert with its file."""
    for source in sources:
        for alert in source.alerts:
            yield source, alert


def _files(folder: Path | None, kind: str) -> list[Path]:
    return sorted(((folder or bundled.folder("alerts")) / kind).glob("*.yaml"))


def _recording(path: Path) -> RecordingSource:
    place = f"alerts/recording/{path.name}"
    document = yamlfile.read(path, place=place, failure=GenerationError)
    sections = yamlfile.validate(document, RecordingFile).root
    for name, section in sections.items():
        for index, rule in enumerate(section.rules):
            if rule.record not in names.RECORDS:
                near = promql.nearest(rule.record, names.RECORDS)
                problem = f"{rule.record} is no record of the catalogue{near}"
                raise document.error((name, "rules", index, "record"), problem)
    return RecordingSource(path.stem, place, document, tuple(sections.items()))


def _alerts(path: Path, place: str, *, ships: bool) -> AlertSource:
    document = yamlfile.read(path, place=place, failure=GenerationError)
    file = yamlfile.validate(document, AlertFile)
    for index, alert in enumerate(file.alerts):
        if alert.share and alert.threshold is not None and alert.threshold >= 1:
            problem = (
                f"{alert.threshold:g} is never exceeded by a share; write one between 0 and 1, or "
                "remove `share`."
            )
            raise document.error(("alerts", index, "threshold"), problem)
        for label, value in alert.labels.items():
            of_one = label == "window" and alert.each == "once"
            if label in _SET_HERE and not of_one and (label, value) not in _TAKEN_OVER:
                problem = f"is set by {_SET_HERE[label]}; remove it, or choose another label."
                raise document.error(("alerts", index, "labels", label), problem)
    return AlertSource(path.stem, place, document, file.alerts, ships)


def _check_unique(sources: Iterable[AlertSource]) -> None:
    seen: dict[str, str] = {}
    for source, alert in alerts_of(sources):
        if alert.alert in seen:
            message = (
                f"{source.place}: {alert.alert} stands in {seen[alert.alert]} already; "
                "give it another name."
            )
            raise GenerationError(message)
        seen[alert.alert] = source.place
    places: dict[str, str] = {}
    for source in sources:
        first = places.setdefault(source.name, source.place)
        if first != source.place:
            message = (
                f"{source.place}: {first} has the same name, and one would replace the other; "
                "rename the file."
            )
            raise GenerationError(message)
