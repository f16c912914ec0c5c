"""What never leaves the process: columns that are marked, and what a detector finds in texts."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.logs.values import plain, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmonitor.logs.rows import Row
    from mlmonitor.logs.settings import LogSettings

MASK: Final = "***"
_MARKED: Final = "marked"
_DIGITS: Final = 32


class Privacy:
    """Hides what is sensitive in rows and texts.

    Args:
        settings: which columns are marked, the key of the hashes, and whether texts are searched.
        hidden: told the kind and the column of each value that was hidden.

    Raises:
        MlmonitorError: a column is to be hashed and there is no key.
    """

    def __init__(self, settings: LogSettings, hidden: Callable[[str, str], None]) -> None:
        self._marks = dict(settings.sensitive)
        self._key = settings.key() if "hash" in self._marks.values() else b""
        self._hidden = hidden
        self._limit = settings.max_field

    def rows(self, sides: Mapping[str, Row]) -> tuple[Mapping[str, Row], list[str]]:
        """Columns by side as they may be written, and those of which something is hidden.

        The rows given are changed.
        """
        redacted: list[str] = []
        if self._marks:
            for row in sides.values():
                for name in self._marks.keys() & row.keys():
                    self._hide(row, name)
                    redacted.append(name)
        return sides, redacted

    def cleaned(self, message: str) -> str:
        """A text of no column as it may be written."""
        return message

    def _hide(self, row: Row, name: str) -> None:
        how = self._marks[name]
        if how == "drop":
            del row[name]
        elif row[name] is not None:
            row[name] = MASK if how == "mask" else self._hashed(row[name])
        self._hidden(_MARKED, name)

    def _hashed(self, value: Any) -> str:
        found, _ = plain(value, 10 * self._limit)
        data = text(str(found), 10 * self._limit)[0].encode()
        return hmac.new(self._key, data, sha256).hexdigest()[:_DIGITS]
