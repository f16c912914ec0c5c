from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmonitor.errors import ProfileError
from mlmonitor.provenance import environment, fingerprint
from mlmonitor.reference import Reference
from mlmonitor.reference.build import ProfileWarning, Roles, Settings, profile_files
from mlmonitor.reference.model import json_schema

SETTINGS = Settings("m", "1")


def profile(frame: pd.DataFrame, **options: Any) -> Reference:
    return Reference.from_frame(frame, **{"model": "m", "version": "1", **options})


def test_a_profile_knows_its_model_where_a_fingerprint_is_given(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(b"weights")
    by_file = profile(frame()[["size"]], fingerprint=file)
    assert by_file.fingerprint == fingerprint(file)
    assert by_file.environment == environment()
    assert profile(frame()[["size"]], fingerprint="run 17").fingerprint == "run 17"
    by_file.save(tmp_path / "profile.json")
    assert Reference.load(tmp_path / "profile.json") == by_file


def test_without_a_fingerprint_the_bytes_do_not_depend_on_the_environment() -> None:
    plain = profile(frame()[["size"]])
    assert (plain.fingerprint, plain.environment) == (None, None)
    assert set(json.loads(plain.to_json())) == {
        "schema_version", "model", "version", "created", "rows", "columns",
    }  # fmt: skip


def test_a_profile_is_created_on_a_date() -> None:
    assert (
        profile(frame()[["size"]], created="2024-06-01T12:00:00Z").created == "2024-06-01T12:00:00Z"
    )
    with pytest.raises(ProfileError, match="created: 'last week' is no date"):
        profile(frame()[["size"]], created="last week")


def column(values: Any, **options: Any) -> Any:
    return profile(pd.DataFrame({"x": values}), **options).side("input")[0]


def frame(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "size": rng.normal(100, 20, rows),
            "rooms": rng.integers(1, 8, rows),
            "pool": np.where(rng.random(rows) < 0.7, 0.0, rng.exponential(5, rows)),
            "city": rng.choice(["Oslo", "Bergen", "Hamar"], rows),
            "garden": rng.random(rows) < 0.4,
            "id": np.arange(rows) + 7,
            "when": pd.date_range("2024-01-01", periods=rows, freq="h").astype(str),
            "price": rng.lognormal(12, 0.5, rows),
        }
    )
    found["guess"] = found["price"] * rng.normal(1, 0.1, rows)
    found.loc[::17, ["size", "city"]] = [math.nan, None]
    return found


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
class TestProfile:
    def test_columns_have_their_kinds_and_sides(self):
        found = profile(frame(), target="price", prediction="guess")
        assert {(c.name, c.side, c.kind) for c in found.columns} == {
            ("size", "input", "numeric"),
            ("rooms", "input", "discrete"),
            ("pool", "input", "sparse"),
            ("city", "input", "categorical"),
            ("garden", "input", "boolean"),
            ("id", "input", "identifier"),
            ("when", "input", "timestamp"),
            ("prediction", "output", "numeric"),
            ("price", "outcome", "numeric"),
        }

    def test_counts_are_exact(self):
        data = frame()
        for entry in profile(data).columns:
            values = data[entry.name].dropna()
            assert entry.missing == len(data) - len(values)
            if entry.edges is not None:
                where = np.searchsorted(np.array(entry.edges), values.to_numpy(float), side="left")
                assert entry.counts == tuple(np.bincount(where, minlength=len(entry.edges) + 1))
                assert entry.range == (values.min(), values.max())
                assert entry.mean == pytest.approx(values.mean(), rel=1e-12)
                assert entry.deviation == pytest.approx(values.std(ddof=0), rel=1e-12)
                assert entry.median == pytest.approx(values.median(), rel=1e-12)
                assert entry.nonzero == (values != 0).sum()
            if entry.categories is not None:
                assert entry.categories == values.astype(str).value_counts().to_dict()

    def test_the_same_data_give_the_same_bytes_in_any_form_and_chunks(self, tmp_path):
        data = frame(700)
        data.to_csv(tmp_path / "a.csv", index=False)
        read = pd.read_csv(tmp_path / "a.csv")
        read.to_parquet(tmp_path / "a.parquet")
        read.to_json(tmp_path / "a.jsonl", orient="records", lines=True, double_precision=15)
        read[:300].to_csv(tmp_path / "b.csv", index=False)
        read[300:].to_csv(tmp_path / "c.csv.gz", index=False)
        expected = profile(read).to_json()
        for rows in (1, 7, 100, 5000):
            assert (
                profile_files([tmp_path / "a.csv"], SETTINGS, chunk_rows=rows).reference.to_json()
                == expected
            )
        for paths in (["a.parquet"], ["b.csv", "c.csv.gz"]):
            files = [tmp_path / path for path in paths]
            assert profile_files(files, SETTINGS, chunk_rows=64).reference.to_json() == expected

    def test_standard_input_is_read_too(self, tmp_path, monkeypatch):
        frame().to_csv(tmp_path / "a.csv", index=False)
        data = (tmp_path / "a.csv").read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert profile_files(["-"], SETTINGS) == profile_files([tmp_path / "a.csv"], SETTINGS)

    def test_progress_comes_to_its_end(self, tmp_path):
        frame().to_csv(tmp_path / "a.csv", index=False)
        told: list[tuple[int, int]] = []
        profile_files(
            [tmp_path / "a.csv"],
            SETTINGS,
            chunk_rows=50,
            progress=lambda *where: told.append(where),
        )
        assert told == sorted(told)
        assert told[-1][0] == told[-1][1] > 0

    def test_it_is_valid_by_its_schema_and_loads_again(self, tmp_path):
        found = profile(frame(), target="price", prediction="guess")
        found.save(tmp_path / "reference.json")
        jsonschema.validate(json.loads((tmp_path / "reference.json").read_text()), json_schema())
        assert Reference.load(tmp_path / "reference.json") == found

    def test_a_kind_can_be_given(self):
        found = profile(frame(), kinds={"id": "numeric", "rooms": "categorical", "size": "text"})
        kinds = {entry.name: entry.kind for entry in found.columns}
        assert (kinds["id"], kinds["rooms"], kinds["size"]) == ("numeric", "categorical", "text")
        rooms = next(entry for entry in found.columns if entry.name == "rooms")
        assert set(rooms.categories or ()) == {str(number) for number in range(1, 8)}

    def test_a_kind_changed_by_hand_switches_the_statistics_off(self, tmp_path):
        profile(frame()).save(tmp_path / "reference.json")
        text = (tmp_path / "reference.json").read_text()
        (tmp_path / "reference.json").write_text(
            text.replace('"kind": "sparse"', '"kind": "identifier"')
        )
        pool = next(
            c for c in Reference.load(tmp_path / "reference.json").columns if c.name == "pool"
        )
        assert not pool.is_binned


