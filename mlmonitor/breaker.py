"""Whether a service answers by its model or by its fallback, as `mlmonitor respond` decided."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Callable

REFRESH: Final = 5.0
PHASES: Final = ("closed", "open", "probation")
_TIMEOUT: Final = 2.0
_LONGEST: Final = 100_000
_LONGEST_NAME: Final = 200
_SLOTS: Final = 1 << 32


@dataclass(frozen=True)
class BreakerState:
    """What was decided about one model.

    Attributes:
        phase: `closed`, the model answers; `open`, its fallback does; `probation`, both do.
        version: the version that is suspected; None where nothing is, or where any version is.
        fallback: the version that answers instead, where monitoring.yaml lists one.
        share: share of calls that the suspected version gets: 1, 0, or the canary's.
        refuse: true where calls are to be refused, since nothing can answer for the model.
        frozen: true where no version may get more traffic than it has.
        since: when the phase began, in seconds since the epoch.
        alert: the alert that led to it.
        switches: how often the model was switched to its fallback.
    """

    phase: str = "closed"
    version: str | None = None
    fallback: str | None = None
    share: float = 1.0
    refuse: bool = False
    frozen: bool = False
    since: float = 0.0
    alert: str = ""
    switches: int = 0

    def to_json(self) -> str:
        """The state as it is kept and served."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> BreakerState:
        """The state that `to_json` wrote.

        Raises:
            MlmonitorError: the text is none.
        """
        try:
            found = json.loads(text)
            state = cls(
                **{key: one for key, one in found.items() if key in cls.__dataclass_fields__}
            )
            valid = state.phase in PHASES and 0.0 <= float(state.share) <= 1.0
        except (AttributeError, TypeError, ValueError) as error:
            message = f"this is no state of a breaker ({error}); look at what wrote it."
            raise MlmonitorError(message) from error
        if not valid:
            message = f"phase {state.phase!r} with share {state.share!r} is no state of a breaker."
            raise MlmonitorError(message)
        return state


CLOSED: Final = BreakerState()


def file_name(model: str) -> str:
    """Name of the file that holds the state of a model."""
    return f"{quote(model, safe='')}.json"


def fits_a_file(model: str) -> bool:
    """Whether the state of a model can be kept: no disk takes a file of any length of name."""
    return len(file_name(model)) <= _LONGEST_NAME


class Breaker:
    """What was decided about a model, read in the background: asking it never waits.

    While its source cannot be read the last known state holds; where none was ever read, the model
    answers. A decision about one version leaves the others alone, so that a repaired version that
    is deployed answers at once.

    Args:
        model: name of the model.
        version: the version that this service runs.
        source: the address of `mlmonitor respond`, such as `http://localhost:9095`, or the folder
            of its states; None for a breaker that is always closed.
        refresh: seconds between two readings.
        failed: told of a reading that failed.
    """

    def __init__(
        self,
        model: str,
        version: str,
        source: str | os.PathLike[str] | None = None,
        *,
        refresh: float = REFRESH,
        failed: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._version, self._failed, self._refresh = version, failed, refresh
        self._read = None if source is None else reader(source, model)
        self._state = CLOSED
        self._next = 0.0
        self._pid = os.getpid()
        self._reading = threading.Lock()
        if self._read is not None:
            self.refresh()

    @property
    def state(self) -> BreakerState:
        """What is known; older than `refresh` seconds, it is read again in the background."""
        if self._read is not None and time.monotonic() >= self._next:
            self._start()
        return self._state

    @property
    def open(self) -> bool:
        """Whether some or all calls are to be answered by the fallback."""
        return self._concerned().phase != "closed"

    @property
    def refuse(self) -> bool:
        """Whether calls are to be refused."""
        return self._concerned().refuse

    @property
    def frozen(self) -> bool:
        """Whether no version may get more traffic than it has."""
        return self.state.frozen

    def use_fallback(self, key: object = None) -> bool:
        """Whether this call is to be answered by the fallback.

        Args:
            key: what the call is about, such as a customer's number; while a canary share goes to
                the model, the same key always gets the same answer. Without it chance decides.
        """
        state = self._concerned()
        if state.phase == "closed":
            return False
        if not 0.0 < state.share < 1.0:
            return state.share == 0.0
        drawn = time.perf_counter_ns() if key is None else key
        return zlib.crc32(str(drawn).encode(errors="replace")) >= state.share * _SLOTS

    def refresh(self) -> None:
        """Read the state now; never raises."""
        if self._read is None or not self._reading.acquire(blocking=False):
            return
        try:
            self._state = self._read()
        except Exception as error:  # noqa: BLE001 - the last known state holds
            self._failed(error)
        finally:
            self._next = time.monotonic() + self._refresh
            self._reading.release()

    def _concerned(self) -> BreakerState:
        state = self.state
        return state if state.version in {None, self._version} else CLOSED

    def _start(self) -> None:
        if self._pid != os.getpid():
            # The process was forked, perhaps while a thread held the lock.
            self._pid, self._reading = os.getpid(), threading.Lock()
        self._next = time.monotonic() + self._refresh
        threading.Thread(target=self.refresh, name="mlmonitor-breaker", daemon=True).start()


def reader(source: str | os.PathLike[str], model: str) -> Callable[[], BreakerState]:
    """A function that reads the state of a model from a folder or an address."""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        address = f"{source.rstrip('/')}/breaker/{quote(model, safe='')}"
        return lambda: BreakerState.from_json(_fetched(address))
    path = Path(source) / file_name(model)
    return lambda: BreakerState.from_json(path.read_bytes()) if path.exists() else CLOSED


def _fetched(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:  # noqa: S310 - checked by reader
        return answer.read(_LONGEST)
