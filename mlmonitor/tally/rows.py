"""Reading one row, whatever it is, into an immutable form that can be folded later.

Rows are read in the call, before the model can change them, and folded a tile at a time. What a row
becomes depends on its block: the bytes of its float64 numbers, a tuple of its other values, or a
pair of both. A row that holds something strange is set aside as an `OddRow`.
"""

from __future__ import annotations

import dataclasses
import decimal
import numbers
from collections.abc import Mapping, Sequence
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from mlmonitor.tally.categories import is_missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.tally.layout import Block

_ABSENT: Final = float("nan")
_KNOWN_TYPES: Final = 256


class OddRow(NamedTuple):
    """A row with values that are no numbers where numbers belong, and the cells that say so."""

    numbers: bytes
    others: tuple[object, ...]
    notes: tuple[tuple[int, int], ...]


Item = Any
"""bytes, tuple, or (bytes, tuple); see the module."""


class UnreadableRow(TypeError):  # noqa: N818 - it names the row, not the handling
    """A row of which not one value can be told apart."""


class RowReader:
    """Reads rows of one block.

    Whoever folds empties `odd`, the rows set aside, and `unexpected`, which holds for some rows how
    many values came under names that the block lacks.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.odd: list[OddRow] = []
        self.unexpected: list[int] = []
        self._binned = tuple(column.name for column in block.binned)
        self._others = tuple(column.name for column in (*block.categorical, *block.counted))
        self.numbers_of, self.others_of = _tuple_getter(self._binned), _tuple_getter(self._others)
        self._absent: dict[str, object] = dict.fromkeys(block.order, _ABSENT)
        self._expected = len(block.order)
        self.numbers = len(self._binned) if len(self._binned) == self._expected else 0
        """How many numbers make a row, 0 where rows hold other values too."""
        self.pack = Struct(f"{len(self._binned)}d").pack
        self.of_dict = _dict_reader(self)
        """Reads a dict."""
        self.split = _splitter(self)
        """Reads a dict of all columns and no others: what `of_dict` gives, and the numbers in it.

        Raises whatever values do that are none, and KeyError where a column is absent."""
        self.of_sequence = _sequence_reader(self)
        """Reads a tuple or list in the order of the reference."""
        self._readers: dict[type, Callable[[Any], Item]] = {dict: self.of_dict}
        self._readers[tuple] = self._readers[list] = self.of_sequence
        self._readers[np.ndarray] = self.of_array
        in_order = self._binned == block.order
        self.pack_in_order = self.pack if in_order else None
        """Packs the values of a row in the reference's order, where they are all numbers."""
        self.of_float: Callable[[float], bytes] | None = None
        """Reads a float where the block has one column, of numbers."""
        if self._expected == 1:
            self._read_scalars()

    def read(self, row: object) -> Item | None:
        """The row in its immutable form, or None where it was set aside.

        Raises:
            UnreadableRow: the row is of a type, or a length, that says nothing of its columns.
        """
        reader = self._readers.get(type(row))
        return reader(row) if reader is not None else self._resolve(row)(row)

    def of_mapping(self, row: Mapping[str, object]) -> Item | None:
        """Read a mapping of which any name may be absent."""
        whole = self._absent.copy()
        whole.update(row)
        if len(whole) != self._expected:
            self.unexpected.append(len(whole) - self._expected)
        values, others = self.numbers_of(whole), self.others_of(whole)
        try:
            return self.item(self.pack(*values), others)
        except Exception:  # noqa: BLE001 - __float__ may raise anything
            self.set_aside(values, others)
            return None

    def item(self, packed: bytes, others: tuple[object, ...]) -> Item:
        """What a row of numbers and other values becomes."""
        if not self._others:
            return packed
        return (packed, others) if self._binned else others

    def set_aside(self, values: Sequence[object], others: tuple[object, ...]) -> None:
        """Read a row value by value, noting what is missing or of a wrong type."""
        block, found = self.block, list[float]()
        notes: list[tuple[int, int]] = []
        for index, value in enumerate(values):
            number, field = as_number(value)
            found.append(number)
            notes += notes_on(block, index, field)
        self.odd.append(OddRow(self.pack(*found), others, tuple(notes)))

    def of_array(self, row: np.ndarray) -> Item | None:
        """Read a one-dimensional or structured array."""
        if row.dtype.names:
            return self.of_dict({name: row[name].item() for name in row.dtype.names})
        if row.size == self.numbers and row.dtype.kind in "fiub":
            return row.astype(np.float64).tobytes()
        return self.of_sequence(row.reshape(-1).tolist())

    def _read_scalars(self) -> None:
        def of_value(value: object) -> Item:
            return self.of_sequence((value,))

        self._of_scalar = of_value
        self.of_float = self.pack if self._binned else None
        kinds = (float, int, np.float64, np.float32)
        self._readers.update(dict.fromkeys(kinds, self.of_float or of_value))
        self._readers.update(dict.fromkeys((str, bool, type(None)), of_value))

    def _resolve(self, row: object) -> Callable[[Any], Item]:
        """Find out how rows of this type are read, and remember it."""
        reader = self._reader_for(row)
        if len(self._readers) < _KNOWN_TYPES:
            self._readers[type(row)] = reader
        return reader

    def _reader_for(self, row: object) -> Callable[[Any], Item]:
        if isinstance(row, dict):
            return self.of_mapping
        as_mapping = mapping_form(row)
        if as_mapping is not None:
            return lambda value: self.of_mapping(as_mapping(value))
        if isinstance(row, np.ndarray):
            return self.of_array
        if isinstance(row, Sequence) and not isinstance(row, (str, bytes, bytearray)):
            return lambda value: self.of_sequence(list(value))
        if hasattr(row, "__array__") and np.ndim(row) > 0:
            return lambda value: self.of_array(np.asarray(value))
        if self._expected == 1:
            return self._of_scalar
        message = (
            f"a row of type {type(row).__name__} names no columns; pass a mapping or a sequence"
        )
        raise UnreadableRow(message)


