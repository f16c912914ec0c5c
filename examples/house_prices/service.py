"""House prices as a service, monitored."""

import os
from pathlib import Path

import joblib
from fastapi import FastAPI

import mlmonitor
from mlmonitor import Monitor

FOLDER = Path(os.environ.get("HOUSE_PRICES", "build/house_prices"))

model = joblib.load(FOLDER / "model.joblib")
monitor = Monitor("house-prices", version="1", reference=FOLDER / "reference.json")

app = FastAPI(title="House prices")
app.mount("/metrics", mlmonitor.asgi_app())

House = dict[str, float | str | None]


@monitor
def predict(house: House) -> float:
    """The price of one house, in dollars."""
    return float(model.predict([house])[0])


@app.post("/predict")
def price(house: House) -> dict[str, float]:
    """What a client calls: the properties of a house in, its price out."""
    return {"price": predict(house)}
