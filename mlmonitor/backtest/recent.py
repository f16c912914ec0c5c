"""Conditions of the alerts on broken columns, over the latest rows: see alerts/alerting/data.yaml.

They are evaluated at each step, over three short windows. Most hold where they do so over any of these;
for a changed scale the shortest in which enough rows arrived decides, as in its rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from mlmonitor import names
from mlmonitor.backtest.steps import REASONS
from mlmonitor.drift import evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.backtest.rules import Rule
    from mlmonitor.backtest.steps import ColumnSteps
    from mlmonitor.drift.cells import Array

_NONE: Final = 1e-9
_FEW: Final = 10
_SOME: Final = 30
_MANY: Final = 100
_LEAST_VARIANCE: Final = 0.01
_SURELY_MISSING: Final = 6
_MISSING_MORE: Final = 5
_STILL: Final = 1e-3
_FAHRENHEIT: Final = 1.8
_USUAL_EXTREME: Final = 5.0
_LONG_TAILS: Final = 8.0
_TEMPERATURES: Final = 50.0
_SURE_SHIFT: Final = 8.0
_MOST: Final = 0.5
_PROVING: Final = 5
_WRONG: Final = 4.5
_BY_CHANCE: Final = (names.OUT_OF_RANGE, names.EXTREME)
INPUTS: Final = frozenset({"input"})
OUTPUTS: Final = frozenset({"output", "score"})
ALL_SIDES: Final = frozenset(names.SIDES)


@dataclass(frozen=True)
class Recent:
    """One column over a short window, at each of T moments; all of shape (T,).

    Attributes:
        sums: its counts.
        proof: whether its distribution differs from the reference's beyond doubt by KS, over one of
            the shortest windows of monitoring.yaml.
        rho: how much its rows are correlated, over one of those.
    """

    sums: ColumnSteps
    proof: np.ndarray
    rho: float

    @property
    def missing_ratio(self) -> Array:
        """Share of rows without a value, 0 without rows."""
        return np.asarray(self.sums.missing / np.maximum(self.sums.rows, 1))

    def invalid_ratio(self, reason: str) -> Array:
        """Share of rows whose value is wrong in some way, 0 without rows."""
        wrong = self.sums.invalid[:, REASONS.index(reason)]
        return np.asarray(wrong / np.maximum(self.sums.rows, 1))

    def share_of(self, cell: int) -> Array:
        """Share of the values in one category."""
        return np.asarray(self.sums.cells[:, cell] / np.maximum(self.sums.values, 1))

    @property
    def mean_shift(self) -> Array:
        """Mean, in deviations from that of the reference."""
        values = np.maximum(self.sums.values, 1)
        return np.asarray((self.sums.above - self.sums.below) / values)

    @property
    def spread_ratio(self) -> Array:
        """Standard deviation over the reference's."""
        values = np.maximum(self.sums.values, 1)
        return np.asarray(np.sqrt(np.maximum(self.sums.squares / values - self.mean_shift**2, 0)))

    @property
    def least_shift(self) -> Array:
        """Mean, in deviations, that a few values at the extreme of the reference do not explain."""
        left = np.abs(self.mean_shift) - self.extreme * self._few
        return np.asarray(np.maximum(left, 0))

    @property
    def least_spread(self) -> Array:
        """Standard deviation over the reference's, that such values do not explain."""
        left = self.spread_ratio**2 - self.extreme**2 * self._few
        return np.asarray(np.sqrt(np.maximum(left, 0)))

    @property
    def _few(self) -> Array:
        """Share of two values among all, or of as many as are worth one row of evidence."""
        values = np.maximum(self.sums.values, 1)
        alike = values / evidence.effective(values, self.rho)
        return np.asarray(np.maximum(alike, 2) / values)

    @property
    def extreme(self) -> float:
        """Distance of the farthest value of the reference, in deviations."""
        found = self.sums.column.extreme
        return _USUAL_EXTREME if found is None else found

    @property
    def below(self) -> Array:
        """Part of all distances from the mean of the reference that lies below it."""
        return np.asarray(self.sums.below / np.maximum(self.sums.above + self.sums.below, _NONE))

    @property
    def effective(self) -> Array:
        """Rows that count as evidence."""
        return evidence.effective(self.sums.rows, self.rho)

    @property
    def missing_errors(self) -> Array:
        """How far the missing share lies above the reference's, in standard errors of that."""
        usual = self.sums.column.missing_ratio
        variance = max(usual * (1 - usual), _LEAST_VARIANCE)
        return np.asarray((self.missing_ratio - usual) * np.sqrt(self.effective / variance))

    @property
    def beyond(self) -> Array:
        """Share of rows whose value is out of range or extreme, whichever is more."""
        return np.maximum(self.invalid_ratio(names.OUT_OF_RANGE), self.invalid_ratio(names.EXTREME))

    @property
    def mean_errors(self) -> Array:
        """The mean shift in standard errors of the larger variance."""
        values = np.maximum(self.sums.values, 1)
        own = np.maximum(self.spread_ratio**2, 1) / evidence.effective(values, self.rho)
        return np.asarray(
            np.abs(self.mean_shift) / np.sqrt(own + 1 / max(self.sums.column.evidence, _NONE))
        )


