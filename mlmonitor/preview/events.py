"""Annotations: what happened while the panels' data was gathered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.preview.source import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlmonitor.preview.source import Source
    from mlmonitor.preview.timerange import TimeRange

Json = dict[str, Any]

_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_MOST: Final = 200


def found(
    listed: Sequence[Json],
    source: Source,
    time: TimeRange,
    step: float,
    filled: Callable[[str], str],
) -> Json:
    """`{"events": [{"time", "until", "title", "text", "color"}], "errors": [sentence]}`.

    An event is a stretch in which a series of the annotation's query is there and not 0; with
    `useValueForTime` it is the moment that the value tells, in milliseconds.
    """
    events: list[Json] = []
    errors: list[str] = []
    for one in listed:
        target = one.get("target") or {}
        expression = target.get("expr") or one.get("expr")
        if not expression or not one.get("enable", True):
            continue
        start, end = time.start // step * step, time.end // step * step
        try:
            data = source.over(filled(expression), start, end, step)
        except SourceError as error:
            errors.append(f"{one.get('name', 'Annotation')}: {error}")
            continue
        for series in data["result"]:
            base = _described(one, series["metric"])
            stretches = _told(series) if one.get("useValueForTime") else _stretches(series, step)
            events += [
                {**base, "time": since, "until": until}
                for since, until in stretches
                if time.start <= until and since <= time.end
            ]
    unique = {(one["time"], one["title"], one["text"]): one for one in events}
    events = sorted(unique.values(), key=lambda one: float(one["time"]))
    return {"events": events[-_MOST:], "errors": errors}


def _described(annotation: Json, labels: Mapping[str, str]) -> Json:
    def filled(text: str) -> str:
        return _LABEL.sub(lambda name: labels.get(name[1], ""), text)

    return {
        "name": annotation.get("name", ""),
        "title": filled(annotation.get("titleFormat") or annotation.get("name", "")),
        "text": filled(annotation.get("textFormat") or ""),
        "color": annotation.get("iconColor") or "blue",
    }


def _told(series: Json) -> list[tuple[float, float]]:
    moments = {float(value) / 1000 for _, value in series["values"]}
    return [(moment, moment) for moment in sorted(moments)]


def _stretches(series: Json, step: float) -> list[tuple[float, float]]:
    made: list[tuple[float, float]] = []
    for stamp, value in series["values"]:
        if float(value) == 0:
            continue
        moment = float(stamp)
        if made and moment - made[-1][1] <= step * 1.5:
            made[-1] = made[-1][0], moment
        else:
            made.append((moment, moment))
    return made
