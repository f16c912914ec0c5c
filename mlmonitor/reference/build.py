"""Building a reference profile from data: two passes, in memory that one block of rows bounds."""

from __future__ import annotations

import warnings as python_warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, get_args

import pandas as pd

from mlmonitor.errors import ProfileError, placed
from mlmonitor.provenance import environment, identified, moment
from mlmonitor.reference.columns import values_of
from mlmonitor.reference.correlation import (
    DEFAULT_WINDOWS,
    FEWEST_WINDOWS,
    Correlation,
    Windows,
    correlation,
    special,
    windows_of,
)
from mlmonitor.reference.describe import DEFAULT_BINS, DEFAULT_CATEGORIES, Description
from mlmonitor.reference.kinds import infer_kind
from mlmonitor.reference.model import BINNED_KINDS, Kind, Reference, Side
from mlmonitor.reference.survey import RowSample, Survey
from mlmonitor.reference.times import times_of
from mlmonitor.reference.unknown import PREDICTION
from mlmonitor.tables import check_unique, read_chunks, rereadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mlmonitor.provenance import Files

BLOCK_ROWS: Final = 16_384
_SAMPLE_ROWS: Final = 50_000
_SAMPLE_VALUES: Final = 4_000_000


class ProfileWarning(UserWarning):
    """Something in the data that makes a profile less useful."""


@dataclass(frozen=True)
class Profile:
    """A profile, and what its maker should know of it: one sentence each.

    Attributes:
        reference: the profile.
        warnings: what makes it less useful.
        notes: how it was made, where that does not follow from the settings alone.
    """

    reference: Reference
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are to the model.

    Attributes:
        target: the column of the true outcome.
        prediction: the column of the model's prediction; it is called `prediction` in the profile,
            as the monitor calls a single returned value.
        scores: columns of its scores.
        ignore: columns that are no part of what the model sees or returns.
    """

    target: str | None = None
    prediction: str | None = None
    scores: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def side(self, name: str) -> Side:
        """The side of a column."""
        if name == self.prediction:
            return "output"
        if name == self.target:
            return "outcome"
        return "score" if name in self.scores else "input"

    def name(self, name: str) -> str:
        """The column's name in the profile."""
        return PREDICTION if name == self.prediction else name


@dataclass(frozen=True)
class Settings:
    """How a profile is made.

    Attributes:
        model, version: what the profile is of.
        roles: what the columns are.
        kinds: kinds that are given and not inferred, by column.
        bins: bins of a numeric column.
        categories: categories kept; the rest is `__other__`.
        created: when the data were gathered, in ISO 8601; nothing is written by default, so that
            the same data give the same bytes.
        fitted: whether the predictions are of rows on which the model was fitted.
        time: the column that says when each row arrived, by which the correlation of rows is
            measured; it is left out of the profile unless `kinds` names it.
        windows: lengths of the windows in which that is measured, as Prometheus writes them.
        fingerprint: what identifies the model: text, or the paths of its files. With it the profile
            names the versions of Python and packages too; nothing is written by default.

    Raises:
        ProfileError: `created` is no date.
    """

    model: str
    version: str
    roles: Roles = field(default_factory=Roles)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    bins: int = DEFAULT_BINS
    categories: int = DEFAULT_CATEGORIES
    created: str | None = None
    fitted: bool = False
    time: str | None = None
    windows: tuple[str, ...] = DEFAULT_WINDOWS
    fingerprint: Files | None = None

    def __post_init__(self) -> None:
        """Check the date."""
        with placed("created", ProfileError):
            moment(self.created or 0)

    def profiles(self, name: str) -> bool:
        """Whether a column of the data gets into the profile."""
        return name not in self.roles.ignore and (name != self.time or name in self.kinds)