Three = tuple[Recent, Recent, Recent]
Condition = Callable[[Three, float], np.ndarray]


def conditions(recent: Three, rules: Mapping[str, Rule]) -> dict[str, np.ndarray]:
    """Where each alert's condition holds, bool of shape (T,), by alert; those that never do left out."""
    found = {}
    for alert, holds in CONDITIONS.items():
        rule = rules.get(alert)
        if rule is not None:
            held = holds(recent, rule.threshold or 0.0)
            if held.any():
                found[alert] = held
    return found


def _never(recent: Three) -> np.ndarray:
    return np.zeros(len(recent[0].sums.rows), bool)


def _any(recent: Three, holds: Callable[[Recent], np.ndarray]) -> np.ndarray:
    """Whether a condition holds over any of the short windows."""
    return np.asarray(np.logical_or.reduce([holds(one) for one in recent]))


def _proof(recent: Three) -> np.ndarray:
    """Whether a numeric column differs from the reference beyond doubt: by its mean, its range, or KS."""
    moved = _any(recent, lambda one: (one.mean_errors > _SURE_SHIFT) & (one.sums.values >= _FEW))
    beyond = _any(recent, lambda one: (one.beyond > _MOST) & (one.effective >= _PROVING))
    return np.asarray(moved | beyond | recent[0].proof)


def _broken(
    recent: Three,
    limit: float,
    *,
    share: Callable[[Recent], Array],
    count: Callable[[Recent], Array],
) -> np.ndarray:
    """Whether a share is above its limit over any window with enough, and not mended in the shortest."""
    found = _any(recent, lambda one: (share(one) > limit) & (count(one) >= _FEW))
    mended = (share(recent[0]) <= limit) & (count(recent[0]) >= _FEW)
    return np.asarray(found & ~mended)


def _is_missing_surely(one: Recent) -> np.ndarray:
    return np.asarray((one.sums.rows >= _FEW) & (one.missing_errors > _SURELY_MISSING))


def _feature_missing(recent: Three, limit: float) -> np.ndarray:
    column = recent[0].sums.column
    if column.side != "input" or column.missing_ratio >= 0.5:  # noqa: PLR2004 - as in the rule
        return _never(recent)
    found = _any(recent, lambda one: (one.missing_ratio > limit) & _is_missing_surely(one))
    mended = (recent[0].missing_ratio <= limit) & (recent[0].sums.rows >= _FEW)
    return np.asarray(found & ~mended)


def _feature_unseen(recent: Three, limit: float) -> np.ndarray:
    column = recent[0].sums.column
    if column.side != "input" or not column.is_categorical:
        return _never(recent)
    return _broken(
        recent, limit, share=lambda one: one.share_of(-1), count=lambda one: one.sums.values
    )


def _feature_dead(recent: Three, _: float) -> np.ndarray:
    column = recent[0].sums.column
    if column.side != "input" or not recent[0].sums.cells.shape[1]:
        return _never(recent)
    if column.is_binned:
        still = _any(recent, lambda one: (one.sums.values >= _SOME) & (one.spread_ratio < _STILL))
        return np.asarray(still & _proof(recent))
    most = max([*(column.categories or {}).values(), column.other], default=0)
    if most >= 0.7 * max(column.values, 1):
        return _never(recent)
    return _any(
        recent,
        lambda one: (one.sums.values >= _SOME) & (one.sums.cells.max(axis=1) == one.sums.values),
    )


def _scale_changed(recent: Three, _: float) -> np.ndarray:
    column = recent[0].sums.column
    if column.side != "input" or not column.is_binned:
        return _never(recent)
    found = _never(recent)
    decided = _never(recent)
    for one in recent:
        enough = one.sums.values >= _FEW
        found |= changed_unit(one) & enough & ~decided
        decided = enough
    return np.asarray(found & _proof(recent))


