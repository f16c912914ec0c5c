"""When each window is evaluated, and which steps it covers then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlmonitor.generate.settings import RuleSettings  # noqa: TC001 - a parameter of the public API


@dataclass(frozen=True)
class Schedule:
    """The evaluations of one window over some traffic.

    Attributes:
        window: its length in seconds.
        interval: seconds between two evaluations.
        at: int64 of shape (T,), evaluation k happens when so many steps are over.
        first, last: int64 of shape (T,), it sums the steps from `first` up to, not with, `last`.
        parts: how many steps all parts of the window but the last hold.
    """

    window: float
    interval: float
    at: np.ndarray
    first: np.ndarray
    last: np.ndarray
    parts: float

    @classmethod
    def of(cls, settings: RuleSettings, window: float, start: float, steps: int) -> Schedule:
        """Evaluations at multiples of the interval.

        Prometheus shifts each group by a part of its interval, which depends on the group's name. A
        window with a group of its own leaves out the last step, which may be half recorded. Until
        a window is full it holds what there is.
        """
        interval = settings.interval(window)
        every, offset = round(interval / settings.step), 0 if interval == settings.step else 1
        return cls._made(settings, window, (every, offset), start, steps)

    @classmethod
    def every_step(
        cls, settings: RuleSettings, window: float, start: float, steps: int
    ) -> Schedule:
        """Evaluations at every step, as promtool makes them whatever the interval of a group."""
        offset = 1 if settings.has_own_group(window) else 0
        return cls._made(settings, window, (1, offset), start, steps)

    @classmethod
    def short(cls, settings: RuleSettings, window: float, start: float, steps: int) -> Schedule:
        """The same for a window that is evaluated every step, whatever its length."""
        return cls._made(settings, window, (1, 0), start, steps)

    @classmethod
    def _made(
        cls,
        settings: RuleSettings,
        window: float,
        rhythm: tuple[int, int],
        start: float,
        steps: int,
    ) -> Schedule:
        every, offset = rhythm
        phase = -round(start / settings.step) % every
        at = np.arange(phase if phase > offset else phase + every, steps + 1, every)
        last = at - offset
        first = np.maximum(last - round(window / settings.step), 0)
        parts = (window - settings.part(window)) / settings.step
        return cls(window, every * settings.step, at, first, last, parts)

    @property
    def filled(self) -> np.ndarray:
        """Where no more than the last part of the window is still to come, bool of shape (T,).

        Alerts look at a verdict from then on; before, a window holds a morning where the reference has
        whole days.
        """
        return np.asarray(self.at >= self.parts)

    def spread(self, values: np.ndarray, steps: int) -> np.ndarray:
        """What is known at each step: the latest evaluation's, shape (steps + 1, ...); else 0."""
        if not len(self.at):
            return np.zeros((steps + 1, *values.shape[1:]), values.dtype)
        moments = np.arange(steps + 1)
        place = np.searchsorted(self.at, moments, side="right") - 1
        found = values[np.maximum(place, 0)]
        found[place < 0] = 0
        return np.asarray(found)
