"""Rule files as PrometheusRule manifests, for clusters that run the Prometheus Operator."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import yaml

from mlmonitor.generate import rulefile
from mlmonitor.generate.output import Owned

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNED: Final = (Owned("kubernetes/*.prometheusrule.yaml", rulefile.is_generated),)
"""What `manifests` gives more or less of, as monitoring.yaml says."""
_ENDING: Final = ".rules.yml"


def manifests(files: Mapping[str, str]) -> dict[str, str]:
    """A manifest for each rule file among `files`, as relative path -> text.

    Prometheus resources choose rules by label (`ruleSelector`); these carry
    `app.kubernetes.io/name: mlmonitor`.
    """
    made = {}
    for path, text in files.items():
        if path.endswith(_ENDING):
            name = PurePosixPath(path).name.removesuffix(_ENDING)
            made[f"kubernetes/{name}.prometheusrule.yaml"] = _manifest(name, path, text)
    return made


def _manifest(name: str, path: str, text: str) -> str:
    document = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": f"mlmonitor-{name}",
            "labels": {"app.kubernetes.io/name": "mlmonitor"},
        },
        "spec": yaml.safe_load(text),
    }
    return rulefile.header(f"the same sources as {path}") + rulefile.dump(document)
