"""The house-price service in two worker processes, under the replay."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from examples.house_prices import stack
from examples.house_prices.houses import TARGET
from examples.house_prices.inject import BY_NAME
from examples.house_prices.replay import Replay, injected_rows
from examples.house_prices.train import train
from examples.house_prices.watch import fetch
from mlmonitor import drift
from mlmonitor.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmonitor.tally.totals import ColumnTotals

FLUSHED = 5.0
MOST_MEDIAN_ERROR = 0.1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trained model and its profile."""
    folder = tmp_path_factory.mktemp("house_prices")
    trained = train(folder)
    assert trained.median_error < MOST_MEDIAN_ERROR
    Reference.from_frame(
        pd.read_csv(trained.data),
        model="house-prices",
        version="1",
        target=TARGET,
        prediction="predicted",
    ).save(folder / "reference.json")
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """The port of the running service."""
    port = stack.free_port()
    with stack.service(folder, port):
        yield port


def counted(folder: Path, port: int) -> dict[str, ColumnTotals]:
    """What the service has counted, by column, from whichever worker answers."""
    text = fetch(f"http://{stack.HOST}:{port}/metrics")
    found = drift.from_metrics(text, Reference.load(folder / "reference.json"))
    return {one.column.name: one for one in next(iter(found.values()))}


def test_every_house_sent_is_counted_once_whichever_worker_served_it(
    folder: Path, port: int
) -> None:
    before = counted(folder, port)["prediction"].rows
    rows = injected_rows(BY_NAME["missing_basement"])
    with Replay(port, rows, rate=60) as replay:
        time.sleep(3)
    assert replay.failed == 0
    deadline = time.monotonic() + FLUSHED
    while counted(folder, port)["prediction"].rows - before < replay.sent:
        assert time.monotonic() < deadline
    for _ in range(4):
        columns = counted(folder, port)
        assert columns["prediction"].rows - before == replay.sent
        assert columns["TotalBsmtSF"].missing == columns["TotalBsmtSF"].rows
        assert columns["GrLivArea"].missing == 0


def test_healthy_houses_are_valid_in_every_column(folder: Path, port: int) -> None:
    with Replay(port, injected_rows(), rate=60):
        time.sleep(2)
    time.sleep(1.5)
    invalid = {
        name: column.invalid["wrong_type"]
        for name, column in counted(folder, port).items()
        if column.invalid.get("wrong_type")
    }
    assert invalid == {}


def test_a_program_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "prometheus"
    program.write_text("#!/bin/sh\necho 'no space left'\nexit 1\n")
    program.chmod(0o755)
    with (
        pytest.raises(stack.StackError, match="no space left"),
        stack.prometheus(
            program,
            tmp_path,
            target="127.0.0.1:1",
            port=stack.free_port(),
            scrape_interval=1.0,
            alertmanager_port=None,
            responder_port=None,
        ),
    ):
        pass
