"""Writing generated files, and telling how they differ from those on disk."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from mlmonitor.errors import GenerationError
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def write(files: Mapping[str, str], folder: str | os.PathLike[str]) -> list[Path]:
    """Write each text to its path below `folder`; give the files that changed.

    Raises:
        MlmonitorError: a file cannot be read or written.
    """
    changed = []
    for name, text in sorted(files.items()):
        path = Path(folder, name)
        if _read(path) != text:
            write_atomically(path, text)
            changed.append(path)
    return changed


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
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({error}); move it away or choose another folder."
        raise GenerationError(message) from error
