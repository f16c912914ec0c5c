"""From rows with timestamps to counts in steps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import yamlfile
from mlmonitor.backtest.steps import REASONS, ColumnSteps, Traffic, cell_count
from mlmonitor.backtest.values import encode
from mlmonitor.errors import ProfileError
from mlmonitor.reference.times import times_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from mlmonitor.drift.cells import Array
    from mlmonitor.reference import Column, Reference

_BLOCK_STEPS: Final = 288
_MOST_STEPS: Final = 2_000_000
_COUNTS: Final = tuple(
    one.name for one in fields(ColumnSteps) if one.name not in {"column", "cells", "invalid"}
)
_WIDTH: Final = len(_COUNTS) + len(REASONS)


def traffic_of_files(
    paths: Sequence[str | Path],
    reference: Reference,
    time: str,
    *,
    step: float = 300.0,
    prediction: str | None = None,
    target: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Traffic:
    """Count the rows of CSV, Parquet or JSON Lines files (`-` for stdin) in steps.

    Args:
        paths: files; rows need not be in order.
        reference: the profile to count against.
        time: the column of timestamps: dates in text, points in time, or seconds since 1970. Where
            they name no time zone they are taken as UTC.
        step: seconds a step.
        prediction: the column with the reference's output, where its name differs.
        target: the column with the reference's outcome, where its name differs.
        progress: see `mlmonitor.tables.read_chunks`.

    Raises:
        MlmonitorError: a file cannot be read, a column is missing, or a timestamp is none.
    """
    from mlmonitor.tables import read_chunks  # noqa: PLC0415 - as the other readers of files

    frames = read_chunks(paths, progress=progress)
    return traffic_of_frames(
        frames, reference, time, step=step, prediction=prediction, target=target
    )


_OPTIONS: Final = {"output": "--prediction", "outcome": "--target"}


def traffic_of_frames(
    frames: Iterable[pd.DataFrame],
    reference: Reference,
    time: str,
    *,
    step: float = 300.0,
    prediction: str | None = None,
    target: str | None = None,
) -> Traffic:
    """Count the rows of pandas frames in steps; see `traffic_of_files`."""
    counter: _Counter | None = None
    for frame in frames:
        if counter is None:
            chosen = _sources(reference, frame, {"output": prediction, "outcome": target})
            counter = _Counter(chosen, step)
        counter.add(frame, _seconds(frame, time))
    if counter is None or not counter.blocks:
        message = "The files hold no rows to replay; name files with at least one row."
        raise ProfileError(message)
    return counter.traffic(reference)


def _sources(
    reference: Reference, frame: pd.DataFrame, renamed: Mapping[str, str | None]
) -> list[tuple[Column, str]]:
    """The columns that the files hold, with their names there; all inputs are needed."""
    for side, given in renamed.items():
        named = [one.name for one in reference.columns if one.side == side]
        if given and len(named) != 1:
            ending = f"several: {', '.join(named)}" if named else "none"
            message = (
                f"{_OPTIONS[side]} {given}: names the one {side} column, and the reference has "
                f"{ending}; leave it out."
            )
            raise ProfileError(message)
    found = []
    for column in reference.columns:
        own = renamed.get(column.side)
        source = own or column.name
        if source in frame:
            found.append((column, source))
        elif column.side == "input" or own:
            near = yamlfile.hint(source, [str(name) for name in frame.columns])
            message = f"Column {source!r} ({column.side}) of the reference is missing from the files{near}"
            raise ProfileError(message)
    return found


def _seconds(frame: pd.DataFrame, name: str) -> Array:
    """The timestamps as seconds since 1970, float64 of shape (rows,)."""
    if name not in frame:
        near = yamlfile.hint(name, [str(column) for column in frame.columns])
        message = f"Time column {name!r} is missing from the files{near}"
        raise ProfileError(message)
    seconds = times_of(frame[name])
    if np.isnan(seconds).any():
        message = f"--time {name}: a row has no time; leave such rows out, or name another column."
        raise ProfileError(message)
    return seconds


@dataclass(frozen=True)
class _Place:
    """Where a column's counts stand within a block of steps."""

    column: Column
    source: str
    first: int
    cells: int


