from __future__ import annotations

import hashlib
import sys
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np
import pytest

import mlmonitor
from mlmonitor.errors import MlmonitorError
from mlmonitor.provenance import (
    Provenance,
    environment,
    fingerprint,
    identified,
    moment,
    moment_or_none,
)

if TYPE_CHECKING:
    from pathlib import Path

JUNE = 1_717_200_000.0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "weights").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "weights" / "1.bin").write_bytes(bytes(range(256)) * 9_000)
    return folder


@pytest.mark.parametrize(
    "given",
    [
        "2024-06-01",
        " 2024-06-01T00:00:00Z ",
        "2024-06-01 02:00:00+02:00",
        "2024-06-01T00:00",
        date(2024, 6, 1),
        datetime(2024, 6, 1),  # noqa: DTZ001 - one without a zone is UTC
        datetime(2024, 6, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        1_717_200_000,
        1_717_200_000.0,
    ],
)
def test_a_moment_is_seconds_since_the_epoch(given: object) -> None:
    assert moment(given) == moment_or_none(given) == JUNE


@pytest.mark.parametrize("given", ["June", "", "2024-13-01", float("nan"), True, [], object()])
def test_what_is_no_moment_is_refused(given: object) -> None:
    with pytest.raises(MlmonitorError, match="is no date; write it in ISO 8601"):
        moment(given)
    assert moment_or_none(given) is None


def test_no_moment_is_none() -> None:
    assert moment_or_none(None) is None


def test_the_fingerprint_of_a_file_is_its_sha256(model: Path) -> None:
    file = model / "weights" / "1.bin"
    assert fingerprint(file) == hashlib.sha256(file.read_bytes()).hexdigest()
    assert mlmonitor.fingerprint is fingerprint


def test_the_order_of_files_does_not_matter_but_each_byte_does(model: Path) -> None:
    files = [model / "config.json", model / "weights" / "1.bin"]
    first = fingerprint(*files)
    assert first == fingerprint(*reversed(files))
    assert first not in {fingerprint(file) for file in files}
    files[0].write_text("{ }")
    assert fingerprint(*files) != first


def test_a_folder_counts_with_the_names_in_it_and_not_with_its_own(model: Path) -> None:
    first = fingerprint(model)
    moved = model.rename(model.with_name("elsewhere"))
    assert fingerprint(str(moved)) == first
    (moved / "config.json").rename(moved / "settings.json")
    assert fingerprint(moved) != first


def test_a_folder_of_one_file_is_not_that_file(model: Path) -> None:
    assert fingerprint(model / "weights") != fingerprint(model / "weights" / "1.bin")


def test_without_files_there_is_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(MlmonitorError, match="no files; name those of a model"):
        fingerprint()
    with pytest.raises(MlmonitorError, match="no files; name those of a model"):
        fingerprint(tmp_path)
    with pytest.raises(MlmonitorError, match=r"gone\.joblib: cannot be read \(No such file"):
        fingerprint(tmp_path / "gone.joblib")


def test_text_is_a_fingerprint_and_paths_are_read(model: Path) -> None:
    file = model / "config.json"
    assert identified("run 17") == "run 17"
    assert identified(file) == identified([str(file)]) == fingerprint(file)
    assert identified([model, file]) == fingerprint(model, file)


def test_the_environment_names_python_and_what_is_installed() -> None:
    found = environment()
    assert found["python"] == ".".join(map(str, sys.version_info[:2]))
    assert found["numpy"] == np.__version__
    assert "pytest" not in found


def test_what_either_side_does_not_know_is_not_compared() -> None:
    known = Provenance(trained=1.0)
    assert known.compared((None, None), "a") == known
    assert known.compared(("a", None), None) == known


def test_the_same_model_in_the_same_environment_does_not_differ() -> None:
    found = Provenance(1.0).compared(("a", environment()), "a")
    assert found == Provenance(1.0, {"model": False, "environment": False})


def test_another_model_or_package_differs() -> None:
    packages = {**environment(), "numpy": "0.9", "torch of another": "1"}
    found = Provenance().compared(("a", packages), "b")
    assert found.mismatches == {"model": True, "environment": True}
    assert found.differences == (
        "its files are not those that were profiled",
        f"numpy is {np.__version__} and was 0.9",
    )
