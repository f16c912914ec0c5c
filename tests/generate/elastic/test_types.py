"""What is generated in the `full` profile, held against Elasticsearch's own specification of its API.

The specification comes as the types of Elastic's client for JavaScript: a key that it does not know, a
value of another type, a parameter that a type of field has not, are errors of the compiler.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.config import ElasticsearchSettings, ModelSettings, MonitoringConfig
from mlmonitor.generate.elastic import Kind, columns, objects
from mlmonitor.generate.elastic.roles import roles
from tests import components
from tests.generate.elastic.test_objects import column
from tests.references import mixed, reference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The client's types let an index have any setting; here it has the ones that they name, and one
# that they lack: https://www.elastic.co/guide/en/elasticsearch/reference/8.19/index-modules.html
DECLARATIONS = """
import type { estypes } from '@elastic/elasticsearch'
type Index = Omit<estypes.IndicesIndexSettingsKeys, 'index' | 'settings'> & {
  query?: { default_field: string[] }
}
type Strict<T> = Omit<T, 'settings'> & { settings?: { index: Index } }
type Component = Omit<estypes.ClusterPutComponentTemplateRequest, 'name' | 'template'> & {
  template: Strict<estypes.IndicesIndexState>
}
type Template = Omit<estypes.IndicesPutIndexTemplateRequest, 'name' | 'template'> & {
  template: Strict<estypes.IndicesPutIndexTemplateIndexTemplateMapping>
}
type Policy = Omit<estypes.IlmPutLifecycleRequest, 'name'>
type Role = Omit<estypes.SecurityPutRoleRequest, 'name'>
"""
TYPES = {
    Kind.POLICY: "Policy",
    Kind.COMPONENT: "Component",
    Kind.TEMPLATE: "Template",
    Kind.ROLE: "Role",
}
Body = dict[str, Any]


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Kind, Body]]:
    """Bodies by name: of a model with columns of every kind, which some versions have as another."""
    folder: Path = tmp_path_factory.mktemp("types")
    kinds = sorted(columns.TYPES)
    turned = [column(kind, other) for kind, other in zip(kinds, kinds[1:] + kinds[:1], strict=True)]
    versions = [
        reference(*(column(kind, kind) for kind in kinds), *mixed().columns),
        reference(*turned, version="2"),
    ]
    models = []
    for one in versions:
        one.save(folder / f"{one.version}.json")
        path = folder / f"{one.version}.json"
        models.append(ModelSettings(name=one.model, version=one.version, reference=path))
    full = ElasticsearchSettings(profile="full", shards=3, rollover_size="10gb")
    config = MonitoringConfig(models=tuple(models), elasticsearch=full)
    return {one.name: (one.kind, one.body) for one in objects(config)}


def errors(folder: Path, bodies: Iterable[tuple[Kind, Body]]) -> dict[int, list[str]]:
    """What the compiler says of each body, by its number."""
    types = components.elasticsearch_types()
    lines = DECLARATIONS.splitlines()
    start = len(lines) + 1
    lines += [
        f"export const b{index}: {TYPES[kind]} = {json.dumps(typed(body))}"
        for index, (kind, body) in enumerate(bodies)
    ]
    (folder / "check.ts").write_text("\n".join(lines), encoding="utf-8")
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(types / "node_modules")
    command = ["node", types / "node_modules" / "typescript" / "bin" / "tsc", "--noEmit", "--strict",
               "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "check.ts"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    found: dict[int, list[str]] = {}
    for line, text in re.findall(
        r"^check\.ts\((\d+),\d+\): error (.*)$", done.stdout, re.MULTILINE
    ):
        found.setdefault(int(line) - start, []).append(text)
    assert bool(found) == bool(done.returncode), done.stdout
    return found


def typed(body: Body) -> Body:
    """A body with its settings as numbers: Elasticsearch takes texts too, and gives texts back."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(one) for key, one in value.items()}
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    found = copy.deepcopy(body)
    template = found.get("template", {})
    if "settings" in template:
        template["settings"] = walk(template["settings"])
    return found


def test_every_object_is_one_that_the_specification_knows(tmp_path, bodies):
    assert {kind for kind, _ in bodies.values()} == set(Kind)
    names = list(bodies)
    found = errors(tmp_path, bodies.values())
    assert not found, {names[index]: texts for index, texts in found.items()}


def test_every_type_of_field_is_among_what_is_checked(bodies):
    text = json.dumps([body for _, body in bodies.values()])
    used = set(re.findall(r'"type": "(\w+)"', text))
    assert used == {
        "boolean", "constant_keyword", "date", "double", "flattened", "keyword", "long",
        "match_only_text", "object", "wildcard",
    }  # fmt: skip


MISTAKES: list[tuple[str, tuple[str, ...], Any]] = [
    (
        "mlmonitor-ecs@mappings",
        ("template", "mappings", "properties", "message", "ignore_above"),
        9,
    ),
    ("mlmonitor-ecs@mappings", ("template", "mappings", "properties", "message", "type"), "words"),
    ("mlmonitor-ecs@mappings", ("template", "mappings", "properties", "@timestamp", "formt"), "x"),
    ("mlmonitor-ecs@mappings", ("template", "mappings", "dynamic"), "never"),
    ("mlmonitor@settings", ("template", "settings", "index", "number_of_shard"), 1),
    ("mlmonitor@settings", ("template", "settings", "index", "mapping", "depth", "limits"), 1),
    ("mlmonitor@settings", ("template", "settings", "index", "lifecycle", "policy"), "x"),
    ("logs-mlmonitor", ("template", "lifecycle", "retention"), "1d"),
    ("logs-mlmonitor", ("data_stream", "hide"), True),
    ("logs-mlmonitor", ("priority",), "high"),
    ("mlmonitor", ("policy", "phases", "hot", "actions", "rollover", "max_size_gb"), 1),
    ("mlmonitor", ("policy", "phases", "later"), {}),
    ("mlmonitor_reader", ("indices",), [{"name": "x", "privileges": ["read"]}]),
    ("mlmonitor_reader", ("application",), []),
]


def test_mistakes_are_told(tmp_path, bodies):
    wrong = []
    for name, path, value in MISTAKES:
        kind, body = bodies[name]
        changed = copy.deepcopy(body)
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        wrong.append((kind, changed))
    found = errors(tmp_path, wrong)
    told = [MISTAKES[index] for index in sorted(found)]
    assert told == MISTAKES


def privileges(kind: str) -> set[str]:
    """Those of clusters or indices, which the types list and do not hold one to."""
    types = (
        components.elasticsearch_types() / "node_modules/@elastic/elasticsearch/lib/api/types.d.ts"
    )
    text = types.read_text(encoding="utf-8")
    (listed,) = re.findall(rf"export type Security{kind}Privilege = (.*);", text)
    return set(re.findall(r"'(\w+)'", listed))


def test_every_privilege_exists():
    clusters, indices = privileges("Cluster"), privileges("Index")
    assert "monitor" in clusters
    assert "create_doc" in indices
    for role in roles().values():
        assert set(role["cluster"]) <= clusters
        for one in role["indices"]:
            assert set(one["privileges"]) <= indices
