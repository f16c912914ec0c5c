"""Roles: what each program and person may do with records, and nothing else."""

from __future__ import annotations

from typing import Any, Final

from mlmonitor.generate.elastic.templates import ANY, meta

WRITER: Final = "mlmonitor_writer"
EXPORTER: Final = "mlmonitor_exporter"
READER: Final = "mlmonitor_reader"
INSTALLER: Final = "mlmonitor_installer"


def roles() -> dict[str, dict[str, Any]]:
    """Roles by name.

    The writer is for Filebeat, Logstash and the direct handler, the exporter for `mlmonitor export
    logs`, which looks up what it may have sent, the reader for people, the installer for
    `mlmonitor push-elk`.
    """
    return {
        WRITER: _role("Adds records; reads, changes and deletes none.", [*_ADDING]),
        EXPORTER: _role(
            "Adds records, and looks up which ids are there, once its own requests have ended.",
            [*_ADDING, "read", "maintenance"],  # it refreshes before it looks
            cluster=["monitor"],
        ),
        READER: _role(
            "Reads records, in Discover and dashboards too.",
            ["read", "view_index_metadata"],
            applications=[
                {
                    "application": "kibana-.kibana",
                    "privileges": ["feature_discover.read", "feature_dashboard.read"],
                    "resources": ["space:default"],
                }
            ],
        ),
        INSTALLER: _role(
            "Installs templates, lifecycle policies and Kibana objects; roles need a superuser.",
            ["manage", "view_index_metadata"],
            cluster=["manage_index_templates", "manage_ilm", "monitor"],
            applications=[
                {
                    "application": "kibana-.kibana",
                    "privileges": [
                        "feature_savedObjectsManagement.all",
                        "feature_dashboard.all",
                        "feature_discover.all",
                        "feature_indexPatterns.all",
                        "feature_savedObjectsTagging.all",
                    ],
                    "resources": ["space:default"],
                }
            ],
        ),
    }


# The second lets the first record make its data stream.
_ADDING: Final = ("create_doc", "auto_configure")


def _role(
    text: str,
    privileges: list[str],
    *,
    cluster: list[str] | None = None,
    applications: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "cluster": cluster or [],
        "indices": [{"names": [ANY], "privileges": privileges}],
        "applications": applications or [],
        "metadata": meta(text),
    }
