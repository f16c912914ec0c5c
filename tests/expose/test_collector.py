from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Info, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from mlmonitor import names
from mlmonitor.expose import Source, register, render, unregister
from mlmonitor.monitor import Monitor
from tests.expose.sources import Counts, Key, counts, nasty, parsed
from tests.references import mixed, mixed_rows, reference

if TYPE_CHECKING:
    from collections.abc import Callable

Readings = list[dict[Key, float]]
OPENMETRICS = "application/openmetrics-text"


def registry_of(*sources: Source) -> CollectorRegistry:
    registry = CollectorRegistry()
    for source in sources:
        register(source, registry)
    return registry


def steady(samples: dict[Key, float]) -> dict[Key, float]:
    """All but what the process uses, which changes between two readings."""
    return {k: v for k, v in samples.items() if not k[0].startswith("mlmonitor_process")}


@pytest.mark.parametrize("accept", [None, OPENMETRICS])
def test_our_text_says_what_prometheus_client_writes_of_the_registry(accept: str | None) -> None:
    sources = [counts(nasty(), seed=1), counts(None, seed=2, identity=("b", "1", "shadow"))]
    registry = registry_of(*sources)
    Gauge("queue_depth", "Waiting requests.", registry=registry).set(4)
    Info("build", "What was built.", registry=registry).info({"sha": "abc"})
    body, content_type = render(registry, accept)
    write: Callable[[CollectorRegistry], bytes] = (
        generate_openmetrics if accept else generate_latest
    )
    theirs = write(registry)
    ours = parsed(body, content_type)
    assert steady(ours) == steady(parsed(theirs, content_type))
    assert ours["queue_depth", ()] == 4
    assert ("build_info", (("sha", "abc"),)) in ours


def test_an_openmetrics_text_ends_once() -> None:
    registry = registry_of(counts())
    Counter("x", "X.", registry=registry).inc()
    body, _ = render(registry, OPENMETRICS)
    assert body.count(b"# EOF") == 1
    assert body.endswith(b"\n# EOF\n")


def test_a_registry_without_monitors_is_written_too() -> None:
    registry = CollectorRegistry()
    assert render(registry)[0] == b""
    assert render(registry, OPENMETRICS)[0] == b"# EOF\n"
    Counter("x", "X.", registry=registry).inc()
    assert parsed(render(registry)[0])["x_total", ()] == 1


def test_the_parts_add_up_to_the_whole() -> None:
    registry = registry_of(counts(mixed(), seed=1))
    Counter("x", "X.", registry=registry).inc()
    live, fixed, whole = (
        parsed(render(registry, part=part)[0]) for part in ("live", "reference", "all")
    )
    assert steady(live | fixed) == steady(whole)
    assert not set(live) & set(fixed)
    assert ("x_total", ()) in live


def test_a_registry_knows_our_names() -> None:
    registry = registry_of(counts())
    with pytest.raises(ValueError, match="Duplicated"):
        Counter("mlmonitor_predictions", "Mine.", registry=registry)
    found = registry.restricted_registry([names.PREDICTIONS.name])
    assert [metric.name for metric in found.collect()] == ["mlmonitor_predictions"]


def test_the_same_identity_again_replaces_the_first(caplog: pytest.LogCaptureFixture) -> None:
    first, second = counts(seed=1), counts(seed=2)
    registry = registry_of(first)
    with caplog.at_level(logging.WARNING, "mlmonitor"):
        register(second, registry)
    assert "replaces the first" in caplog.text
    alone = registry_of(second)
    assert steady(parsed(render(registry)[0])) == steady(parsed(render(alone)[0]))


def test_a_source_that_fails_is_counted_and_the_others_are_exposed() -> None:
    broken, whole = counts(mixed()), counts(mixed(), seed=1, identity=("b", "1", "live"))
    registry = registry_of(broken, whole)
    broken.error = OSError("the disk is gone")
    for body in (render(registry)[0], generate_latest(registry)):
        models = {dict(labels)["model"] for _, labels in parsed(body)}
        assert models == {"b"}
    assert [(stage, type(error)) for stage, error in broken.failures] == [("expose", OSError)] * 2
    broken.error = None
    assert {dict(labels)["model"] for _, labels in parsed(render(registry)[0])} == {"m", "b"}