def from_frame(
    frame: pd.DataFrame,
    *,
    model: str,
    version: str,
    target: str | None = None,
    prediction: str | None = None,
    scores: Sequence[str] = (),
    ignore: Sequence[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    bins: int = DEFAULT_BINS,
    categories: int = DEFAULT_CATEGORIES,
    created: str | None = None,
    fitted: bool = False,
    time: str | None = None,
    windows: Sequence[str] = DEFAULT_WINDOWS,
    fingerprint: Files | None = None,
) -> Reference:
    """Profile a frame; the options are those of `Settings` and `Roles`.

    Warns:
        ProfileWarning: see `Profile.warnings`.

    Raises:
        ProfileError: the frame has no rows, lacks a column, has two of one name, or times that
            are none; `created` is no date.
        MlmonitorError: `time` is given, and SciPy is not installed, or a file of the model cannot be
            read.
    """
    roles = Roles(target, prediction, tuple(scores), tuple(ignore))
    settings = Settings(
        model, version, roles, kinds or {}, bins, categories, created, fitted, time, tuple(windows),
        fingerprint,
    )  # fmt: skip
    renamed = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    check_unique("the frame", list(renamed.columns))
    profile = from_chunks(lambda: iter([renamed]), settings)
    for text in profile.warnings:
        python_warnings.warn(text, ProfileWarning, stacklevel=3)
    return profile.reference


def profile_files(
    paths: Sequence[str | Path],
    settings: Settings,
    *,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Profile:
    """Profile the rows of files; `-` is standard input.

    Args:
        paths: see `mlmonitor.tables.read_chunks`.
        settings: how.
        chunk_rows: rows in memory at once; the profile does not depend on it.
        progress: told bytes read and to read, over both passes.

    Raises:
        ProfileError: a file cannot be read, has no rows, or lacks a column.
    """
    options = {} if chunk_rows is None else {"chunk_rows": chunk_rows}
    with rereadable(paths) as files:
        passes = iter((0, 1))

        def chunks() -> Iterator[pd.DataFrame]:
            done = next(passes)

            def tell(read: int, total: int) -> None:
                if progress is not None:
                    progress(done * total + read, 2 * total)

            return read_chunks(files, progress=tell, **options)

        return from_chunks(chunks, settings)


def from_chunks(chunks: Callable[[], Iterable[pd.DataFrame]], settings: Settings) -> Profile:
    """Profile data that can be read twice; `chunks` gives their frames each time.

    Raises:
        ProfileError: there are no rows, or a column is missing.
        MlmonitorError: times are given, and SciPy is not installed, or a file of the model cannot be
            read.
    """
    identity = None if settings.fingerprint is None else identified(settings.fingerprint)
    if settings.time is not None:
        special()
    windows = windows_of(settings.windows) if settings.time is not None else {}
    surveys = _survey(chunks, settings, list(windows.values()))
    rows = next(iter(surveys.values())).rows
    kinds = {name: settings.kinds.get(name) or infer_kind(one) for name, one in surveys.items()}
    descriptions = {
        name: Description.of(survey, kinds[name], settings.bins, settings.categories)
        for name, survey in surveys.items()
    }
    if windows:
        for description in descriptions.values():
            description.expect(list(windows.values()))
    _count(chunks, descriptions, settings.time, list(windows.values()))
    found = {
        name: correlation(list(windows), description.sums.spreads())
        for name, description in descriptions.items()
        if description.sums is not None
    }
    columns = [
        descriptions[name].column(
            settings.roles.name(name), settings.roles.side(name), found.get(name)
        )
        for name in surveys
    ]
    order = {"input": 0, "output": 1, "score": 2, "outcome": 3}
    reference = Reference(
        model=settings.model,
        version=settings.version,
        created=settings.created,
        rows=rows,
        windows={name: len(one.numbers) for name, one in windows.items()} or None,
        fingerprint=identity,
        environment=None if identity is None else environment(),
        columns=tuple(sorted(columns, key=lambda column: order[column.side])),
    )
    texts = [text for name in surveys for text in descriptions[name].warnings(name)]
    measured = _not_measured(settings.time, windows, found)
    return Profile(reference, (*_warnings(settings), *measured, *texts), _notes(windows, found))


def _survey(
    chunks: Callable[[], Iterable[pd.DataFrame]], settings: Settings, windows: Sequence[Windows]
) -> dict[str, Survey]:
    """The first pass."""
    surveys: dict[str, Survey] = {}
    sample: RowSample | None = None
    first = 0
    for block in _blocks(_ahead(chunks())):
        if sample is None:
            _check_columns(settings, list(block.columns))
            surveys = {name: Survey() for name in block.columns if settings.profiles(name)}
            most = _SAMPLE_VALUES // max(1, len(surveys))
            sample = RowSample(max(1_000, min(_SAMPLE_ROWS, most)))
        held, chosen = sample.choose(first, len(block))
        first += len(block)
        if settings.time is not None:
            times = times_of(block[settings.time])
            for one in windows:
                one.add(times)
        for name, survey in surveys.items():
            survey.add(values_of(block[name]), held, chosen)
    if not surveys or not first:
        message = "The data hold no rows or no columns; give at least one of each."
        raise ProfileError(message)
    return surveys


def _count(
    chunks: Callable[[], Iterable[pd.DataFrame]],
    descriptions: dict[str, Description],
    time: str | None,
    windows: Sequence[Windows],
) -> None:
    """The second pass: exact counts and squares, and sums by window."""
    wanted = {
        name: description
        for name, description in descriptions.items()
        if description.kind in BINNED_KINDS or description.sums is not None
    }
    if not wanted:
        return
    for block in _blocks(_ahead(chunks())):
        times = None if time is None else times_of(block[time])
        places = [] if times is None else [one.places(times) for one in windows]
        for name, description in wanted.items():
            description.count(block[name], places)


def _ahead(chunks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same chunks, each read while the one before is worked on."""
    source = iter(chunks)
    with ThreadPoolExecutor(1) as reader:
        waiting = reader.submit(next, source, None)
        while (chunk := waiting.result()) is not None:
            waiting = reader.submit(next, source, None)
            yield chunk


def _blocks(chunks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same rows in frames of exactly `BLOCK_ROWS`, but the last."""
    waiting: list[pd.DataFrame] = []
    held = 0
    for chunk in chunks:
        first = 0
        while first < len(chunk):
            part = chunk.iloc[first : first + BLOCK_ROWS - held]
            first += len(part)
            held += len(part)
            waiting.append(part)
            if held == BLOCK_ROWS:
                yield _joined(waiting)
                waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    if len(parts) == 1:
        return parts[0]
    # Columns are joined as objects where their types differ: pandas would turn True into 1.
    kinds = [part.dtypes for part in parts]
    odd = [name for name in parts[0].columns if len({kind[name] for kind in kinds}) > 1]
    return pd.concat([part.astype(dict.fromkeys(odd, object)) for part in parts], ignore_index=True)


def _check_columns(settings: Settings, columns: list[str]) -> None:
    """Refuse settings that name columns or kinds which do not exist."""
    roles = settings.roles
    wanted = {"target": [roles.target], "prediction": [roles.prediction], "score": roles.scores,
              "ignore": roles.ignore, "kind": settings.kinds, "time": [settings.time]}  # fmt: skip
    for option, names in wanted.items():
        for name in names:
            if name is not None and name not in columns:
                near = get_close_matches(name, columns, 1)
                hint = (
                    f"did you mean {near[0]!r}?" if near else f"there are {', '.join(columns[:8])}."
                )
                message = f"--{option} {name}: the data have no such column; {hint}"
                raise ProfileError(message)
    for name, kind in settings.kinds.items():
        if kind not in get_args(Kind):
            message = f"--kind {name}={kind}: unknown kind; use one of {', '.join(get_args(Kind))}."
            raise ProfileError(message)


def _warnings(settings: Settings) -> tuple[str, ...]:
    if not settings.fitted:
        return ()
    text = (
        "The predictions are of rows on which the model was fitted: they follow the truth more "
        "closely than live ones will, so that live traffic will look drifted. Predict rows that the "
        "model has not seen."
    )
    return (text,)


def _not_measured(
    time: str | None, windows: Mapping[str, Windows], found: Mapping[str, Correlation | None]
) -> tuple[str, ...]:
    """Say that no column's correlation is known, if so."""
    if time is None or any(found.values()):
        return ()
    shortest = next(iter(windows))
    text = (
        f"The correlation of rows is not measured: that takes {FEWEST_WINDOWS} windows with several "
        f"rows each, and there are {len(windows[shortest].numbers)} windows of {shortest}; give more "
        "rows, or shorter --windows."
    )
    return (text,)


def _notes(
    windows: Mapping[str, Windows], found: Mapping[str, Correlation | None]
) -> tuple[str, ...]:
    """Say which lengths have too few windows, and whose correlation they have instead."""
    notes = []
    for name, one in windows.items():
        takers = [each for each, measured in found.items() if measured and name in measured.taken]
        if not takers:
            continue
        other = (found[takers[0]] or Correlation()).taken[name]
        if len(one.numbers) < FEWEST_WINDOWS:
            which = f"There are {len(one.numbers)} windows of {name}"
        else:
            which = f"{', '.join(map(repr, takers[:8]))}: too few windows of {name} hold values"
        notes.append(
            f"{which}, fewer than {FEWEST_WINDOWS}: the correlation of rows is that of {other}."
        )
    return tuple(notes)
