"""Profiles of rows that came with their times."""

from __future__ import annotations

import builtins
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from mlmonitor.errors import MlmonitorError, ProfileError
from mlmonitor.reference import Column, Reference
from mlmonitor.reference.build import ProfileWarning, Settings, from_chunks, profile_files
from mlmonitor.reference.model import json_schema

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS = ("1h", "6h", "1d")


def frame(days: int = 20, rows: int = 12, seed: int = 0) -> pd.DataFrame:
    """Rows of `rows` an hour, of which each hour has its own level and its own mix."""
    rng = np.random.default_rng(seed)
    hours = np.repeat(np.arange(24 * days), rows)
    level = rng.normal(size=24 * days)
    found = pd.DataFrame(
        {
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h"),
            "alike": 0.5 * level[hours] + rng.normal(size=len(hours)),
            "free": rng.normal(size=len(hours)),
            "mix": np.where(rng.random(len(hours)) < 0.5 + 0.1 * np.sign(level[hours]), "a", "b"),
            "same": rng.choice(["x", "y", "z"], len(hours)),
            "flag": rng.random(len(hours)) < 0.3,
            "constant": 7.5,
            "note": [f"a longer sentence, number {index}" for index in range(len(hours))],
        }
    )
    found.loc[::9, ["alike", "mix"]] = [np.nan, None]
    return found


def profile(data: pd.DataFrame, **options: Any) -> Reference:
    known = {"model": "m", "version": "1", "time": "when", "windows": WINDOWS}
    return Reference.from_frame(data, **{**known, **options})


def column(reference: Reference, name: str) -> Column:
    return next(one for one in reference.columns if one.name == name)


pytestmark = pytest.mark.filterwarnings("ignore:.*one value alone:UserWarning")


def test_rows_that_are_alike_in_their_hour_are_told_from_those_that_are_not() -> None:
    found = profile(frame(60, seed=1))
    # Shared variance 0.25 of 1.25; for the mix, 0.1 squared of the quarter of a fair coin.
    for name, rho, room in (("alike", 0.2, 0.04), ("mix", 0.04, 0.02), ("free", 0, 0.02)):
        bounds = column(found, name).correlation
        assert bounds is not None
        assert rho <= bounds["1h"] <= rho + room
    for name in ("free", "same", "flag"):
        one = column(found, name)
        assert one.evidence > 0.5 * one.values
    alike = column(found, "alike")
    assert alike.correlation is not None
    assert alike.correlation["1d"] < alike.correlation["6h"] < alike.correlation["1h"]
    assert alike.evidence < alike.values / (1 + 11 * 8 / 9 * 0.2)
    windows = found.windows or {}
    assert (windows["6h"], windows["1d"]) == (240, 60)
    assert windows["1h"] == pytest.approx(1440 / 2, abs=2), "every second of those beyond 1,024"


def test_columns_that_are_only_counted_or_constant_have_no_correlation() -> None:
    found = profile(frame())
    for name in ("constant", "note"):
        assert column(found, name).correlation is None
        assert column(found, name).evidence == column(found, name).values


def test_the_column_of_times_stays_out_unless_its_kind_is_given() -> None:
    assert "when" not in {one.name for one in profile(frame()).columns}
    found = profile(frame(), kinds={"when": "timestamp"})
    assert column(found, "when").kind == "timestamp"


def test_lengths_with_few_windows_are_noted_and_take_the_shorter_ones_bound() -> None:
    data = frame(20)
    made = from_chunks(lambda: iter([data]), Settings("m", "1", time="when", windows=WINDOWS))
    assert made.notes == (
        "There are 20 windows of 1d, fewer than 30: the correlation of rows is that of 6h.",
    )
    bounds = column(made.reference, "alike").correlation
    assert bounds is not None
    assert bounds["1d"] == bounds["6h"]
    assert made.reference.windows == {"1h": 480, "6h": 80, "1d": 20}


def test_a_column_whose_values_are_in_few_windows_is_noted_by_its_name() -> None:
    data = frame(40)
    data.loc[data.when > "2024-01-21", "free"] = np.nan
    made = from_chunks(lambda: iter([data]), Settings("m", "1", time="when", windows=WINDOWS))
    assert made.notes == (
        "'free': too few windows of 1d hold values, fewer than 30: the correlation of rows is that of 6h.",
    )


def test_too_little_time_is_warned_of_and_leaves_nothing_measured() -> None:
    with pytest.warns(ProfileWarning, match="there are 24 windows of 1h; give more rows"):
        found = profile(frame(1))
    assert {one.correlation for one in found.columns} == {None}


def test_rows_without_a_time_count_but_not_for_the_correlation() -> None:
    data = frame()
    extra = data.assign(when=pd.Series(pd.NaT, data.index), alike=1000.0)
    found = profile(pd.concat([data, extra], ignore_index=True))
    assert column(found, "alike").rows == 2 * len(data)
    assert column(found, "alike").correlation == pytest.approx(
        column(profile(data), "alike").correlation
    )


def test_the_profile_does_not_depend_on_chunks_files_or_the_form_of_times(tmp_path: Path) -> None:
    data = frame()
    data.to_csv(tmp_path / "a.csv", index=False)
    data[:1000].to_csv(tmp_path / "b.csv", index=False)
    data[1000:].to_csv(tmp_path / "c.csv", index=False)
    unix = data.assign(when=data["when"].astype("datetime64[s]").astype("int64"))
    unix.to_parquet(tmp_path / "a.parquet")
    settings = Settings("m", "1", time="when", windows=WINDOWS)
    expected = profile_files([tmp_path / "a.csv"], settings).reference.to_json()
    for names, rows in ((["a.csv"], 101), (["b.csv", "c.csv"], 999), (["a.parquet"], 500)):
        files = [tmp_path / name for name in names]
        assert profile_files(files, settings, chunk_rows=rows).reference.to_json() == expected


def test_it_is_valid_by_its_schema_and_loads_again(tmp_path: Path) -> None:
    found = profile(frame())
    found.save(tmp_path / "reference.json")
    jsonschema.validate(json.loads((tmp_path / "reference.json").read_text()), json_schema())
    assert Reference.load(tmp_path / "reference.json") == found


def test_without_times_the_file_says_nothing_of_them() -> None:
    text = profile(frame().drop(columns="when"), time=None).to_json()
    assert not any(word in text for word in ("windows", "correlation", "effective_rows"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"1h": 0.', '"1 hour": 0.', "'1 hour' is no window"),
        ('"1h": 0.', '"60m": 0.', "'60m' is no window"),
        ('"1h": 0.', '"1h": 1.', "less than 1"),
        ('"effective_rows": ', '"effective_rows": 9', "exceed the rows with a value"),
    ],
)
def test_a_contradiction_is_refused(old: str, new: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.write_text(profile(frame()).to_json().replace(old, new))
    with pytest.raises(ProfileError, match=reason):
        Reference.load(path)


def test_a_column_of_times_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileError, match=r"--time wehn: .* did you mean 'when'"):
        profile(frame(1), time="wehn")


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MlmonitorError, match=r"pip install 'mlmonitor\[stats\]'"):
        profile(frame(1))
