"""What each injection really does to the houses, computed from their rows.

Injected rows are compared with the same rows uninjected, in NumPy and pandas, without the code that
detects drift. That sorts the columns into three groups:

- **must be found**: an effect of at least twice its threshold;
- **must stay silent**: the same values in the same rows;
- **reported**: everything between, where sampling decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import pandas as pd

from examples.house_prices.houses import TARGET, as_rows

if TYPE_CHECKING:
    from examples.house_prices.houses import House
    from examples.house_prices.inject import Injection
    from mlmonitor.drift import Thresholds
    from mlmonitor.reference import Column, Reference

Duty = Literal["must be found", "must stay silent", "reported"]
Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.floating[Any]]]"

CLEAR: Final = 2.0
PREDICTED: Final = "predicted"


class Model(Protocol):
    """Anything that predicts prices of rows."""

    def predict(self, rows: list[House]) -> Floats:
        """Prices in dollars, of shape (rows,)."""


class Truth(NamedTuple):
    """One column under one injection.

    `effects` holds each test's effect over its threshold; 1 is the threshold.
    """

    side: str
    column: str
    duty: Duty
    effects: dict[str, float]

    @property
    def effect(self) -> float:
        """The largest effect over its threshold."""
        return max(self.effects.values(), default=0.0)


def truth(
    injection: Injection,
    houses: pd.DataFrame,
    model: Model,
    reference: Reference,
    thresholds: Thresholds,
    *,
    seed: int,
) -> list[Truth]:
    """Every input and output column of the reference under `injection`, largest effect first."""
    before = _with_predictions(houses, model)
    after = _with_predictions(injection.apply(houses, seed), model)
    found = [
        _column(column, before[_name(column)], after[_name(column)], thresholds)
        for column in reference.columns
        if column.side in {"input", "output"}
    ]
    return sorted(found, key=lambda one: (-one.effect, one.column))


def _name(column: Column) -> str:
    return PREDICTED if column.side == "output" else column.name


def _with_predictions(houses: pd.DataFrame, model: Model) -> pd.DataFrame:
    predicted = model.predict(as_rows(houses))
    return houses.drop(columns=TARGET).assign(**{PREDICTED: predicted})


def _column(
    column: Column, before: pd.Series[float], after: pd.Series[float], thresholds: Thresholds
) -> Truth:
    effects = _effects(column, before, after, thresholds)
    if before.reset_index(drop=True).equals(after.reset_index(drop=True)):
        duty: Duty = "must stay silent"
    elif max(effects.values()) >= CLEAR:
        duty = "must be found"
    else:
        duty = "reported"
    return Truth(column.side, column.name, duty, effects)


def _effects(
    column: Column, before: pd.Series[float], after: pd.Series[float], thresholds: Thresholds
) -> dict[str, float]:
    """Effect over threshold by test; only the missing share where too few values remain."""
    gap = abs(float(after.isna().mean() - before.isna().mean()))
    effects = {"missing": gap / thresholds.missing}
    old, new = before.dropna().to_numpy(), after.dropna().to_numpy()
    if min(len(old), len(new)) < thresholds.minimum_rows:
        return effects
    if column.is_categorical:
        effects["distribution"] = psi_excess(*_by_category(old, new)) / thresholds.psi
    elif column.is_binned:
        bins = psi_excess(*_by_bin(column, old, new)) / thresholds.psi
        effects["distribution"] = max(bins, ks(old, new) / thresholds.ks)
        spread = float(np.std(old, ddof=1)) or 1.0
        effects["mean"] = abs(float(new.mean() - old.mean())) / spread / thresholds.mean_shift
    if column.kind == "sparse":
        shift = abs(float((new != 0).mean() - (old != 0).mean()))
        effects["nonzero"] = shift / thresholds.nonzero
    return effects


def ks(old: Floats, new: Floats) -> float:
    """Largest gap between the two cumulative shares, at every value that occurs; 0 to 1."""
    places = np.union1d(old, new)
    below = [
        np.searchsorted(np.sort(rows), places, side="right") / len(rows) for rows in (old, new)
    ]
    return float(np.max(np.abs(below[0] - below[1])))


def psi_excess(old: Floats, new: Floats) -> float:
    """Population stability index of two counts of the same cells, less what chance alone gives."""
    cells = len(old)
    p, q = ((counts + 0.5) / (counts.sum() + cells / 2) for counts in (new, old))
    noise = (cells - 1) * (1 / new.sum() + 1 / old.sum())
    return float(np.sum((p - q) * np.log(p / q)) - noise)


def _by_category(old: Floats, new: Floats) -> tuple[Floats, Floats]:
    categories = pd.unique(pd.Series(np.concatenate([old, new])))

    def counted(rows: Floats) -> Floats:
        counts = pd.Series(rows).value_counts().reindex(categories, fill_value=0)
        return np.asarray(counts, dtype=np.float64)

    return counted(old), counted(new)


def _by_bin(column: Column, old: Floats, new: Floats) -> tuple[Floats, Floats]:
    edges = column.edges or ()

    def counted(rows: Floats) -> Floats:
        cells = np.bincount(np.searchsorted(edges, rows), minlength=len(edges) + 1)
        return cells.astype(np.float64)

    return counted(old), counted(new)
