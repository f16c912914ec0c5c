"""The ladder at work: notifications come in, steps are taken, breakers are set, all is written down."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.respond import ladder
from mlmonitor.respond.commands import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmonitor.breaker import BreakerState
    from mlmonitor.config.respond import RespondSettings, StepSettings
    from mlmonitor.respond.ladder import Episode
    from mlmonitor.respond.metrics import ResponderMetrics
    from mlmonitor.respond.payload import Alert, Notification
    from mlmonitor.respond.store import Store

# A resolved alert is remembered so long, so that a replayed message about it does nothing.
_REMEMBER: Final = 7 * 86_400.0


class Responder:
    """Takes notifications and takes the steps that are due; several threads may call it.

    Args:
        settings: section `respond`.
        fallbacks: version of the fallback, by model.
        store: what is kept on disk.
        metrics: what is counted.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        settings: RespondSettings,
        fallbacks: Mapping[str, str],
        store: Store,
        metrics: ResponderMetrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._fallbacks, self._store = settings, fallbacks, store
        self._metrics, self._clock = metrics, clock
        self._lock = threading.Lock()
        self._commands = ThreadPoolExecutor(1, thread_name_prefix="mlmonitor-command")
        self._episodes = {one.key: one for one in store.episodes()}
        for model, state in store.states().items():
            metrics.shows(model, state)

    def receive(self, notification: Notification) -> int:
        """Take a notification and what is due by it; gives how many of its alerts were news."""
        with self._lock:
            now = self._clock()
            news = sum(self._heard(notification, alert, now) for alert in notification.alerts)
            if notification.truncated:
                self._store.audit(now, "truncated", alerts=notification.truncated)
            self._act(now)
            self._store.sync()
            return news

    def tick(self) -> None:
        """Take what is due by the time that has passed.

        Raises:
            MlmonitorError: the folder of the state cannot be written; what is due stays due.
            OSError: the same of its audit log.
        """
        with self._lock:
            self._act(self._clock())
            self._store.sync()

    def release(self, model: str, by: str) -> BreakerState:
        """Let a model back, because a person says so."""
        with self._lock:
            now = self._clock()
            state = ladder.released(self._store.state(model), now)
            self._store.audit(now, "released", model=model, by=by)
            self._set(model, state)
            self._store.sync()
            return state

    def state(self, model: str) -> BreakerState:
        """The breaker of a model."""
        return self._store.state(model)

    def close(self) -> None:
        """Wait for the commands that run."""
        self._commands.shutdown()

    def _heard(self, notification: Notification, alert: Alert, now: float) -> bool:
        """Remember what is told of an alert; whether it is news."""
        key = notification.key(alert)
        known = self._episodes.get(key)
        if not self._in_scope(alert):
            return False
        if alert.status == "resolved":
            if known is None or known.ended is not None:
                return False
            self._episodes[key] = replace(known, ended=now, heard=now)
            self._write(now, "resolved", known)
            return True
        if known is None:
            found = ladder.Episode(key, alert.labels, alert.started, now)
            self._episodes[key] = found
            self._write(now, "notified", found)
            return True
        if known.ended is None:
            self._episodes[key] = replace(known, heard=now)
        return False

    def _in_scope(self, alert: Alert) -> bool:
        return all(alert.labels.get(key) == value for key, value in self._settings.scope.items())

    def _act(self, now: float) -> None:
        steps = self._settings.steps
        due = [
            (episode, number)
            for episode, number in ladder.due(self._episodes.values(), steps, now)
            if not ladder.settles(
                self._store.state(episode.model), steps[number], self._settings.settle, now
            )
        ]
        before = dict(self._episodes)
        for episode, number in due:
            known = self._episodes[episode.key]
            self._episodes[episode.key] = replace(known, done=(*known.done, number))
        # Kept before it is done: after a crash a step is missed rather than taken twice.
        try:
            self._keep(now)
        except (OSError, MlmonitorError):
            self._episodes = before
            raise
        for episode, number in due:
            self._take(episode, steps[number], now)
        for model, state in self._store.states().items():
            changed = ladder.later(
                state, self._suspect(model, state, now), self._settings.probation, now
            )
            if changed != state:
                event = "closed" if changed.phase == "closed" else changed.phase
                self._store.audit(now, event, model=model, version=state.version, alert=state.alert)
                self._set(model, changed)

    def _take(self, episode: Episode, step: StepSettings, now: float) -> None:
        if self._settings.dry_run:
            self._count(now, episode, step, "dry_run")
        elif step.do in ladder.LATCHING:
            state = self._store.state(episode.model)
            fallback = self._fallbacks.get(episode.model)
            changed = ladder.taken(state, episode, step.do, fallback, now)
            if changed != state:
                self._set(episode.model, changed)
            self._count(now, episode, step, "already" if changed == state else "done")
        elif step.command is None:
            self._count(now, episode, step, "done")
        else:
            self._commands.submit(self._run, episode, step)

    def _run(self, episode: Episode, step: StepSettings) -> None:
        words = self._settings.commands[step.command or ""]
        succeeded, text = run(words, episode, self._settings.command_timeout)
        with self._lock:
            outcome = "done" if succeeded else "failed"
            self._count(self._clock(), episode, step, outcome, command=step.command, said=text)
            self._store.sync()

    def _suspect(self, model: str, state: BreakerState, now: float) -> list[Episode]:
        return [
            one
            for one in self._episodes.values()
            if one.model == model
            and one.stands(now)
            and state.version in {None, one.version}
            and any(
                s.do in ladder.LATCHING and ladder.matches(s, one) for s in self._settings.steps
            )
        ]

    def _set(self, model: str, state: BreakerState) -> None:
        self._store.set(model, state)
        self._metrics.shows(model, state)

    def _keep(self, now: float) -> None:
        self._episodes = {
            key: one
            for key, one in self._episodes.items()
            if now - (one.ended or one.heard) < _REMEMBER
        }
        self._store.keep(self._episodes.values())

    def _count(
        self, now: float, episode: Episode, step: StepSettings, outcome: str, **more: Any
    ) -> None:
        self._metrics.took(episode.model, step.do, outcome)
        self._write(now, step.do, episode, outcome=outcome, **more)

    def _write(self, now: float, event: str, episode: Episode, **more: Any) -> None:
        self._store.audit(
            now, event, model=episode.model, version=episode.version, alert=episode.alert,
            key=episode.key, labels=dict(episode.labels), **more,
        )  # fmt: skip
