"""Putting thresholds into monitoring.yaml, whose comments and form stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mlmonitor import yamlfile
from mlmonitor.config.monitoring import MonitoringConfig
from mlmonitor.errors import ConfigError
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.yamlfile import Key


def write_thresholds(path: str | Path, model: str, values: Mapping[str, float], why: str) -> None:
    """Set thresholds of a model, in each of its entries, with a comment that says why.

    Lines that are not concerned keep every character.

    Raises:
        ConfigError: the file cannot be read, does not name the model, or is written in a form that
            cannot be changed by lines.
    """
    document = yamlfile.read(path)
    listed = document.data.get("models") or []
    places = [index for index, one in enumerate(listed) if one.get("name") == model]
    if not places:
        message = f"{path}: models: none is named {model!r}; add it before --write."
        raise ConfigError(message)
    text = Path(path).read_text(encoding="utf-8")
    expected = document.data
    for index in places:
        expected["models"][index].setdefault("thresholds", {})
        for name, value in values.items():
            text = _set(text, ("models", index), name, value, why)
            expected["models"][index]["thresholds"][name] = value
    changed = _parsed(text, str(path))
    if changed is None or changed.data != expected:
        message = (
            f"{path}: cannot be changed without touching the rest; write under thresholds of "
            f"{model!r}: {', '.join(f'{name}: {value}' for name, value in values.items())}."
        )
        raise ConfigError(message)
    yamlfile.validate(changed, MonitoringConfig, {"folder": Path(path).parent})
    write_atomically(path, text)


def _parsed(text: str, place: str) -> yamlfile.Document | None:
    try:
        return yamlfile.parse(text, place)
    except ConfigError:
        return None


def _set(text: str, model: Key, name: str, value: float, why: str) -> str:
    """The text with one threshold of one entry set."""
    lines = text.splitlines(keepends=True)
    entry = _node(text, model)
    section = _value(entry, "thresholds")
    comment = f"  # {why}"
    if section is None:
        first = entry.value[0][0].start_mark
        indent = " " * first.column
        added = [f"{indent}thresholds:\n", f"{indent}  {name}: {value:g}{comment}\n"]
        return "".join([*lines[: first.line + 1], *added, *lines[first.line + 1 :]])
    if section.flow_style:
        return _in_flow(text, section, f"{name}: {value:g}", name)
    old = _value(section, name)
    first = section.value[0][0].start_mark
    line = f"{' ' * first.column}{name}: {value:g}{comment}\n"
    if old is not None:
        number = old.start_mark.line
        return "".join([*lines[:number], line, *lines[number + 1 :]])
    return "".join([*lines[: first.line], line, *lines[first.line :]])


def _in_flow(text: str, section: yaml.MappingNode, item: str, name: str) -> str:
    """A threshold within braces, where no comment fits."""
    old = _value(section, name)
    if old is not None:
        start, end = old.start_mark.index, old.end_mark.index
        return text[:start] + item.split(": ")[1] + text[end:]
    start = section.start_mark.index + 1
    return f"{text[:start]}{item}{', ' if section.value else ''}{text[start:]}"


def _node(text: str, key: Key) -> Any:
    """The node of a list item at a key path."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in key:
        node = node.value[part] if isinstance(part, int) else _value(node, str(part))
    return node


def _value(mapping: Any, name: str) -> Any:
    """The node of a key's value, or None."""
    return next((value for key, value in mapping.value if key.value == name), None)
