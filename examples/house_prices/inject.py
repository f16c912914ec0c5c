"""Three ways in which houses go wrong on their way to the model, each repeatable by its seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from examples.house_prices.houses import SEED

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

SQUARE_METRES_PER_SQUARE_FOOT: Final = 0.0929
NEW_ESTATES: Final = ("NridgHt", "NoRidge", "StoneBr", "Somerst", "Timber")
NEW_SHARE: Final = 0.7


@dataclass(frozen=True)
class Injection:
    """One labelled change: houses in, as many changed houses out."""

    name: str
    title: str
    apply: Callable[[pd.DataFrame, int], pd.DataFrame]


def unchanged(houses: pd.DataFrame, _seed: int = SEED) -> pd.DataFrame:
    """The houses as they are."""
    return houses


def neighbourhoods(houses: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Houses drawn so that seven in ten stand in new estates, as after an advertisement there."""
    new = houses["Neighborhood"].isin(NEW_ESTATES).to_numpy()
    weights = np.where(new, NEW_SHARE / new.sum(), (1 - NEW_SHARE) / (~new).sum())
    drawn = np.random.default_rng(seed).choice(len(houses), size=len(houses), p=weights)
    return houses.iloc[drawn].reset_index(drop=True)


def square_metres(houses: pd.DataFrame, _seed: int = SEED) -> pd.DataFrame:
    """The living area in square metres, where the model learnt square feet."""
    return houses.assign(GrLivArea=houses["GrLivArea"] * SQUARE_METRES_PER_SQUARE_FOOT)


def missing_basement(houses: pd.DataFrame, _seed: int = SEED) -> pd.DataFrame:
    """The basement area gone, as after a renamed field in the client."""
    return houses.assign(TotalBsmtSF=np.nan)


NOTHING: Final = Injection("nothing", "Nothing changes", unchanged)
INJECTIONS: Final = (
    Injection("neighbourhoods", "Other neighbourhoods", neighbourhoods),
    Injection("square_metres", "Square feet as square metres", square_metres),
    Injection("missing_basement", "A feature goes missing", missing_basement),
)
BY_NAME: Final = {injection.name: injection for injection in (NOTHING, *INJECTIONS)}
