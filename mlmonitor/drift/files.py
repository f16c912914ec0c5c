"""Comparing files of rows with a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmonitor.drift.compare import compare
from mlmonitor.errors import ProfileError
from mlmonitor.tally import Layout, Tally
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from mlmonitor.drift.report import Report
    from mlmonitor.reference import Column, Reference

_DEFAULTS = Thresholds()


def drift_files(
    paths: Sequence[str | Path],
    reference: Reference,
    thresholds: Thresholds = _DEFAULTS,
    *,
    prediction: str | None = None,
    target: str | None = None,
    window: float | None = None,
) -> Report:
    """Compare the rows of CSV, Parquet or JSON Lines files (`-` for stdin) with a reference.

    Rows are read and counted in chunks. `prediction` and `target` name the columns of the files
    that hold the reference's output and outcome, where their names differ; for `window` see `compare`.

    Raises:
        MlmonitorError: a file cannot be read or lacks rows, a column is missing, or SciPy is.
    """
    from mlmonitor.tables import read_chunks  # noqa: PLC0415 - imports pandas

    return drift_frames(
        read_chunks(paths),
        reference,
        thresholds,
        prediction=prediction,
        target=target,
        window=window,
    )


def drift_frames(
    frames: Iterable[pd.DataFrame],
    reference: Reference,
    thresholds: Thresholds = _DEFAULTS,
    *,
    prediction: str | None = None,
    target: str | None = None,
    window: float | None = None,
) -> Report:
    """Compare the rows of pandas frames with a reference; see `drift_files`.

    Raises:
        MlmonitorError: no frame holds a row, a column is missing, or SciPy is.
    """
    renamed = {"output": prediction, "outcome": target}
    tally = Tally(Layout.of(reference))
    rows = 0
    for frame in frames:
        rows += len(frame)
        for block in tally.layout.blocks:
            sources = _sources(block.columns, renamed.get(block.side))
            present = {name: source for name, source in sources.items() if source in frame}
            if block.side == "input" or present:
                _require(sources, frame, block.side)
                part = frame[list(present.values())]
                tally.fold_batch(block.side, part.set_axis(list(present), axis="columns"))
    if not rows:
        message = "The files hold no rows to compare; name files with at least one row."
        raise ProfileError(message)
    return compare(tally.totals(), reference, thresholds, window=window)


def _sources(columns: Sequence[Column], renamed: str | None) -> dict[str, str]:
    """Name in the reference -> name in the files."""
    one = len(columns) == 1 and renamed is not None
    return {column.name: renamed if one and renamed else column.name for column in columns}


def _require(sources: dict[str, str], frame: pd.DataFrame, side: str) -> None:
    absent = [source for source in sources.values() if source not in frame]
    if absent:
        message = (
            f"Column {absent[0]!r} ({side}) of the reference is missing from the files; "
            "add it, or profile the reference without it."
        )
        raise ProfileError(message)
