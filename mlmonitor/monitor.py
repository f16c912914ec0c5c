"""The monitor: what a service puts around its model."""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, overload
from urllib.parse import quote

from prometheus_client import REGISTRY

from mlmonitor import expose, names
from mlmonitor.breaker import Breaker
from mlmonitor.business import declared
from mlmonitor.calls import Blocks, Call, Counting, Prediction, RecordedCall, Wrapped
from mlmonitor.errors import MlmonitorError, ProfileError
from mlmonitor.logs import LogSettings, Recorder, sensitive_columns
from mlmonitor.process import Worker
from mlmonitor.provenance import Provenance, identified, moment, moment_or_none
from mlmonitor.reference import Reference
from mlmonitor.reference.unknown import unknown_output
from mlmonitor.tally import Layout, Tally
from mlmonitor.tally.layout import EXCEPTIONS
from mlmonitor.tally.memory import MemoryMap
from mlmonitor.tally.store import FileStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from prometheus_client.registry import CollectorRegistry

    from mlmonitor.business import BusinessMetric
    from mlmonitor.provenance import Files
    from mlmonitor.tally import Totals
    from mlmonitor.tally.store import Store

P = ParamSpec("P")
R = TypeVar("R")

DIRECTORY_VARIABLE: Final = "MLMONITOR_DIR"
SERIES_CAP: Final = 20_000

_log = logging.getLogger("mlmonitor")


