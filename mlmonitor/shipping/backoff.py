"""How long to wait before another attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

_LEAST_SHARE: Final = 0.5


@dataclass
class Backoff:
    """Waits that double from `first` to `most` seconds, shortened at random by up to a half.

    Many exporters that lost the same server come back at different times.
    """

    first: float = 0.5
    most: float = 30.0
    _next: float = field(default=0.0, repr=False)

    def wait(self, least: float = 0.0) -> float:
        """Seconds until the next attempt, `least` or more where the server asks for that."""
        self._next = min(max(self._next * 2, self.first), self.most)
        share = random.uniform(_LEAST_SHARE, 1.0)  # noqa: S311 - no secret
        return max(self._next * share, least)

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next = 0.0
