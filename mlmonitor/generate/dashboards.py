"""Dashboard specs, filled in for one configuration, as files for Grafana."""

from __future__ import annotations

import glob
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlmonitor import bundled, names, promql
from mlmonitor.config import MonitoringConfig
from mlmonitor.errors import GenerationError, MlmonitorError
from mlmonitor.generate import panels, render, spec
from mlmonitor.generate.features import panel_features
from mlmonitor.generate.fill import Fill
from mlmonitor.generate.limits import Alerts, Limits
from mlmonitor.generate.links import Links
from mlmonitor.generate.output import Owned
from mlmonitor.generate.panelspec import Table, ValuePanel
from mlmonitor.generate.signature import is_generated
from mlmonitor.generate.variables import listed, variables
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlmonitor.config.dashboards import PanelChange
    from mlmonitor.generate.panelspec import AnyPanel, Link, Step
    from mlmonitor.yamlfile import Document, Key

_FOLDER: Final = "grafana"
OWNED: Final = (Owned(f"{_FOLDER}/*.json", is_generated),)
"""What `dashboards` gives more or less of, as monitoring.yaml says."""


@dataclass(frozen=True)
class DashboardSettings:
    """What dashboards depend on.

    Attributes:
        config: `monitoring.yaml`.
    """

    config: MonitoringConfig = field(default_factory=MonitoringConfig)

    @classmethod
    def of(cls, config: MonitoringConfig) -> DashboardSettings:
        """The settings that `monitoring.yaml` asks for."""
        return cls(config)


@dataclass(frozen=True)
class _Read:
    """A spec that was read: its name in monitoring.yaml, and where errors are placed."""

    name: str
    spec: spec.DashboardSpec
    document: Document


def dashboards(settings: DashboardSettings, folder: Path | None = None) -> dict[str, str]:
    """All dashboards, as relative path -> text; the same settings, the same text.

    Args:
        settings: what to fill in.
        folder: where the specs are; by default those that ship with the package.

    Raises:
        GenerationError: a spec is wrong, or names a metric, label, alert or placeholder that does
            not exist; or monitoring.yaml changes a panel that does not exist.
    """
    config = settings.config
    found = _read(config, folder or bundled.folder("dashboards"))
    changes = _changes(config, found)
    alerts, fill = Alerts(config), Fill(config)
    features = panel_features(config)
    uids = frozenset(one.spec.uid for one in found if one.spec.when in {None, *features})
    known = frozenset(one.spec.uid for one in found)
    columns = _columns(config)
    files = {}
    for one in found:
        _check(one, fill, alerts, config.scope_labels, known)
        links = Links(config.links, listed(one.spec, config.scope_labels), uids, columns)
        around = panels.Surroundings(fill, partial(_limits, alerts), links, config.scope_labels)
        frame = render.Frame(
            one.name,
            variables(one.spec, config),
            promql.duration(config.dashboards.refresh),
            promql.duration(config.dashboards.range),
            around,
            features,
            changes.get(one.name, {}),
        )
        text = render.render(one.spec, frame)
        if text is not None:
            files[f"{_FOLDER}/{one.name}.json"] = text
    return files


def _columns(config: MonitoringConfig) -> tuple[tuple[str, str], ...]:
    """Columns of the references that can be read: a panel without links of its own is still a panel."""
    if config.links.kibana is None:
        return ()
    found: dict[tuple[str, str], None] = {}
    for model in config.models:
        with suppress(MlmonitorError):
            for reference in [Reference.load(model.reference)] if model.reference else []:
                found |= {(one.side, one.name): None for one in reference.columns}
    return tuple(key for key in found if key[0] in names.COLUMNS_OF_SIDE)


def _limits(alerts: Alerts, steps: Sequence[Step]) -> Limits:
    return alerts.limits(steps)


def _read(config: MonitoringConfig, folder: Path) -> list[_Read]:
    """The specs of the folder, then the user's own, each under a name of its own."""
    paths = [(path, f"dashboards/{path.name}") for path in sorted(folder.glob("*.yaml"))]
    for pattern in config.dashboards.include:
        found = sorted(glob.glob(pattern))  # noqa: PTH207 - an absolute pattern
        if not found:
            place = config.place("dashboards", "include")
            message = f"{place}: {pattern} matches no file; mend the path or remove it."
            raise GenerationError(message)
        paths += [(Path(name), name) for name in found]
    read = [_Read(path.stem, *spec.load(path, place)) for path, place in paths]
    _check_unique(read)
    return read


