"""What is filled into the expressions of dashboards.

`<selected>`        matchers of what is chosen at the top: scope labels, model, role and versions
`<alerts>`          the same for alerts, of which some lack one label or another
`<judged>`          the same for business metrics, which are judged over all versions and roles
`<recent>`          how far back to look for a series recorded every step
`<window_recent>`   how far back to look for a series of a window, up to the slowest
`<scope>`, `<identity>`, `<model>`, `<column>`   labels to group by
`<short>`           the length over which broken columns are looked for, as their alerts do
`<step_seconds>`    time between two evaluations of the recording rules
`<evaluation>`, `<evaluation_seconds>`   time between two evaluations of the alerts
`<5m>`, `<28d>`     times, which shrink with alerts.time_scale
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmonitor import names, promql
from mlmonitor.generate.settings import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.config import MonitoringConfig


class Fill:
    """Puts the configuration into expressions.

    Raises:
        GenerationError: a placeholder that is none, when called.
    """

    def __init__(self, config: MonitoringConfig) -> None:
        self._settings = RuleSettings.of(config)
        scope = config.scope_labels
        identity = promql.Identity(scope)
        chosen = (*scope, *names.IDENTITY)
        self._values = {
            "selected": matchers(chosen),
            "alerts": matchers(chosen, "|"),
            "judged": matchers((*scope, "model")),
            "recent": promql.recent(self._settings.step),
            "reference_recent": promql.recent(self._settings.reference_interval),
            "window_recent": promql.recent(self._settings.slowest),
            "scope": ", ".join(scope),
            "identity": ", ".join(chosen),
            "model": identity.model,
            "column": identity.column,
            "step_seconds": f"{self._settings.step:g}",
            "short": promql.duration(self._settings.short_windows[1]),
            "evaluation": promql.duration(self._settings.evaluation),
            "evaluation_seconds": f"{self._settings.evaluation:g}",
        }

    def __call__(self, text: str) -> str:
        """The text with its placeholders filled in."""
        timed = promql.render_times(text, self._settings.waits)
        return promql.render(timed, self._values, "expr").strip()


def matchers(labels: Iterable[str], ending: str = "") -> str:
    """Matchers of chosen values.

    The regular expression stands in backticks, since Grafana writes any value with its special signs
    escaped for that: quotes, backslashes, braces and dollars in a name of a model do no harm.
    """
    return ", ".join(f"{label}=~`${{{label}:regex}}{ending}`" for label in labels)


def quoted_matchers(labels: Iterable[str]) -> str:
    """The same for Grafana's list of alerts, which knows no backticks and no blanks after a comma.

    Alerts that lack a label are among them.
    """
    return ",".join(f'{label}=~"${{{label}:regex}}|"' for label in labels)