numbers = st.lists(
    st.one_of(st.floats(), st.integers(-5, 5).map(float), st.none()), min_size=1, max_size=80
)


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(numbers)
def test_any_numbers_make_a_profile_whose_counts_are_theirs(values):
    entry = column(pd.Series(values, dtype=float))
    known = np.array(
        [value for value in values if value is not None and not math.isnan(value)], dtype=float
    )
    assert entry.missing == len(values) - len(known)
    if entry.edges is not None:
        where = np.searchsorted(np.array(entry.edges), known, side="left")
        assert entry.counts == tuple(np.bincount(where, minlength=len(entry.edges) + 1))


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans()), min_size=1)
)
def test_any_objects_make_a_profile(values):
    entry = column(pd.Series(values, dtype=object))
    assert entry.rows == len(values)


def test_infinite_values_count_in_the_outer_bins_and_nowhere_else():
    entry = column([1.5, 2.5, 3.5, math.inf, -math.inf, 2.25] * 10)
    assert entry.range == (1.5, 3.5)
    assert entry.mean == pytest.approx(2.4375)
    assert sum(entry.counts) == 60
    assert entry.counts[0] >= 10
    assert entry.counts[-1] >= 10


def test_the_tail_of_categories_is_other():
    values = [f"v{index % 60}" for index in range(600)] + ["v0"] * 10
    with pytest.warns(ProfileWarning, match="60 categories; the 50 most frequent are kept"):
        entry = column(values)
    assert (len(entry.categories), entry.other, len(entry.other_values)) == (50, 100, 10)
    assert entry.complete
    assert set(entry.allowed) == set(values)


@pytest.mark.parametrize(
    ("values", "kind", "warning"),
    [
        ([None] * 30, "text", "has no values"),
        ([5.0] * 30, "discrete", "one value alone"),
        (list(range(30)), "identifier", "looks like an identifier"),
        ([f"u{index:04}" for index in range(30)], "identifier", "looks like an identifier"),
        ([1.5, 2.5, 3.5] * 10 + ["n/k"], "discrete", "1 of its values are texts"),
    ],
)
def test_what_makes_a_profile_less_useful_is_said(values, kind, warning):
    with pytest.warns(ProfileWarning, match=warning):
        assert column(values).kind == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.random.default_rng(0).normal(size=100), "numeric"),
        (np.sort(np.random.default_rng(0).normal(size=100)), "numeric"),
        ([1, 2, 3, 3] * 10, "discrete"),
        ([f"a longer sentence, number {index}" for index in range(40)], "text"),
        (["yes", "no"] * 20, "categorical"),
        (["True", "False", None] * 20, "boolean"),
        ([f"2024-01-{1 + index % 28:02}" for index in range(40)], "timestamp"),
        (pd.date_range("2024", periods=40), "timestamp"),
        ([f"00{index % 5}" for index in range(40)], "discrete"),
    ],
)
def test_kinds_follow_from_the_values(values, kind):
    assert column(values).kind == kind


