"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mlmonitor.errors import MlmonitorError


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
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), _mode_of(target))
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(target)
        if durable:
            _sync_folder(target.parent)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        message = f"{target}: cannot be written ({error.strerror}); choose a writable place."
        raise MlmonitorError(message) from error


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
