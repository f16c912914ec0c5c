"""The generated dashboards, read from files or made from a configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.generate.dashboards import DashboardSettings
from mlmonitor.generate.dashboards import dashboards as generate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.config import MonitoringConfig

Json = dict[str, Any]

_FIRST: Final = ("fleet", "model", "data", "business", "alerts")


def generated(config: MonitoringConfig) -> list[Json]:
    """The dashboards that `mlmonitor generate-dashboards` would write."""
    return _ordered(generate(DashboardSettings.of(config)))


def from_folder(folder: Path) -> list[Json]:
    """The dashboards of all `*.json` files in a folder and below.

    Raises:
        MlmonitorError: no folder, no dashboard in it, or a file that is none.
    """
    if not folder.is_dir():
        message = f"{folder}: is no folder; run mlmonitor generate-dashboards, and name its output."
        raise MlmonitorError(message)
    try:
        texts = {
            str(path): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.json"))
        }
    except (OSError, UnicodeDecodeError) as error:
        message = f"{folder}: a file cannot be read ({error}); make it readable."
        raise MlmonitorError(message) from error
    found = _ordered(texts)
    if not found:
        message = f"{folder}: holds no dashboards; run mlmonitor generate-dashboards -o {folder}."
        raise MlmonitorError(message)
    return found


def _ordered(texts: Mapping[str, str]) -> list[Json]:
    """Dashboards with the overview in front; other JSON files are left out."""
    found: dict[str, tuple[str, Json]] = {}
    for place, text in texts.items():
        dashboard = _parsed(text, place)
        if dashboard is None:
            continue
        uid = dashboard["uid"]
        if uid in found:
            message = f"{place}: uid {uid!r} is that of {found[uid][0]}, too; change one of them."
            raise MlmonitorError(message)
        found[uid] = place, dashboard
    stems = {uid: Path(place).stem for uid, (place, _) in found.items()}
    return [
        dashboard
        for _, dashboard in sorted(found.values(), key=lambda one: _rank(stems[one[1]["uid"]]))
    ]


def _rank(stem: str) -> tuple[int, str]:
    return (_FIRST.index(stem) if stem in _FIRST else len(_FIRST)), stem


def _parsed(text: str, place: str) -> Json | None:
    """A dashboard, or None for JSON that is something else.

    Raises:
        MlmonitorError: no JSON.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{place}: is no JSON ({error}); generate it again."
        raise MlmonitorError(message) from error
    if not isinstance(data, dict) or not isinstance(data.get("panels"), list):
        return None
    return {"uid": Path(place).stem, "title": Path(place).stem, **data}
