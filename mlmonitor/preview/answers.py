"""The data of one panel: answers of Prometheus in a form that is short and easy to draw."""

from __future__ import annotations

import math
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.preview.source import SourceError
from mlmonitor.preview.timerange import length

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmonitor.preview.source import Source
    from mlmonitor.preview.timerange import TimeRange

Json = dict[str, Any]

_AT_ONCE: Final = 4
_DIGITS: Final = 12
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_SEVERITIES: Final = ("critical", "warning", "info")
_STATES: Final = ("firing", "pending", "inactive")


def queried(targets: Sequence[Json], source: Source, time: TimeRange, step: float) -> Json:
    """What each query finds: `{"targets": [{"refId", "series", ...} or {"refId", "error"}]}`.

    Values of a range stand at `start + step * n`, with null where there is none. An instant query
    gives one value a series, as a text where it is no finite number.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {"targets": list(pool.map(lambda one: _target(one, source, time, step), targets))}


def least_step(text: str, default: float) -> float:
    """Seconds of a panel's least interval; the default where it is no length of time."""
    try:
        return max(length(text), default)
    except MlmonitorError:
        return default


def alerts(options: Json, source: Source) -> Json:
    """Alerts that an alert list shows: `{"alerts": [...]}`, those that fire in front, the gravest first."""
    try:
        rules = source.alerts()
    except SourceError as error:
        return {"alerts": [], "error": str(error)}
    states = options.get("stateFilter") or {}
    wanted = {state for state in _STATES if states.get(_GRAFANA_STATES[state])} or {
        "firing",
        "pending",
    }
    name = str(options.get("alertName") or "")
    matchers = _MATCHER.findall(str(options.get("alertInstanceLabelFilter") or ""))
    found = [
        _alert(rule, one)
        for rule in rules
        for one in rule.get("alerts") or []
        if one["state"] in wanted and name.casefold() in rule["name"].casefold()
    ]
    kept = [one for one in found if _matches(one["labels"], matchers)]
    kept.sort(key=_urgency)
    return {"alerts": kept, "rules": len(rules)}


_GRAFANA_STATES: Final = {"firing": "firing", "pending": "pending", "inactive": "normal"}


def _urgency(alert: Json) -> tuple[int, int, str, str]:
    severity = alert["labels"].get("severity", "")
    rank = _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
    return _STATES.index(alert["state"]), rank, alert["since"], alert["name"]


def _alert(rule: Json, alert: Json) -> Json:
    return {
        "name": rule["name"],
        "state": alert["state"],
        "since": alert.get("activeAt", ""),
        "labels": alert["labels"],
        "annotations": alert.get("annotations", {}),
        "value": alert.get("value", ""),
    }


def _matches(labels: Mapping[str, str], matchers: Sequence[tuple[str, str, str]]) -> bool:
    for label, operator, quoted in matchers:
        value, wanted = labels.get(label, ""), re.sub(r"\\(.)", r"\1", quoted)
        same = value == wanted
        if "~" in operator:
            try:
                same = re.fullmatch(wanted, value) is not None
            except re.error:
                same = False
        if same is ("!" in operator):
            return False
    return True


def _target(target: Json, source: Source, time: TimeRange, step: float) -> Json:
    base: Json = {
        "refId": target.get("refId", "A"),
        "format": target.get("format", "time_series"),
        "legend": target.get("legendFormat") or "",
        "expr": target["expr"],
    }
    try:
        if target.get("instant") and not target.get("range"):
            data = source.instant(target["expr"], time.end)
            return {**base, "instant": True, "time": time.end, "series": _instant(data)}
        start = time.start // step * step
        end = time.end // step * step
        data = source.over(target["expr"], start, end, step)
        count = round((end - start) / step) + 1
        series = [
            {"labels": one["metric"], "values": _line(one["values"], start, step, count)}
            for one in data["result"]
        ]
    except SourceError as error:
        return {**base, "series": [], "error": str(error)}
    return {**base, "start": start, "step": step, "count": count, "series": series}


def _instant(data: Json) -> list[Json]:
    if data["resultType"] in {"scalar", "string"}:
        return [{"labels": {}, "values": [_number(data["result"][1])]}]
    return [
        {"labels": one["metric"], "values": [_number(one["value"][1])]} for one in data["result"]
    ]


def _line(
    samples: Sequence[Sequence[Any]], start: float, step: float, count: int
) -> list[float | None]:
    values: list[float | None] = [None] * count
    for stamp, text in samples:
        value, place = float(text), round((stamp - start) / step)
        if math.isfinite(value) and 0 <= place < count:
            values[place] = _short(value)
    return values


def _number(text: str) -> float | str:
    value = float(text)
    return _short(value) if math.isfinite(value) else text


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
