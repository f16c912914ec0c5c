"""Dashboard specs, filled in for one configuration, as files for Grafana."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import bundled, names, promql
from mlmonitor.errors import GenerationError
from mlmonitor.generate import grafana, render, spec
from mlmonitor.generate.prometheus import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.yamlfile import Document

_INFO: Final = names.MODEL_INFO.name
_LABELS: Final = {"model": "Model", "version": "Version", "role": "Role"}


@dataclass(frozen=True)
class DashboardSettings:
    """What dashboards depend on.

    Attributes:
        scope: labels that keep environments apart, such as the namespace.
        windows: lengths in seconds over which statistics are recorded.
        slowest: seconds between two evaluations of the slowest window's rules.
        refresh: seconds between two refreshes.
        range: seconds that a dashboard looks back when it is opened.
    """

    scope: tuple[str, ...] = ("namespace",)
    windows: tuple[float, ...] = (3600.0, 21600.0, 86400.0, 604800.0)
    slowest: float = 3600.0
    refresh: float = 30.0
    range: float = 21600.0

    @classmethod
    def of(cls, config: MonitoringConfig) -> DashboardSettings:
        """The settings that `monitoring.yaml` asks for."""
        rules = RuleSettings.of(config)
        return cls(
            scope=config.scope_labels,
            windows=config.prometheus.windows,
            slowest=max(rules.interval(window) for window in rules.windows),
            refresh=config.dashboards.refresh,
            range=config.dashboards.range,
        )


def dashboards(settings: DashboardSettings, folder: Path | None = None) -> dict[str, str]:
    """All dashboards, as relative path -> text; the same settings, the same text.

    Args:
        settings: what to fill in.
        folder: where the specs are; by default those that ship with the package.

    Raises:
        GenerationError: a spec is wrong, or names a metric, label or placeholder that does not
            exist.
    """
    paths = sorted((folder or bundled.folder("dashboards")).glob("*.yaml"))
    return {f"grafana/{path.stem}.json": _dashboard(path, settings) for path in paths}


def _dashboard(path: Path, settings: DashboardSettings) -> str:
    found, document = spec.load(path)
    fill = _filler(settings)
    for key, expression in found.expressions():
        _check(expression, fill, document, key, settings.scope)
    frame = render.Frame(
        variables=variables(settings),
        refresh=promql.duration(settings.refresh),
        range=promql.duration(settings.range),
        fill=fill,
    )
    return render.render(found, frame)


def _filler(settings: DashboardSettings) -> Callable[[str], str]:
    """What puts the configuration into an expression.

    `<selected>` are the matchers of the chosen model, `<recent>` how far back to look for a
    recorded series, `<column>`, `<model>` and `<identity>` labels to group by.
    """
    identity = promql.Identity(settings.scope)
    exact = (*settings.scope, "model", "role")
    matchers = [f'{label}="${label}"' for label in exact]
    values = {
        "selected": ", ".join([*matchers, 'version=~"$version"']),
        "recent": promql.recent(settings.slowest),
        "column": identity.column,
        "model": identity.model,
        "identity": ", ".join((*settings.scope, *names.IDENTITY)),
    }
    return lambda text: promql.render(text, values, "expr").strip()


def _check(
    expression: str,
    fill: Callable[[str], str],
    document: Document,
    key: tuple[str | int, ...],
    scope: tuple[str, ...],
) -> None:
    try:
        promql.check(fill(expression), scope, "expr")
    except GenerationError as error:
        raise document.error(key, str(error).removeprefix("expr: ")) from None


def variables(settings: DashboardSettings) -> list[grafana.Variable]:
    """Datasource, scope labels, model, role, version, each offering what the ones before leave.

    A scope label that no series has is empty, and an empty matcher finds series without it.
    """
    chain = [grafana.Variable.of_datasource()]
    matchers: list[str] = []
    for label in (*settings.scope, "model", "role", "version"):
        selector = f"{_INFO}{{{', '.join(matchers)}}}" if matchers else _INFO
        title = _LABELS.get(label) or label.replace("_", " ").capitalize()
        several = label == "version"
        chain.append(
            grafana.Variable.of_query(
                label, title, f"label_values({selector}, {label})", several=several
            )
        )
        matchers.append(f'{label}="${label}"')
    windows = [promql.duration(window) for window in sorted(settings.windows)]
    return [*chain, grafana.Variable.of_choice("window", "Window", windows)]
