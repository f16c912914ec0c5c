"""What never leaves the process: columns that are marked, and what the detector finds in texts."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.logs import detector
from mlmonitor.logs.values import SCALARS, plain, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlmonitor.logs.rows import Row
    from mlmonitor.logs.settings import LogSettings

MASK: Final = "***"
_DIGITS: Final = 32
_LEAST_SECRET: Final = 3
"""Characters from which on a marked value is looked for in messages."""
_MARGIN: Final = 256
"""Characters beyond the limit that are searched, so that nothing is cut in two before it is found."""
_BETWEEN: Final = "\n"


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
        self._limit, self._detects = settings.max_field, settings.detect
        self.is_idle = not self._marks and not settings.detect
        """Whether nothing is ever hidden."""

    def passes(self, row: Row) -> bool:
        """Whether nothing in a row of plain values needs to be hidden."""
        if self.is_idle:
            return True
        if self._marks:
            return False
        texts = [value for value in row.values() if type(value) is str]
        return not texts or not detector.found(_BETWEEN.join(texts))

    def rows(self, sides: Mapping[str, Row]) -> list[str]:
        """Hide what is sensitive in columns by side; names of those of which something is hidden."""
        redacted: list[str] = []
        for row in sides.values():
            if self._marks:
                for name in self._marks.keys() & row.keys():
                    self._hide(row, name)
                    redacted.append(name)
            if self._detects:
                redacted += self._searched(row)
        return redacted

    def cleaned(self, message: str, secrets: Iterable[str] = ()) -> str:
        """A text of no column as it may be written, without what marked columns hold."""
        for secret in secrets:
            message = message.replace(secret, MASK)
        if not self._detects:
            return message
        clean, kinds = detector.masked(message)
        for kind in kinds:
            self._hidden(kind, names.SENSITIVE_ELSEWHERE)
        return clean

    def secrets(self, rows: Iterable[Row]) -> list[str]:
        """Texts of marked columns, which a message must not repeat; the longest first."""
        found = {
            str(row[name])
            for row in rows
            for name in self._marks.keys() & row.keys()
            if isinstance(row[name], (str, int, float)) and len(str(row[name])) >= _LEAST_SECRET
        }
        return sorted(found, key=len, reverse=True)

    def _searched(self, row: Row) -> list[str]:
        """Mask what the detector finds in the texts of a row."""
        values = row.values()
        if set(map(type, values)) <= SCALARS:
            texts = [value for value in values if type(value) is str]
            if not texts or not detector.found(_BETWEEN.join(texts)):
                return []
        redacted = []
        for name, value in list(row.items()):
            if type(value) is str:
                clean, kinds = detector.masked(value[: self._limit + _MARGIN])
            elif type(value) in SCALARS:
                continue
            else:
                clean, kinds = self._searched_object(value)
            if kinds:
                row[name] = clean
                redacted.append(name)
                for kind in kinds:
                    self._hidden(kind, name)
        return redacted

    def _searched_object(self, value: Any) -> tuple[Any, list[str]]:
        """What any other value becomes in a record, masked."""
        found, _ = plain(value, self._limit + _MARGIN)
        if isinstance(found, str):
            return detector.masked(found)
        if not isinstance(found, list):
            return found, []
        pairs = [detector.masked(one) if isinstance(one, str) else (one, []) for one in found]
        return [clean for clean, _ in pairs], [kind for _, kinds in pairs for kind in kinds]

    def _hide(self, row: Row, name: str) -> None:
        how = self._marks[name]
        if how == "drop":
            del row[name]
        elif row[name] is not None:
            row[name] = MASK if how == "mask" else self._hashed(row[name])
        self._hidden(names.SENSITIVE_MARKED, name)

    def _hashed(self, value: Any) -> str:
        found, _ = plain(value, 10 * self._limit)
        data = text(str(found), 10 * self._limit)[0].encode()
        return hmac.new(self._key, data, sha256).hexdigest()[:_DIGITS]
