"""The calls that a monitor counts: a decorated function, a `with` block, a wrapped estimator."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mlmonitor.capture import id_selector, ignored, input_selector, result_taker, taker
from mlmonitor.logs import context
from mlmonitor.logs.ids import is_plain
from mlmonitor.tally.tally import DURATIONS_A_FOLD

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from mlmonitor.logs.quick import Quick, Trip
    from mlmonitor.logs.recorder import Recorder
    from mlmonitor.tally import Tally

    Enter = Callable[[Any, Any], tuple[int | None, Trip | Quick | None]]


@dataclass(frozen=True)
class Counting:
    """Where calls are counted.

    Attributes:
        tally: the counters.
        active: as many items as calls are on their way.
        raised: told the exception of a call and its seconds.
        failed: told the stage and the exception of a failure of the monitor itself.
        recorder: writes a record of each prediction, where that is wanted.
    """

    tally: Tally
    active: list[None]
    raised: Callable[[BaseException, float], None]
    failed: Callable[[str, BaseException], None]
    recorder: Recorder | None = None


class Blocks:
    """What every `with` block of a monitor needs, made once.

    Attributes:
        take: counts the inputs of a block, by what it says of `batch`.
        enter: counts them and begins a record, where records are written.
        give: counts its outputs and its scores.
    """

    def __init__(self, counting: Counting) -> None:
        tally = counting.tally
        self.active, self.recorder = counting.active, counting.recorder
        self.raised, self.failed, self.finish = counting.raised, counting.failed, tally.finish
        self.take = {one: taker(tally, "input", batch=one) for one in (None, False, True)}
        self.enter = (
            None
            if counting.recorder is None
            else {one: _entrance(counting, batch=one) for one in (None, False, True)}
        )
        self.give = tuple(result_taker(tally, side, None) for side in ("output", "score"))


class Prediction:
    """One prediction, counted when the `with` block ends.

    Attributes:
        output: what was predicted.
        scores: its scores, for a reference with a score side.
    """

    __slots__ = (
        "_batch", "_blocks", "_id", "_inputs", "_rows", "_started", "_trip", "output", "scores",
    )  # fmt: skip

    def __init__(
        self, blocks: Blocks, inputs: Any, *, batch: bool | None, prediction_id: Any = None
    ) -> None:
        self._blocks, self._inputs, self._id = blocks, inputs, prediction_id
        self._trip: Trip | Quick | None = None
        self._batch = None if batch is None else bool(batch)
        self._rows: int | None = None
        self.output: Any = None
        self.scores: Any = None

    def __enter__(self) -> Self:
        """Count the inputs and start the clock."""
        blocks = self._blocks
        if blocks.enter is not None:
            self._rows, self._trip = blocks.enter[self._batch](self._inputs, self._id)
            self._started = perf_counter()
            return self
        blocks.active.append(None)
        take = blocks.take[self._batch]
        if take is not None and self._inputs is not None:
            try:
                self._rows = take(self._inputs)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                blocks.failed("input", error)
        self._started = perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Count the output, the duration and the error."""
        seconds = perf_counter() - self._started
        blocks = self._blocks
        blocks.active.pop()
        if blocks.recorder is not None:
            blocks.recorder.finish(self._trip, self.output, seconds, self.scores, error)
        if error is not None:
            blocks.raised(error, seconds)
            return
        for take, value in zip(blocks.give, (self.output, self.scores), strict=True):
            if take is not None and value is not None:
                try:
                    take(value, self._rows)
                except Exception as problem:  # noqa: BLE001 - the prediction goes on
                    blocks.failed("output", problem)
        blocks.finish(seconds, self._rows)


