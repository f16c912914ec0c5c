"""All objects of one configuration, as what is put into Elasticsearch and as files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from mlmonitor.generate.elastic import lifecycle, roles, templates
from mlmonitor.generate.elastic.profile import PROFILES
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.config import MonitoringConfig


class Kind(Enum):
    """What kinds of objects there are: folder of their files, and path of their API."""

    POLICY = "lifecycle_policies", "_ilm/policy"
    COMPONENT = "component_templates", "_component_template"
    TEMPLATE = "index_templates", "_index_template"
    ROLE = "roles", "_security/role"

    @property
    def folder(self) -> str:
        """Folder of its files."""
        return self.value[0]

    @property
    def path(self) -> str:
        """Path of its API, without slashes around."""
        return self.value[1]


@dataclass(frozen=True)
class Object:
    """One object: `body` is put to its API under its name."""

    kind: Kind
    name: str
    body: dict[str, Any]

    @property
    def target(self) -> str:
        """Where it is put."""
        return f"/{self.kind.path}/{quote(self.name, safe='')}"


def objects(config: MonitoringConfig) -> list[Object]:
    """What `monitoring.yaml` asks for, each after what it is made of.

    Raises:
        MlmonitorError: a reference cannot be read.
    """
    settings = config.elasticsearch
    profile = PROFILES[settings.profile]
    made = [Object(Kind.POLICY, lifecycle.POLICY, lifecycle.policy(settings))]
    made = made if profile.policies else []
    shared = templates.shared(settings, profile)
    made += [Object(Kind.COMPONENT, name, body) for name, body in shared.items()]
    made.append(Object(Kind.TEMPLATE, templates.UNDECLARED, templates.index_of_all(settings)))
    for model, references in references_of(config).items():
        component = templates.of_model(model, references, profile)
        index = templates.index_of_model(model, settings)
        made.append(Object(Kind.COMPONENT, templates.own_name(model), component))
        made.append(Object(Kind.TEMPLATE, templates.index_name(model), index))
    if profile.roles:
        made += [Object(Kind.ROLE, name, body) for name, body in roles.roles().items()]
    return made


def files(config: MonitoringConfig) -> dict[str, str]:
    """Relative path -> text; the same configuration and references, the same text.

    Roles are in `roles.yml`, too, for the realm of files.
    """
    made = {
        f"elasticsearch/{one.kind.folder}/{one.name}.json": _json(one.body)
        for one in objects(config)
    }
    made["elasticsearch/roles.yml"] = yaml.safe_dump(roles.roles(), sort_keys=True)
    return made


def references_of(config: MonitoringConfig) -> dict[str, list[Reference]]:
    """References by model, as records have their columns; in the order of the file.

    A model without one has none.
    """
    found: dict[str, list[Reference]] = {}
    for model in config.models:
        known = found.setdefault(model.name, [])
        if model.reference is not None:
            known.append(_recorded(Reference.load(model.reference), model.sensitive))
    return found


def _recorded(reference: Reference, sensitive: Mapping[str, str]) -> Reference:
    """A reference without the columns that are dropped; those hashed or masked are texts."""
    columns = [
        column.model_copy(update={"kind": "identifier"}) if column.name in sensitive else column
        for column in reference.columns
        if sensitive.get(column.name) != "drop"
    ]
    return reference.model_copy(update={"columns": tuple(columns)})


def _json(body: object) -> str:
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