class _Counter:
    """Counts in blocks of steps: only those are held in which there are rows."""

    def __init__(self, sources: Sequence[tuple[Column, str]], step: float) -> None:
        self.step = step
        self.blocks: dict[int, tuple[np.ndarray, Array]] = {}
        self.places: list[_Place] = []
        self._width = 0
        for column, source in sources:
            self.places.append(_Place(column, source, self._width, cell_count(column)))
            self._width += cell_count(column)

    def add(self, frame: pd.DataFrame, seconds: Array) -> None:
        """Count the rows of a frame."""
        unique, place = np.unique((seconds // self.step).astype(np.int64), return_inverse=True)
        for index, one in enumerate(self.places):
            encoded = encode(one.column, frame[one.source])
            counted = encoded.counted(one.column, place, len(unique))
            self._keep(index, unique, counted)

    def _keep(self, index: int, steps: np.ndarray, counted: ColumnSteps) -> None:
        place = self.places[index]
        named = np.stack([getattr(counted, name) for name in _COUNTS], axis=1)
        rest = np.concatenate([named, counted.invalid], axis=1)
        numbers, within = np.divmod(steps, _BLOCK_STEPS)
        for number in np.unique(numbers).tolist():
            here = numbers == number
            cells, others = self._block(number)
            cells[within[here], place.first : place.first + place.cells] += counted.cells[
                here
            ].astype(np.int32)
            others[within[here], index] += rest[here]

    def _block(self, number: int) -> tuple[np.ndarray, Array]:
        if number not in self.blocks:
            self.blocks[number] = (
                np.zeros((_BLOCK_STEPS, self._width), np.int32),
                np.zeros((_BLOCK_STEPS, len(self.places), _WIDTH)),
            )
        return self.blocks[number]

    def traffic(self, reference: Reference) -> Traffic:
        """All that was counted, from the first step with rows to the last."""
        rows = {number: block[1][:, :, 0].max(axis=1) > 0 for number, block in self.blocks.items()}
        first, last = min(rows), max(rows)
        begin = first * _BLOCK_STEPS + int(np.argmax(rows[first]))
        end = (last + 1) * _BLOCK_STEPS - int(np.argmax(rows[last][::-1]))
        if end - begin > _MOST_STEPS:
            years = (end - begin) * self.step / 86400 / 365
            message = (
                f"The timestamps span {years:.0f} years; mend those that are far from the rest."
            )
            raise ProfileError(message)
        counted = {(place.column.side, place.column.name) for place in self.places}
        named = [(column.side, column.name) for column in reference.columns]
        left_out = tuple(one for one in named if one not in counted)
        kept = _Kept(self, begin, end)
        return Traffic(reference, begin * self.step, self.step, end - begin, kept, left_out)

    def column(self, index: int, begin: int, end: int) -> ColumnSteps:
        """One column over all steps from `begin` up to `end`."""
        place = self.places[index]
        cells = np.zeros((end - begin, place.cells))
        rest = np.zeros((end - begin, _WIDTH))
        for number, (counted, others) in self.blocks.items():
            start = number * _BLOCK_STEPS
            low, high = max(start, begin), min(start + _BLOCK_STEPS, end)
            here, there = slice(low - begin, high - begin), slice(low - start, high - start)
            cells[here] = counted[there, place.first : place.first + place.cells]
            rest[here] = others[there, index]
        named = {name: rest[:, position] for position, name in enumerate(_COUNTS)}
        invalid = rest[:, len(_COUNTS) :]
        return ColumnSteps(column=place.column, cells=cells, invalid=invalid, **named)


@dataclass(frozen=True)
class _Kept:
    """The counted columns, made one at a time."""

    counter: _Counter
    begin: int
    end: int

    def __iter__(self) -> Iterator[ColumnSteps]:
        for index in range(len(self.counter.places)):
            yield self.counter.column(index, self.begin, self.end)
