"""Recording rules: the sources in `alerts/recording/`, filled in for one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmonitor import promql
from mlmonitor.generate import rulefile
from mlmonitor.generate.rulespec import recording_sources
from mlmonitor.generate.settings import placeholders, short_placeholders, window_placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmonitor.generate.rulespec import Each, RecordingSection, RecordingSource
    from mlmonitor.generate.settings import RuleSettings


def recording_rules(settings: RuleSettings, folder: Path | None = None) -> dict[str, str]:
    """The files of recording rules, one for each group, as relative path -> text.

    The same settings make the same text.

    Args:
        settings: what to fill in.
        folder: where `recording/` is; by default what ships with the package.

    Raises:
        GenerationError: a source names a metric, label or placeholder that does not exist, or its
            PromQL does not parse.
    """
    sources = recording_sources(folder)
    files = {}
    for source in sources:
        for group in _groups(source, sources, settings):
            path = f"prometheus/{group['name'].removeprefix('mlmonitor-')}.rules.yml"
            files[path] = rulefile.text([group], f"{source.place} and monitoring.yaml")
    return files


def _groups(
    source: RecordingSource, sources: list[RecordingSource], settings: RuleSettings
) -> list[dict[str, Any]]:
    """The group of every step, and one for each window that is evaluated less often."""
    base = placeholders(settings)
    own = [(source, one) for one in source.sections if one[1].group is None]
    guests = [
        (other, one) for other in sources for one in other.sections if one[1].group == source.name
    ]
    sections = [one for one in (*own, *guests) if _is_on(one[1][1], settings)]

    def written(each: tuple[Each, ...], values: Mapping[str, str]) -> list[dict[str, Any]]:
        return [
            rule
            for origin, (name, section) in sections
            if section.each in each
            for rule in _rules(origin, name, section, values, settings)
        ]

    first = written(("once",), base)
    for window in settings.short_windows:
        first += written(("short",), base | short_placeholders(window))
    first += written(("lately",), base)
    groups = [rulefile.group(f"mlmonitor-{source.name}", base["step"], first)]
    seldom = written(("reference",), base)
    if seldom:
        name = f"mlmonitor-{source.name}-reference"
        groups.append(rulefile.group(name, base["reference_interval"], seldom))
    for window in sorted(set(settings.windows)):
        values = base | window_placeholders(settings, window)
        filled = written(("window", "slow") if settings.is_slow(window) else ("window",), values)
        if not settings.has_own_group(window):
            first += filled
        elif filled:
            name = f"mlmonitor-{source.name}-{values['window']}"
            groups.append(rulefile.group(name, values["interval"], filled))
    return groups if first else groups[1:]


def _is_on(section: RecordingSection, settings: RuleSettings) -> bool:
    return section.needs != "previous" or "previous" in settings.baselines


def _rules(
    source: RecordingSource,
    name: str,
    section: RecordingSection,
    values: Mapping[str, str],
    settings: RuleSettings,
) -> list[dict[str, Any]]:
    rules = []
    for index, one in enumerate(section.rules):
        place = source.at(name, "rules", index)
        timed = promql.render_times(one.expr, settings.waits)
        expr = promql.render(timed, values, place).strip()
        promql.check(expr, settings.scope, place)
        merged = {**section.labels, **one.labels}
        labels = {key: promql.render(value, values, place) for key, value in merged.items()}
        promql.check_labels(labels, settings.scope, place)
        rules.append(rulefile.rule(record=one.record, expr=expr, labels=labels))
    return rules
