"""A model, and others that differ from it in one label each and have something else under every name.

A join that forgets a label shows only where one of the two has what the other lacks: rows, a value, a
measured correlation, a broken column. So columns are in states, and each name stands for a pair: what
the model has, and what its neighbours have. Its outputs have the names of its inputs, and the states
of the neighbours, since a side is a label, too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.model import MODEL, reference
from mlmonitor.generate.promtool.world import Phase, Pod, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1m", "windows": ["2h"]},
        "alerts": {"baselines": ["reference", "previous"], "previous": "30m"},
    }
)
IDENTITY: Final = ("namespace", *names.IDENTITY, "reference")
# The window, the step that is being recorded, and three steps of the time before.
LASTS: Final = 7200.0 + 300 + 900
ENDS: Final = LASTS + 300
EARLY: Final = 900.0
# The shortest window in which broken columns show, when it is looked at for the last three times.
LATELY: Final = 600.0 + 60 + 2 * 300 + 300
# When a model starts whose window is not full yet.
LATE: Final = 2400.0
# The rate at which one row arrives in the shortest window.
ROW: Final = 1 / 600
NORMAL: Final = Change()
# Begins the names of outputs where these are not those of inputs.
OUTPUT: Final = "output "
Series = dict[str, str]


@dataclass(frozen=True)
class State:
    """What a model has of a column: early, then for two hours, then in the last two steps.

    Attributes:
        column: the column of the simulated world that it is like.
        now: what happens to it.
        lately: what happens to it in the last two steps, where that is something else.
        early: what happened before.
        lacks: the series that are absent.
        correlation: of its rows, if it was measured.
    """

    column: str
    now: Change = NORMAL
    lately: Change | None = None
    early: Change = NORMAL
    lacks: str = "(?!)"
    correlation: float | None = None

    def series(self) -> dict[str, str]:
        """Its series."""
        phases = (
            Phase(EARLY, self.early),
            Phase(ENDS - EARLY - LATELY, self.now),
            Phase(LATELY, self.lately or self.now),
        )
        found = {
            text: values
            for text, values in _world(phases).items()
            if f'column="{self.column}"' in text and not re.search(self.lacks, text)
        }
        return _in_two_bins(found) | self._measured(found)

    def _measured(self, series: Mapping[str, str]) -> dict[str, str]:
        if self.correlation is None:
            return {}
        name = names.REFERENCE_ROWS.name
        rows = next(text for text in series if text.startswith(name))
        correlation = rows.replace(name, names.REFERENCE_CORRELATION.name)
        standing = f"{{:g}}x{ENDS / 60:g}"
        return {
            correlation.replace("}", ', window="2h"}'): standing.format(self.correlation),
            rows.replace(name, names.REFERENCE_EFFECTIVE.name): standing.format(250),
        }


def _change(**given: object) -> Change:
    return Change.model_validate(given)


def _with_value(**values: object) -> dict[str, object]:
    return {column: {"value": value} for column, value in values.items()}


def _often(**values: object) -> dict[str, object]:
    return {column: {"value": value, "share": 0.4} for column, value in values.items()}


NONE: Final = _change(rate=0)
FEW: Final = _change(rate=4 * ROW)
BROKEN: Final = _change(
    rate=0.7,
    shift={"age": 1, "celsius": 5, "price": 1},
    missing={"rare": 1, "balance": 1},
    scale={"income": 1000},
    replace=_with_value(city="BASEL", plan="gold"),
    extra={"Age": 0.5},
)
ODD: Final = _change(
    missing={"balance": 0.4, "price": 0.4},
    replace=_often(age=130, celsius=math.inf, income="old", city="Genf", plan="gold"),
)
STILL: Final = _change(replace=_with_value(age=45.0, city="Chur", plan="free", balance=-5.0))
UNIT: Final = _change(scale={"celsius": 1.8, "age": -1, "income": 0.3}, offset={"celsius": 32})
BACK: Final = _change(scale={"celsius": 1 / 1.8}, offset={"celsius": -32 / 1.8})
TAILS: Final = {'mlmonitor_reference_extreme_deviation_ratio{column="celsius"}': 10.0}
WIDER: Final = _change(
    scale={"celsius": 1.8, "age": 7, "income": 2.15},
    offset={"celsius": -16, "age": -270, "income": -507},
)
NARROWER: Final = _change(
    scale={"celsius": 1 / 1.8, "income": 1.58}, offset={"celsius": 20 - 20 / 1.8, "income": 1150}
)
WARMER: Final = _change(offset={"celsius": 48}, scale={"balance": -1, "income": 0.7})
COLDER: Final = _change(
    offset={"celsius": -32 / 1.8 + 20 / 1.8 - 20, "age": 45}, scale={"age": -2, "income": 2.2}
)
TORN: Final = _change(
    scale={"age": 10}, offset={"age": -405}, replace={"age": {"value": 44.0, "share": 0.6}}
)
ONE_CITY: Final = _change(replace=_with_value(city="Basel"))
HARDLY_UNSEEN: Final = _change(replace={"city": {"value": "BASEL", "share": 0.01}})


def _at(rate: float, change: Change) -> Change:
    """What happens at so many rows in the shortest window."""
    return change.model_copy(update={"rate": rate * ROW})


def _tailed(change: Change) -> Change:
    return change.model_copy(update={"gauges": TAILS})


STATES: Final = {
    "normal": State("age"),
    "few": State("age", FEW),
    "measured": State("age", correlation=0.02),
    "no extreme": State("age", lacks="extreme"),
    "still": State("age", STILL),
    "few still": State("age", NONE, _at(15.2, STILL), NONE),
    "still above": State("age", NORMAL, _at(33, _change(replace=_with_value(age=69.0)))),
    "sign": State("age", UNIT),
    "sign, wide": State("age", COLDER),
    "spread": State("age", WIDER),
    "torn": State("age", TORN),
    "out of range, few": State("age", _at(4, ODD)),
    "gone": State("balance", BROKEN),
    "gone, few back": State("balance", BROKEN, FEW),
    "sparse": State("balance"),
    "sparse, negative": State("balance", WARMER),
    "sparse, still": State("balance", STILL),
    "sparse, still lately": State("balance", NORMAL, _at(33, STILL)),
    "sparse, still and less alike lately": State(
        "balance", NORMAL, _at(33, STILL), correlation=0.116
    ),
    "sparse, still and alike": State("balance", STILL, correlation=0.5),
    "sparse, still and alike lately": State("balance", NORMAL, _at(33, STILL), correlation=0.19),
    "sparse, often missing": State("balance", ODD),
    "sparse, often missing, alike": State("balance", ODD, correlation=0.9),
    "sparse, often missing, few": State("balance", _at(4, ODD)),
    "infinite, few": State("celsius", _at(4, ODD)),
    "far": State("celsius", BROKEN),
    "far from the start": State("celsius", BROKEN, early=BROKEN),
    "fahrenheit": State("celsius", UNIT),
    "fahrenheit, tails": State("celsius", _tailed(UNIT), early=_tailed(NORMAL)),
    "from fahrenheit": State("celsius", BACK),
    "from fahrenheit, tails": State("celsius", _tailed(BACK), early=_tailed(NORMAL)),
    "wide": State("celsius", WIDER),
    "narrow": State("celsius", NARROWER),
    "warmer": State("celsius", WARMER),
    "colder": State("celsius", COLDER),
    "income": State("income"),
    "scaled": State("income", BROKEN),
    "scaled, alike": State("income", BROKEN, correlation=0.5),
    "scaled, alike lately": State("income", NORMAL, _at(10.5, BROKEN), correlation=0.19),
    "scaled, less alike lately": State("income", NORMAL, _at(10.5, BROKEN), correlation=0.053),
    "scaled lately": State("income", NORMAL, _at(10.5, BROKEN)),
    "scaled, few back": State("income", BROKEN, FEW),
    "scaled, hardly any back": State("income", _at(1, NORMAL), early=BROKEN),
    "scaled, back": State("income", BROKEN, NORMAL),
    "third": State("income", UNIT),
    "third lately": State("income", NORMAL, _at(60, UNIT)),
    "third, few": State("income", NONE, _at(10.5, UNIT), NONE),
    "less": State("income", WARMER),
    "double, few": State("income", NONE, _at(10.5, COLDER), NONE),
    "double, narrow": State("income", NARROWER),
    "double, wide": State("income", WIDER),
    "text, few": State("income", _at(4, ODD)),
    "rare, never": State("rare", BROKEN, early=BROKEN),
    "city": State("city"),
    "encoded": State("city", BROKEN),
    "encoded, few back": State("city", BROKEN, FEW),
    "encoded from one": State("city", BROKEN, early=ONE_CITY, correlation=0.2),
    "encoded early": State("city", early=ODD),
    "unseen": State("city", ODD),
    "unseen, few": State("city", _at(4, ODD)),
    "unseen from the start": State("city", ODD, early=ODD, correlation=0.2),
    "hardly unseen": State("city", HARDLY_UNSEEN),
    "two cities": State("city", STILL, early=ONE_CITY, correlation=0.2),
    "city, still": State("city", STILL),
    "city, still, not known": State("city", STILL, lacks="reference_category"),
    "plan": State("plan"),
    "gold": State("plan", BROKEN),
    "gold, few": State("plan", _at(4, ODD)),
    "plan, still from the start": State("plan", STILL, early=STILL),
    "only free": State("plan", STILL, lacks='category="pro"'),
}
# What the model has, and what others have under the same name. Alerts on broken columns read a part of
# the rules only, and of more columns.
DRIFT, DATA = "drift", "data"
PAIRS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    DRIFT: (
        ("normal", "few"),
        ("gold", "unseen"),
        ("measured", "normal"),
        ("sparse", "normal"),
        ("normal", "plan"),
        ("plan", "city"),
        ("plan", "encoded"),
        ("normal", "only free"),
        ("normal", "hardly unseen"),
        ("normal", "rare, never"),
        ("sign", "spread"),
        ("far from the start", "normal"),
        ("plan, still from the start", "normal"),
        ("two cities", "normal"),
        ("encoded early", "normal"),
        ("encoded from one", "normal"),
        ("unseen from the start", "normal"),
    ),
    DATA: (
        ("normal", "no extreme"),
        ("wide", "warmer"),
        ("fahrenheit", "wide"),
        ("normal", "fahrenheit, tails"),
        ("fahrenheit", "from fahrenheit"),
        ("narrow", "colder"),
        ("from fahrenheit", "narrow"),
        ("normal", "from fahrenheit, tails"),
        ("fahrenheit", "scaled"),
        ("third", "less"),
        ("third", "double, few"),
        ("scaled", "double, narrow"),
        ("scaled", "double, wide"),
        ("sign", "scaled"),
        ("sign", "warmer"),
        ("normal", "sign, wide"),
        ("sign", "sparse, negative"),
        ("spread", "far"),
        ("still", "few still"),
        ("few still", "still"),
        ("still above", "few still"),
        ("sparse, still lately", "normal"),
        ("sparse, still", "sparse, still and alike"),
        ("sparse, still and alike lately", "normal"),
        ("sparse, still and less alike lately", "normal"),
        ("city, still", "city, still, not known"),
        ("city, still, not known", "city, still"),
        ("third, few", "third"),
        ("third lately", "normal"),
        ("torn", "normal"),
        ("scaled lately", "normal"),
        ("scaled", "scaled, alike"),
        ("scaled, alike lately", "normal"),
        ("scaled, less alike lately", "normal"),
        ("scaled", "scaled, few back"),
        ("scaled, back", "scaled, few back"),
        ("scaled", "scaled, hardly any back"),
        ("scaled, few back", "scaled"),
        ("scaled, hardly any back", "income"),
        ("sparse, often missing", "sparse, often missing, alike"),
        ("sparse, often missing", "sparse, often missing, few"),
        ("gone, few back", "sparse"),
        ("sparse", "gone"),
        ("gone", "sparse"),
        ("encoded, few back", "city"),
        ("city", "encoded"),
        ("city", "unseen, few"),
        ("normal", "gold, few"),
        ("normal", "out of range, few"),
        ("infinite, few", "normal"),
        ("normal", "infinite, few"),
        ("normal", "text, few"),
    ),
}
_WORLDS: Final[dict[str, Series]] = {}


def _world(phases: tuple[Phase, ...]) -> Series:
    """A model through phases; many columns are in the same."""
    key = repr(phases)
    if key not in _WORLDS:
        pods, scrape = (Pod("pod-0", phases),), CONFIG.prometheus.scrape_interval
        _WORLDS[key] = World(pods, scrape, CONFIG.scope_labels).series()
    return _WORLDS[key]


@cache
def columns(rules: str, *, own: bool) -> Series:
    """The columns that the model has, or those that its neighbours have; inputs all of them."""
    return {
        _with(text, column=_name(pair)): values
        for pair in PAIRS[rules]
        for text, values in STATES[pair[not own]].series().items()
    }


def _name(pair: tuple[str, str]) -> str:
    return " beside ".join(pair)


def state_of(labels: Mapping[str, str]) -> str:
    """The state of a column of the model or of a neighbour, by the labels of what is told of it."""
    is_own = all(labels[label] == value for label, value in own().items())
    mine, _, others = labels["column"].partition(" beside ")
    return mine if is_own and labels["side"] == "input" else others


def whole(change: Change) -> Series:
    """What tells of a model as a whole."""
    phases = (Phase(EARLY, NORMAL), Phase(ENDS - EARLY, change))
    return {
        text: values
        for text, values in _world(phases).items()
        if "column=" not in text and "reference=" in text
    }


def late() -> Series:
    """A model that starts late, and drifts."""
    phases = (Phase(LATE, _change(gone=True)), Phase(ENDS - LATE, BROKEN))
    return {
        text: values
        for text, values in _world(phases).items()
        if re.search('column="(age|prediction)"', text)
    }


def _with(text: str, **labels: str) -> str:
    """A series with other values of some labels."""
    for label, value in labels.items():
        text = re.sub(rf'\b{label}="[^"]*"', f'{label}="{value}"', text)
    return text


def labelled(series: Series, **labels: str) -> Series:
    """Series with other values of some labels."""
    return {_with(text, **labels): values for text, values in series.items()}


@cache
def own() -> dict[str, str]:
    """The labels of the model."""
    values = ("test", MODEL, "1", "live", reference().hash8)
    return dict(zip(IDENTITY, values, strict=True))


def other(suffix: str) -> dict[str, str]:
    """Labels that differ from those of the model in each one."""
    role = {"0": "canary", "1": "fallback"}[suffix]  # no shadow: what it does is less severe
    return {label: role if label == "role" else value + suffix for label, value in own().items()}


def beside(rules: str) -> Series:
    """The model, its outputs under the names of its inputs, and by label a neighbour and a late one."""
    every = _model(rules, lambda column: column)
    for label in IDENTITY:
        every |= labelled(_neighbour(rules), **{label: other("0")[label]})
        every |= labelled(late(), **{label: other("1")[label]})
    return every


def alone(rules: str) -> Series:
    """The same model, neighbour and late one, with nothing in common but the names of inputs."""
    return {
        **_model(rules, lambda column: f"{OUTPUT}{column}"),
        **labelled(_neighbour(rules), **other("0")),
        **labelled(late(), **other("1")),
    }


def _model(rules: str, renamed: Callable[[str], str]) -> Series:
    outputs = {
        _with(text, side="output", column=renamed(_label(text, "column"))): values
        for text, values in columns(rules, own=False).items()
    }
    return {**whole(BROKEN), **columns(rules, own=True), **outputs, **_prediction(NORMAL)}


def _neighbour(rules: str) -> Series:
    return {**whole(NORMAL), **columns(rules, own=False), **_prediction(_at(4, ODD))}


def _prediction(change: Change) -> Series:
    return State("prediction", change).series()


def _in_two_bins(series: Series) -> Series:
    """A column with fewer bins: of more than ten thousand samples, promtool answers no query."""
    edges = {float(edge): edge for text in series if (edge := _label(text, "upper"))}
    middle = edges[sorted(edges)[(len(edges) - 1) // 2]] if edges else ""
    lower = {middle: "-Inf", "+Inf": middle}
    return {
        _with(text, lower=lower[edge]) if (edge := _label(text, "upper")) else text: values
        for text, values in series.items()
        if _label(text, "upper") in {"", *lower}
    }


def _label(text: str, name: str) -> str:
    return text.partition(f'{name}="')[2].partition('"')[0]
