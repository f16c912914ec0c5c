"""Records in files of JSON lines: all of them, or as they come."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

import orjson

from mlmonitor.errors import MlmonitorError
from mlmonitor.explain.record import is_prediction
from mlmonitor.logs.files import log_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from mlmonitor.explain.record import Record

_PAUSE: Final = 0.25
_Place = tuple[int, int]


def read(paths: Sequence[Path]) -> Iterator[Record]:
    """The records of files and folders, oldest file first.

    Lines that are no record, or half of one, are passed over.

    Raises:
        MlmonitorError: a path does not exist or cannot be read.
    """
    for path in _files(paths):
        with suppress(FileNotFoundError), _opened(path) as file:
            for line in file:
                yield from _records(line)


def follow(paths: Sequence[Path], *, pause: float = _PAUSE) -> Iterator[Record]:
    """The records that are written from now on, for ever.

    New files are found, and a truncated one is read from its start.

    Raises:
        MlmonitorError: see `read`.
    """
    places = {path: (_inode(path), path.stat().st_size) for path in _files(paths)}
    while True:
        for path in _files(paths):
            with suppress(FileNotFoundError):
                place, lines = _grown(path, places.get(path, (_inode(path), 0)))
                places[path] = place
                for line in lines:
                    yield from _records(line)
        time.sleep(pause)


def _grown(path: Path, place: _Place) -> tuple[_Place, list[bytes]]:
    """The whole lines behind a place, and the place behind them."""
    inode, offset = place
    status = path.stat()
    if status.st_ino != inode or status.st_size < offset:
        offset = 0
    lines: list[bytes] = []
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                break
            lines.append(line)
            offset += len(line)
    return (status.st_ino, offset), lines


def _records(line: bytes) -> Iterable[Record]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    if is_prediction(found):
        yield found


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [file.path for file in log_files(path)] or sorted(path.glob("*.jsonl*"))
        elif path.exists():
            found.append(path)
        else:
            message = f"{path}: no such file or folder; say where the records are."
            raise MlmonitorError(message)
    return list(dict.fromkeys(found))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except PermissionError as error:
        message = f"{path}: cannot be read ({error.strerror}); ask for permission."
        raise MlmonitorError(message) from error


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
