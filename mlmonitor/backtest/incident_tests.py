"""promtool tests of what was found: each incident again, from raw counters to the alert."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlmonitor import names, promql
from mlmonitor.backtest.alerts import DETAIL, FAMILIES, HARMFUL, incidents
from mlmonitor.backtest.drill import Part
from mlmonitor.backtest.promtool import dumped
from mlmonitor.backtest.report import moment
from mlmonitor.backtest.series import SCOPE, raw_series
from mlmonitor.generate.prometheus import rule_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlmonitor.backtest.alerts import Episode
    from mlmonitor.backtest.replay import Key, Replay, Verdicts
    from mlmonitor.config import MonitoringConfig

MOST: Final = 5
_FINE: Final = 24
_BLOCK: Final = 12
_AFTER: Final = 2
_RULES: Final = ("alerts-data", "alerts-distribution", "drift", "settings")
_HEADER: Final = """\
# What a backtest found. Keep it beside the generated tests, in prometheus/tests/, and run there:
# promtool test rules *.yml
"""


def incident_tests(
    config: MonitoringConfig, replayed: Replay, found: Sequence[Episode]
) -> str | None:
    """A file for `promtool test rules` beside the generated ones; None where nothing happened.

    Of each of the first few incidents, pages before warnings, the alert with the shortest window fires
    again. Its columns arrive as they did, the others as columns that are only counted.

    Raises:
        GenerationError: the rules of the configuration are wrong.
    """
    chosen = [*_chosen(found)]
    if not chosen:
        return None
    listed = [path for path in rule_files(config) if PurePosixPath(path).name.startswith(_RULES)]
    document = {
        "rule_files": [f"../{path.removeprefix('prometheus/')}" for path in sorted(listed)],
        "evaluation_interval": promql.duration(replayed.settings.step),
        "tests": [_test(one, replayed) for one in chosen],
    }
    return _HEADER + dumped(document)


def _chosen(found: Sequence[Episode]) -> Iterator[Episode]:
    """One episode of each incident."""
    order = sorted(incidents([*found]), key=lambda one: (one.severity != "critical", one.start))
    for incident in order[:MOST]:
        fitting = [
            one
            for one in incident.episodes
            if one.severity == incident.severity and one.alert != HARMFUL and one.columns
        ]
        if fitting:
            yield min(fitting, key=lambda one: (one.window, one.start))


def _test(episode: Episode, replayed: Replay) -> dict[str, Any]:
    settings, traffic = replayed.settings, replayed.traffic
    reference = traffic.reference
    at = int(np.ceil((episode.start - traffic.start) / settings.step))
    verdicts = _verdicts(episode, replayed)
    steps = _edges(replayed, verdicts, at)
    part = Part(steps, *_columns(episode, verdicts, at)).of(traffic)
    series = raw_series(part, settings.scope, reference.hash8, idle=_AFTER)
    when = (at - int(steps[0])) * settings.step
    checks = [_fires(episode, replayed, when + settings.step)]
    if verdicts is not None:
        checks.insert(0, _drifted(episode, verdicts, replayed, when))
    return {
        "name": f"{episode.alert} at {moment(episode.start)}: {', '.join(n for _, n in episode.columns)}",
        "interval": promql.duration(settings.step),
        "input_series": [{"series": name, "values": text} for name, text in series.items()],
        "promql_expr_test": checks,
    }


def _verdicts(episode: Episode, replayed: Replay) -> Verdicts | None:
    """The verdicts that an alert on drift follows from, None for one on a broken column."""
    if episode.alert not in FAMILIES and episode.alert != DETAIL:
        return None
    family = FAMILIES.get(episode.alert)
    baseline = family.baseline if family is not None else "reference"
    return next(
        one
        for one in replayed.verdicts
        if one.baseline == baseline and one.schedule.window == episode.window
    )


def _edges(replayed: Replay, verdicts: Verdicts | None, at: int) -> np.ndarray:
    """The steps that the alert reads, in blocks where they are many."""
    settings, step = replayed.settings, replayed.settings.step
    end = min(at + _AFTER, replayed.traffic.steps)
    if verdicts is None:
        longest = max(*settings.short_windows, *sorted(settings.windows)[:2])
        return np.arange(max(at - round(longest / step) - _AFTER, 0), end + 1)
    place = int(np.searchsorted(verdicts.schedule.at, at, side="right")) - 1
    first, last = (int(one[place]) for one in (verdicts.schedule.first, verdicts.schedule.last))
    begin = first
    if verdicts.baseline == "previous":
        begin = max(first - round(settings.previous / step), 0)
    fine = max(last - _FINE, first)
    blocks = (
        np.arange(begin, first, _BLOCK),
        np.arange(first, fine, _BLOCK),
        np.arange(fine, end + 1),
    )
    return np.unique(np.concatenate(blocks))


def _columns(episode: Episode, verdicts: Verdicts | None, at: int) -> tuple[set[Key], set[Key]]:
    """Columns to keep, and those of the rest whose evidence counts beside theirs."""
    kept = {*episode.columns}
    if verdicts is None:
        return kept, set()
    place = int(np.searchsorted(verdicts.schedule.at, at, side="right")) - 1
    evident = verdicts.evident(place)
    keys: list[Key] = [(one.side, one.name) for one in verdicts.columns]
    return kept, {keys[i] for i in np.flatnonzero(evident).tolist()} - kept


def _drifted(episode: Episode, verdicts: Verdicts, replayed: Replay, when: float) -> dict[str, Any]:
    """The verdict on the worst column."""
    side, column = episode.columns[0]
    labels = {
        "baseline": verdicts.baseline,
        "column": column,
        "model": replayed.traffic.reference.model,
        "side": side,
        "window": promql.duration(episode.window),
    }
    return _is(names.COLUMN_DRIFTED, labels, when)


def _fires(episode: Episode, replayed: Replay, when: float) -> dict[str, Any]:
    labels = {
        "alertname": episode.alert,
        "alertstate": "firing",
        "model": replayed.traffic.reference.model,
        "severity": episode.severity,
        **dict.fromkeys(replayed.settings.scope, SCOPE),
    }
    if episode.alert not in FAMILIES:
        side, column = episode.columns[0]
        labels |= {"side": side, "column": column}
    if episode.window:
        labels["window"] = promql.duration(episode.window)
    return _is("ALERTS", labels, when)


def _is(name: str, labels: dict[str, str], when: float) -> dict[str, Any]:
    """A series with these labels is 1."""
    inner = ", ".join(f"{key}={promql.quoted(value)}" for key, value in sorted(labels.items()))
    return {
        "expr": f"max by ({', '.join(sorted(labels))}) ({name}{{{inner}}})",
        "eval_time": promql.duration(when),
        "exp_samples": [{"labels": f"{{{inner}}}", "value": 1}],
    }
