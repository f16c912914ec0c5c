from __future__ import annotations

import json
import re

import yaml

from mlmonitor.generate.configmap import configmaps
from mlmonitor.generate.dashboards import DashboardSettings, dashboards

FILES = dashboards(DashboardSettings())
MANIFESTS = {path: yaml.safe_load(text) for path, text in configmaps(FILES).items()}


def test_each_dashboard_has_a_manifest_that_holds_it_as_it_is() -> None:
    assert len(MANIFESTS) == len(FILES)
    held = [text for one in MANIFESTS.values() for text in one["data"].values()]
    assert sorted(held) == sorted(FILES.values())
    assert all(json.loads(text)["uid"] for text in held)


def test_the_sidecar_finds_them_by_its_label() -> None:
    for manifest in MANIFESTS.values():
        assert manifest["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", manifest["metadata"]["name"])


def test_two_manifests_do_not_provide_the_same_file() -> None:
    files = [name for manifest in MANIFESTS.values() for name in manifest["data"]]
    assert len(set(files)) == len(files)


def test_a_manifest_is_small_enough_for_kubernetes() -> None:
    assert all(len(text.encode()) < 1_000_000 for text in configmaps(FILES).values())