def test_a_failure_that_nobody_counts_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Mute(Counts):
        failed = None  # type: ignore[assignment]

    broken = Mute(counts().layout, counts().cells, error=ValueError("odd"))
    assert render(registry_of(broken))[0] == b""
    assert "cannot be exposed" in caplog.text


def test_an_unregistered_source_is_not_exposed() -> None:
    first, second = counts(), counts(identity=("b", "1", "live"))
    registry = registry_of(first, second)
    unregister(first, registry)
    assert {dict(labels)["model"] for _, labels in parsed(render(registry)[0])} == {"b"}
    unregister(second, registry)
    unregister(second, registry)
    assert render(registry)[0] == b""
    register(first, registry)
    assert parsed(render(registry)[0])


def test_registries_do_not_share_and_are_not_kept_alive() -> None:
    mine, theirs = registry_of(counts()), registry_of(counts(identity=("b", "1", "live")))
    assert {dict(labels)["model"] for _, labels in parsed(render(mine)[0])} == {"m"}
    gone = weakref.ref(theirs)
    del theirs
    gc.collect()
    assert gone() is None


def test_a_monitor_is_exposed_with_all_that_it_counts() -> None:
    registry = CollectorRegistry()
    monitor = Monitor("m", reference=mixed(), registry=registry)
    predict = monitor(lambda row: row["rooms"] / 0)
    for row in mixed_rows(5):
        with pytest.raises(ZeroDivisionError):
            predict(row)
    samples = parsed(render(registry, OPENMETRICS)[0], OPENMETRICS)
    identity = (("model", "m"), ("role", "live"), ("version", "1"))
    assert samples[names.PREDICTIONS.name, identity] == 0
    error = (("exception", "ZeroDivisionError"), *identity)
    assert samples[names.PREDICTION_ERRORS.name, tuple(sorted(error))] == 5
    assert samples[names.MONITOR_WORKERS.name, identity] == 1


def test_a_monitor_without_a_reference_is_exposed() -> None:
    registry = CollectorRegistry()
    predict = Monitor("m", registry=registry)(lambda row: row * 2.0)
    for value in range(9):
        predict(value)
    samples = parsed(render(registry)[0])
    rows = [v for (name, _), v in samples.items() if name == names.COLUMN_ROWS.name]
    assert rows == [9]
    assert not any(name.startswith("mlmonitor_reference") for name, _ in samples)


def scrapes_beside(work: Callable[[], object], registry: CollectorRegistry) -> list[Readings]:
    """What two threads read, eight times each, while two others work."""
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            work()

    def scrape(seen: Readings) -> None:
        seen.extend(parsed(render(registry)[0]) for _ in range(8))

    readings: list[Readings] = [[], []]
    workers = [threading.Thread(target=busy) for _ in range(2)]
    scrapers = [threading.Thread(target=scrape, args=(one,)) for one in readings]
    for thread in (*workers, *scrapers):
        thread.start()
    for thread in scrapers:
        thread.join()
    stop.set()
    for thread in workers:
        thread.join()
    return readings


def test_scrapes_beside_predictions_never_see_a_counter_fall() -> None:
    registry = CollectorRegistry()
    monitor = Monitor("m", reference=mixed(), registry=registry)
    rows = mixed_rows(200)

    @monitor
    def predict(_: object) -> float:
        time.sleep(0.0002)
        return 3000.0

    readings = scrapes_beside(lambda: [predict(row) for row in rows], registry)
    for before, after in (pair for seen in readings for pair in pairwise(seen)):
        assert not [k for k in before if k[0].endswith("_total") and after[k] < before[k]]
    last = parsed(render(registry)[0])
    identity = (("model", "m"), ("role", "live"), ("version", "1"))
    rows_counted = {v for (name, _), v in last.items() if name == names.COLUMN_ROWS.name}
    assert rows_counted == {last[names.PREDICTIONS.name, identity]}


def test_a_model_without_columns_is_exposed() -> None:
    assert parsed(render(registry_of(counts(reference())))[0])
