"""Writing generated files, telling how they differ from those on disk, and removing old ones."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmonitor.errors import GenerationError, MlmonitorError
from mlmonitor.files import obstacle, write_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True)
class Owned:
    """Files of which a command writes as many as monitoring.yaml asks for.

    Attributes:
        pattern: of their paths, relative to the output.
        is_ours: whether a file of such a name with such a text was generated, and is not the user's.
    """

    pattern: str
    is_ours: Callable[[str, str], bool]

    def has(self, path: Path) -> bool:
        """Whether the file is one of them; links and what cannot be read are not."""
        try:
            if path.is_symlink() or not path.is_file():
                return False
            return self.is_ours(path.name, path.read_bytes().decode())
        except (OSError, UnicodeDecodeError):
            return False


def json_object(text: str) -> dict[str, Any]:
    """What a JSON file holds; nothing, if that is no object or the text is no JSON."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write(
    files: Mapping[str, str], folder: str | os.PathLike[str], old: Iterable[Path] = ()
) -> list[Path]:
    """Write each text to its path below `folder` and remove `old` files; give the files that changed.

    Where one file cannot be written, none is.

    Raises:
        MlmonitorError: a file cannot be read, written or removed.
    """
    changed = {
        Path(folder, name): text
        for name, text in sorted(files.items())
        if _read(Path(folder, name)) != text
    }
    old = list(old)
    for path in old:
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise MlmonitorError(_not_removed(path, "Permission denied"))
    write_together(changed)
    for path in old:
        _remove(path)
    return list(changed)


def stale(
    files: Mapping[str, str], owned: Iterable[Owned], folder: str | os.PathLike[str]
) -> list[Path]:
    """The files below `folder` that were generated once and are not among `files` any more.

    Those of the user's own, whatever they are named, are left out.
    """
    wanted = {Path(folder, name) for name in files}
    found = {
        path
        for one in owned
        for path in Path(folder).glob(one.pattern)
        if path not in wanted and one.has(path)
    }
    return sorted(found)


def difference(files: Mapping[str, str], folder: str | os.PathLike[str]) -> str:
    """A unified diff from what `folder` holds to `files`; empty when nothing would change.

    Files on disk that were not generated are left out.

    Raises:
        GenerationError: a file cannot be read.
    """
    parts: list[str] = []
    for name, text in sorted(files.items()):
        path = Path(folder, name)
        present = _read(path)
        if present != text:
            parts.extend(
                difflib.unified_diff(
                    (present or "").splitlines(keepends=True),
                    text.splitlines(keepends=True),
                    str(path) if present is not None else "(missing)",
                    f"{path} (generated)",
                )
            )
    return "".join(line if line.endswith("\n") else line + "\n" for line in parts)


def _read(path: Path) -> str | None:
    between = obstacle(path)
    if between is not None:
        message = f"{between}: is a file, not a folder; move it away or choose another folder."
        raise GenerationError(message)
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        message = f"{path}: is a folder, not a file; move it away or choose another folder."
        raise GenerationError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: is no UTF-8 text; move it away or choose another folder."
        raise GenerationError(message) from error
    except OSError as error:
        message = (
            f"{path}: cannot be read ({error.strerror}); move it away or choose another folder."
        )
        raise GenerationError(message) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise MlmonitorError(_not_removed(path, error.strerror)) from error


def _not_removed(path: Path, why: str | None) -> str:
    return f"{path}: is no longer generated and cannot be removed ({why}); remove it."
