"""Which step of the ladder is due for which alert, and what a breaker becomes by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mlmonitor.breaker import CLOSED, fits_a_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlmonitor.breaker import BreakerState
    from mlmonitor.config.respond import ProbationSettings, StepSettings

# Alertmanager tells of a standing alert every five minutes; three times unheard is unknown.
FORGET: Final = 15 * 60.0
LATCHING: Final = ("fallback", "circuit_breaker", "freeze_canary")


@dataclass(frozen=True)
class Episode:
    """One alert from its first notification to its end.

    Attributes:
        key: what tells it from all others.
        labels: those of the alert.
        started: when it began to fire, in seconds since the epoch.
        heard: when it was told of last.
        ended: when it was resolved, or None.
        done: numbers of the steps that were taken.
    """

    key: str
    labels: Mapping[str, str]
    started: float
    heard: float
    ended: float | None = None
    done: tuple[int, ...] = ()

    @property
    def model(self) -> str:
        """The model that the alert is about."""
        return self.labels.get("model", "")

    @property
    def version(self) -> str | None:
        """Its version, where the alert tells."""
        return self.labels.get("version")

    @property
    def alert(self) -> str:
        """Name of the alert."""
        return self.labels.get("alertname", "")

    def stands(self, now: float) -> bool:
        """Whether it fires, as far as is known."""
        return self.ended is None and now - self.heard <= FORGET


def matches(step: StepSettings, episode: Episode) -> bool:
    """Whether a step is for an alert; what a shadow or a fallback does leads to no step.

    Nor does one about a model of which no state could be kept.
    """
    labels = episode.labels
    return (
        step.alert in {None, episode.alert}
        and all(labels.get(name) == value for name, value in step.match.items())
        and labels.get("role", "live") == "live"
        and bool(episode.model)
        and fits_a_file(episode.model)
    )


def due(
    episodes: Iterable[Episode], steps: Sequence[StepSettings], now: float
) -> Iterator[tuple[Episode, int]]:
    """Episodes with the number of a step that is to be taken now, earliest step first."""
    found = [
        (step.after or 0.0, number, episode)
        for episode in episodes
        if episode.stands(now)
        for number, step in enumerate(steps)
        if number not in episode.done
        and matches(step, episode)
        and now - episode.started >= (step.after or 0.0)
    ]
    for _, number, episode in sorted(found, key=lambda one: (one[0], one[1], one[2].key)):
        yield episode, number


def outcomes(step: StepSettings, *, dry_run: bool) -> tuple[str, ...]:
    """All that may become of a step."""
    if dry_run:
        return ("dry_run",)
    if step.do in LATCHING:
        return ("done", "already")
    return ("done",) if step.command is None else ("done", "failed")


def settles(state: BreakerState, step: StepSettings, settle: float, now: float) -> bool:
    """Whether a latching step has to wait, since windows still hold what was before a release."""
    again = state.phase == "closed" and state.switches > 0 and step.do in LATCHING
    return again and now - state.since < settle


def taken(
    state: BreakerState, episode: Episode, do: str, fallback: str | None, now: float
) -> BreakerState:
    """The breaker of a model after a latching step; the same where it changes nothing."""
    if do == "freeze_canary":
        return (
            state if state.frozen else replace(state, frozen=True, alert=episode.alert, since=now)
        )
    refuse = do == "circuit_breaker"
    same = state.phase == "open" and state.version == episode.version and state.refuse >= refuse
    if same:
        return state
    return replace(
        state, phase="open", version=episode.version, fallback=None if refuse else fallback,
        share=0.0, refuse=refuse, since=now, alert=episode.alert, switches=state.switches + 1,
    )  # fmt: skip


def later(
    state: BreakerState, suspect: Iterable[Episode], settings: ProbationSettings | None, now: float
) -> BreakerState:
    """What time makes of a breaker; without probation nothing: a person releases it.

    Args:
        state: the breaker.
        suspect: alerts that stand about the suspected version and lead to a latching step.
        settings: probation, if any.
        now: seconds since the epoch.
    """
    if settings is None or state.phase == "closed" or state.refuse:
        return state
    stands = any(True for _ in suspect)
    if state.phase == "probation" and stands:
        return replace(state, phase="open", share=0.0, since=now, switches=state.switches + 1)
    if stands:
        return state
    if state.phase == "open" and now - state.since >= settings.hold:
        return replace(state, phase="probation", share=settings.canary, since=now)
    if state.phase == "probation" and now - state.since >= settings.last:
        return released(state, now)
    return state


def released(state: BreakerState, now: float) -> BreakerState:
    """The breaker after a person, or probation, let the model back."""
    return replace(CLOSED, since=now, switches=state.switches)
