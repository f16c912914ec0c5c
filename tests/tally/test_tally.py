from __future__ import annotations

import dataclasses
import decimal
import gc
import math
import threading
from collections import OrderedDict, defaultdict, namedtuple
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmonitor import names
from mlmonitor.tally import Layout, Tally, UnreadableRow
from mlmonitor.tally.layout import DURATION_EDGES
from tests.references import binned, categorical, mixed, mixed_rows, reference

LAYOUT = Layout.of(mixed())
ROWS = mixed_rows(500)


def of_rows(rows: list[Any], layout: Layout = LAYOUT) -> Tally:
    tally = Tally(layout)
    for row in rows:
        tally.fold_row("input", row)
    return tally


def assert_equal(left: Tally, right: Tally) -> None:
    np.testing.assert_allclose(left.totals().cells, right.totals().cells, rtol=1e-12)


def test_counts_are_those_of_the_rows():
    totals = of_rows(ROWS).totals()
    frame = pd.DataFrame(ROWS)
    size = totals.column("input", "size")
    values = frame["size"].dropna().to_numpy()
    edges = np.array(size.column.edges)
    expected = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    assert size.bins is not None
    assert size.bins.tolist() == expected.tolist()
    assert (size.rows, size.missing) == (500, frame["size"].isna().sum())
    assert size.invalid["not_finite"] == np.isinf(values).sum()
    low, high = size.column.range or (0, 0)
    outside = ~np.isinf(values) & ((values < low) | (values > high))
    assert size.invalid["out_of_range"] == outside.sum()
    pool = totals.column("input", "pool")
    assert pool.nonzero == (frame["pool"] != 0).sum()


def test_moments_are_standardised_and_clipped():
    totals = of_rows(ROWS).totals().column("input", "size")
    values = np.array([row["size"] for row in ROWS])
    column = totals.column
    z = np.clip((values[~np.isnan(values)] - column.mean) / column.deviation, -1e4, 1e4)
    np.testing.assert_allclose(totals.above, z.clip(0).sum())
    np.testing.assert_allclose(totals.below, -z.clip(None, 0).sum())
    np.testing.assert_allclose(totals.squares, (z * z).sum())


def test_one_huge_value_spoils_nothing():
    layout = Layout.of(reference(binned("x", np.arange(100.0))))
    for huge in (1e30, -1e30, math.inf, -math.inf, 1.7e308):
        totals = of_rows([[50.0], [huge], [51.0]], layout).totals().column("input", "x")
        assert totals.values == 3
        assert totals.squares <= 1e8 + 1
        assert sum(totals.invalid.values()) >= 1


def test_categories_count_other_and_unseen_apart():
    column = categorical(
        "c", {"a": 5, "b": 3}, rows=10, other=2, other_values=("x",), allowed=("a", "x", "new")
    )
    totals = of_rows(
        [["a"], ["b"], ["x"], ["new"], ["never"], [None], [7]], Layout.of(reference(column))
    )
    counted = totals.totals().column("input", "c")
    assert counted.categories is not None
    assert counted.categories.tolist() == [1, 1, 1, 2]
    assert counted.missing == 1
    assert counted.invalid == {"wrong_type": 1, "not_allowed": 2}


def test_an_incomplete_reference_cannot_tell_unseen_from_other():
    column = categorical("c", {"a": 5}, rows=9, other=4, complete=False, allowed=None)
    counted = of_rows([["never"]], Layout.of(reference(column))).totals().column("input", "c")
    assert counted.categories is not None
    assert counted.categories.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "value", [60, 60.0, np.int64(60), np.float32(60), "60", decimal.Decimal(60)]
)
def test_numbers_find_their_category_in_any_type(value):
    layout = Layout.of(reference(categorical("c", {"20": 5, "60": 3})))
    counted = of_rows([[value]], layout).totals().column("input", "c")
    assert counted.categories is not None
    assert counted.categories.tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("value", [True, np.True_, "True"])
def test_booleans_find_their_category_in_any_type(value):
    layout = Layout.of(reference(categorical("c", {"False": 5, "True": 3}, kind="boolean")))
    counted = of_rows([[value]], layout).totals().column("input", "c")
    assert counted.categories is not None
    assert counted.categories.tolist() == [0, 1, 0, 0]


