"""Manifests for the Prometheus Operator."""

from __future__ import annotations

import re

import yaml

from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.operator import manifests
from mlmonitor.generate.prometheus import rules

FILES = rules(MonitoringConfig())


def test_each_rule_file_has_a_manifest_with_the_same_groups() -> None:
    made = manifests(FILES)
    rule_files = {path for path in FILES if path.endswith(".rules.yml")}
    assert len(made) == len(rule_files) > 2
    for path in rule_files:
        name = path.removeprefix("prometheus/").removesuffix(".rules.yml")
        manifest = yaml.safe_load(made[f"kubernetes/{name}.prometheusrule.yaml"])
        assert manifest["kind"] == "PrometheusRule"
        assert manifest["spec"] == yaml.safe_load(FILES[path])


def test_names_are_names_that_kubernetes_takes() -> None:
    for text in manifests(FILES).values():
        name = yaml.safe_load(text)["metadata"]["name"]
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
        assert len(name) < 254
