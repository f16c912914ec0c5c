"""Variables at the top of a dashboard, each offering what the ones before it leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlmonitor import promql
from mlmonitor.generate import fill, grafana, spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.config import MonitoringConfig

_SELECTING: Final = ("model", "role", "version")
_FIRST: Final = {"role": "live"}


def variables(found: spec.DashboardSpec, config: MonitoringConfig) -> list[grafana.Variable]:
    """The data source, then what the spec asks for.

    A scope label that no series has is empty, and an empty matcher finds series without it.
    """
    chain = [grafana.Variable.of_datasource()]
    before: list[str] = []
    for name, asked in _expanded(found, config.scope_labels):
        if name == spec.WINDOW:
            chain.append(_window(config))
            continue
        selector = _selector(asked.metric, before)
        chain.append(
            grafana.Variable.of_query(
                name,
                asked.title or titled(name),
                f"label_values({selector}, {name})",
                several=asked.several,
                everything=not asked.one,
                optional=name in config.scope_labels,
                first=_FIRST.get(name),
            )
        )
        if name in {*config.scope_labels, *_SELECTING}:
            before.append(name)
    return chain


def listed(found: spec.DashboardSpec, scope: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the variables, the data source first."""
    return ("datasource", *(name for name, _ in _expanded(found, scope)))


def titled(label: str) -> str:
    """A label as people read it."""
    return label.replace("_", " ").capitalize()


def _expanded(
    found: spec.DashboardSpec, scope: tuple[str, ...]
) -> Iterator[tuple[str, spec.Variable]]:
    for asked in found.variables:
        for name in scope if asked.name == spec.SCOPE else (asked.name,):
            yield name, asked


def _selector(metric: str, before: list[str]) -> str:
    matchers = fill.matchers(before)
    name, brace, rest = metric.partition("{")
    own = rest.removesuffix("}") if brace else ""
    inside = ", ".join(part for part in (own, matchers) if part)
    return f"{name}{{{inside}}}" if inside else name


def _window(config: MonitoringConfig) -> grafana.Variable:
    windows = [promql.duration(window) for window in sorted(config.prometheus.windows)]
    return grafana.Variable.of_choice(spec.WINDOW, "Window", windows)
