from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, fingerprint, names
from mlmonitor.errors import MlmonitorError, ProfileError
from tests.references import binned, mixed, mixed_rows, reference
from tests.tally.test_tally import Hostile

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor.reference import Reference

ROWS = mixed_rows(100)


def make(described: Reference | None = None, **options: Any) -> Monitor:
    return Monitor("m", reference=described, registry=CollectorRegistry(), **options)


def rows_of(monitor: Monitor, side: str) -> float:
    block = monitor.layout.block(side)
    assert block is not None
    return float(monitor.totals().cells[block.rows])


def predictions(monitor: Monitor) -> float:
    return float(monitor.totals().cells[monitor.layout.predictions])


def errors(monitor: Monitor) -> dict[str, float]:
    counted = monitor.totals().cells[monitor.layout.errors]
    named = dict(zip((*monitor.layout.exceptions, "other"), counted.tolist(), strict=True))
    return {name: count for name, count in named.items() if count}


def failures(monitor: Monitor) -> dict[str, float]:
    counted = monitor.totals().cells[monitor.layout.failures]
    named = dict(zip(names.FAILURE_REASONS, counted.tolist(), strict=True))
    return {name: count for name, count in named.items() if count}


def test_a_function_is_counted_and_returns_what_it_returned():
    monitor = make(mixed())

    @monitor
    def predict(house: dict[str, Any]) -> float:
        """Guess."""
        return float(house["rooms"])

    assert [predict(row) for row in ROWS] == [row["rooms"] for row in ROWS]
    assert predict(house=ROWS[0]) == ROWS[0]["rooms"]
    assert (predict.__name__, predict.__doc__) == ("predict", "Guess.")
    assert rows_of(monitor, "input") == rows_of(monitor, "output") == predictions(monitor) == 101
    assert not failures(monitor)


def test_a_coroutine_function_is_counted():
    monitor = make(mixed())

    @monitor
    async def predict(house: dict[str, Any]) -> float:
        await asyncio.sleep(0)
        return float(house["rooms"])

    async def all_of_them() -> list[float]:
        return await asyncio.gather(*(predict(row) for row in ROWS))

    assert asyncio.run(all_of_them()) == [row["rooms"] for row in ROWS]
    assert rows_of(monitor, "input") == rows_of(monitor, "output") == predictions(monitor) == 100


@pytest.mark.parametrize("form", [pd.DataFrame, list])
def test_a_batch_counts_all_its_rows(form):
    monitor = make(mixed())
    predict = monitor(lambda houses: np.ones(len(houses)))
    predict(form(ROWS))
    assert rows_of(monitor, "input") == rows_of(monitor, "output") == predictions(monitor) == 100
    assert monitor.totals().cells[monitor.layout.durations].sum() == 1


def test_inputs_are_counted_as_they_came():
    monitor = make(reference(binned("x", np.arange(10.0))))

    @monitor
    def predict(row: dict[str, float]) -> float:
        row["x"] = 1e9
        return 1.0

    for _ in range(20):
        predict({"x": 5.0})
    assert monitor.totals().column("input", "x").invalid["out_of_range"] == 0


def test_errors_are_counted_by_class_and_raised():
    monitor = make(exceptions=("ValueError", "LookupError"))

    @monitor
    def predict(error: BaseException) -> float:
        raise error

    class OwnError(ValueError):
        pass

    for error in (OwnError(), KeyError("k"), SystemExit(3)):
        with pytest.raises(type(error)):
            predict(error)
    assert errors(monitor) == {"ValueError": 1, "LookupError": 1, "other": 1}
    assert predictions(monitor) == 0
    assert monitor.totals().cells[monitor.layout.durations].sum() == 3
    assert monitor.in_flight() == 0


def test_calls_in_flight_are_counted():
    monitor = make()
    inside = []

    @monitor
    def predict(_: object) -> float:
        inside.append(monitor.in_flight())
        return 1.0

    predict(1)
    assert inside == [1]
    assert monitor.in_flight() == 0


def test_arguments_that_are_columns_make_a_row():
    monitor = make(reference(binned("area", np.arange(9.0)), binned("rooms", np.arange(9.0))))

    @monitor
    def predict(area: float, rooms: int = 3) -> float:
        return area * rooms

    predict(2.0)
    predict(rooms=1, area=5.0)
    assert monitor.totals().column("input", "rooms").values == 2


def test_inputs_and_outputs_can_be_chosen():
    monitor = make(mixed())

    @monitor(input="house", output=lambda reply: reply["price"])
    def predict(request: object, house: dict[str, Any]) -> dict[str, Any]:
        assert house
        return {"price": 5.0, "request": request}

    predict("r", ROWS[0])
    predict(request="r", house=ROWS[0])
    assert rows_of(monitor, "input") == 2
    assert monitor.totals().column("output", "prediction").values == 2
    assert not failures(monitor)


