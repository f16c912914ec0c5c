"""What monitoring.yaml says of single models counts for the series that it means."""

from __future__ import annotations

from typing import Any

from mlmonitor import promql
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.promtool.needs import rules_of
from mlmonitor.generate.recorded import settings_rules

NAMED = ("mlmonitor:dependency:up", "mlmonitor:column:importance")


def chosen(*models: dict[str, Any]) -> set[frozenset[tuple[str, str]]]:
    """The matchers by which dependencies and importances select what they are of."""
    config = MonitoringConfig.model_validate({"models": models})
    (text,) = settings_rules(config).values()
    rules = [rule for rule in rules_of(text) if rule["record"] in NAMED]
    return {
        frozenset((label, value) for label, _, value in selector.matchers if label != "column")
        for rule in rules
        for selector in promql.selectors(rule["expr"])
        if selector.name != "up"
    }


def model(version: str, role: str = "live") -> dict[str, Any]:
    return {
        "name": "churn", "version": version, "role": role,
        "depends_on": [{"name": "shop", "up": "up"}], "columns": {"age": {"importance": 2}},
    }  # fmt: skip


def matchers(role: str, **more: str) -> frozenset[tuple[str, str]]:
    return frozenset({"model": "churn", "role": role, **more}.items())


def test_a_version_alone_in_its_role_stands_for_every_version() -> None:
    assert chosen(model("1"), model("2", "shadow")) == {matchers("live"), matchers("shadow")}


def test_versions_side_by_side_have_what_is_said_of_each() -> None:
    assert chosen(model("1"), model("2")) == {
        matchers("live", version="1"),
        matchers("live", version="2"),
    }