class Monitor:
    """Counts, times and checks the predictions of one version of a model.

    Whatever happens inside it, the model returns what it would have returned and raises what it
    would have raised; the monitor's own failures are counted and logged once a kind.

    Args:
        model: name of the model.
        version: its version.
        reference: what it is compared with: a `Reference` or the path of one. Without it requests,
            errors, latency and outputs are counted.
        role: what the predictions are used for: `live`, `shadow` or `fallback`.
        registry: where the metrics appear.
        directory: a folder that the worker processes of one service share, so that any of them
            exposes the counts of all; by default the environment's `MLMONITOR_DIR`, and without
            that each process counts for itself.
        exceptions: names of exception classes that are counted apart; others count as `other`.
        series_cap: most series to expose; columns beyond it are left out, which is logged.
        business: what `business` records, by name: `{"type": "counter"}` or `gauge`, or
            `{"type": "distribution", "buckets": [10, 100]}`, each with `segments` if need be.
        breaker: where `breaker` reads what was decided about the model: the address of
            `mlmonitor respond`, or the folder of its states; without it, it is always closed.
        trained: when the model was trained: a date or time, one in ISO 8601, or seconds since the
            epoch; by default when the data of the reference were gathered.
        fingerprint: what identifies the live model: text, or the path or paths of its files. It is
            compared with the reference's, as are Python and packages; what differs is logged.
        logs: where a record of each prediction is written: a folder, `stdout`, a handler of
            `logging`, or a mapping of the settings of `mlmonitor.logs.LogSettings`; by default
            nowhere.

    Attributes:
        provenance: what is known of where the model came from.
        breaker: tells whether a call is to be answered by a fallback, see `Breaker`.

    Raises:
        ProfileError: the reference cannot be read, or is of another model or version.
        MlmonitorError: the role is unknown, a business metric is declared wrongly, `trained` is no
            date, a file of the model cannot be read, the directory or that of the logs cannot be
            written, or a setting of the logs does not fit.
    """

    def __init__(
        self,
        model: str,
        *,
        version: str = "1",
        reference: Reference | str | os.PathLike[str] | None = None,
        role: str = "live",
        registry: CollectorRegistry = REGISTRY,
        directory: str | os.PathLike[str] | None = None,
        exceptions: Sequence[str] = EXCEPTIONS,
        series_cap: int = SERIES_CAP,
        business: Mapping[str, object] | None = None,
        breaker: str | os.PathLike[str] | None = None,
        trained: str | date | float | None = None,
        fingerprint: Files | None = None,
        logs: object = None,
    ) -> None:
        if role not in names.ROLES:
            message = f"role {role!r} is unknown; use one of {', '.join(names.ROLES)}."
            raise MlmonitorError(message)
        self.identity = (str(model), str(version), role)
        self.reference = _checked_reference(reference, self.identity)
        settings = LogSettings.of(logs)
        recorded = None if settings is None else sensitive_columns(self.reference, settings)
        self.layout = _layout(self.reference, exceptions, series_cap, declared(business), recorded)
        self.provenance = _provenance(self.reference, trained, fingerprint)
        self._logged: set[tuple[str, type[BaseException]]] = set()
        self._active: list[None] = []
        self._tally = Tally(self.layout, _store(self.layout, self.identity, directory), self.failed)
        self._tally.in_flight = self._active.__len__
        self._errors = {name: index for index, name in enumerate(self.layout.exceptions)}
        self._counting = Counting(
            self._tally, self._active, self.raised, self.failed, self._recorder(settings)
        )
        self._business_taker = self._tally.business.taker
        self._blocks = Blocks(self._counting)
        self.breaker = Breaker(
            self.identity[0], self.identity[1], breaker,
            failed=functools.partial(self.failed, "breaker"),
        )  # fmt: skip
        if self.reference is None:
            _log.warning(
                "%s: no reference; requests, errors, latency and outputs are counted. "
                "Inputs and drift need one: see `mlmonitor profile`.",
                model,
            )
        expose.register(self, registry)

    @classmethod
    def from_config(
        cls,
        path: str | os.PathLike[str],
        model: str,
        **options: Any,
    ) -> Monitor:
        """The monitor that `monitoring.yaml` describes under `model`; `options` win over the file.

        Where the file lists several versions or roles of it, `version` and `role` choose.

        Raises:
            ConfigError: the file cannot be used, or lists no such model.
        """
        from mlmonitor.config import load_config  # noqa: PLC0415 - services without it start faster

        chosen = (options.get("version"), options.get("role"))
        return cls(model, **{**load_config(path).monitor_options(model, *chosen), **options})

    # Around a model -------------------------------------------------------------------------------

    @overload
    def __call__(
        self,
        function: Callable[P, R],
        /,
        *,
        input: str | Callable[..., Any] | None = None,
        output: Callable[[Any], Any] | None = None,
        scores: Callable[[Any], Any] | None = None,
        batch: bool | None = None,
        prediction_id: str | Callable[..., Any] | None = None,
    ) -> Callable[P, R]: ...

    @overload
    def __call__(
        self,
        function: None = None,
        /,
        *,
        input: str | Callable[..., Any] | None = None,
        output: Callable[[Any], Any] | None = None,
        scores: Callable[[Any], Any] | None = None,
        batch: bool | None = None,
        prediction_id: str | Callable[..., Any] | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def __call__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        input: str | Callable[..., Any] | None = None,  # noqa: A002 - the word for it
        output: Callable[[Any], Any] | None = None,
        scores: Callable[[Any], Any] | None = None,
        batch: bool | None = None,
        prediction_id: str | Callable[..., Any] | None = None,
    ) -> Any:
        """Decorate a function that predicts, sync or async, a row or a batch.

        Args:
            function: the function; left out, the call returns a decorator.
            input: where its inputs are: the name of a parameter, or a callable that gets the
                arguments; by default the first, or all where the columns bear their names.
            output: what to monitor of the returned value; by default all of it.
            scores: the scores within the returned value, for a reference with a score side.
            batch: whether it predicts several rows a call; by default seen from the input.
            prediction_id: where the id of the prediction is, for its record: the name of a
                parameter, or a callable that gets the arguments; of a batch, an id of the call or a
                list with one for each row. By default what `mlmonitor.logs.bind` says, or a new id.

        Raises:
            ValueError: `input` or `prediction_id` names no parameter.
        """
        options: dict[str, Any] = {
            "input": input,
            "output": output,
            "scores": scores,
            "batch": batch,
            "prediction_id": prediction_id,
        }
        if function is None:
            return functools.partial(self, **options)
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self(function.__func__, **options))
        made = Call if self._counting.recorder is None else RecordedCall
        call = made(
            self._counting, function, input, output, scores,
            batch=batch, prediction_id=prediction_id,
        )  # fmt: skip
        return call.awaited() if inspect.iscoroutinefunction(function) else call.direct()

    def wrap(self, estimator: Any) -> Any:
        """The estimator, with `predict` and `predict_proba` monitored and all else as it was."""
        return Wrapped(estimator, self)

    def prediction(
        self, inputs: Any = None, *, batch: bool | None = None, prediction_id: Any = None
    ) -> Prediction:
        """A context for code that has no function to decorate; set `output` within it."""
        return Prediction(self._blocks, inputs, batch=batch, prediction_id=prediction_id)

    def business(self, metric: str, value: float = 1.0, segment: str | None = None) -> None:
        """Record a value of a declared business metric; never raises.

        Args:
            metric: its name, as declared.
            value: what is added to a counter, set on a gauge, or counted in a distribution.
            segment: one of its segments, where it declares any; another one counts as `other`.
        """
        try:
            self._business_taker(metric)(value, segment)
        except Exception as error:  # noqa: BLE001 - a monitor never breaks what it monitors
            self.failed("business", error)

    def flush(self) -> None:
        """Write what is pending where the other workers read it; never raises.

        That happens by itself while a worker idles and when Python exits; it is for the shutdown
        hook of a server that ends its workers by a signal, as uvicorn does.
        """
        self._tally.heartbeat()

    # What the exposition reads --------------------------------------------------------------------

    def totals(self) -> Totals:
        """All counts of this model, from every worker that shares its directory."""
        return self._tally.totals()

    def in_flight(self) -> int:
        """Calls that have not returned yet, in all live workers."""
        return sum(state.in_flight for state in self._tally.workers())

    def loaded(self) -> float:
        """When the oldest live worker made its monitor, in seconds since the epoch."""
        return min(state.loaded for state in self._tally.workers())

    def workers(self) -> list[Worker]:
        """The live worker processes."""
        return [Worker(state.pid, state.collections) for state in self._tally.workers()]

    def _recorder(self, settings: LogSettings | None) -> Recorder | None:
        if settings is None or self.layout.records is None:
            return None
        return Recorder(
            self.identity,
            self.reference,
            settings,
            cells=self.layout.records,
            note=self._tally.note,
            tick=self._tally.ticker,
            failed=functools.partial(self.failed, "logs"),
        )

    def failed(self, stage: str, error: BaseException) -> None:
        """Count a failure of the monitor itself and log it, once a kind; never raises."""
        self._tally.note(self.layout.failures.start + names.FAILURE_REASONS.index(stage))
        kind = (stage, type(error))
        if kind not in self._logged:
            self._logged.add(kind)
            _log.warning(
                "%s: %s could not be monitored (%s: %s); the prediction went on. "
                "Later ones of this kind are only counted.",
                self.identity[0], stage, type(error).__name__, _text(error),
            )  # fmt: skip

    def raised(self, error: BaseException, seconds: float) -> None:
        """Count a call that raised."""
        index = next(
            (
                self._errors[kind.__name__]
                for kind in type(error).__mro__
                if kind.__name__ in self._errors
            ),
            len(self._errors),
        )
        self._tally.fail(seconds, self.layout.errors.start + index)