def test_a_parameter_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="input='home' is no parameter"):
        make()(lambda house: house, input="home")


def test_methods_are_counted():
    monitor = make(mixed())

    class Model:
        @monitor
        def predict(self, house: dict[str, Any]) -> float:
            return float(house["rooms"])

        @monitor
        @staticmethod
        def guess(house: dict[str, Any]) -> float:
            return float(house["rooms"])

    Model().predict(ROWS[0])
    Model().predict(house=ROWS[0])
    Model.guess(ROWS[0])
    assert rows_of(monitor, "input") == 3
    assert not failures(monitor)


class Estimator:
    classes_ = ("no", "yes")

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.ones(len(frame))

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        return np.full((len(frame), 2), 0.5)


def test_an_estimator_is_wrapped():
    shares = np.linspace(0, 1, 50)
    described = reference(
        *mixed().columns, binned("no", shares, side="score"), binned("yes", shares, side="score")
    )
    monitor = make(described)
    model = monitor.wrap(Estimator())
    assert model.classes_ == ("no", "yes")
    frame = pd.DataFrame(ROWS)
    assert model.predict(frame).tolist() == [1.0] * 100
    assert model.predict_proba(frame).shape == (100, 2)
    assert rows_of(monitor, "score") == rows_of(monitor, "output") == 100
    assert rows_of(monitor, "input") == 200
    assert not failures(monitor)


def test_code_without_a_function_is_counted():
    monitor = make(mixed())
    with monitor.prediction(ROWS[0]) as prediction:
        prediction.output = 5.0
    with pytest.raises(KeyError), monitor.prediction(ROWS[0]):
        raise KeyError
    assert (predictions(monitor), errors(monitor)) == (1, {"KeyError": 1})
    assert rows_of(monitor, "input") == 2


def test_without_a_reference_calls_and_outputs_are_counted(caplog):
    with caplog.at_level(logging.INFO, "mlmonitor"):
        monitor = make()
    assert "mlmonitor profile" in caplog.text
    predict = monitor(lambda _: 5.0)
    predict(object())
    totals = monitor.totals().column("output", "prediction")
    assert (predictions(monitor), totals.values) == (1, 1)


def test_failures_are_counted_and_logged_once(caplog):
    monitor = make(mixed())
    predict = monitor(lambda _: 5.0)
    with caplog.at_level(logging.WARNING, "mlmonitor"):
        for _ in range(5):
            assert predict(object()) == 5.0
    assert failures(monitor) == {"input": 5}
    assert (
        len([record for record in caplog.records if "could not be monitored" in record.message])
        == 1
    )


anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
        st.complex_numbers(), st.decimals(), st.dates(), st.builds(Hostile), st.just(np.array([])),
        st.just(np.zeros((2, 2, 2))), st.just(pd.NA), st.just(pd.DataFrame({"size": ["x"]})),
        st.just(type), st.just(i for i in ()), st.just(math.nan),
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.text(), inner),
        st.dictionaries(st.sampled_from(sorted(ROWS[0])), inner), st.tuples(inner, inner),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(anything, anything), max_size=10))
def test_whatever_comes_and_goes_the_prediction_is_what_it_was(calls):
    monitor = make(mixed())
    logging.getLogger("mlmonitor").setLevel(logging.ERROR)
    outputs = iter([output for _, output in calls])
    seen = []

    @monitor
    def predict(value: object) -> object:
        seen.append(value)
        return next(outputs)

    for value, output in calls:
        assert predict(value) is output
    assert all(one is value for one, (value, _) in zip(seen, calls, strict=True))
    assert np.isfinite(monitor.totals().cells).all()


def test_a_reference_of_another_model_or_version_is_refused():
    with pytest.raises(
        ProfileError, match="profiles 'm' version '1', but the monitor is for 'm' version '2'"
    ):
        make(mixed(), version="2")


def test_an_unknown_role_is_refused():
    with pytest.raises(MlmonitorError, match="live, shadow, fallback"):
        make(role="lively")


def test_workers_that_share_a_directory_see_each_other(tmp_path):
    monitor = make(mixed(), directory=tmp_path)
    predict = monitor(lambda _: 1.0)
    predict(ROWS[0])
    pid = os.fork()
    if pid == 0:
        predict(ROWS[1])
        time.sleep(1)
        os._exit(0)
    time.sleep(0.8)
    assert {worker.pid for worker in monitor.workers()} == {os.getpid(), pid}
    assert predictions(monitor) == 2
    os.waitpid(pid, 0)
    assert {worker.pid for worker in monitor.workers()} == {os.getpid()}
    assert predictions(monitor) == 2