def _dict_reader(reader: RowReader) -> Callable[[dict[str, Any]], Item]:
    """Read an exact dict: at once where all names are there."""
    block, expected, unexpected = reader.block, len(reader.block.order), reader.unexpected
    pack, numbers_of, others_of = reader.pack, reader.numbers_of, reader.others_of
    only_binned = not (block.categorical or block.counted)

    def read_numbers(row: dict[str, Any]) -> Item:
        if len(row) < expected:
            return reader.of_mapping(row)
        try:
            item = pack(*numbers_of(row))
        except Exception:  # noqa: BLE001 - absent, or __float__ raised
            return reader.of_mapping(row)
        if len(row) > expected:
            unexpected.append(len(row) - expected)
        return item

    def read_both(row: dict[str, Any]) -> Item:
        if len(row) < expected:
            return reader.of_mapping(row)
        try:
            item = (pack(*numbers_of(row)), others_of(row))
        except Exception:  # noqa: BLE001 - absent, or __float__ raised
            return reader.of_mapping(row)
        if len(row) > expected:
            unexpected.append(len(row) - expected)
        return item

    if not block.binned:
        return reader.of_mapping
    return read_numbers if only_binned else read_both


def _splitter(reader: RowReader) -> Callable[[dict[str, Any]], tuple[Item, tuple[Any, ...]]]:
    """See `RowReader.split`."""
    pack, numbers_of, others_of = reader.pack, reader.numbers_of, reader.others_of

    def split_numbers(row: dict[str, Any]) -> tuple[Item, tuple[Any, ...]]:
        numbers = numbers_of(row)
        return pack(*numbers), numbers

    def split_both(row: dict[str, Any]) -> tuple[Item, tuple[Any, ...]]:
        numbers = numbers_of(row)
        return (pack(*numbers), others_of(row)), numbers

    return split_both if reader.block.categorical or reader.block.counted else split_numbers


def _sequence_reader(reader: RowReader) -> Callable[[Sequence[Any]], Item]:
    """Read a tuple or list that holds the values in the reference's order."""
    block = reader.block
    position = {name: index for index, name in enumerate(block.order)}
    numbers_of = _tuple_getter([position[column.name] for column in block.binned])
    others_of = _tuple_getter(
        [position[column.name] for column in (*block.categorical, *block.counted)]
    )
    expected, pack = len(block.order), Struct(f"{len(block.binned)}d").pack
    in_order = [column.name for column in block.binned] == list(block.order)

    def read(row: Sequence[Any]) -> Item:
        if len(row) != expected:
            message = f"a row of {len(row)} values where the reference has {expected} columns"
            raise UnreadableRow(message)
        values, others = numbers_of(row), others_of(row)
        try:
            return reader.item(pack(*values), others)
        except Exception:  # noqa: BLE001 - __float__ may raise anything
            return reader.set_aside(values, others)

    def read_in_order(row: Sequence[Any]) -> Item:
        try:
            return pack(*row)
        except Exception:  # noqa: BLE001 - too long, too short, or __float__ raised
            return read(row)

    return read_in_order if in_order else read


def _tuple_getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """`itemgetter` that gives a tuple for one key and for none too."""
    if len(keys) > 1:
        return itemgetter(*keys)
    if not keys:
        return lambda _: ()
    key = keys[0]
    return lambda row: (row[key],)


def mapping_form(row: object) -> Callable[[Any], dict[str, Any]] | None:  # noqa: PLR0911 - a table of forms
    """How an object that names its values becomes a dict, or None."""
    if isinstance(row, Mapping):
        return dict
    kind = type(row)
    if hasattr(kind, "model_fields"):
        return lambda value: {**vars(value), **(value.model_extra or {})}
    if dataclasses.is_dataclass(row):
        fields = tuple(field.name for field in dataclasses.fields(row))
        return lambda value: {name: getattr(value, name) for name in fields}
    if hasattr(kind, "__attrs_attrs__"):
        attributes = tuple(attribute.name for attribute in kind.__attrs_attrs__)
        return lambda value: {name: getattr(value, name) for name in attributes}
    if hasattr(kind, "_asdict"):
        return lambda value: dict(value._asdict())
    if hasattr(kind, "to_dict") and hasattr(row, "index"):
        return lambda value: dict(value.to_dict())
    if isinstance(row, np.void) and row.dtype.names:
        return lambda value: {name: value[name].item() for name in value.dtype.names}
    return None


def as_number(value: object) -> tuple[float, str | None]:  # noqa: PLR0911 - a table of forms
    """A value as a float, and the field of the block to count it in where it is none."""
    try:
        if isinstance(value, float):
            return float(value), None
        if is_missing(value):
            return _ABSENT, "none"
        if isinstance(value, (numbers.Real, decimal.Decimal, np.bool_)):
            return float(value), None
        if isinstance(value, (str, bytes, bytearray, Mapping)):
            return _ABSENT, "wrong_type"
        if isinstance(value, np.ndarray) and value.size == 1:
            return as_number(value.item())
        return float(value), None  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - __float__ and __instancecheck__ may raise anything
        return _ABSENT, "wrong_type"


def notes_on(block: Block, index: int, field: str | None) -> list[tuple[int, int]]:
    """Cells to change for a value that was folded as NaN but belongs into another field."""
    if field is None or (field == "none" and block.side == "input"):
        return []
    return [(getattr(block, field).start + index, 1), (block.nan.start + index, -1)]
