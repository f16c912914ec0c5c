"""From what was seen of a column to its entry in the profile."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlmonitor.reference.columns import categories_of, category_text, values_of
from mlmonitor.reference.correlation import CategorySums, NumberSums
from mlmonitor.reference.model import BINNED_KINDS, CATEGORY_KINDS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from mlmonitor.reference.columns import Floats
    from mlmonitor.reference.correlation import Correlation, Places, Windows
    from mlmonitor.reference.model import Kind, Side
    from mlmonitor.reference.survey import Survey

DEFAULT_BINS: Final = 20
DEFAULT_CATEGORIES: Final = 50
_MOST_OTHER_VALUES: Final = 1_000
_FEWEST_CELLS: Final = 256
_MOST_CELLS: Final = 16_384
_MIXED_NOTED: Final = 0.001


@dataclass
class Description:
    """A column on its way into the profile.

    Attributes:
        survey: what the first pass saw.
        kind: its kind.
        edges: upper edges of all bins but the last.
        counts: values a bin, filled by the second pass.
        squares, distances: sums of (squared) distances from the mean, by block.
        categories: how many categories are kept.
        sums: what tells how alike rows of one window are; None where that is not measured.
    """

    survey: Survey
    kind: Kind
    edges: Floats
    counts: np.ndarray
    categories: int
    squares: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    sums: NumberSums | CategorySums | None = None
    _places: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, survey: Survey, kind: Kind, bins: int, categories: int) -> Description:
        """Choose the edges of a column of some kind."""
        binned = kind in BINNED_KINDS
        edges = _edges(survey, kind, bins) if binned and survey.finite else np.zeros(0)
        return cls(survey, kind, edges, np.zeros(len(edges) + 1, np.int64), categories)

    def count(self, column: pd.Series[Any], places: Sequence[Places]) -> None:
        """Take in one block of rows of the second pass; `places` are their windows."""
        if self.kind in BINNED_KINDS:
            numbers = values_of(column).numbers
            self._count(numbers)
            if isinstance(self.sums, NumberSums):
                self.sums.add(places, numbers)
        elif isinstance(self.sums, CategorySums):
            as_boolean = self.survey.all_booleans
            self.sums.add(places, categories_of(column, self._places, as_boolean=as_boolean))

    def _count(self, numbers: Floats) -> None:
        # Sorting the values and searching the few edges is several times as fast as the reverse.
        known = np.sort(numbers[~np.isnan(numbers)])
        upto = np.searchsorted(known, self.edges, side="right")
        self.counts += np.diff(upto, prepend=0, append=len(known))
        with np.errstate(over="ignore"):
            distances = known[np.isfinite(known)] - self.survey.mean
            self.distances.append(float(np.abs(distances).sum()))
            # Not a dot product, whose sum depends on how many threads share it.
            self.squares.append(float(np.multiply(distances, distances, out=distances).sum()))

    def expect(self, windows: Sequence[Windows]) -> None:
        """Have the second pass add up what tells how alike rows of one window are."""
        span = self.survey.high - self.survey.low
        if self.kind in BINNED_KINDS and 0 < span < math.inf:
            self.sums = NumberSums(windows, self.survey.mean, span)
        elif self.kind in CATEGORY_KINDS:
            kept = _by_count(self.survey)[: self.categories]
            self._places = {name: place for place, (name, _) in enumerate(kept)}
            self.sums = CategorySums(windows, len(kept) + 1)

    def column(self, name: str, side: Side, found: Correlation | None = None) -> Column:
        """The entry of the profile, with how alike its rows are."""
        survey = self.survey
        known: dict[str, Any] = {"rows": survey.rows, "missing": survey.missing}
        binned = self._binned() if self.kind in BINNED_KINDS and survey.finite else {}
        if found is not None:
            values = survey.rows - (known | binned)["missing"]
            known |= {
                "correlation": dict(found.windows),
                "effective_rows": found.evidence * values,
            }
        if binned:
            return Column(name=name, side=side, kind=self.kind, **{**known, **binned})
        if self.kind in CATEGORY_KINDS:
            return Column(name=name, side=side, kind=self.kind, **known, **self._categories())
        kind = "text" if self.kind in BINNED_KINDS else self.kind
        return Column(name=name, side=side, kind=kind, **known)

    def warnings(self, name: str) -> list[str]:
        """What the maker of the profile should know of the column."""
        survey, found = self.survey, []
        if survey.missing == survey.rows:
            found.append(f"Column {name!r} has no values; it is only counted, as kind `text`.")
        if self.kind in BINNED_KINDS and survey.finite and survey.low == survey.high:
            found.append(f"Column {name!r} has one value alone, {survey.low:g}.")
        if self.kind in BINNED_KINDS and survey.text_values > _MIXED_NOTED * survey.rows:
            found.append(
                f"Column {name!r} is of numbers, but {survey.text_values} of its values are texts; "
                "they count as of a wrong type, in the reference as missing."
            )
        if self.kind == "identifier":
            found.append(
                f"Column {name!r} looks like an identifier and is only counted; "
                f"`--kind {name}=numeric` or another kind compares it."
            )
        if self.kind in CATEGORY_KINDS and len(_by_count(survey)) > self.categories:
            found.append(
                f"Column {name!r} has {len(_by_count(survey))} categories; the {self.categories} most "
                "frequent are kept, the rest is `__other__`."
            )
        return found

    def _binned(self) -> dict[str, Any]:
        survey = self.survey
        variance = math.fsum(self.squares) / survey.finite
        sample = survey.sample[np.isfinite(survey.sample)]
        deviation = math.sqrt(variance) if math.isfinite(variance) else 0.0
        distance = math.fsum(self.distances) / survey.finite
        return {
            "missing": survey.missing + survey.text_values,
            "edges": tuple(self.edges.tolist()),
            "counts": tuple(self.counts.tolist()),
            "range": (survey.low, survey.high),
            "mean": survey.mean,
            "deviation": deviation,
            "absolute_deviation": min(distance / deviation, 1.0) if deviation else None,
            # Halved, because the mean of the middle two may be beyond the largest float.
            "median": 2 * float(np.median(sample / 2)) if len(sample) else survey.mean,
            "nonzero": survey.numbers - survey.zeros,
        }

    def _categories(self) -> dict[str, Any]:
        ranked = _by_count(self.survey)
        kept, rest = ranked[: self.categories], ranked[self.categories :]
        other = sum(count for _, count in rest)
        counted = sum(count for _, count in ranked)
        lost = self.survey.rows - self.survey.missing - counted
        complete = not lost and len(rest) <= _MOST_OTHER_VALUES
        listed = tuple(sorted(value for value, _ in rest)) if complete else ()
        names = tuple(value for value, _ in kept)
        return {
            "categories": dict(kept),
            "other": other + lost,
            "other_values": listed,
            "complete": complete,
            "allowed": (*names, *listed) if complete else None,
        }


def _by_count(survey: Survey) -> list[tuple[str, int]]:
    """Categories with their counts, most frequent first, then by text."""
    counts: dict[str, int] = dict(survey.texts or {})
    for number, count in (survey.distinct or {}).items():
        text = category_text(number, as_boolean=survey.all_booleans)
        counts[text] = counts.get(text, 0) + count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _edges(survey: Survey, kind: Kind, bins: int) -> Floats:
    """Upper edges of all bins but the last: ascending, at least one."""
    sample = np.sort(survey.sample[np.isfinite(survey.sample)])
    if not len(sample):
        return np.array([survey.low])
    unique = np.array(sorted(survey.distinct)) if survey.distinct is not None else np.unique(sample)
    if kind == "discrete" and len(unique) <= 2 * bins:
        return unique[:-1] if len(unique) > 1 else unique
    if kind == "sparse":
        return _sparse_edges(survey, sample, bins)
    return _quantile_edges(survey, sample, bins)


def _sparse_edges(survey: Survey, sample: Floats, bins: int) -> Floats:
    """Zero in a bin of its own, the rest at quantiles of the rest."""
    around_zero = [survey.below_zero, 0.0] if survey.low < 0 else [0.0]
    rest = sample[sample != 0]
    others = _quantile_edges(survey, rest, bins - 1) if len(rest) else np.zeros(0)
    outside = others[(others < around_zero[0]) | (others > 0)]
    edges = np.unique(np.concatenate([outside, around_zero]))
    kept: Floats = edges[edges < survey.high] if (edges < survey.high).any() else edges[:1]
    return kept


def _quantile_edges(survey: Survey, sample: Floats, bins: int) -> Floats:
    cuts = np.unique(np.quantile(sample, np.arange(1, bins) / bins, method="inverted_cdf"))
    cuts = cuts[cuts < survey.high] if (cuts < survey.high).any() else np.array([survey.low])
    finest = 1.0 if survey.whole else 0.0
    return _on_a_grid(cuts, survey.high - survey.low, finest)


def _on_a_grid(cuts: Floats, span: float, finest: float) -> Floats:
    """Cuts rounded up to multiples of a power of two, coarse enough to count on directly.

    The grid is as coarse as keeps all cuts apart, with `_FEWEST_CELLS` to twice as many cells over
    the span or more; cuts that no grid down to `finest` keeps apart stay as they are.
    """
    if not (math.isfinite(span) and span > 0):
        return cuts
    width = math.ldexp(1.0, math.frexp(span / _FEWEST_CELLS)[1] - 1)
    while width > 0 and width >= finest and span / width <= _MOST_CELLS:
        rounded: Floats = np.ceil(cuts / width) * width
        if np.isfinite(rounded).all() and len(np.unique(rounded)) == len(cuts):
            return rounded
        width /= 2
    return cuts
