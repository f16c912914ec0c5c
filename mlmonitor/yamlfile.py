"""YAML files read with their line numbers, and validated with errors that name place and fix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mlmonitor.errors import ConfigError, MlmonitorError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

ModelT = TypeVar("ModelT", bound=BaseModel)
Key = tuple[str | int, ...]

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "path_type": "a path",
    "string_too_short": "a text that is not empty",
    "string_type": "text",
    "too_short": "a list that is not empty",
    "tuple_type": "a list",
}


@dataclass(frozen=True)
class Document:
    """One YAML mapping and where each of its keys stands.

    Attributes:
        place: the file, as errors name it.
        data: the mapping as plain Python values.
        node: PyYAML's tree, which knows the lines.
        failure: class of the errors.
    """

    place: str
    data: dict[str, Any]
    node: yaml.Node
    failure: type[MlmonitorError] = ConfigError

    def line(self, key: Key) -> int:
        """Line, from 1, of a key or item; of its nearest parent where it does not exist."""
        node, line = self.node, 1
        for part in key:
            found = _child(node, part)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def text(self, key: Key) -> str:
        """A scalar as it is written in the file, or nothing."""
        node = self.node
        for part in key:
            found = _child(node, part)
            if found is None:
                return ""
            node = found[1]
        return node.value if isinstance(node, yaml.ScalarNode) else ""

    def error(self, key: Key, problem: str) -> MlmonitorError:
        """An error that names file, line and key path."""
        path = dotted(key)
        text = f"{path}: {problem}" if path else problem
        return self.failure(f"{self.place}:{self.line(key)}: {text}")


def read(
    path: str | os.PathLike[str],
    *,
    place: str | None = None,
    failure: type[MlmonitorError] = ConfigError,
) -> Document:
    """Read a file that holds one mapping.

    Raises:
        ConfigError: no such file, no YAML, empty, no mapping, or a key that stands twice (or the
            class given as `failure`).
    """
    name = place or str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        message = f"{name}: cannot be read ({error.strerror}); check the path."
        raise failure(message) from error
    except UnicodeDecodeError as error:
        message = (
            f"{name}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8."
        )
        raise failure(message) from error
    return parse(text, name, failure)


def parse(text: str, place: str, failure: type[MlmonitorError] = ConfigError) -> Document:
    """Read a text that holds one mapping; see `read`."""
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            message = f"{place}:1: the file is empty; write at least one key."
            raise failure(message)
        if not isinstance(node, yaml.MappingNode):
            message = f"{place}:{_line(node)}: must be a mapping of keys; write `key: value` lines."
            raise failure(message)
        _check_keys(node, place, failure)
        data = loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise failure(_syntax(error, place)) from error
    finally:
        if loader is not None:
            loader.dispose()
    return Document(place, data, node, failure)


def validate(
    document: Document, model: type[ModelT], context: Mapping[str, Any] | None = None
) -> ModelT:
    """The document as a pydantic model.

    Raises:
        ConfigError: the first problem, an unknown key before all else since it often explains the
            others (or the document's own class of error).
    """
    try:
        return model.model_validate(document.data, context=dict(context or {}))
    except ValidationError as error:
        details = error.errors(include_url=False)
        first = next((one for one in details if one["type"] == "extra_forbidden"), details[0])
        schema = model.model_json_schema()
        key, known = _locate(first["loc"], document.data, schema)
        raise document.error(key, _problem(first, key, known, document)) from error


def dotted(key: Key) -> str:
    """A key path as text: `models[0].reference`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def hint(word: str, known: Iterable[str]) -> str:
    """The most similar known word, or all of them, as the end of a sentence."""
    words = list(known)
    similar = get_close_matches(word, words, n=1)
    if similar:
        return f"; did you mean `{similar[0]}`?"
    return f"; use one of {', '.join(words)}." if words else "; remove it."


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that marks the place of a key or item, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _check_keys(node: yaml.Node, place: str, failure: type[MlmonitorError]) -> None:
    """Refuse keys that are no text or stand twice in one mapping; each node is visited once."""
    pending, seen = [node], set[int]()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, yaml.SequenceNode):
            pending.extend(current.value)
        elif isinstance(current, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in current.value:
                if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith((":str", ":merge")):
                    name = key.value if isinstance(key, yaml.ScalarNode) else "a key"
                    message = f"{place}:{_line(key)}: {name} is no text; write it in quotes."
                    raise failure(message)
                if key.value in first:
                    message = (
                        f"{place}:{_line(key)}: `{key.value}` stands here and in line "
                        f"{first[key.value]}; remove one of them."
                    )
                    raise failure(message)
                first[key.value] = _line(key)
                pending.append(value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax(error: Exception, place: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"{place}:{mark.line + 1}" if mark else place
    if isinstance(error, RecursionError):
        return f"{where}: nested too deeply; write it flatter."
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{where}: not valid YAML ({problem}); check indentation, quotes and colons there."


def _locate(
    location: tuple[int | str, ...], data: object, schema: dict[str, Any]
) -> tuple[Key, list[str]]:
    """Key path of an error, and the keys known beside its last part.

    Pydantic's location also names the members of unions; those are in neither data nor schema.
    """
    key: list[str | int] = []
    definitions = schema.get("$defs", {})
    options, beside = _resolved([schema], definitions), list[str]()
    for position, part in enumerate(location):
        last = position == len(location) - 1
        properties = {name: one for option in options for name, one in _properties(option)}
        present = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        if not present and not (last and part in properties):
            continue
        key.append(part)
        beside = list(properties)
        if isinstance(part, int):
            steps = [option["items"] for option in options if "items" in option]
        else:
            steps = [properties[part]] if part in properties else []
            steps += [
                option["additionalProperties"]
                for option in options
                if isinstance(option.get("additionalProperties"), dict)
            ]
        options = _resolved(steps, definitions)
        data = data[part] if present else None  # type: ignore[index]
    return tuple(key), beside


def _properties(schema: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    found: dict[str, dict[str, Any]] = schema.get("properties", {})
    return found.items()


def _resolved(
    schemas: Iterable[dict[str, Any]], definitions: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Schemas with references followed and unions opened."""
    flat = []
    for schema in schemas:
        inner = schema
        if "$ref" in schema:
            inner = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        members = [*inner.get("anyOf", ()), *inner.get("oneOf", ()), *inner.get("allOf", ())]
        flat += _resolved(members, definitions) if members else [inner]
    return flat


def _problem(error: ErrorDetails, key: Key, known: list[str], document: Document) -> str:
    """A pydantic error as a problem and its fix."""
    kind, value, message = error["type"], error["input"], error["msg"]
    if kind == "extra_forbidden":
        return f"unknown key{hint(str(key[-1]), known)}"
    if kind == "missing":
        return "is required; add it."
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind in {"literal_error", "union_tag_invalid"}:
        return _unknown(value, error.get("ctx", {}))
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return f'must be text; write it in quotes: "{document.text(key) or value}".'
    wanted = message.replace("Input should be", "must be")
    if kind in _EXPECTED:
        wanted = f"must be {_EXPECTED[kind]}"
    return f"{wanted[0].lower()}{wanted[1:]}, found {_shown(value)}."


def _unknown(value: object, context: Mapping[str, Any]) -> str:
    """A word that is none of those allowed, or a mapping whose kind is none of them."""
    expected = re.findall(r"'([^']*)'", context.get("expected") or context["expected_tags"])
    given = context.get("tag", value)
    return f"{given!r} is unknown{hint(str(given), expected)}"


def _shown(value: object, limit: int = 40) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
