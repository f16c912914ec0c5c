"""How much rows of one window are alike: their intra-class correlation, with its upper bound.

One-way analysis of variance with windows of time as groups. With k windows of n_i rows, N in all,
n0 = (N - sum n_i^2 / N) / (k - 1) and F = MSB / MSW, the bound of one-sided confidence 95 % is
(F_L - 1) / (F_L + n0 - 1), F_L = F / F_0.05(k - 1, N - k): Searle, Casella and McCulloch, Variance
Components (1992), exact for normal values in windows of equal size; n0 in place of that size for
others is Donner's, International Statistical Review 54 (1986). Rows of evidence are Kish's (Survey
Sampling, 1965).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from mlmonitor.durations import duration, seconds
from mlmonitor.errors import MlmonitorError, ProfileError, placed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

    from mlmonitor.reference.columns import Floats

DEFAULT_WINDOWS: Final = ("1h", "6h", "1d", "7d")
FEWEST_WINDOWS: Final = 30
MOST_WINDOWS: Final = 1_024
LARGEST: Final = 0.999999
"""A window is worth a little more than one row, so that no test divides by zero."""
_ERROR: Final = 0.05
_SCRAMBLE: Final = np.uint64(0x9E3779B97F4A7C15)

Places = np.ndarray[tuple[int], np.dtype[np.int64]]
"""Number of the window that each row belongs to, shape (rows,); -1 for none."""


class Windows:
    """The windows of one length that hold rows, aligned to the epoch.

    At most `MOST_WINDOWS` are kept; when there are more, every second one is let go. Which, follows
    from their numbers, and not from the order in which rows come.
    """

    def __init__(self, length: float) -> None:
        self.length = length
        self.numbers = np.zeros(0, np.int64)
        self._shift = 0

    def add(self, times: Floats) -> None:
        """See the windows of some rows, by their times in seconds."""
        numbers = np.unique(self._of(times[~np.isnan(times)]))
        self.numbers = np.union1d(self.numbers, self._kept(numbers))
        while len(self.numbers) > MOST_WINDOWS:
            self._shift += 1
            self.numbers = self._kept(self.numbers)

    def places(self, times: Floats) -> Places:
        """Which of the kept windows each row belongs to."""
        known = ~np.isnan(times)
        numbers = self._of(np.where(known, times, 0.0))
        places = np.minimum(np.searchsorted(self.numbers, numbers), max(len(self.numbers) - 1, 0))
        found = known & (self.numbers[places] == numbers) if len(self.numbers) else ~known & known
        return np.where(found, places, -1)

    def _of(self, times: Floats) -> Places:
        return np.floor(times / self.length).astype(np.int64)

    def _kept(self, numbers: Places) -> Places:
        keys = numbers.astype(np.uint64) * _SCRAMBLE
        return numbers[keys <= np.uint64((1 << (64 - self._shift)) - 1)]


class Spread(NamedTuple):
    """Sums of squares of a column between and within windows, and the rows of each."""

    rows: Floats
    between: float
    within: float

    @property
    def mean_rows(self) -> float:
        """Rows of the window that a row is in, on average over the rows: sum n_i^2 / N."""
        return float((self.rows**2).sum() / self.rows.sum())


class Sums(Protocol):
    """What is added up of a column, window by window."""

    def add(self, places: Sequence[Places], values: Any) -> None:
        """Take in one block of rows, of which `places` say the window of each length."""

    def spreads(self) -> list[Spread]:
        """The sums of squares for each length."""


class NumberSums:
    """Sums of a number about its mean.

    Args:
        windows: of each length.
        middle, span: their mean and range; numbers are scaled by them, so that no square overflows.
    """

    def __init__(self, windows: Sequence[Windows], middle: float, span: float) -> None:
        self._middle, self._span = middle, span
        self._rows = [np.zeros(len(one.numbers)) for one in windows]
        self._sums = [np.zeros(len(one.numbers)) for one in windows]
        self._squares: list[list[float]] = [[] for _ in windows]

    def add(self, places: Sequence[Places], values: Floats) -> None:
        """Take in one block of numbers; those that are not finite do not count."""
        finite = np.isfinite(values)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values - self._middle) / self._span
        for index, own in enumerate(places):
            known = finite & (own >= 0)
            numbers, window, size = scaled[known], own[known], len(self._rows[index])
            self._rows[index] += np.bincount(window, minlength=size)
            self._sums[index] += np.bincount(window, numbers, minlength=size)
            self._squares[index].append(float((numbers**2).sum()))

    def spreads(self) -> list[Spread]:
        """The sums of squares for each length."""
        found = []
        for rows, sums, squares in zip(self._rows, self._sums, self._squares, strict=True):
            held = rows > 0
            own, total = (sums[held] ** 2 / rows[held]).sum(), sums.sum() ** 2 / max(rows.sum(), 1)
            found.append(_spread(rows[held], own - total, math.fsum(squares) - own, total))
        return found


class CategorySums:
    """Counts of categories; sums of squares are pooled over the indicators of all of them.

    The bound is wider than it need be: of several categories, F scatters less than it says.
    """

    def __init__(self, windows: Sequence[Windows], categories: int) -> None:
        self._categories = categories
        self._counts = [np.zeros((len(one.numbers), categories)) for one in windows]

    def add(self, places: Sequence[Places], values: Places) -> None:
        """Take in one block of categories' numbers, -1 where there is none."""
        for own, counts in zip(places, self._counts, strict=True):
            known = (own >= 0) & (values >= 0)
            cells = own[known] * self._categories + values[known]
            flat = counts.reshape(-1)
            flat += np.bincount(cells, minlength=counts.size)

    def spreads(self) -> list[Spread]:
        """The sums of squares for each length."""
        found = []
        for counts in self._counts:
            held = counts[counts.any(axis=1)]
            rows = held.sum(axis=1)
            own = ((held**2).sum(axis=1) / rows).sum()
            total = (held.sum(axis=0) ** 2).sum() / max(rows.sum(), 1)
            found.append(_spread(rows, own - total, rows.sum() - own, total))
        return found


