"""Business metrics as `monitoring.yaml` judges them: one recorded number each, and its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, promql
from mlmonitor.generate import rulefile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.config.business import BusinessAlertSettings, BusinessSettings

Rule = dict[str, Any]
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def business_rules(config: MonitoringConfig) -> Iterator[Rule]:
    """The rules of every business metric with an alert; all versions of a model count together."""
    seen: set[tuple[str, str]] = set()
    for model in config.models:
        for name, metric in sorted(model.business.items()):
            if metric.alert is not None and (model.name, name) not in seen:
                seen.add((model.name, name))
                yield from _rules(model.name, name, metric, metric.alert, config.scope_labels)


def _rules(
    model: str,
    name: str,
    metric: BusinessSettings,
    alert: BusinessAlertSettings,
    scope: tuple[str, ...],
) -> Iterator[Rule]:
    by = ", ".join((*scope, "model", "metric"))
    chosen = f'model={promql.quoted(model)}, metric={promql.quoted(name)}, role!="shadow"'
    labels = {"severity": alert.severity}
    expr = _statistic(metric, alert, by, chosen)
    yield rulefile.rule(record=names.BUSINESS_STATISTIC, expr=expr, labels=labels)
    source = {
        "counter": names.BUSINESS_TOTAL.name,
        "gauge": names.BUSINESS_VALUE.name,
        "distribution": f"{names.BUSINESS_DISTRIBUTION.name}_count",
    }[metric.type]
    for record, bound in (
        (names.BUSINESS_LOWER, alert.below),
        (names.BUSINESS_UPPER, alert.above),
    ):
        if bound is not None:
            expr = f"0 * max by ({by}) ({source}{{{chosen}}}) + {bound!r}"
            yield rulefile.rule(record=record, expr=expr, labels=labels)


def _set_last(by: str, chosen: str) -> str:
    """The value of a gauge in the pod that set it last."""
    updated = f"{names.BUSINESS_UPDATED.name}{{{chosen}}}"
    return (
        f"max by ({by}) (\n  {names.BUSINESS_VALUE.name}{{{chosen}}}\n"
        f"    and ({updated} == on ({by}) group_left () max by ({by}) ({updated}))\n)"
    )


def _statistic(metric: BusinessSettings, alert: BusinessAlertSettings, by: str, chosen: str) -> str:
    over = promql.duration(alert.over)
    kind = metric.statistic
    if kind == "value":
        return _set_last(f"{by}, segment", chosen)
    distribution = names.BUSINESS_DISTRIBUTION.name
    if kind == "rate":
        total = (
            f"{distribution}_count" if metric.type == "distribution" else names.BUSINESS_TOTAL.name
        )
        # What was not there a whole range ago has no rate over it yet.
        return (
            f"sum by ({by}) (rate({total}{{{chosen}}}[{over}]))\n"
            f"  and on ({by})\nsum by ({by}) ({total}{{{chosen}}} offset {over})"
        )
    count = f"sum by ({by}) (increase({distribution}_count{{{chosen}}}[{over}])) >= {alert.minimum}"
    if kind == "mean":
        return f"sum by ({by}) (increase({distribution}_sum{{{chosen}}}[{over}]))\n  / ({count})"
    buckets = f"sum by ({by}, le) (rate({distribution}_bucket{{{chosen}}}[{over}]))"
    return f"histogram_quantile({_QUANTILES[kind]}, {buckets})\n  and on ({by})\n{count}"