MISSING = [None, math.nan, np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT")]


@pytest.mark.parametrize("missing", MISSING, ids=lambda value: f"{type(value).__name__}-{value}")
@pytest.mark.parametrize("name", ["size", "city", "garden", "id", "note"])
def test_a_missing_value_is_missing_in_every_kind(missing, name):
    totals = of_rows([{**ROWS[1], name: missing}]).totals().column("input", name)
    assert totals.missing == 1
    assert not any(totals.invalid.values())


@pytest.mark.parametrize("name", ["size", "rooms", "city", "garden", "id", "note"])
def test_an_absent_key_is_missing(name):
    row = {key: value for key, value in ROWS[1].items() if key != name}
    assert of_rows([row]).totals().column("input", name).missing == 1


@pytest.mark.parametrize(("name", "value"), [("size", "big"), ("size", []), ("city", 5), ("city", []),
                                             ("garden", "maybe"), ("note", 5), ("id", {})])  # fmt: skip
def test_a_wrong_type_is_invalid_and_not_missing(name, value):
    totals = of_rows([{**ROWS[1], name: value}]).totals().column("input", name)
    assert totals.missing == 0
    assert sum(totals.invalid.values()) == 1


def test_nan_in_an_output_is_invalid_and_none_is_missing():
    tally = Tally(LAYOUT)
    for value in (math.nan, math.inf, None, 1.0):
        tally.fold_row("output", value)
    totals = tally.totals().column("output", "prediction")
    assert (totals.rows, totals.missing) == (4, 1)
    assert totals.invalid["not_finite"] == 2


def test_unexpected_columns_are_counted():
    tally = of_rows([{**ROWS[0], "new": 1, "newer": 2}, ROWS[1], {"new": 1}])
    block = LAYOUT.block("input")
    assert block is not None
    assert tally.totals().cells[block.unexpected] == 3


class House(pydantic.BaseModel):
    size: float | None
    city: str | None
    rooms: int
    pool: float
    garden: bool
    id: int
    note: str | None


@dataclasses.dataclass
class HouseData:
    size: float | None
    city: str | None
    rooms: int
    pool: float
    garden: bool
    id: int
    note: str | None


HouseTuple = namedtuple("HouseTuple", list(ROWS[0]))  # noqa: PYI024 - the untyped one is tested

ROW_FORMS = {
    "model": lambda row: House(**row),
    "dataclass": lambda row: HouseData(**row),
    "namedtuple": lambda row: HouseTuple(**row),
    "tuple": lambda row: tuple(row.values()),
    "list": lambda row: list(row.values()),
    "array": lambda row: np.array(list(row.values()), dtype=object),
    "series": pd.Series,
    "ordered": OrderedDict,
    "defaultdict": lambda row: defaultdict(lambda: 7, row),
    "reversed": lambda row: dict(reversed(row.items())),
}


@pytest.mark.parametrize("form", ROW_FORMS)
def test_every_form_of_a_row_counts_alike(form):
    rows = [row for row in ROWS if not (row["size"] != row["size"] and form == "model")]
    assert_equal(of_rows([ROW_FORMS[form](row) for row in rows]), of_rows(rows))


def test_a_defaultdict_is_not_changed():
    row: defaultdict[str, float] = defaultdict(float)
    of_rows([row])
    assert not row


BATCH_FORMS = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.Table.from_pylist,
    "dicts": list,
    "tuples": lambda rows: [tuple(row.values()) for row in rows],
    "objects": lambda rows: np.array([list(row.values()) for row in rows], dtype=object),
}


@pytest.mark.parametrize("form", BATCH_FORMS)
def test_every_form_of_a_batch_counts_like_its_rows(form):
    tally = Tally(LAYOUT)
    tally.fold_batch("input", BATCH_FORMS[form](ROWS))
    assert_equal(tally, of_rows(ROWS))


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u1", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_type_and_order_count_like_their_rows(dtype, order):
    rng = np.random.default_rng(0)
    layout = Layout.of(reference(*(binned(f"x{i}", rng.integers(0, 99, 500)) for i in range(7))))
    array = np.asarray(rng.integers(0, 120, (5000, 7)), dtype=dtype, order=order)
    tally, frame = Tally(layout), Tally(layout)
    tally.fold_batch("input", array)
    frame.fold_batch("input", pd.DataFrame(array, columns=[f"x{i}" for i in range(7)]))
    assert_equal(tally, of_rows(array.tolist(), layout))
    assert_equal(frame, of_rows(array.tolist(), layout))


def test_structured_arrays_count_by_name():
    layout = Layout.of(reference(binned("a", np.arange(9)), binned("b", np.arange(9))))
    array = np.array([(1.0, 2.0), (3.0, np.nan)], dtype=[("b", "f8"), ("a", "f8")])
    tally = Tally(layout)
    tally.fold_batch("input", array)
    assert_equal(tally, of_rows([{"a": 2.0, "b": 1.0}, {"a": np.nan, "b": 3.0}], layout))


def test_a_batch_of_the_wrong_width_says_so():
    with pytest.raises(UnreadableRow, match=r"shape \(2, 3\) where the reference has 7 columns"):
        Tally(LAYOUT).fold_batch("input", np.zeros((2, 3)))


