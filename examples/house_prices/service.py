"""House prices as a service, monitored, with a rule of thumb to fall back on."""

import json
import os
from pathlib import Path

import joblib
from fastapi import FastAPI

import mlmonitor
from mlmonitor import Monitor

FOLDER = Path(os.environ.get("HOUSE_PRICES", "build/house_prices"))

model = joblib.load(FOLDER / "model.joblib")
monitor = Monitor(
    "house-prices",
    version="1",
    reference=FOLDER / "reference.json",
    breaker=os.environ.get("HOUSE_PRICES_BREAKER"),
    logs=FOLDER / "logs",
)
medians = json.loads((FOLDER / "fallback.json").read_text())
fallback = Monitor("house-prices", version="by-quality", role="fallback", logs=FOLDER / "logs")

app = FastAPI(title="House prices")
app.mount("/metrics", mlmonitor.asgi_app())

House = dict[str, float | str | None]


@monitor
def predict(house: House) -> float:
    """The price of one house, in dollars."""
    return float(model.predict([house])[0])


@fallback
def rule_of_thumb(house: House) -> float:
    """The median price of houses of the same quality, in dollars."""
    return float(medians.get(str(house.get("OverallQual")), medians["5"]))


@app.post("/predict")
def price(house: House) -> dict[str, float]:
    """What a client calls: the properties of a house in, its price out."""
    chosen = rule_of_thumb if monitor.breaker.use_fallback() else predict
    return {"price": chosen(house)}