class Call:
    """A function under a monitor, with all that a call needs looked up once."""

    def __init__(
        self,
        counting: Counting,
        function: Callable[..., Any],
        chosen: str | Callable[..., Any] | None,
        output: Callable[[Any], Any] | None,
        scores: Callable[[Any], Any] | None,
        *,
        batch: bool | None,
        prediction_id: str | Callable[..., Any] | None = None,
    ) -> None:
        tally = counting.tally
        self.counting, self.function, self.batch = counting, function, batch
        self.output, self.scores = output, scores
        self.id_of = id_selector(function, prediction_id)
        self.selector = input_selector(function, chosen, tally.layout)
        self.take = taker(tally, "input", batch=batch)
        self.give = result_taker(tally, "output", output)
        self.score = result_taker(tally, "score", scores) if scores else None

    def direct(self) -> Callable[..., Any]:
        """The function as it is called: nothing in it raises but the function itself."""
        function, take, after = self.function, self.take, self._after()
        raised, failed = self.counting.raised, self.counting.failed
        position, select = self.selector.position, self.selector.select
        active, clock = self.counting.active, perf_counter
        start, stop = active.append, active.pop

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            start(None)
            rows = None
            if take is not None:
                try:
                    rows = take(args[position] if len(args) > position else select(args, kwargs))
                except Exception as error:  # noqa: BLE001 - the prediction goes on
                    failed("input", error)
            started = clock()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                stop()
                raised(error, clock() - started)
                raise
            after(result, rows, clock() - started)
            return result

        return call

    def awaited(self) -> Callable[..., Any]:
        """The same for a coroutine function."""
        function, take, after = self.function, self.take, self._after()
        raised, failed = self.counting.raised, self.counting.failed
        position, select = self.selector.position, self.selector.select
        active, clock = self.counting.active, perf_counter
        start, stop = active.append, active.pop

        @functools.wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            start(None)
            rows = None
            if take is not None:
                try:
                    rows = take(args[position] if len(args) > position else select(args, kwargs))
                except Exception as error:  # noqa: BLE001 - the prediction goes on
                    failed("input", error)
            started = clock()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                stop()
                raised(error, clock() - started)
                raise
            after(result, rows, clock() - started)
            return result

        return call

    def _after(self) -> Callable[[Any, int | None, float], None]:
        give, score, failed = self.give, self.score, self.counting.failed
        tally, stop = self.counting.tally, self.counting.active.pop
        fold, finish = tally.fold, tally.finish
        durations, watched, tile = tally.durations, tally.watched, tally.watched_tile
        add_duration, opened = durations.append, tally.opened

        def after(result: Any, rows: int | None, seconds: float) -> None:
            stop()
            try:
                if give is not None:
                    give(result, rows)
                if score is not None:
                    score(result, rows)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                failed("output", error)
            if rows is not None:
                finish(seconds, rows)
                return
            add_duration(seconds)
            if len(watched) >= tile or len(durations) >= DURATIONS_A_FOLD or not opened:
                fold()

        return after


def _entrance(counting: Counting, *, batch: bool | None) -> Enter:
    """Counts the inputs of a call and begins its record: at once where it is a dict, as most are.

    What it gives is called with the inputs and the caller's id, and returns the rows of a batch (None
    for a single one) and what `Recorder.finish` is to be given.
    """
    recorder, tally, failed = _recorder(counting), counting.tally, counting.failed
    start, begin = counting.active.append, recorder.begin
    take, channel = taker(tally, "input", batch=batch), tally.channels.get("input")
    quickly = None if batch or channel is None else recorder.quickly(channel.block)

    def careful(value: Any, given: Any) -> tuple[int | None, Trip | Quick | None]:
        start(None)
        rows = None
        if take is not None and value is not None:
            try:
                rows = take(value)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                failed("input", error)
        return rows, begin(value, batch, given)

    if quickly is None or channel is None:
        return careful
    split, append, columns = channel.reader.split, channel.pending.append, len(channel.block.order)
    bound, nothing = context.bound.get, context.NOTHING

    def enter(value: Any, given: Any) -> tuple[int | None, Trip | Quick | None]:
        if type(value) is not dict or len(value) != columns or bound() is not nothing:
            return careful(value, given)
        try:
            item, numbers = split(value)
        except Exception:  # noqa: BLE001 - a column is absent, or its value is no number
            return careful(value, given)
        start(None)
        append(item)
        trip = None
        if given is None or is_plain(given):
            trip = quickly(value, item, numbers, given)
        return None, begin(value, batch, given) if trip is None else trip

    return enter


