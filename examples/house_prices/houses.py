"""The houses: read, split by seed, and turned into what a client would send."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import pandas as pd

House: TypeAlias = "dict[str, float | str | None]"

DATA: Final = Path(__file__).parent / "data" / "ames.csv"
BUILD: Final = Path("build") / "house_prices"
TARGET: Final = "SalePrice"
SEED: Final = 1

FIT_ROWS: Final = 500
REFERENCE_ROWS: Final = 560


class Split(NamedTuple):
    """Three groups of houses that share none: (500, 560, 400) rows x 80 columns, price included."""

    fit: pd.DataFrame
    reference: pd.DataFrame
    replay: pd.DataFrame


def split(seed: int = SEED, path: Path = DATA) -> Split:
    """The labelled houses in three random groups.

    The model is fitted on the first, profiled on the second and sent the third. A model predicts
    the rows that it was fitted on too well: a reference made of them would call every honest
    prediction drift.
    """
    houses = pd.read_csv(path).drop(columns="Id").sample(frac=1.0, random_state=seed)
    houses = houses.reset_index(drop=True)
    second = FIT_ROWS + REFERENCE_ROWS
    return Split(houses[:FIT_ROWS], houses[FIT_ROWS:second], houses[second:])


def as_rows(houses: pd.DataFrame) -> list[House]:
    """Houses as the service receives them: no price, None for what is missing."""
    features = houses.drop(columns=TARGET, errors="ignore")
    records = features.astype(object).where(features.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in record.items()} for record in records]
