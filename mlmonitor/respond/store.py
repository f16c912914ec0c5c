"""What the responder keeps on disk, so that a restart forgets nothing."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mlmonitor.breaker import CLOSED, BreakerState, file_name, fits_a_file
from mlmonitor.errors import MlmonitorError, placed
from mlmonitor.files import write_atomically
from mlmonitor.respond.ladder import Episode

if TYPE_CHECKING:
    from collections.abc import Iterable


class Store:
    """A folder with the breakers, the alerts that were heard of, and the audit log.

    Services on the same machine read `breakers/` as the source of their `monitor.breaker`.

    Raises:
        MlmonitorError: the folder cannot be written, or holds something else.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.breakers = self.folder / "breakers"
        self.audit_log = self.folder / "audit.jsonl"
        self._episodes = self.folder / "episodes.json"
        self._kept: list[Episode] | None = None
        self._unsynced = False
        try:
            self.breakers.mkdir(parents=True, exist_ok=True)
            self.audit_log.touch()
        except OSError as error:
            message = f"{self.folder}: cannot be written ({error.strerror}); set respond.state."
            raise MlmonitorError(message) from error

    def episodes(self) -> list[Episode]:
        """Every alert that was heard of and is remembered."""
        if not self._episodes.exists():
            return []
        try:
            found = json.loads(self._episodes.read_bytes())
            return [Episode(**{**one, "done": tuple(one["done"])}) for one in found]
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f"{self._episodes}: cannot be read ({error}); move it away."
            raise MlmonitorError(message) from error

    def keep(self, episodes: Iterable[Episode]) -> None:
        """Remember these alerts and no others; they are on the disk when this returns."""
        listed = list(episodes)
        if listed != self._kept:
            text = json.dumps([asdict(one) for one in listed], indent=1)
            write_atomically(self._episodes, text, durable=True)
            self._kept = listed

    def states(self) -> dict[str, BreakerState]:
        """The breakers by model."""
        return {
            unquote(path.stem): self._read(path) for path in sorted(self.breakers.glob("*.json"))
        }

    def state(self, model: str) -> BreakerState:
        """The breaker of a model."""
        if not fits_a_file(model):
            return CLOSED
        path = self.breakers / file_name(model)
        return self._read(path) if path.exists() else CLOSED

    def set(self, model: str, state: BreakerState) -> None:
        """Keep the breaker of a model."""
        write_atomically(self.breakers / file_name(model), state.to_json())

    def audit(self, now: float, event: str, **details: Any) -> None:
        """Append a line to the audit log."""
        moment = datetime.fromtimestamp(now, tz=timezone.utc).isoformat(timespec="milliseconds")
        line = {"@timestamp": moment.replace("+00:00", "Z"), "event": event, **details}
        with self.audit_log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self._unsynced = True

    def sync(self) -> None:
        """Wait until all lines of the audit log are on the disk."""
        if self._unsynced:
            with self.audit_log.open("a", encoding="utf-8") as log:
                os.fsync(log.fileno())
            self._unsynced = False

    @staticmethod
    def _read(path: Path) -> BreakerState:
        with placed(path):
            return BreakerState.from_json(path.read_bytes())
