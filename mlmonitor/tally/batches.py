"""Reading a batch of rows: arrays, data frames of any library, or a list of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlmonitor.tally.rows import UnreadableRow, as_number, mapping_form, notes_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.layout import Block

_ROWS_AT_ONCE: Final = 480
_PLAIN_NUMBERS: Final = frozenset({float, int, bool, np.float64, np.float32, np.int64, np.int32})


def is_batch(value: object) -> bool:
    """Whether a value holds several rows rather than one."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and _is_row(value[0])
    if isinstance(value, np.ndarray):
        return value.ndim > 1 or (value.ndim == 1 and value.dtype.names is not None)
    return _is_frame(value)


def is_row_list(value: object) -> bool:
    """Whether a value is a list whose items are rows, or single values, to be read one by one."""
    return isinstance(value, (list, tuple)) or (
        isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind == "O"
    )


def _is_row(value: object) -> bool:
    if isinstance(value, (str, float, int)):
        return False
    return isinstance(value, (dict, list, tuple, np.ndarray)) or mapping_form(value) is not None


def _is_frame(value: object) -> bool:
    if getattr(value, "ndim", None) == 1:  # a row of a frame is a stream of Arrow's too
        return False
    kind = type(value)
    return hasattr(kind, "__dataframe__") or hasattr(kind, "__arrow_c_stream__")


@dataclass(frozen=True)
class Batch:
    """A batch, read for one block.

    Attributes:
        rows: number of rows.
        numbers: one array-like of `rows` values a binned column; None where it is absent.
        others: one list of `rows` values a categorical or counted column; None where absent.
        unexpected: values under names that the block lacks.
        matrix: all binned columns at once, of shape (rows, columns), where they come so.
    """

    rows: int
    numbers: list[np.ndarray | None]
    others: list[list[Any] | None]
    unexpected: int = 0
    matrix: np.ndarray | None = None

    def blocks_of_rows(self, block: Block) -> Iterator[tuple[Floats, list[tuple[int, int]]]]:
        """A C-ordered float64 array of some rows at a time, with the cells of strange values."""
        if self.matrix is not None and _is_ready(self.matrix):
            yield self.matrix.reshape(-1), []
            return
        width = len(self.numbers)
        for first in range(0, self.rows, _ROWS_AT_ONCE):
            size = min(_ROWS_AT_ONCE, self.rows - first)
            values, notes = np.empty((size, width)), list[tuple[int, int]]()
            if self.matrix is not None:
                values[...] = self.matrix[first : first + size]
            else:
                for index, column in enumerate(self.numbers):
                    if column is None:
                        values[:, index] = np.nan
                    else:
                        part = column[first : first + size]
                        values[:, index] = _as_floats(part, block, index, notes)
            yield values.reshape(-1), notes


def read_batch(block: Block, data: Any) -> Batch:
    """Read a batch that comes by columns.

    Raises:
        UnreadableRow: nothing tells which column is which.
    """
    if isinstance(data, np.ndarray):
        return _of_structured(block, data) if data.dtype.names else _of_array(block, data)
    labels = getattr(data, "column_names", None)
    labels = list(getattr(data, "columns", ()) if labels is None else labels)
    if not labels or not hasattr(data, "__getitem__"):
        return read_batch(block, _interchanged(data))
    if (
        len(set(map(type, labels))) == 1
        and isinstance(labels[0], int)
        and labels != list(block.order)
    ):
        return _of_array(block, np.asarray(data))
    matrix = _homogeneous(block, data, labels)
    if matrix is not None:
        return Batch(len(data), [None] * len(block.binned), [], 0, matrix)
    return _by_name(block, len(data), labels, lambda name: _column_of(data, name))


def _of_array(block: Block, data: np.ndarray) -> Batch:
    values = data.reshape(-1, 1) if data.ndim == 1 else data
    if values.ndim != 2 or values.shape[1] != len(block.order):  # noqa: PLR2004 - rows and columns
        message = (
            f"an array of shape {data.shape} where the reference has {len(block.order)} columns"
        )
        raise UnreadableRow(message)
    in_order = [column.name for column in block.binned] == list(block.order)
    if in_order and values.dtype.kind in "fiub":
        return Batch(len(values), [None] * len(block.binned), [], 0, values)
    position = {name: index for index, name in enumerate(block.order)}
    return _by_name(block, len(values), list(position), lambda name: values[:, position[name]])


def _of_structured(block: Block, data: np.ndarray) -> Batch:
    flat = data.reshape(-1)
    return _by_name(block, len(flat), list(flat.dtype.names or ()), lambda name: flat[name])


def _by_name(
    block: Block, rows: int, labels: list[Any], column: Callable[[Any], np.ndarray]
) -> Batch:
    present, expected = set(labels), set(block.order)
    numbers = [column(c.name) if c.name in present else None for c in block.binned]
    rest = (*block.categorical, *block.counted)
    others = [column(c.name).tolist() if c.name in present else None for c in rest]
    return Batch(rows, numbers, others, rows * len(present - expected))


def _homogeneous(block: Block, data: Any, labels: list[Any]) -> np.ndarray | None:
    """The frame as one array of numbers, where it is one and has the block's columns in order."""
    if labels != [column.name for column in block.binned] or len(labels) != len(block.order):
        return None
    kinds = {str(kind) for kind in getattr(data, "dtypes", ())}
    if len(kinds) != 1 or not kinds <= {"float64", "float32", "int64", "int32"}:
        return None
    return np.asarray(data.to_numpy())


def _column_of(data: Any, name: Any) -> np.ndarray:
    """One column as an array; of objects, where it is not of plain numbers or strings."""
    column = data[name]
    if hasattr(column, "combine_chunks") or hasattr(column, "to_arrow"):
        found = _nullable(column)
    else:
        found = column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)
    return found if found.ndim == 1 else _objects(list(column))


def _nullable(column: Any) -> np.ndarray:
    values = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    numbers = column.to_numpy() if not hasattr(column, "to_pylist") else None
    if numbers is not None and numbers.dtype.kind in "fiub":
        return np.asarray(numbers)
    return _objects(values)


def _objects(values: Sequence[Any]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _interchanged(data: Any) -> Any:
    if not hasattr(data, "__dataframe__"):
        message = (
            f"a batch of type {type(data).__name__} names no columns; pass a data frame or an array"
        )
        raise UnreadableRow(message)
    from pandas.api.interchange import from_dataframe  # noqa: PLC0415 - only for foreign frames

    return from_dataframe(data)


def _is_ready(matrix: np.ndarray) -> bool:
    return matrix.dtype == np.float64 and matrix.flags.c_contiguous


def _as_floats(
    part: np.ndarray, block: Block, index: int, notes: list[tuple[int, int]]
) -> np.ndarray | list[float]:
    """Values of a binned column as floats, noting those that are no numbers."""
    values = np.asarray(part)
    if values.dtype.kind in "fiub":
        return values
    items = values.tolist() if values.dtype.kind == "O" else list(values)
    if set(map(type, items)) <= _PLAIN_NUMBERS:
        return np.array(items, dtype=np.float64)
    found = []
    for item in items:
        number, field = as_number(item)
        found.append(number)
        notes += notes_on(block, index, field)
    return found