def test_the_environment_names_the_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMONITOR_DIR", str(tmp_path))
    monitor = make(mixed())
    monitor(lambda _: 1.0)(ROWS[0])
    assert list(tmp_path.rglob("*.tally"))


def test_many_threads_are_counted_exactly():
    monitor = make(mixed())
    predict = monitor(lambda _: 1.0)

    def work() -> None:
        for row in ROWS:
            predict(row)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert predictions(monitor) == rows_of(monitor, "input") == rows_of(monitor, "output") == 600
    assert monitor.in_flight() == 0


@pytest.mark.parametrize(
    ("created", "trained", "expected"),
    [
        (None, None, (None, None)),
        ("2024-06-01", None, (1_717_200_000, 1_717_200_000)),
        ("2024-06-01", "2024-06-02T00:00:00+00:00", (1_717_200_000, 1_717_286_400)),
        ("2024-06-01", date(2024, 6, 2), (1_717_200_000, 1_717_286_400)),
        (None, 5.5, (None, 5.5)),
        ("some day", None, (None, None)),
    ],
)
def test_it_is_exposed_when_the_model_was_trained_and_its_reference_made(
    created: str | None, trained: Any, expected: tuple[float | None, float | None]
) -> None:
    described = mixed().model_copy(update={"created": created})
    registry = CollectorRegistry()
    Monitor("m", reference=described, trained=trained, registry=registry)
    model = {"model": "m", "version": "1", "role": "live"}
    profiled = {**model, "reference": described.hash8}
    assert expected == (
        registry.get_sample_value(names.REFERENCE_CREATED.name, profiled),
        registry.get_sample_value(names.MODEL_TRAINED.name, model),
    )


@pytest.mark.parametrize(
    ("served", "profiled", "expected"),
    [
        (b"weights", None, {}),
        (b"weights", "numpy", {"model": 0, "environment": 0}),
        (b"others", "numpy", {"model": 1, "environment": 0}),
        (None, "numpy", {"environment": 0}),
        (b"weights", "0.9", {"model": 0, "environment": 1}),
    ],
)
def test_a_model_that_is_not_the_profiled_one_is_exposed_and_logged(
    served: bytes | None,
    profiled: str | None,
    expected: dict[str, float],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trained, live = tmp_path / "trained.bin", tmp_path / "live.bin"
    trained.write_bytes(b"weights")
    live.write_bytes(served or b"")
    described = mixed()
    if profiled:
        packages = {"numpy": np.__version__ if profiled == "numpy" else profiled}
        known = {"fingerprint": fingerprint(trained), "environment": packages}
        described = described.model_copy(update=known)
    registry = CollectorRegistry()
    Monitor("m", reference=described, registry=registry, fingerprint=live if served else None)
    found = {
        sample.labels["reason"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == names.MODEL_MISMATCH.name
    }
    assert found == expected
    logged = [record for record in caplog.records if "not as it was profiled" in record.message]
    assert len(logged) == (1 in expected.values())


def test_a_model_whose_files_are_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MlmonitorError, match=r"model\.bin: cannot be read"):
        make(fingerprint=[tmp_path / "model.bin"])


def test_a_training_date_that_is_none_is_refused() -> None:
    with pytest.raises(MlmonitorError, match="'June' is no date; write it in ISO 8601"):
        make(trained="June")


def test_business_metrics_are_recorded_and_exposed() -> None:
    registry = CollectorRegistry()
    monitor = Monitor(
        "m",
        registry=registry,
        business={
            "orders": {"type": "counter", "segments": ["web"]},
            "value": {"type": "distribution", "buckets": [10]},
        },
    )
    monitor.business("orders")
    monitor.business("orders", 2, segment="web")
    monitor.business("value", 12.5)
    model = {"model": "m", "version": "1", "role": "live"}

    def value(name: str, metric: str, segment: str) -> float | None:
        return registry.get_sample_value(name, {**model, "metric": metric, "segment": segment})

    assert value("mlmonitor_business_total", "orders", "web") == 2
    assert value("mlmonitor_business_total", "orders", "other") == 1
    assert value("mlmonitor_business_distribution_sum", "value", "all") == 12.5
    assert not failures(monitor)


@pytest.mark.parametrize("metric", ["profit", None, ["orders"], Hostile])
def test_an_undeclared_business_metric_is_a_failure_that_is_logged_once(
    metric: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = make(business={"orders": {"type": "counter"}})
    caplog.clear()
    for _ in range(3):
        monitor.business(metric() if metric is Hostile else metric, 1.0, segment=[])  # type: ignore[arg-type]
    assert failures(monitor) == {"business": 3}
    assert len(caplog.records) == 1


def test_business_metrics_that_are_declared_wrongly_are_refused() -> None:
    with pytest.raises(MlmonitorError, match="'orders'"):
        make(business={"orders": {"type": "counts"}})
