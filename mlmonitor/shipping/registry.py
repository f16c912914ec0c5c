"""How far each file of a folder is shipped, kept over restarts and kill -9.

Before a request its end is written down, after it what is done: what lies between the two may have
been taken, and is looked up before it is sent again. The file is the one that the writer of records
reads (`SHIPPED_FILE`), to know what it may delete first.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KIND: Final = "mlmonitor shipping"


class InUseError(MlmonitorError):
    """Another exporter has the registry."""


@dataclass(frozen=True)
class Place:
    """A file, and how far it is shipped.

    Attributes:
        offset: bytes that Elasticsearch has, or that are dead letters.
        sent: bytes that it may have.
        device, inode: which file it is.
        length, fingerprint: so many bytes at its start, and their hash.
    """

    offset: int
    sent: int
    device: int
    inode: int
    length: int
    fingerprint: str


class Registry:
    """The places of a folder, locked for one exporter as long as it is open.

    Args:
        path: the registry's file.
        url: the Elasticsearch that it is for.
        moved: whether a registry of another URL is taken for the same Elasticsearch.

    Attributes:
        places: by name of file, as they were when it was opened.
        is_new: whether there was none.
        id: what the requests of its exporter are known by.

    Raises:
        InUseError: another exporter has it.
        MlmonitorError: the file is none, for another Elasticsearch, or cannot be written.
    """

    def __init__(self, path: Path, url: str, *, moved: bool = False) -> None:
        self.path, self._url = path, url
        self.places: dict[str, Place] = {}
        self.is_new, self.id = True, uuid.uuid4().hex
        self._lock = _locked(path)
        self._written: dict[str, Place] | None = None
        try:
            self._tidy()
            self._load(moved=moved)
        except BaseException:
            self.close()
            raise

    def save(self, places: Mapping[str, Place]) -> None:
        """Write the places down; when this returns they are on the disk.

        Raises:
            MlmonitorError: they cannot be written.
        """
        if places == self._written:
            return
        document = {
            "kind": _KIND,
            "id": self.id,
            "url": self._url,
            "files": {name: asdict(place) for name, place in places.items()},
        }
        write_atomically(self.path, json.dumps(document, indent=1) + "\n", durable=True)
        self._written = dict(places)

    def close(self) -> None:
        """Let others have it."""
        os.close(self._lock)

    def _tidy(self) -> None:
        """Delete what a kill in the midst of writing left behind."""
        for left in self.path.parent.glob(f".{self.path.name}.*"):
            with suppress(OSError):
                left.unlink()

    def _load(self, *, moved: bool) -> None:
        try:
            document = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return
        except OSError as error:
            message = f"{self.path}: the registry cannot be read ({error.strerror}); mend its permissions."
            raise MlmonitorError(message) from error
        except ValueError as error:
            raise MlmonitorError(self._foreign()) from error
        if not isinstance(document, dict) or document.get("kind") != _KIND:
            raise MlmonitorError(self._foreign())
        try:
            self.places = {name: _place(told) for name, told in document["files"].items()}
            self.id, url = str(document["id"]), str(document["url"])
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise MlmonitorError(self._foreign()) from error
        if url != self._url and not moved:
            message = (
                f"{self.path}: tells what {url} has, not {self._url}; give another folder with "
                "--state, or --moved if both are the same Elasticsearch."
            )
            raise MlmonitorError(message)
        self.is_new = False

    def _foreign(self) -> str:
        return (
            f"{self.path}: is no registry of shipped files; give another folder with --state, or "
            "delete it to have everything looked up."
        )


def _place(told: Any) -> Place:
    place = Place(**told)
    numbers: tuple[Any, ...] = (place.offset, place.sent, place.device, place.inode, place.length)
    if not all(isinstance(one, int) and one >= 0 for one in numbers) or place.sent < place.offset:
        raise ValueError
    return place


def _locked(path: Path) -> int:
    lock = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        message = (
            f"{path.parent}: the registry cannot be kept there ({error.strerror}); give another "
            "folder with --state."
        )
        raise MlmonitorError(message) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        message = f"{path}: another exporter ships these files; stop it first."
        raise InUseError(message) from error
    return descriptor