def _check_unique(read: Iterable[_Read]) -> None:
    names: dict[str, str] = {}
    uids: dict[str, str] = {}
    for one in read:
        place = one.document.place
        if one.name in names:
            message = f"{place}: {names[one.name]} has the same name; rename the file."
            raise GenerationError(message)
        if one.spec.uid in uids:
            problem = f"{uids[one.spec.uid]} has this uid already; choose another."
            raise one.document.error(("uid",), problem)
        names[one.name] = uids[one.spec.uid] = place


def _changes(config: MonitoringConfig, found: Iterable[_Read]) -> dict[str, dict[str, PanelChange]]:
    """Changes to panels, by the name of the dashboard and the id of the panel."""
    panel = {f"{one.name}/{part.id}": part for one in found for _, part in one.spec.panels()}
    sorted_out: dict[str, dict[str, PanelChange]] = {}
    for place, change in config.dashboards.panels.items():
        key = config.place("dashboards", "panels", place)
        if place not in panel:
            near = promql.nearest(place, panel, "; write dashboard/panel-id.")
            message = f"{key}: there is no such panel{near}"
            raise GenerationError(message)
        if change.thresholds is not None and not isinstance(panel[place], ValuePanel):
            message = f"{key}: a {panel[place].type} has no thresholds; remove them."
            raise GenerationError(message)
        name, _, part = place.partition("/")
        sorted_out.setdefault(name, {})[part] = change
    return sorted_out


def _check(
    one: _Read, fill: Fill, alerts: Alerts, scope: tuple[str, ...], uids: frozenset[str]
) -> None:
    """Refuse names that do not exist.

    Raises:
        GenerationError: naming file, line, key and what is near to it.
    """
    own = one.document.place.startswith("dashboards/")
    for key, expression in one.spec.expressions():
        with _placed(one.document, key):
            promql.check(fill(expression), scope, "expr", own=own)
    for key, text in one.spec.texts():
        with _placed(one.document, key):
            fill(text)
    for key, panel in one.spec.panels():
        for place, steps in _thresholds(key, panel):
            with _placed(one.document, place):
                alerts.limits(steps)
        for place, link in _links(key, panel):
            with _placed(one.document, place):
                _check_link(link, panel, alerts, uids)


@contextmanager
def _placed(document: Document, key: Key) -> Iterator[None]:
    """Errors of the block name the place in the document."""
    try:
        yield
    except GenerationError as error:
        raise document.error(key, str(error).removeprefix("expr: ")) from None


def _thresholds(key: Key, panel: AnyPanel) -> Iterator[tuple[Key, tuple[Step, ...]]]:
    if isinstance(panel, ValuePanel):
        yield (*key, "thresholds"), panel.thresholds
    elif isinstance(panel, Table):
        for index, column in enumerate(panel.columns):
            yield (*key, "columns", index, "thresholds"), column.thresholds


def _links(key: Key, panel: AnyPanel) -> Iterator[tuple[Key, Link]]:
    for index, link in enumerate(panel.links):
        yield (*key, "links", index), link
    if isinstance(panel, ValuePanel):
        for index, link in enumerate(panel.data_links):
            yield (*key, "data_links", index), link
    if isinstance(panel, Table):
        for title, given in panel.cell_links.items():
            for index, link in enumerate(given):
                yield (*key, "cell_links", title, index), link


def _check_link(link: Link, panel: AnyPanel, alerts: Alerts, uids: frozenset[str]) -> None:
    if link.dashboard is not None and link.dashboard not in uids:
        message = f"there is no dashboard {link.dashboard}{promql.nearest(link.dashboard, uids)}"
        raise GenerationError(message)
    titles = set(panel.labels.values()) if isinstance(panel, Table) else set[str]()
    if link.runbook is not None and link.runbook not in titles:
        alerts.alert(link.runbook)
