"""Dashboards into Grafana: what would change, and doing it."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmonitor.install.grafana_api import Grafana

Json = dict[str, Any]

TAG: Final = "mlmonitor"
FOLDER: Final = "mlmonitor"
# What Grafana itself adds to a dashboard that it saves.
_OF_GRAFANA: Final = ("id", "version", "iteration", "weekStart", "preload")


@dataclass(frozen=True)
class Change:
    """A dashboard that would be written.

    Attributes:
        dashboard: as it was generated.
        version: the one that it replaces; None where there is none yet.
        diff: from what is there to what was generated.
    """

    dashboard: Json
    version: int | None
    diff: str


def plan(grafana: Grafana, files: Mapping[str, str]) -> list[Change]:
    """What would change, without changing it.

    Args:
        grafana: where to.
        files: generated dashboards, as path -> JSON.

    Raises:
        InstallError: no answer; or a dashboard under one of the uids is not of our making.
    """
    found = []
    for text in files.values():
        wanted: Json = json.loads(text)
        present = grafana.dashboard(wanted["uid"])
        if present is None:
            found.append(Change(wanted, None, _difference(wanted["uid"], None, wanted)))
            continue
        _check_own(grafana, *present)
        diff = _difference(wanted["uid"], present[0], wanted)
        if diff:
            found.append(Change(wanted, present[0].get("version", 0), diff))
    return found


def install(grafana: Grafana, changes: Iterable[Change], folder: str = FOLDER) -> Iterator[str]:
    """Write dashboards into a folder, which is made when it is missing; says what was done.

    Raises:
        InstallError: Grafana refuses one; those before it are written.
    """
    uid = _uid(folder)
    ready = False
    for change in changes:
        if not ready and not grafana.has_folder(uid):
            grafana.make_folder(uid, folder)
            yield f"made folder {folder}"
        ready = True
        grafana.write(change.dashboard, uid, change.version)
        done = "made" if change.version is None else "changed"
        yield f"{done} dashboard {change.dashboard['uid']} ({change.dashboard['title']})"


def _uid(folder: str) -> str:
    """The uid of a folder, of signs that Grafana allows."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in folder.lower())
    return kept.strip("-")[:40] or FOLDER


def _check_own(grafana: Grafana, dashboard: Json, meta: Json) -> None:
    uid = dashboard["uid"]
    if TAG not in (dashboard.get("tags") or ()):
        message = (
            f"{grafana.url}: dashboard {uid} ({dashboard.get('title')}) has no tag {TAG!r}, so it is "
            "not of mlmonitor's making; remove it, or give it the tag to have it overwritten."
        )
        raise InstallError(message)
    if meta.get("provisioned"):
        message = (
            f"{grafana.url}: dashboard {uid} comes from files that Grafana reads itself; "
            "change those, or stop providing them."
        )
        raise InstallError(message)


def _difference(uid: str, present: Json | None, wanted: Json) -> str:
    before = "" if present is None else _text(present)
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            _text(wanted).splitlines(keepends=True),
            "(missing)" if present is None else uid,
            f"{uid} (generated)",
        )
    )


def _text(dashboard: Json) -> str:
    kept = {key: value for key, value in dashboard.items() if key not in _OF_GRAFANA}
    return json.dumps(kept, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