def _recorder(counting: Counting) -> Recorder:
    if counting.recorder is None:
        message = "a monitor without `logs` records nothing"
        raise TypeError(message)
    return counting.recorder


class RecordedCall(Call):
    """A function under a monitor that writes a record of each call besides."""

    def direct(self) -> Callable[..., Any]:
        """See `Call`."""
        function, after, fail = self.function, self._after(), self._fail()
        enter, finish, clock = (
            _entrance(self.counting, batch=self.batch),
            self._finish(),
            perf_counter,
        )
        position, select, id_of = self.selector.position, self._selected, self._id_of()

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            rows, trip = enter(
                args[position] if len(args) > position else select(args, kwargs),
                None if id_of is None else id_of(args, kwargs),
            )
            started = clock()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                fail(trip, error, clock() - started)
                raise
            seconds = clock() - started
            after(result, rows, seconds)
            finish(trip, result, seconds)
            return result

        return call

    def awaited(self) -> Callable[..., Any]:
        """See `Call`."""
        function, after, fail = self.function, self._after(), self._fail()
        enter, finish, clock = (
            _entrance(self.counting, batch=self.batch),
            self._finish(),
            perf_counter,
        )
        position, select, id_of = self.selector.position, self._selected, self._id_of()

        @functools.wraps(function)
        async def call(*args: Any, **kwargs: Any) -> Any:
            rows, trip = enter(
                args[position] if len(args) > position else select(args, kwargs),
                None if id_of is None else id_of(args, kwargs),
            )
            started = clock()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                fail(trip, error, clock() - started)
                raise
            seconds = clock() - started
            after(result, rows, seconds)
            finish(trip, result, seconds)
            return result

        return call

    def _selected(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The inputs among the arguments; None where they cannot be found."""
        try:
            return self.selector.select(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the prediction goes on
            self.counting.failed("input", error)
            return None

    def _id_of(self) -> Callable[[tuple[Any, ...], dict[str, Any]], Any] | None:
        """Finds the caller's id among the arguments; None where it is not there."""
        find, failed = self.id_of, self.counting.failed
        if find is None:
            return None

        def found(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            try:
                return find(args, kwargs)
            except Exception as error:  # noqa: BLE001 - the prediction goes on
                failed("logs", error)
                return None

        return found

    def _fail(self) -> Callable[[Trip | Quick | None, BaseException, float], None]:
        stop, raised = self.counting.active.pop, self.counting.raised
        record = _recorder(self.counting).finish

        def fail(trip: Trip | Quick | None, error: BaseException, seconds: float) -> None:
            stop()
            raised(error, seconds)
            record(trip, None, seconds, None, error)

        return fail

    def _finish(self) -> Callable[[Trip | Quick | None, Any, float], None]:
        """Record a result; what `output` and `scores` raise has been counted already."""
        record, output, scores = _recorder(self.counting).finish, self.output, self.scores
        if output is None and scores is None:
            return record

        def finish(trip: Trip | Quick | None, result: Any, seconds: float) -> None:
            found = None if scores is None else _of(scores, result)
            record(trip, _of(output, result), seconds, found)

        return finish


def _of(chosen: Callable[[Any], Any] | None, result: Any) -> Any:
    if chosen is None:
        return result
    try:
        return chosen(result)
    except Exception:  # noqa: BLE001 - the prediction goes on
        return None


class Wrapped:
    """An estimator whose predictions are monitored."""

    def __init__(self, estimator: Any, watch: Callable[..., Any]) -> None:
        self._estimator = estimator
        if hasattr(estimator, "predict"):
            self.predict = watch(estimator.predict)
        if hasattr(estimator, "predict_proba"):
            self.predict_proba = watch(output=ignored, scores=lambda result: result)(
                estimator.predict_proba
            )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._estimator, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the estimator."""
        return self._estimator(*args, **kwargs)
