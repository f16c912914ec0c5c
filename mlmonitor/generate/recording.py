"""Recording rules: the sources in `alerts/recording/`, filled in for one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmonitor import promql
from mlmonitor.generate import rulefile
from mlmonitor.generate.rulespec import recording_sources
from mlmonitor.generate.settings import placeholders, window_placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmonitor.generate.rulespec import RecordingSection, RecordingSource
    from mlmonitor.generate.settings import RuleSettings


def recording_rules(settings: RuleSettings, folder: Path | None = None) -> dict[str, str]:
    """All files of recording rules, as relative path -> text; the same settings, the same text.

    Args:
        settings: what to fill in.
        folder: where `recording/` is; by default what ships with the package.

    Raises:
        GenerationError: a source names a metric, label or placeholder that does not exist, or its
            PromQL does not parse.
    """
    return {
        f"prometheus/{source.name}.rules.yml": rulefile.text(
            _groups(source, settings), f"{source.place} and monitoring.yaml"
        )
        for source in recording_sources(folder)
    }


def _groups(source: RecordingSource, settings: RuleSettings) -> list[dict[str, Any]]:
    """The group of every step, and one for each window that is evaluated less often."""
    base = placeholders(settings)
    sections = [one for one in source.sections if _is_on(one[1], settings)]
    first = [
        rule
        for name, section in sections
        if section.each == "once"
        for rule in _rules(source, name, section, base, settings)
    ]
    groups = [rulefile.group(f"mlmonitor-{source.name}", base["step"], first)]
    for window in sorted(set(settings.windows)):
        values = base | window_placeholders(settings, window)
        filled = [
            rule
            for name, section in sections
            if section.each == "window"
            for rule in _rules(source, name, section, values, settings)
        ]
        if settings.interval(window) == settings.step:
            first += filled
        elif filled:
            name = f"mlmonitor-{source.name}-{values['window']}"
            groups.append(rulefile.group(name, values["interval"], filled))
    return groups


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
        expr = promql.render(one.expr, values, place).strip()
        promql.check(expr, settings.scope, place)
        merged = {**section.labels, **one.labels}
        labels = {key: promql.render(value, values, place) for key, value in merged.items()}
        promql.check_labels(labels, settings.scope, place)
        rules.append(rulefile.rule(record=one.record, expr=expr, labels=labels))
    return rules
