"""Fit the model, and write down the data that it is accepted on.

Run it with `python -m examples.house_prices.train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import joblib
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from examples.house_prices.houses import BUILD, SEED, TARGET, as_rows, split

if TYPE_CHECKING:
    from pathlib import Path


class Trained(NamedTuple):
    """What training leaves behind, and how good the model is on houses that it has not seen."""

    model: Path
    data: Path
    fallback: Path
    median_error: float


def new_model(seed: int = SEED) -> TransformedTargetRegressor:
    """Strings one-hot encoded, numbers as they are, boosted trees on the logarithm of the price.

    Nothing is imputed: the trees learn which way a missing number goes.
    """
    pipeline = make_pipeline(
        DictVectorizer(sparse=False),
        HistGradientBoostingRegressor(max_iter=150, learning_rate=0.07, random_state=seed),
    )
    return TransformedTargetRegressor(pipeline, func=np.log, inverse_func=np.exp)


def train(folder: Path = BUILD, seed: int = SEED) -> Trained:
    """Write the model, and the reference data with what the model predicts for them."""
    houses = split(seed)
    with threadpool_limits(1):  # 500 rows: threads would wait for each other longer than they work
        model = new_model(seed).fit(as_rows(houses.fit), houses.fit[TARGET])
        predicted = model.predict(as_rows(houses.reference))
    held_out = houses.reference.assign(predicted=predicted)
    errors = (held_out["predicted"] / held_out[TARGET] - 1).abs()

    folder.mkdir(parents=True, exist_ok=True)
    trained = Trained(
        folder / "model.joblib",
        folder / "reference.csv",
        folder / "fallback.json",
        float(errors.median()),
    )
    joblib.dump(model, trained.model)
    medians = houses.fit.groupby("OverallQual")[TARGET].median()
    trained.fallback.write_text(medians.to_json(), encoding="utf-8")
    held_out.to_csv(trained.data, index=False)
    return trained


if __name__ == "__main__":
    done = train()
    print(f"{done.model}: off by {done.median_error:.1%} in the median, on houses it has not seen")
    print(f"{done.data}: those houses, with their predictions; profile them next")
