"""A handler that keeps the lines it is given."""

from __future__ import annotations

import logging


class Kept(logging.Handler):
    """Keeps lines in `lines`."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())
