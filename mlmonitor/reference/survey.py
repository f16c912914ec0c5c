"""The first pass over the data: what a column holds, as far as its kind and its bins need.

Rows come in blocks of a fixed size, so that sums do not depend on how the data were cut into
chunks, and the sample that quantiles are taken from is drawn by row number.
"""

from __future__ import annotations

import math
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from mlmonitor.reference.columns import Floats, Values

MOST_DISTINCT: Final = 10_000
_SCRAMBLE: Final = np.uint64(0x9E3779B97F4A7C15)


class RowSample:
    """Chooses the same rows whatever the chunks: those whose scrambled number is low enough.

    Holds up to `most` rows; when there are more, every second one is let go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._shift = 0
        self._keys = np.zeros(0, np.uint64)

    def choose(self, first: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Which of the held rows stay, and which of the `rows` from number `first` on join."""
        keys = np.arange(first, first + rows, dtype=np.uint64) * _SCRAMBLE
        held, new = np.ones(len(self._keys), bool), self._low(keys)
        while held.sum() + new.sum() > self._most:
            self._shift += 1
            held, new = self._low(self._keys), self._low(keys)
        self._keys = np.concatenate([self._keys[held], keys[new]])
        return held, new

    def _low(self, keys: np.ndarray) -> np.ndarray:
        found: np.ndarray = keys <= np.uint64((1 << (64 - self._shift)) - 1)
        return found


@dataclass
class Survey:
    """What has been seen of one column.

    Attributes:
        rows, missing: rows, and those without a value.
        numbers, infinite, zeros, booleans: values that are numbers, and those of them that are
            infinite, zero, or truth values.
        whole: whether all finite numbers are integers.
        rising, falling: whether the numbers rise, or fall, from each row to the next.
        low, high: smallest and largest finite number.
        below_zero: largest number below zero.
        distinct: counts of the numbers, None from `MOST_DISTINCT` different ones on.
        texts: counts of the texts, None from `MOST_DISTINCT` different ones on.
        text_values: values that are texts.
        timestamps: whether some came as points in time.
        sample: numbers of the sampled rows, NaN where the row has none.
        sums: sums of the finite numbers by block.
    """

    rows: int = 0
    missing: int = 0
    numbers: int = 0
    infinite: int = 0
    zeros: int = 0
    booleans: int = 0
    whole: bool = True
    rising: bool = True
    falling: bool = True
    low: float = math.inf
    high: float = -math.inf
    below_zero: float = -math.inf
    distinct: Counter[float] | None = field(default_factory=Counter)
    texts: Counter[str] | None = field(default_factory=Counter)
    text_values: int = 0
    timestamps: bool = False
    sample: Floats = field(default_factory=lambda: np.zeros(0))
    sums: list[float] = field(default_factory=list)
    _last: float = math.nan

    @property
    def finite(self) -> int:
        """Numbers that are finite."""
        return self.numbers - self.infinite

    @property
    def all_booleans(self) -> bool:
        """Whether every number is a truth value."""
        return self.booleans == self.numbers

    @property
    def mean(self) -> float:
        """Mean of the finite numbers; 0 for none.

        The middle of their range where their sum is beyond the largest float.
        """
        if not self.finite:
            return 0.0
        if all(map(math.isfinite, self.sums)):
            with suppress(OverflowError):
                return math.fsum(self.sums) / self.finite
        return self.low / 2 + self.high / 2

    def add(self, values: Values, held: np.ndarray, chosen: np.ndarray) -> None:
        """Take in one block of rows, of which `chosen` join the sample and `held` stay in it."""
        self.rows += len(values.numbers)
        self.missing += values.missing
        self.booleans += values.booleans
        self.timestamps |= values.timestamps
        self.sample = np.concatenate([self.sample[held], values.numbers[chosen]])
        if values.texts:
            self._add_texts(values.texts)
        self._add_numbers(values.numbers[~np.isnan(values.numbers)])

    def _add_texts(self, texts: dict[str, int]) -> None:
        self.text_values += sum(texts.values())
        if self.texts is not None:
            self.texts.update(texts)
            if len(self.texts) >= MOST_DISTINCT:
                self.texts = None

    def _add_numbers(self, numbers: Floats) -> None:
        self.numbers += len(numbers)
        finite = numbers[np.isfinite(numbers)]
        self.infinite += len(numbers) - len(finite)
        if not len(finite):
            return
        self.low, self.high = (
            min(self.low, float(finite.min())),
            max(self.high, float(finite.max())),
        )
        self.zeros += len(finite) - int(np.count_nonzero(finite))
        with np.errstate(over="ignore"):
            self.sums.append(float(finite.sum()))
        negative = finite[finite < 0]
        if len(negative):
            self.below_zero = max(self.below_zero, float(negative.max()))
        self.whole = self.whole and bool((np.floor(finite) == finite).all())
        self._follow(finite)
        self._add_distinct(finite)

    def _follow(self, finite: Floats) -> None:
        """See whether the numbers go one way."""
        if self.rising or self.falling:
            steps = np.diff(finite, prepend=self._last)
            steps = steps[~np.isnan(steps)]
            self.rising = self.rising and bool((steps > 0).all())
            self.falling = self.falling and bool((steps < 0).all())
        self._last = float(finite[-1])

    def _add_distinct(self, finite: Floats) -> None:
        if self.distinct is None:
            return
        found, counts = np.unique(finite, return_counts=True)
        self.distinct.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        if len(self.distinct) >= MOST_DISTINCT:
            self.distinct = None
