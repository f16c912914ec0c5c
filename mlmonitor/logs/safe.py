"""JSON that a terminal and a reader of lines take for nothing but text."""

from __future__ import annotations

import re
from typing import Final

_UNSAFE: Final = re.compile("[\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that JSON allows and that move a terminal's cursor, end a line, or hide text."""


def is_safe(line: bytes) -> bool:
    """Whether `shown` surely changes nothing."""
    return line.isascii() and b"\x7f" not in line


def shown(line: bytes) -> bytes:
    """JSON with everything escaped that a terminal could take for more than text."""
    if is_safe(line):
        return line
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()