def _spread(rows: Floats, between: float, within: float, scale: float) -> Spread:
    """Sums of squares, without what only rounding has left of them."""
    least = 1e-12 * (abs(between) + abs(within) + abs(scale))
    between, within = (0.0 if part <= least else float(part) for part in (between, within))
    return Spread(rows, between, within)


def upper_bound(spread: Spread) -> float | None:
    """Upper bound of the intra-class correlation, 0 to `LARGEST`.

    None where it cannot be told: fewer than `FEWEST_WINDOWS` windows, one row in each, or one value.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    windows, rows = len(spread.rows), float(spread.rows.sum())
    if windows < FEWEST_WINDOWS or rows <= windows or not spread.between + spread.within > 0:
        return None
    if spread.within <= 0:
        return LARGEST
    ratio = (spread.between / (windows - 1)) / (spread.within / (rows - windows))
    lower = ratio / float(special().fdtri(windows - 1, rows - windows, _ERROR))
    size = (rows - spread.mean_rows) / (windows - 1)
    return float(np.clip((lower - 1) / (lower + size - 1), 0.0, LARGEST))


@dataclass(frozen=True)
class Correlation:
    """How alike a column's rows are.

    Attributes:
        windows: upper bound by length of the window, as the profile writes it.
        evidence: share of its rows that count as evidence, 0 to 1: the least that any length says.
        taken: lengths with too few windows, and the shorter length whose bound they have.
    """

    windows: Mapping[str, float] = field(default_factory=dict)
    evidence: float = 1.0
    taken: Mapping[str, str] = field(default_factory=dict)


def correlation(names: Sequence[str], spreads: Iterable[Spread]) -> Correlation | None:
    """The correlation in windows of these lengths, shortest first; None where none was measured.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    found, taken, evidence, last = dict[str, float](), dict[str, str](), 1.0, ""
    for name, spread in zip(names, spreads, strict=True):
        bound = upper_bound(spread)
        if bound is not None:
            found[name], last = bound, name
            evidence = min(evidence, 1 / (1 + max(spread.mean_rows - 1, 0.0) * bound))
        elif last:
            found[name], taken[name] = found[last], last
    return Correlation(found, evidence, taken) if found else None


def windows_of(names: Sequence[str]) -> dict[str, Windows]:
    """Windows of some lengths, shortest first, by how Prometheus writes the length.

    Raises:
        ProfileError: a name is no duration, or there is none.
    """
    with placed("--windows", ProfileError):
        lengths = sorted({seconds(name) for name in names})
    if not lengths:
        message = "--windows: names no length; write them as 1h,6h,1d."
        raise ProfileError(message)
    return {duration(length): Windows(length) for length in lengths}


def special() -> ModuleType:
    """SciPy's special functions, for the quantiles of F.

    Raises:
        MlmonitorError: SciPy is not installed.
    """
    try:
        import scipy.special  # noqa: PLC0415 - half a second, and few profiles need it
    except ImportError as error:
        message = "--time needs SciPy; install it with `pip install 'mlmonitor[stats]'`."
        raise MlmonitorError(message) from error
    return scipy.special
