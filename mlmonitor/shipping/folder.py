"""The files of a folder, found again after rotation, truncation and restarts."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mlmonitor.logs.files import is_complete
from mlmonitor.shipping.entries import Rejected
from mlmonitor.shipping.followed import Followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from mlmonitor.shipping.registry import Place, Registry

SUFFIX: Final = ".jsonl"
_PACKED: Final = frozenset({".gz", ".bz2", ".xz", ".zst", ".new", ".tmp"})
_LEAST_FINGERPRINT: Final = 64
_STILL: Final = 5.0
_RETIRED: Final = 64


class Folder:
    """Follows the files of a folder and keeps their places in its registry.

    Args:
        path: the folder; it may come later.
        registry: its registry.
        names: the files to follow, with what rotation appends to their names; all with `.jsonl` in
            their name without it.
        tell: is given a sentence about a file that is gone before it was shipped.
        stream: the data stream of lines that name none.
    """

    def __init__(
        self,
        path: Path,
        registry: Registry,
        names: Iterable[str],
        tell: Callable[[str], None],
        stream: str = "",
    ) -> None:
        self._stream = stream
        self.path, self._registry = path, registry
        self._names = tuple(names)
        self._tell = tell
        self._files: dict[tuple[int, int], Followed] = {}
        self._gone: set[tuple[int, int]] = set()
        self._former: dict[str, Place] = dict(registry.places)
        self._retired: deque[Place] = deque(maxlen=_RETIRED)
        self._unreadable: set[str] = set()
        self._is_first = True

    @property
    def files(self) -> list[Followed]:
        """The files, those that were there first at the front."""
        return list(self._files.values())

    @property
    def waiting(self) -> int:
        """Bytes that are not shipped yet."""
        return sum(file.waiting for file in self.files)

    def scan(self) -> list[Rejected]:
        """Look what files there are; what was left of those that are gone for good."""
        seen = set()
        for path in sorted(self._paths(), key=_age):
            try:
                seen.add(self._see(path))
            except (FileNotFoundError, IsADirectoryError):  # noqa: PERF203 - gone, or none of ours
                continue
            except OSError as error:
                self._complain(path, error)
        self._gone = set(self._files) - seen
        if self._is_first:
            self._report_lost()
        self._is_first = False
        return list(self._let_go())

    def note_sent(self) -> None:
        """Write down that all that was read may be sent now.

        Raises:
            MlmonitorError: the registry cannot be written.
        """
        for file in self.files:
            file.sent = max(file.sent, file.position)
        self.save()

    def confirm(self) -> None:
        """All that was read is done with; written down by the next `save` or `note_sent`."""
        for file in self.files:
            file.confirm()

    def save(self) -> None:
        """Write the places down.

        Raises:
            MlmonitorError: the registry cannot be written.
        """
        # Where a file that is gone and a new one share a name, the name is the new one's.
        ordered = sorted(self.files, key=lambda file: file.key not in self._gone)
        self._registry.save({file.path.name: file.place() for file in ordered})

    def remove_shipped(self) -> None:
        """Delete the files that no process writes to any more and that are shipped whole."""
        for file in self.files:
            if file.key not in self._gone and not file.waiting and is_complete(file.path):
                with suppress(FileNotFoundError):
                    file.path.unlink()
                del self._files[file.key]
                self._retire(file)

    def close(self) -> None:
        """Let go of files and registry."""
        for file in self.files:
            file.close()
        self._files.clear()
        self._registry.close()

    def _paths(self) -> Iterator[Path]:
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in self.path.iterdir():
                if path.suffix not in _PACKED and self._is_wanted(path.name):
                    yield path

    def _is_wanted(self, name: str) -> bool:
        if not self._names:
            return SUFFIX in name and not name.startswith(".")
        return any(name == one or name.startswith((f"{one}.", f"{one}-")) for one in self._names)

    def _see(self, path: Path) -> tuple[int, int]:
        status = path.stat()
        key = (status.st_dev, status.st_ino)
        known = self._files.get(key)
        if known is not None and not known.is_another():
            known.path = path
            return key
        file = Followed(path, self._stream)
        if known is None:
            self._place(file)
        else:
            self._retire(known)
        self._files[file.key] = file
        return file.key

    def _place(self, file: Followed) -> None:
        """Where to begin in a file that was not open."""
        former = next((p for p in self._former.values() if (p.device, p.inode) == file.key), None)
        if former is not None and file.fingerprint(former.length) == former.fingerprint:
            if file.size >= former.offset:
                file.resume(former)
            else:
                file.doubt()
        elif (self._registry.is_new and self._is_first) or self._is_copy(file):
            file.doubt()

    def _is_copy(self, file: Followed) -> bool:
        """Whether a file begins like another, as a copy before a truncation or after a move does."""
        open_ones = (one.place() for one in self.files)
        others = [*self._former.values(), *self._retired, *open_ones]
        return any(
            place.length >= _LEAST_FINGERPRINT
            and file.fingerprint(place.length) == place.fingerprint
            for place in others
        )

    def _let_go(self) -> Iterator[Rejected]:
        for key in list(self._gone):
            file = self._files[key]
            if file.position > file.offset or not file.is_still(_STILL):
                continue
            rest = file.remainder()
            if b"\n" in rest:
                continue
            if rest.strip():
                yield Rejected(rest, "half a line, and its file is gone", file.path.name, file.size)
            del self._files[key]
            self._retire(file)

    def _retire(self, file: Followed) -> None:
        """Let go of a file, and know a copy of it when one comes."""
        self._retired.append(file.place())
        file.close()

    def _complain(self, path: Path, error: OSError) -> None:
        if path.name not in self._unreadable:
            self._unreadable.add(path.name)
            self._tell(f"{path}: cannot be read ({error.strerror}); mend its permissions.")

    def _report_lost(self) -> None:
        here = {file.key for file in self.files}
        for name, place in self._former.items():
            if (place.device, place.inode) not in here:
                shown = self.path / name
                self._tell(
                    f"{shown}: is gone; what stood behind byte {place.offset:,} was not shipped"
                )


def _age(path: Path) -> tuple[float, str]:
    try:
        return (path.stat().st_mtime, path.name)
    except OSError:
        return (0.0, path.name)
