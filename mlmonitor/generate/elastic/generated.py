"""What tells generated objects of Elasticsearch from somebody's own: JSON has no comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.generate.elastic import lifecycle, roles, templates
from mlmonitor.generate.elastic.objects import Kind
from mlmonitor.generate.output import Owned, json_object

if TYPE_CHECKING:
    from collections.abc import Iterator

# Objects that there is one of.
_SHARED: Final = (
    lifecycle.POLICY, templates.ECS, templates.OWN, templates.SETTINGS, templates.UNDECLARED,
    *roles.roles(),
)  # fmt: skip
_OF_A_MODEL: Final = re.compile(r"(?:Columns|Records) of the model (.*)\.", re.DOTALL)


def is_generated(name: str, text: str) -> bool:
    """Whether a file of this name holds an object that was generated under it.

    A copy under another name is somebody's own.
    """
    return any(
        meta.get("managed_by") == templates.MAKER and name == f"{expected}.json"
        for meta in _metas(json_object(text))
        for expected in (*_SHARED, *_names_of(str(meta.get("description"))))
    )


def _metas(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Where an object may say who made it."""
    policy = body.get("policy")
    places = [body.get("_meta"), body.get("metadata")]
    places += [policy.get("_meta")] if isinstance(policy, dict) else []
    yield from (one for one in places if isinstance(one, dict))


def _names_of(description: str) -> Iterator[str]:
    """The names of the objects of the model that a description names."""
    found = _OF_A_MODEL.fullmatch(description)
    if found is not None:
        yield from (templates.own_name(found[1]), templates.index_name(found[1]))


OWNED: Final = tuple(Owned(f"elasticsearch/{kind.folder}/*.json", is_generated) for kind in Kind)
"""What `files` gives more or less of, as monitoring.yaml says."""
