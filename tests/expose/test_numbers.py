from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmonitor.expose.numbers import floats, go_float, integers

# Printed by Go 1.26: strconv.FormatFloat(value, 'g', -1, 64), and ".0" where neither "e" nor "."
# is in it, as writeOpenMetricsFloat of github.com/prometheus/common does.
GO = [
    (0.0, "0.0"), (-0.0, "0.0"), (1.0, "1.0"), (-1.0, "-1.0"), (2.0, "2.0"), (10.0, "10.0"),
    (100.0, "100.0"), (99999.0, "99999.0"), (100000.0, "100000.0"), (123456.0, "123456.0"),
    (999999.0, "999999.0"), (1e6, "1e+06"), (1234567.0, "1.234567e+06"), (-1e6, "-1e+06"),
    (123456789.0, "1.23456789e+08"), (1e15, "1e+15"), (1e16, "1e+16"), (1e20, "1e+20"),
    (123456789012345680.0, "1.2345678901234568e+17"), (1e21, "1e+21"), (1e22, "1e+22"),
    (1e100, "1e+100"), (1.7976931348623157e308, "1.7976931348623157e+308"), (5e-324, "5e-324"),
    (2.2250738585072014e-308, "2.2250738585072014e-308"), (0.1, "0.1"), (0.5, "0.5"),
    (0.25, "0.25"), (0.001, "0.001"), (0.0001, "0.0001"), (0.00025, "0.00025"), (1e-5, "1e-05"),
    (0.000012345, "1.2345e-05"), (-1e-5, "-1e-05"), (1.5, "1.5"), (1234.5678, "1234.5678"),
    (123456.5, "123456.5"), (1234567.5, "1.2345675e+06"), (-1234567.5, "-1.2345675e+06"),
    (1 / 3, "0.3333333333333333"), (2 / 3, "0.6666666666666666"),
    (9007199254740993.0, "9.007199254740992e+15"), (99999.99999999999, "99999.99999999999"),
    (999999.9999999999, "999999.9999999999"), (4.35, "4.35"), (1e-7, "1e-07"), (2e7, "2e+07"),
    (12e5, "1.2e+06"), (1e23, "1e+23"), (8.41e21, "8.41e+21"), (5e-5, "5e-05"),
    (math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), GO)
def test_a_float_is_written_as_go_writes_it(value: float, text: str) -> None:
    assert go_float(value) == text


@given(st.floats(allow_nan=False))
def test_a_written_float_reads_back_as_itself(value: float) -> None:
    assert float(go_float(value)) == value


@given(st.lists(st.integers(0, 2**53)))
def test_whole_numbers_are_written_exactly(values: list[int]) -> None:
    assert [int(text) for text in integers(np.array(values, dtype=np.float64))] == values


@given(st.lists(st.floats()))
def test_vectors_of_floats_read_back_as_themselves(values: list[float]) -> None:
    written = [float(text) for text in floats(np.array(values, dtype=np.float64))]
    assert written == pytest.approx(values, abs=0, rel=0, nan_ok=True)
