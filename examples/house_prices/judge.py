"""What was found, beside what had to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.house_prices.inject import Injection
    from examples.house_prices.truth import Truth
    from examples.house_prices.watch import History, Point


@dataclass(frozen=True)
class Phase:
    """A stretch of the replay, in Unix time, under one injection."""

    injection: Injection
    start: float
    end: float


@dataclass(frozen=True)
class Finding:
    """One column in one phase.

    Attributes:
        truth: what the injection does to it.
        effect: the effect over its threshold at the end of the phase, as the monitoring saw it.
        after: seconds from the start of the phase to the first alert, None without one.
    """

    truth: Truth
    effect: float
    after: float | None

    @property
    def found(self) -> bool:
        """Whether the monitoring called it drifted."""
        return self.after is not None


@dataclass(frozen=True)
class Verdict:
    """One phase, column by column."""

    phase: Phase
    findings: tuple[Finding, ...]

    def of(self, duty: str) -> list[Finding]:
        """The columns with one duty."""
        return [finding for finding in self.findings if finding.truth.duty == duty]

    @property
    def missed(self) -> list[Finding]:
        """Columns that had to be found, and were not."""
        return [one for one in self.of("must be found") if not one.found]

    @property
    def false_alarms(self) -> list[Finding]:
        """Columns that had to stay silent, and did not."""
        return [one for one in self.of("must stay silent") if one.found]

    @property
    def passed(self) -> bool:
        """Whether nothing was missed and nothing alerted that had to stay silent."""
        return not self.missed and not self.false_alarms

    @property
    def first_after(self) -> float | None:
        """Seconds from the start of the phase to the first alert that was due."""
        due = self.of("must be found")
        return min((one.after for one in due if one.after is not None), default=None)


def judge(phase: Phase, truths: list[Truth], history: History) -> Verdict:
    """Compare the truth of a phase with what the monitoring recorded in it."""
    findings = []
    for truth in truths:
        points = history.get((truth.side, truth.column), [])
        during = [point for point in points if phase.start <= point.time <= phase.end]
        findings.append(Finding(truth, during[-1].effect if during else 0.0, _after(phase, during)))
    return Verdict(phase, tuple(findings))


def _after(phase: Phase, points: list[Point]) -> float | None:
    return next((point.time - phase.start for point in points if point.drifted), None)
