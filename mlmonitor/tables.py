"""Reading tables in chunks: CSV, Parquet and JSON Lines, from files or standard input."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import orjson
import pandas as pd

from mlmonitor.errors import ProfileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHUNK_ROWS: Final = 16_384
STDIN: Final = "-"
_PARQUET: Final = (".parquet", ".pq")
_JSON_LINES: Final = (".jsonl", ".ndjson")
_TEXT: Final = (".csv", ".tsv", ".txt")


def read_chunks(
    paths: Sequence[str | Path],
    *,
    chunk_rows: int = CHUNK_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[pd.DataFrame]:
    """The rows of some files, in frames of at most `chunk_rows`.

    Args:
        paths: files ending in .csv, .tsv, .parquet, .jsonl or .ndjson, the text ones also with
            .gz; `-` is standard input, in CSV.
        chunk_rows: rows in memory at once.
        progress: told how many bytes of all files have been read, and how many there are.

    Raises:
        ProfileError: a file is missing, empty or malformed, or has other columns than the first.
    """
    sizes = [0 if str(path) == STDIN else _size(Path(path)) for path in paths]
    columns: list[str] | None = None
    for index, path in enumerate(paths):
        before, total = sum(sizes[:index]), sum(sizes)

        def tell(read: int, before: int = before, total: int = total) -> None:
            if progress is not None:
                progress(before + read, total)

        for chunk in _read(path, chunk_rows, tell):
            columns = _same_columns(path, columns, list(chunk.columns))
            yield chunk[columns]


@contextmanager
def rereadable(paths: Sequence[str | Path]) -> Iterator[list[str | Path]]:
    """Paths that can be read twice: standard input is copied to a temporary file."""
    if STDIN not in map(str, paths):
        yield list(paths)
        return
    with tempfile.NamedTemporaryFile(suffix=".csv") as copy:
        while block := sys.stdin.buffer.read(1 << 20):
            copy.write(block)
        copy.flush()
        yield [copy.name if str(path) == STDIN else path for path in paths]


def _same_columns(path: object, before: list[str] | None, found: list[str]) -> list[str]:
    """The columns of the files before this one, which must have the same."""
    odd = sorted(set(found) ^ set(before if before is not None else found))
    if odd:
        message = (
            f"{path}: column {odd[0]!r} is not in all files; give files with the same columns."
        )
        raise ProfileError(message)
    return before or found


def _size(path: Path) -> int:
    try:
        size = path.stat().st_size
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); check the path."
        raise ProfileError(message) from error
    if path.is_dir():
        message = f"{path}: is a folder; name the files in it."
        raise ProfileError(message)
    if size == 0:
        message = f"{path}: is empty; give a file with a header and rows."
        raise ProfileError(message)
    return size


def _read(path: str | Path, rows: int, progress: Callable[[int], None]) -> Iterator[pd.DataFrame]:
    """The chunks of one file, whatever its form."""
    name = "file.csv" if str(path) == STDIN else str(path).lower()
    form = Path(name.removesuffix(".gz")).suffix
    if form not in (*_PARQUET, *_JSON_LINES, *_TEXT):
        message = f"{path}: unknown ending; use .csv, .tsv, .parquet, .jsonl or .ndjson."
        raise ProfileError(message)
    try:
        if form in _PARQUET:
            yield from _read_parquet(Path(path), rows, progress)
            return
        with _opened(path) as (file, position):
            chunks = (
                _read_json_lines(path, file, rows)
                if form in _JSON_LINES
                else _read_csv(path, file, rows, "\t" if form == ".tsv" else ",")
            )
            for chunk in chunks:
                yield chunk
                progress(position())
    except (OSError, EOFError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({error}); give a whole file in UTF-8."
        raise ProfileError(message) from error


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """A text file as bytes, and how far it has been read on the disk."""
    if str(path) == STDIN:
        yield sys.stdin.buffer, lambda: 0
        return
    with Path(path).open("rb") as raw:
        if str(path).lower().endswith(".gz"):
            with gzip.open(raw) as file:
                yield cast("IO[bytes]", file), raw.tell
        else:
            yield raw, raw.tell


def _read_csv(
    path: str | Path, file: IO[bytes], rows: int, separator: str
) -> Iterator[pd.DataFrame]:
    names = _header(path, file.readline(), separator)
    found = 0
    try:
        with warnings.catch_warnings():
            # pandas warns, and drops values, where a row is longer than the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            reader = pd.read_csv(
                file, sep=separator, header=None, names=names, index_col=False, chunksize=rows,
                low_memory=False,
            )  # fmt: skip
            for chunk in reader:
                found += len(chunk)
                yield chunk
    except pd.errors.EmptyDataError:
        found = 0
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        message = (
            f"{path}: a row has more values than the header has names ({error}); mend the row."
        )
        raise ProfileError(message) from error
    if not found:
        message = f"{path}: has a header but no rows; give rows too."
        raise ProfileError(message)


def _header(path: str | Path, line: bytes, separator: str) -> list[str]:
    """The column names, all of them different."""
    text = line.decode("utf-8-sig")
    if not text.strip():
        message = f"{path}: has no header; give a file with a header and rows."
        raise ProfileError(message)
    if text.count('"') % 2:
        message = f"{path}: a name in the header holds a line break; rename the column."
        raise ProfileError(message)
    names = next(csv.reader(io.StringIO(text), delimiter=separator))
    check_unique(path, names)
    return names


def check_unique(place: object, names: Sequence[str]) -> None:
    """Refuse a table with two columns of one name.

    Raises:
        ProfileError: it names the first such column.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            message = f"{place}: column {name!r} is there twice; rename one."
            raise ProfileError(message)
        seen.add(name)


def _read_json_lines(path: str | Path, file: IO[bytes], rows: int) -> Iterator[pd.DataFrame]:
    found: list[dict[str, Any]] = []
    any_row = False
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        row: object = None
        with suppress(orjson.JSONDecodeError):
            row = orjson.loads(line)
        if not isinstance(row, dict):
            message = f"{path}:{number}: is no JSON object; write one object a line."
            raise ProfileError(message)
        found.append(row)
        any_row = True
        if len(found) == rows:
            yield pd.DataFrame(found)
            found = []
    if found:
        yield pd.DataFrame(found)
    if not any_row:
        message = f"{path}: has no rows; give one JSON object a line."
        raise ProfileError(message)


def _read_parquet(path: Path, rows: int, progress: Callable[[int], None]) -> Iterator[pd.DataFrame]:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"{path}: needs pyarrow; `pip install mlmonitor[parquet]`."
        raise ProfileError(message) from error
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            if not file.metadata.num_rows:
                message = f"{path}: has no rows; give rows too."
                raise ProfileError(message)
            size, read = path.stat().st_size, 0
            for batch in file.iter_batches(batch_size=rows):
                read += batch.num_rows
                yield batch.to_pandas()
                progress(size * read // file.metadata.num_rows)
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        # So many ways has pyarrow to tell of a damaged file; of the system an OSError has a number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        message = f"{path}: is no readable Parquet file ({error}); write it again."
        raise ProfileError(message) from error