def changed_unit(one: Recent) -> np.ndarray:
    """Whether values look multiplied, turned or in other degrees, bool of shape (T,); see alerts/recording/data.yaml."""
    column = one.sums.column
    mean, deviation = column.mean or 0.0, column.deviation or 0.0
    shift, spread = one.mean_shift, one.spread_ratio
    found = (one.least_spread > 5) | (one.least_shift > 3)  # noqa: PLR2004 - as in the rule
    if 0 < deviation < _TEMPERATURES and one.extreme < _LONG_TAILS:
        warmer = np.abs(shift - (0.8 * mean + 32) / deviation) < 0.3  # noqa: PLR2004
        colder = np.abs(shift + (4 * mean + 160) / 9 / deviation) < 0.3  # noqa: PLR2004
        found |= (np.abs(spread - _FAHRENHEIT) < 0.2) & warmer  # noqa: PLR2004
        found |= (np.abs(spread - 1 / _FAHRENHEIT) < 0.07) & colder  # noqa: PLR2004
    if mean != 0:
        ratio = 1 + shift * deviation / mean
        with np.errstate(divide="ignore", invalid="ignore"):
            agree = np.abs(np.log(spread / ratio)) < 0.2  # noqa: PLR2004
            other = np.abs(np.log(ratio)) > 0.65  # noqa: PLR2004
            same = np.abs(np.log(spread)) < 0.2  # noqa: PLR2004
        beyond = (one.least_shift > 2) | (one.below > 0.02)  # noqa: PLR2004
        found |= (ratio > 0) & agree & other & ((ratio < 1) | ((one.least_spread > 1) & beyond))
        found |= (np.abs(ratio + 1) < 0.2) & same & (one.least_shift > 2)  # noqa: PLR2004
    return np.asarray(found)


def _lately(
    recent: Three,
    holds: Callable[[Recent], np.ndarray],
    count: Callable[[Recent], Array],
    least: int = _MANY,
    wrong: Callable[[Recent], Array] | None = None,
) -> np.ndarray:
    """Whether a condition holds over the hour or, where that has too few rows, over six.

    Of those, `wrong` counts the values that are wrong, or the rows of evidence that they are where
    chance may be the reason; None, where the condition asks for evidence itself.
    """
    _, hour, longest = recent
    later = holds(longest) & (count(longest) >= _SOME)
    if wrong is not None:
        later &= wrong(longest) >= _WRONG
    return np.asarray(np.where(count(hour) >= least, holds(hour), later))


def _missing_share(recent: Three, limit: float) -> np.ndarray:
    column = recent[0].sums.column
    if column.side == "outcome":
        return _never(recent)

    def holds(one: Recent) -> np.ndarray:
        more = one.missing_ratio - column.missing_ratio > limit
        return np.asarray(more & (one.missing_errors > _MISSING_MORE))

    return _lately(recent, holds, lambda one: one.sums.rows)


def _unseen(recent: Three, limit: float) -> np.ndarray:
    column = recent[0].sums.column
    if not column.is_categorical or column.allowed is not None:
        return _never(recent)
    return _lately(
        recent,
        lambda one: one.share_of(-1) > limit,
        lambda one: one.sums.values,
        wrong=lambda one: one.share_of(-1) * one.effective,
    )


def _invalid(reasons: tuple[str, ...], least: int, sides: frozenset[str] = ALL_SIDES) -> Condition:
    """Too many values that are wrong in one of some ways."""

    def of_reason(recent: Three, limit: float, reason: str) -> np.ndarray:
        return _lately(
            recent,
            lambda one: one.invalid_ratio(reason) > limit,
            lambda one: one.sums.rows,
            least,
            wrong=lambda one: (
                one.invalid_ratio(reason)
                * (one.effective if reason in _BY_CHANCE else one.sums.rows)
            ),
        )

    def holds(recent: Three, limit: float) -> np.ndarray:
        if recent[0].sums.column.side not in sides:
            return _never(recent)
        found = [of_reason(recent, limit, reason) for reason in reasons]
        return np.asarray(np.logical_or.reduce(found))

    return holds


def _outputs_not_finite(recent: Three, limit: float) -> np.ndarray:
    if recent[0].sums.column.side not in OUTPUTS:
        return _never(recent)
    return _broken(
        recent,
        limit,
        share=lambda one: np.maximum(one.invalid_ratio(names.NOT_FINITE), one.missing_ratio),
        count=lambda one: one.sums.rows,
    )


CONDITIONS: Final[dict[str, Condition]] = {
    "MlmonitorFeatureMissing": _feature_missing,
    "MlmonitorFeatureUnseen": _feature_unseen,
    "MlmonitorFeatureDead": _feature_dead,
    "MlmonitorScaleChanged": _scale_changed,
    "MlmonitorMissingShareHigh": _missing_share,
    "MlmonitorUnseenCategories": _unseen,
    "MlmonitorOutOfRange": _invalid((names.OUT_OF_RANGE, names.EXTREME), _MANY),
    "MlmonitorNotAllowed": _invalid((names.NOT_ALLOWED,), _MANY),
    "MlmonitorWrongType": _invalid((names.WRONG_TYPE,), _SOME),
    "MlmonitorInputsNotFinite": _invalid((names.NOT_FINITE,), _SOME, INPUTS),
    "MlmonitorOutputsNotFinite": _outputs_not_finite,
}
"""Alert -> where its condition holds, of the column over the three short windows and its threshold."""