def test_a_row_of_the_wrong_width_says_so():
    with pytest.raises(UnreadableRow, match="3 values where the reference has 7 columns"):
        Tally(LAYOUT).fold_row("input", (1, 2, 3))


@settings(deadline=None)
@given(st.lists(st.integers(0, 499), max_size=60), st.integers(0, 60))
def test_tallies_of_parts_add_up_to_the_tally_of_the_whole(picks, cut):
    rows = [ROWS[pick] for pick in picks]
    parts = of_rows(rows[:cut]).totals() + of_rows(rows[cut:]).totals()
    whole = of_rows(rows).totals().cells
    np.testing.assert_allclose(parts.cells, whole, rtol=1e-12, atol=2.0**-10)


def test_tallies_of_different_references_do_not_add_up():
    other = Tally(Layout.of(mixed(seed=5)))
    with pytest.raises(ValueError, match="different references"):
        _ = other.totals() + Tally(LAYOUT).totals()


def test_no_count_ever_falls():
    tally, before = Tally(LAYOUT), np.zeros(LAYOUT.size)
    for index, row in enumerate(ROWS):
        tally.fold_row("input", {**row, "size": "?"} if index % 7 == 0 else row)
        tally.fold_row("output", None if index % 5 == 0 else 3.0)
        after = tally.totals().cells
        assert (after >= before).all()
        before = after


def test_durations_fall_into_their_buckets():
    tally = Tally(LAYOUT)
    for seconds in (0.0001, 0.00011, 0.3, 99.0):
        tally.finish(seconds, None)
    cells = tally.totals().cells[LAYOUT.durations]
    assert cells.sum() == 4
    assert cells[0] == cells[1] == cells[DURATION_EDGES.index(0.5)] == cells[-1] == 1
    assert tally.totals().cells[LAYOUT.predictions] == 4


def test_threads_lose_no_row():
    tally = Tally(LAYOUT)

    def work() -> None:
        for row in ROWS:
            tally.fold_row("input", row)
            tally.finish(0.01, None)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    totals = tally.totals()
    block = LAYOUT.block("input")
    assert block is not None
    dropped = totals.cells[LAYOUT.dropped].sum()
    assert totals.cells[block.rows] + dropped == 8 * len(ROWS)
    assert dropped == 0
    assert totals.cells[LAYOUT.predictions] == 8 * len(ROWS)


class Hostile:
    """Raises from whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError

    def __float__(self) -> float:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError

    def __iter__(self) -> Any:
        raise RuntimeError

    def __bool__(self) -> bool:
        raise RuntimeError

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


@pytest.mark.parametrize("name", list(ROWS[0]))
def test_a_hostile_value_is_a_wrong_type(name):
    totals = of_rows([{**ROWS[1], name: Hostile()}, ROWS[2]]).totals()
    assert totals.column("input", name).invalid["wrong_type"] == 1
    block = LAYOUT.block("input")
    assert block is not None
    assert totals.cells[block.rows] == 2


def test_the_reader_keeps_no_reference_to_the_row():
    tally = Tally(LAYOUT)
    row = House(**ROWS[1])
    tally.fold_row("input", row)
    assert not [found for found in gc.get_referrers(row) if isinstance(found, (list, tuple))]


def test_ten_thousand_columns_fold():
    rng = np.random.default_rng(0)
    columns = [binned(f"x{i}", rng.normal(size=50), edges=[-1.0, 0.0, 1.0]) for i in range(10_000)]
    layout = Layout.of(reference(*columns))
    totals = of_rows([rng.normal(size=10_000)] * 3, layout).totals()
    assert totals.column("input", "x9999").values == 3
    assert names.SIDES[0] == "input"


def test_columns_beyond_the_cap_are_neither_counted_nor_unexpected():
    described = reference(*(binned(f"x{i}", np.arange(20.0)) for i in range(4)))
    layout = Layout.of(described, left_out=described.columns[2:])
    row = {"x0": 1.0, "x1": 2.0, "x2": 3.0, "x3": 4.0}
    forms = [row, tuple(row.values()), np.array(list(row.values())), {"x0": 1.0, "x1": 2.0}]
    tally = of_rows([*forms, {**row, "x4": 5.0}], layout)
    block = layout.block("input")
    assert block is not None
    totals = tally.totals()
    assert totals.cells[block.unexpected] == 1
    assert [(c.column.name, c.values, c.missing) for c in totals.columns()] == [
        ("x0", 5, 0),
        ("x1", 5, 0),
    ]
    batch = Tally(layout)
    batch.fold_batch("input", np.array([list(row.values())] * 5))
    assert [c.values for c in batch.totals().columns()] == [5, 5]