def _checked_reference(
    reference: Reference | str | os.PathLike[str] | None, identity: tuple[str, str, str]
) -> Reference | None:
    """The reference, loaded and of this model and version."""
    if reference is None:
        return None
    place = "reference" if isinstance(reference, Reference) else os.fspath(reference)
    found = reference if isinstance(reference, Reference) else Reference.load(reference)
    if (found.model, found.version) != identity[:2]:
        message = (
            f"{place}: profiles {found.model!r} version {found.version!r}, but the monitor is for "
            f"{identity[0]!r} version {identity[1]!r}; profile the data of this one."
        )
        raise ProfileError(message)
    return found


def _provenance(
    reference: Reference | None, trained: object, fingerprint: Files | None
) -> Provenance:
    """Where the model came from, and whether it is the one of the reference; see `Monitor`."""
    if trained is None:
        known = Provenance(moment_or_none(reference and reference.created))
    else:
        known = Provenance(moment(trained))
    given = None if fingerprint is None else identified(fingerprint)
    if reference is None:
        return known
    found = known.compared((reference.fingerprint, reference.environment), given)
    if found.differences:
        _log.warning(
            "%s: not as it was profiled: %s.", reference.model, "; ".join(found.differences)
        )
    return found


def _layout(
    reference: Reference | None,
    exceptions: Sequence[str],
    cap: int,
    business: tuple[BusinessMetric, ...],
    sensitive: tuple[str, ...] | None,
) -> Layout:
    """The cells of the reference, with a general output column where it has none."""
    if reference is None or not reference.side("output"):
        known = reference.columns if reference else ()
        described = Reference(model="-", version="-", rows=0, columns=(*known, unknown_output()))
    else:
        described = reference
    besides = expose.business_series(business) + expose.record_series(sensitive)
    left_out = expose.left_out(described, cap=cap - besides)
    if left_out:
        _log.warning(
            "%d columns are not monitored, from %r on: all of them would take more than %d series; "
            "raise series_cap, or give columns that need no statistics the kind `text`.",
            len(left_out), left_out[0].name, cap,
        )  # fmt: skip
    return Layout.of(
        described,
        exceptions=exceptions,
        left_out=left_out,
        business=business,
        sensitive=sensitive,
    )


def _store(
    layout: Layout, identity: tuple[str, str, str], directory: str | os.PathLike[str] | None
) -> Store | None:
    """Files in a folder of the identity's own where the workers share a directory."""
    place = directory or os.environ.get(DIRECTORY_VARIABLE)
    if not place:
        return None
    digest = hashlib.sha256(repr((identity, layout.digest)).encode()).hexdigest()[:16]
    readable = quote(identity[0], safe="")[:40]
    return FileStore(Path(place) / f"{readable}-{digest}", MemoryMap.of(layout))


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - __str__ may raise anything
        return "no message"
