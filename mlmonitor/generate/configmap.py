"""Dashboards as ConfigMap manifests, for the sidecar that Grafana's Helm chart runs in Kubernetes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mlmonitor.generate import rulefile
from mlmonitor.generate.output import Owned

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNED: Final = (Owned("kubernetes/*.dashboard.yaml", rulefile.is_generated),)
"""What `configmaps` gives more or less of, as monitoring.yaml says."""
_LABEL: Final = "grafana_dashboard"
_FOLDER: Final = "grafana_folder"


def configmaps(files: Mapping[str, str]) -> dict[str, str]:
    """A manifest for each dashboard among `files`, as relative path -> text.

    The sidecar takes what carries the label `grafana_dashboard`, and puts it into the folder that the
    annotation `grafana_folder` names where `sidecar.dashboards.folderAnnotation` says so.
    """
    return {
        f"kubernetes/{PurePosixPath(path).stem}.dashboard.yaml": _manifest(path, text)
        for path, text in files.items()
        if path.endswith(".json")
    }


def _manifest(path: str, text: str) -> str:
    name = PurePosixPath(path).stem
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"mlmonitor-{name.replace('_', '-').lower()}-dashboard",
            "labels": {"app.kubernetes.io/name": "mlmonitor", _LABEL: "1"},
            "annotations": {_FOLDER: "mlmonitor"},
        },
        "data": {f"mlmonitor-{name}.json": text},
    }
    return rulefile.header(f"the same spec as {path}") + rulefile.dump(document)
