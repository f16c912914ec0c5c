"""The files of the page, as the browser gets them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

HTML: Final = "text/html; charset=utf-8"
FOLDER: Final = Path(__file__).parent
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": HTML,
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@cache
def files() -> dict[str, Path]:
    """Every file of the page by its relative path, such as `panels/stat.js`."""
    found = (path for path in FOLDER.rglob("*") if path.suffix in _KINDS)
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(found)}


def kind(name: str) -> str | None:
    """The media type of a file; None where there is no such file."""
    path = files().get(name)
    return None if path is None else _KINDS[path.suffix]


def read(name: str) -> bytes:
    """The content of a file that `files` lists."""
    return files()[name].read_bytes()
