"""From what a call was given and what it returned to the rows that the tally counts."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlmonitor.tally.batches import is_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.tally import Layout, Tally
    from mlmonitor.tally.channel import Channel

_FLOAT64: Final = np.dtype(np.float64)
_SCALARS: Final = frozenset({float, int, str, bool, type(None), np.float64, np.float32, np.int64})


@dataclass(frozen=True)
class InputSelector:
    """Where the inputs are among the arguments of a call.

    Attributes:
        position: index of the positional argument that holds them, if the call has as many.
        select: finds them in any other call.
    """

    position: int
    select: Callable[[tuple[Any, ...], dict[str, Any]], Any]


def input_selector(
    function: Callable[..., Any], chosen: str | Callable[..., Any] | None, layout: Layout
) -> InputSelector:
    """How the inputs are found among the arguments of a call.

    Args:
        function: the model's function.
        chosen: the name of a parameter, a callable that gets all arguments and returns the inputs,
            or None: the first parameter, or all of them as one row where the reference has columns
            of at least two of their names.
        layout: the reference's columns.

    Raises:
        ValueError: `chosen` names no parameter.
    """
    if callable(chosen):
        return InputSelector(sys.maxsize, lambda args, kwargs: chosen(*args, **kwargs))
    parameters = _parameters(function)
    if chosen is not None and chosen not in parameters:
        message = (
            f"input={chosen!r} is no parameter of {function!r}; it has {', '.join(parameters)}"
        )
        raise ValueError(message)
    block = layout.block("input")
    columns = set(block.order) if block else set()
    if chosen is None and len(columns & set(parameters)) > 1:
        return InputSelector(sys.maxsize, _all_arguments(function, columns))
    name = chosen if chosen is not None else _first(parameters)
    position = parameters.index(name) if name in parameters else 0
    return InputSelector(position, lambda _, kwargs: kwargs[name])


def id_selector(
    function: Callable[..., Any], chosen: str | Callable[..., Any] | None
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any] | None:
    """How the id of a prediction is found among the arguments of a call; None where it is not there.

    Raises:
        ValueError: `chosen` names no parameter.
    """
    if chosen is None:
        return None
    if callable(chosen):
        return lambda args, kwargs: chosen(*args, **kwargs)
    parameters = _parameters(function)
    if chosen not in parameters:
        message = (
            f"prediction_id={chosen!r} is no parameter of {function!r}; "
            f"it has {', '.join(parameters)}"
        )
        raise ValueError(message)
    name, signature = chosen, inspect.signature(function)

    def select(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return (
            kwargs[name] if name in kwargs else signature.bind(*args, **kwargs).arguments.get(name)
        )

    return select


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, p in signature.parameters.items() if p.kind not in variadic]


def _first(parameters: list[str]) -> str:
    rest = parameters[1:] if parameters[:1] in (["self"], ["cls"]) else parameters
    return rest[0] if rest else ""


def _all_arguments(
    function: Callable[..., Any], columns: set[str]
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    signature = inspect.signature(function)

    def select(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return {name: value for name, value in bound.arguments.items() if name in columns}

    return select


def taker(tally: Tally, side: str, *, batch: bool | None) -> Callable[[Any], int | None] | None:
    """A function that counts the values of one side of a call; None where nothing is counted.

    It returns the number of rows of a batch, and None for a single row.
    """
    channel = tally.channels.get(side)
    if channel is None or not channel.block.order:
        return None
    read, append, fold_batch = channel.read, channel.pending.append, tally.fold_batch

    def take_row(value: Any) -> int | None:
        item = read(value)
        if item is not None:
            append(item)
        return None

    def take_batch(value: Any) -> int:
        fold_batch(side, value)
        return len(value)

    if batch is None:
        return _row_or_batch_taker(channel, take_row, take_batch)
    return take_batch if batch else take_row


def _row_or_batch_taker(
    channel: Channel, take_row: Callable[[Any], int | None], take_batch: Callable[[Any], int]
) -> Callable[[Any], int | None]:
    """Tell rows from batches, with a short way for each of the forms in which rows come most."""
    append, reader = channel.pending.append, channel.reader
    of_dict, numbers = reader.of_dict, reader.numbers
    take_sequence = _sequence_taker(channel, take_row, take_batch)

    def take_dict(value: dict[str, Any]) -> None:
        item = of_dict(value)
        if item is not None:
            append(item)

    def take_array(value: np.ndarray) -> int | None:
        if value.ndim != 1 or value.dtype.names is not None:
            return take_batch(value)
        if value.dtype is _FLOAT64 and len(value) == numbers:
            append(value.tobytes())
            return None
        return take_row(value)

    takers: dict[type, Callable[[Any], int | None]] = {
        dict: take_dict,
        np.ndarray: take_array,
        tuple: take_sequence,
        list: take_sequence,
    }

    def take(value: Any) -> int | None:
        short = takers.get(type(value))
        if short is not None:
            return short(value)
        return take_batch(value) if is_batch(value) else take_row(value)

    return take


def _sequence_taker(
    channel: Channel, take_row: Callable[[Any], int | None], take_batch: Callable[[Any], int]
) -> Callable[[Sequence[Any]], int | None]:
    """Count a tuple or list: of numbers at once, where it has them in the reference's order."""
    append, pack = channel.pending.append, channel.reader.pack_in_order

    def take(value: Sequence[Any]) -> int | None:
        if value and type(value[0]) not in _SCALARS and is_batch(value):
            return take_batch(value)
        if pack is not None:
            try:
                append(pack(*value))
            except Exception:  # noqa: BLE001 - read with more care
                return take_row(value)
            return None
        return take_row(value)

    return take


def result_taker(
    tally: Tally, side: str, chosen: Callable[[Any], Any] | None
) -> Callable[[Any, int | None], None] | None:
    """A function that counts the outputs or scores of a call, given the rows of its batch."""
    one, several = taker(tally, side, batch=False), taker(tally, side, batch=True)
    if one is None or several is None or chosen is ignored:
        return None
    channel = tally.channels[side]
    append, of_float = channel.pending.append, channel.reader.of_float

    def take(result: Any, rows: int | None) -> None:
        if rows is not None:
            several(result)
        elif type(result) is float and of_float is not None:
            append(of_float(result))
        else:
            one(result)

    if chosen is None:
        return take
    return lambda result, rows: take(chosen(result), rows)


def ignored(_: object) -> None:
    """Choose this as output where a call returns none."""
