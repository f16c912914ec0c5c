from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlmonitor.reference import Column
from mlmonitor.tally import Layout, Tally
from mlmonitor.tally.grid import TOLERANCE, ColumnGrid
from tests.references import reference

finite = st.floats(-1e300, 1e300)


def column(edges: list[float], span: tuple[float, float] | None = None) -> Column:
    return Column(
        name="x",
        side="input",
        kind="numeric",
        rows=1,
        edges=tuple(edges),
        counts=(0,) * (len(edges) + 1),
        mean=0.0,
        deviation=max(abs(edge) for edge in edges) or 1.0,
        range=span,
    )


def counted_bins(described: Column, values: list[float]) -> list[float]:
    tally = Tally(Layout.of(reference(described)))
    for value in values:
        tally.fold_row("input", [value])
    return tally.totals().column("input", "x").bins.tolist()  # type: ignore[union-attr]


def searched_bins(described: Column, values: list[float]) -> list[float]:
    edges = np.array(described.edges)
    found = np.searchsorted(edges, np.array(values), side="left")
    return np.bincount(found, minlength=len(edges) + 1).tolist()


def is_aligned(described: Column) -> bool:
    grid = ColumnGrid.of(described)
    return not grid.crowded and not np.isfinite(grid.edges).any()


def told_apart_from_no_edge(described: Column, value: float) -> bool:
    """Whether an aligned grid takes the value, which is above an edge, to be on it."""
    tolerance = 2 * TOLERANCE * ColumnGrid.of(described).magic / 2.0**52
    above = any(0 < value - edge < tolerance for edge in described.edges or ())
    return above and is_aligned(described)


@given(
    st.lists(finite, min_size=1, max_size=25, unique=True).map(sorted),
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=50),
    st.data(),
)
def test_any_edges_and_values_fall_where_a_search_puts_them(edges, values, data):
    near = data.draw(st.lists(st.sampled_from(edges), max_size=10))
    values = values + near
    described = column(edges)
    values += [math.nextafter(edge, math.inf) for edge in near]
    values += [math.nextafter(edge, -math.inf) for edge in near]
    values = [value for value in values if not told_apart_from_no_edge(described, value)]
    assert counted_bins(described, values) == searched_bins(described, values)


@given(
    st.lists(st.integers(-4000, 4000), min_size=1, max_size=25, unique=True).map(sorted),
    st.integers(-8, 8),
    st.lists(st.floats(-1e5, 1e5), max_size=50),
)
def test_edges_on_a_binary_grid_need_no_comparison(multiples, exponent, values):
    edges = [math.ldexp(multiple, exponent) for multiple in multiples]
    described = column(edges, (edges[0] - 1.0, edges[-1] + 1.0))
    assert is_aligned(described)
    values = [value for value in values if not told_apart_from_no_edge(described, value)]
    assert counted_bins(described, values + edges) == searched_bins(described, values + edges)


def test_edges_too_close_for_a_grid_are_searched():
    described = column([0.0, 1e-300, 1.0, 1e300])
    assert ColumnGrid.of(described).crowded
    values = [-1.0, 0.0, 1e-301, 1e-300, 2e-300, 1.0, 2.0, 1e300, math.inf]
    assert counted_bins(described, values) == searched_bins(described, values)


def test_a_value_on_an_edge_belongs_below_it():
    assert counted_bins(column([1.0, 2.0]), [1.0, 1.000001, 2.0, 2.5]) == [1, 2, 1]
