"""Everything that belongs to one `monitoring.yaml`, checked together."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from mlmonitor import bundled
from mlmonitor.check.configuration import configuration_findings
from mlmonitor.check.dashboards import dashboard_findings, link_findings
from mlmonitor.check.finding import Finding
from mlmonitor.check.rules import placed_rules, rule_findings, threshold_findings
from mlmonitor.check.runbooks import runbook_findings
from mlmonitor.errors import GenerationError
from mlmonitor.generate import dashboards, prometheus
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.ladder import check_ladder
from mlmonitor.generate.rulespec import alerts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmonitor.config import MonitoringConfig

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_KNOWN: Final = re.compile(r"\b(groups|panels)\b")


def check(config: MonitoringConfig, paths: Iterable[str | Path] = ()) -> list[Finding]:
    """Everything that is wrong with a project, in order.

    Args:
        config: `monitoring.yaml`.
        paths: rule files, dashboards and folders of them that are used beside what the
            configuration generates.

    Raises:
        GenerationError: a source of rules or dashboards cannot be generated from at all, or a path
            cannot be read.
        ConfigError: a step of the response ladder names what does not exist.
    """
    check_ladder(config)
    own = {**prometheus.rule_files(config), **_dashboards(config)}
    found = set(_findings(config, own))
    extra = _files(paths)
    if extra:
        found |= set(_findings(config, own | extra)) | set(_stale(own, extra))
    return sorted(found)


def _dashboards(config: MonitoringConfig) -> dict[str, str]:
    return dashboards.dashboards(dashboards.DashboardSettings.of(config))


def _findings(config: MonitoringConfig, files: Mapping[str, str]) -> Iterator[Finding]:
    scope = config.scope_labels
    yield from configuration_findings(config)
    placed = placed_rules({p: text for p, text in files.items() if not p.endswith(".json")})
    yield from rule_findings(placed, scope)
    yield from threshold_findings(placed)
    recorded = {one.record for one in placed if one.record}
    yield from dashboard_findings(files, scope, recorded)
    sources = active_sources(config)
    active = (
        (source.at("alerts", index, "dashboard"), alert.dashboard)
        for source in sources
        for index, alert in enumerate(source.alerts)
        if is_on(alert, config)
    )
    yield from link_findings(active, files)
    alerts = {alert.alert for source, alert in alerts_of(sources) if source.ships}
    yield from runbook_findings(_runbooks(), alerts, scope)


def _stale(own: Iterable[str], extra: Mapping[str, str]) -> Iterator[Finding]:
    """Files that were generated and are no more, wherever they were copied to."""
    generated = {PurePath(path).name for path in own}
    problem = "was generated, and monitoring.yaml asks for it no more; remove it."
    for path, text in extra.items():
        place = PurePath(path)
        if place.name not in generated and any(
            place.match(PurePath(owned.pattern).name) and owned.is_ours(place.name, text)
            for owned in (prometheus.RULES, *dashboards.OWNED)
        ):
            yield Finding(path, problem)


def _runbooks() -> dict[str, str]:
    folder = bundled.folder("docs") / "runbooks"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("Mlmonitor*.md")}


def _files(paths: Iterable[str | Path]) -> dict[str, str]:
    found = {}
    for path in map(Path, paths):
        listed = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in listed:
            if file == path or (file.suffix in _SUFFIXES and "tests" not in file.parts):
                found[str(file)] = _text(file)
        if not path.is_dir() and not _KNOWN.search(found[str(path)]):
            message = f"{path}: holds neither rules nor panels; name a rule file or a dashboard."
            raise GenerationError(message)
        if path.is_dir() and not listed:
            message = f"{path}: is empty; name a folder with rule files or dashboards."
            raise GenerationError(message)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        message = f"{path}: cannot be read ({problem}); check the path."
        raise GenerationError(message) from error
