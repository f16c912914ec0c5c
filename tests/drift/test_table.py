"""The report in the terminal."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from mlmonitor.drift import ColumnReport, Report, Thresholds, table


def test_a_table_names_each_column_once_and_says_why_it_drifted() -> None:
    columns = (
        ColumnReport("[x]", "input", "numeric", 500, 500, psi=0.5, p_value=1e-9, reasons=("mean",)),
        ColumnReport("y", "input", "text", 5, 5),
    )
    text = StringIO()
    Console(file=text, width=120).print(table(Report("m", "1", 500, Thresholds(), columns)))
    assert "1 of 2 columns drifted in 500 rows" in text.getvalue()
    drifted, silent = (line for line in text.getvalue().splitlines() if "input" in line)
    assert "[x]" in drifted
    assert "0.500" in drifted
    assert "mean" in drifted
    assert "too few rows" in silent
