"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def write_atomically(
    path: str | os.PathLike[str], content: str | bytes, *, durable: bool = False
) -> None:
    """Replace `path` with `content` in one step; text is written as UTF-8.

    The folder is made when it is missing. On any failure the old file stays as it was. With `durable`
    it is on the disk before this returns.

    Raises:
        MlmonitorError: the file or its folder cannot be written.
    """
    target = Path(path)
    temporary: Path | None = None
    try:
        temporary = _staged(target, content, durable=durable)
        temporary.replace(target)
        if durable:
            _sync_folder(target.parent)
    except OSError as error:
        _forget([temporary] if temporary else [])
        raise MlmonitorError(_not_written(target, error)) from error


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Replace several files once all are written beside them; see `write_atomically`.

    Raises:
        MlmonitorError: a file or its folder cannot be written, and all are as they were; or one cannot
            be replaced by what was written, and those after it are as they were.
    """
    staged: list[tuple[Path, Path]] = []
    made: list[Path] = []
    target = Path()
    try:
        for target, content in contents.items():
            made += [one for one in target.parents if not os.path.lexists(one)]
            staged.append((_staged(target, content), target))
    except OSError as error:
        _forget([temporary for temporary, _ in staged])
        for folder in sorted(set(made), reverse=True):
            with suppress(OSError):
                folder.rmdir()
        raise MlmonitorError(_not_written(target, error)) from error
    try:
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        _forget([temporary for temporary, _ in staged])
        raise MlmonitorError(_not_written(target, error)) from error


def obstacle(path: Path) -> Path | None:
    """What stands where a folder of this path should be, and is none."""
    above = (one for one in reversed(path.parents) if os.path.lexists(one))
    return next((one for one in above if not one.is_dir()), None)


def _staged(target: Path, content: str | bytes, *, durable: bool = False) -> Path:
    """The content in a file beside the target, which may then take its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(file.fileno(), _mode_of(target))
            if durable:
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        _forget([Path(name)])
        raise
    return Path(name)


def _forget(temporary: Iterable[Path]) -> None:
    for path in temporary:
        with suppress(OSError):
            path.unlink()


def _not_written(target: Path, error: OSError) -> str:
    between = obstacle(target)
    if between is not None:
        return f"{between}: is a file, not a folder; move it away or choose another place."
    return f"{target}: cannot be written ({error.strerror}); choose a writable place."


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode_of(target: Path) -> int:
    """Permission bits for `target`: those it has, or what the umask leaves of rw-rw-rw-."""
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
