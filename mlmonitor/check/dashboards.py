"""Dashboards as Grafana's JSON: whether their queries name what exists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmonitor import names, promql
from mlmonitor.check.finding import Finding, expression_findings
from mlmonitor.check.rules import selected
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def dashboard_findings(
    files: Mapping[str, str], scope: tuple[str, ...], recorded: Iterable[str]
) -> Iterator[Finding]:
    """What is wrong with the dashboards among `files`."""
    known = set(recorded)
    for path, text in files.items():
        if not path.endswith(".json"):
            continue
        for place, expression in _expressions(path, text):
            yield from _query_findings(place, expression, scope, known)


def link_findings(links: Iterable[tuple[str, str]], files: Mapping[str, str]) -> Iterator[Finding]:
    """Links, as place and uid, to a dashboard of ours that is not among `files`; others are the user's."""
    uids = {
        str(document["uid"])
        for path, text in files.items()
        if path.endswith(".json")
        and isinstance(document := _document(path, text), dict)
        and document.get("uid")
    }
    for place, uid in links:
        if uid.startswith("mlmonitor") and uid not in uids:
            yield Finding(place, f"there is no dashboard {uid}{promql.nearest(uid, uids)}")


def _query_findings(
    place: str, expression: str, scope: tuple[str, ...], recorded: set[str]
) -> Iterator[Finding]:
    wrong = list(expression_findings(expression, scope, place, own=False))
    yield from wrong
    for name in () if wrong else sorted({name for name, _ in selected(expression)}):
        if ":" not in name or not name.startswith("mlmonitor") or name in recorded:
            continue
        record = names.RECORDS.get(name)
        if record is None or not record.declared:
            near = promql.nearest(name, recorded)
            yield Finding(place, f"reads {name}, which no rule records{near}")


def _expressions(path: str, text: str) -> Iterator[tuple[str, str]]:
    """Each PromQL expression with the panel in which it stands."""
    document = _document(path, text)
    for panel in _panels(document if isinstance(document, dict) else {}):
        for target in _mappings(panel, "targets"):
            if target.get("expr"):
                yield f"{path}, {panel.get('title') or 'a panel'}", str(target["expr"])


def _document(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        message = f"{path}: no JSON ({error}); generate it again."
        raise GenerationError(message) from error


def _panels(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in _mappings(document, "panels"):
        yield panel
        yield from _panels(panel)


def _mappings(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    listed = document.get(key) or []
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