def test_fitted_predictions_are_warned_of():
    data = frame().drop(columns=["id"])
    with pytest.warns(ProfileWarning, match="rows on which the model was fitted"):
        profile(data, prediction="guess", fitted=True)


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
def test_ten_thousand_columns_are_profiled():
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 10_000)))
    assert len(profile(data).columns) == 10_000


@pytest.mark.parametrize("name", ['a"b', "a\nb", "größe", "le", "a\\b", " "])
def test_any_name_of_a_column_is_kept(name, tmp_path):
    found = profile(pd.DataFrame({name: [1.5, 2.5, 3.5, 4.5]}))
    found.save(tmp_path / "r.json")
    assert Reference.load(tmp_path / "r.json").columns[0].name == name


BAD_FILES = {
    "empty.csv": (b"", "is empty"),
    "header.csv": (b"a,b\n", "has a header but no rows"),
    "twice.csv": (b"a,a\n1,2\n", "column 'a' is there twice"),
    "ragged.csv": (b"a,b\n1,2\n1,2,3\n", "a row has more values than the header"),
    "latin.csv": ("a,b\n1,é\n".encode("latin-1"), "give a whole file in UTF-8"),
    "not.parquet": (b"nothing", "is no readable Parquet file"),
    "broken.jsonl": (b'{"a": 1}\n{"a":\n', "broken.jsonl:2: is no JSON object"),
    "empty.jsonl": (b"\n", "has no rows"),
    "table.xlsx": (b"PK", "unknown ending"),
    "cut.csv.gz": (b"\x1f\x8b\x08\x00", "cannot be read"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_read_says_why(name, tmp_path):
    content, reason = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProfileError, match=reason):
        profile_files([tmp_path / name], SETTINGS)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ProfileError, match="No such file"):
        profile_files([tmp_path / "none.csv"], SETTINGS)


def test_files_of_different_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("a,c\n1,2\n")
    with pytest.raises(ProfileError, match=r"b\.csv: column 'b' is not in all files"):
        profile_files([tmp_path / "a.csv", tmp_path / "b.csv"], SETTINGS)


@pytest.mark.parametrize(
    ("roles", "kinds", "reason"),
    [
        (
            Roles(target="pice"),
            {},
            "--target pice: the data have no such column; did you mean 'price'",
        ),
        (Roles(prediction="zzz"), {}, "--prediction zzz"),
        (Roles(), {"size": "big"}, "--kind size=big: unknown kind; use one of numeric"),
        (Roles(), {"sise": "numeric"}, "--kind sise"),
    ],
)
def test_settings_that_name_nothing_are_refused(roles, kinds, reason, tmp_path):
    frame().to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ProfileError, match=reason):
        profile_files([tmp_path / "a.csv"], Settings("m", "1", roles, kinds))


def test_a_frame_with_two_columns_of_one_name_is_refused():
    with pytest.raises(ProfileError, match="'a' is there twice"):
        profile(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_a_frame_without_rows_is_refused():
    with pytest.raises(ProfileError, match="no rows"):
        profile(pd.DataFrame({"a": []}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:50], "not valid JSON"),
        (lambda _: "[]", "not a reference profile"),
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": 9'),
            "schema_version 9 is not 1",
        ),
        (lambda text: text.replace('"counts": [', '"counts": [5, '), "edges need .* counts"),
        (lambda text: text.replace('"mean"', '"maen"'), "column 'size'.*maen"),
        (lambda text: text.replace('"side": "input"', '"side": "inside"', 1), "column 'size'"),
    ],
)
@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
def test_a_damaged_profile_says_what_is_wrong(change, reason, tmp_path):
    path = tmp_path / "reference.json"
    profile(frame()).save(path)
    path.write_text(change(path.read_text()))
    with pytest.raises(ProfileError, match=reason) as caught:
        Reference.load(path)
    assert str(path) in str(caught.value)


def test_the_published_schema_is_up_to_date():
    published = Path("mlmonitor/schemas/reference.schema.json").read_text()
    assert json.loads(published) == json_schema()
