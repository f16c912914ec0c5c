"""The reference profile as data: its columns, and how it is saved, loaded and checked."""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from mlmonitor.durations import duration, seconds
from mlmonitor.errors import GenerationError, ProfileError
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    import pandas as pd

SCHEMA_VERSION: Final = 1

Kind = Literal[
    "numeric", "discrete", "sparse", "categorical", "boolean", "text", "identifier", "timestamp"
]
Side = Literal["input", "output", "score", "outcome"]
Count = Annotated[int, Field(ge=0)]


def _window(name: str) -> str:
    with suppress(GenerationError):
        if duration(seconds(name)) == name:
            return name
    message = f"{name!r} is no window; write its length as Prometheus does, such as 1h or 1d"
    raise ValueError(message)


Window = Annotated[str, AfterValidator(_window)]
Share = Annotated[float, Field(ge=0, lt=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

BINNED_KINDS = frozenset({"numeric", "discrete", "sparse"})
CATEGORY_KINDS = frozenset({"categorical", "boolean"})


class Column(BaseModel):
    """One monitored value and what the reference says of it.

    `edges` are the finite upper edges of all bins but the last, ascending; a value belongs to the
    first bin whose upper edge is not below it, so `counts` holds one more entry than `edges`.
    `categories` maps a value, as text, to its count; what was cut off as too rare is counted in
    `other`, and listed in `other_values` as far as `complete` says. `allowed` are the values that
    may occur, `range` the smallest and largest that may; null switches the check off.
    `correlation` says, by length of a window, at most how alike its rows are, and `effective_rows` how
    many rows with a value count as evidence; both are absent where rows came without times.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    side: Side
    kind: Kind
    rows: Count
    missing: Count = 0
    edges: tuple[Finite, ...] | None = None
    counts: tuple[Count, ...] | None = None
    range: tuple[Finite, Finite] | None = None
    mean: Finite | None = None
    deviation: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    absolute_deviation: Annotated[float, Field(gt=0, le=1)] | None = None
    median: Finite | None = None
    nonzero: Count | None = None
    categories: dict[str, Count] | None = None
    other: Count = 0
    other_values: tuple[str, ...] = ()
    complete: bool = True
    allowed: tuple[str, ...] | None = None
    correlation: dict[Window, Share] | None = None
    effective_rows: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @property
    def is_binned(self) -> bool:
        """Whether the column is compared by bins of its values."""
        return self.kind in BINNED_KINDS and self.edges is not None

    @property
    def is_categorical(self) -> bool:
        """Whether the column is compared by categories."""
        return self.kind in CATEGORY_KINDS and self.categories is not None

    @property
    def values(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.missing

    @property
    def evidence(self) -> float:
        """Rows with a value that count as evidence: all of them where that was not measured."""
        return self.values if self.effective_rows is None else self.effective_rows

    @property
    def extreme(self) -> float | None:
        """Distance of the farthest value from the mean, in deviations; None where it is not known.

        No value of n is farther than sqrt(n) deviations: a range that somebody widened says no more.
        """
        if self.range is None or self.mean is None or not self.deviation:
            return None
        farthest = max(abs(end - self.mean) for end in self.range) / self.deviation
        return min(farthest, math.sqrt(max(self.values, 1)))

    @property
    def missing_ratio(self) -> float:
        """Share of rows without a value; 0 for no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @model_validator(mode="after")
    def _agree(self) -> Column:
        problem = _disagreement(self)
        if problem:
            message = f"column {self.name!r}: {problem}"
            raise ValueError(message)
        return self


def _disagreement(column: Column) -> str | None:
    """What the parts of a column say against one another, or None."""
    if column.missing > column.rows:
        return f"missing ({column.missing}) exceeds rows ({column.rows})"
    if column.range is not None and column.range[0] > column.range[1]:
        return f"range starts at {column.range[0]} above its end {column.range[1]}"
    if (column.effective_rows or 0) > column.values:
        return f"effective_rows ({column.effective_rows}) exceed the rows with a value ({column.values})"
    if column.kind in CATEGORY_KINDS:
        return _category_disagreement(column)
    if column.kind in BINNED_KINDS:
        return _bin_disagreement(column)
    return None


def _category_disagreement(column: Column) -> str | None:
    if column.categories is None:
        return f"kind {column.kind} needs categories; profile the data again with this kind"
    counted = sum(column.categories.values()) + column.other
    if counted > column.values:
        return f"categories add up to {counted}, but only {column.values} rows hold a value"
    return None


def _bin_disagreement(column: Column) -> str | None:
    edges, counts = column.edges, column.counts
    if edges is None or counts is None or column.mean is None or column.deviation is None:
        return (
            f"kind {column.kind} needs edges, counts, mean and deviation; "
            "profile the data again with this kind"
        )
    if len(counts) != len(edges) + 1:
        return f"{len(edges)} edges need {len(edges) + 1} counts, found {len(counts)}"
    if any(low >= high for low, high in pairwise(edges)):
        return "edges must ascend"
    if sum(counts) > column.values:
        return f"counts add up to {sum(counts)}, but only {column.values} rows hold a value"
    return None


class Reference(BaseModel):
    """The profile of a model's reference data: identity, rows and columns.

    Build one with `Reference.from_frame` or `mlmonitor profile`, keep it beside the model, and
    hand it to the monitor. The same data gives the same bytes.

    `windows` says in how many windows of each length, at most 1,024, the columns' correlation was
    measured; a length with fewer than 30 has the correlation of the next shorter one.

    `fingerprint` says which files the model came from, and `environment` the versions of Python and of
    the packages that it ran on; both are written together, where the model's files were named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = SCHEMA_VERSION
    model: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    created: str | None = None
    rows: Count
    windows: dict[Window, Count] | None = None
    fingerprint: str | None = None
    environment: dict[str, str] | None = None
    columns: tuple[Column, ...]

    @field_validator("columns")
    @classmethod
    def _unique(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        seen: set[tuple[str, str]] = set()
        for column in columns:
            if (column.side, column.name) in seen:
                message = f"column {column.name!r} ({column.side}) is listed twice"
                raise ValueError(message)
            seen.add((column.side, column.name))
        return columns

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, **options: Any) -> Reference:
        """Profile a pandas frame; `options` are those of `mlmonitor.reference.build.from_frame`."""
        from mlmonitor.reference.build import from_frame  # noqa: PLC0415 - imports pandas

        return from_frame(frame, **options)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Reference:
        """Read a profile from a JSON file.

        Raises:
            ProfileError: no such file, no JSON, another schema version, or parts that disagree.
        """
        try:
            data = orjson.loads(Path(path).read_bytes())
        except OSError as error:
            message = (
                f"{path}: cannot be read ({error.strerror}); make it with `mlmonitor profile`."
            )
            raise ProfileError(message) from error
        except orjson.JSONDecodeError as error:
            message = f"{path}: not valid JSON ({error}); make it again with `mlmonitor profile`."
            raise ProfileError(message) from error
        return cls.from_dict(data, place=str(path))

    @classmethod
    def from_dict(cls, data: object, place: str = "reference") -> Reference:
        """Check a decoded profile; `place` names it in the error.

        Raises:
            ProfileError: see `load`.
        """
        if not isinstance(data, dict) or "schema_version" not in data:
            message = f"{place}: not a reference profile; make one with `mlmonitor profile`."
            raise ProfileError(message)
        if data["schema_version"] != SCHEMA_VERSION:
            message = (
                f"{place}: schema_version {data['schema_version']!r} is not {SCHEMA_VERSION}; "
                "profile the data again with this version of mlmonitor."
            )
            raise ProfileError(message)
        try:
            return cls.model_validate_json(orjson.dumps(data))
        except ValidationError as error:
            message = f"{place}: {_first_problem(error, data)}; mend it or profile the data again."
            raise ProfileError(message) from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as JSON, replacing the file in one step."""
        write_atomically(path, self.to_json())

    def to_json(self) -> str:
        """The profile as JSON text: one line a property, the same bytes for the same profile."""
        # Without these the bytes are those of earlier versions.
        later = {"windows", "fingerprint", "environment"}
        left_out = {name for name in later if not getattr(self, name)}
        head = self.model_dump(exclude={"columns", *left_out}, mode="json")
        lines = [f"  {_json(key)}: {_json(value)}," for key, value in head.items()]
        columns = ",\n".join(_column_json(column) for column in self.columns)
        return "\n".join(["{", *lines, '  "columns": [', columns, "  ]", "}", ""])

    @cached_property
    def hash8(self) -> str:
        """First eight hex digits of the SHA-256 of the profile's JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]

    def side(self, side: Side) -> tuple[Column, ...]:
        """The columns of one side, in order."""
        return tuple(column for column in self.columns if column.side == side)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the profile file, for editors and other programs."""
    schema = Reference.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["required"] = sorted({*schema["required"], "schema_version"})
    return schema


def _first_problem(error: ValidationError, data: dict[str, Any]) -> str:
    """The first validation error as `place: what`, a column by its name."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    if path[:1] == ["columns"] and len(path) > 1:
        column = data["columns"][int(path[1])]
        name = column.get("name", path[1]) if isinstance(column, dict) else path[1]
        path[:2] = [f"column {name!r}"]
    text = first["msg"].removeprefix("Value error, ")
    where = ".".join(path)
    return text if text.startswith(where) or not where else f"{where}: {text}"


def _column_json(column: Column) -> str:
    properties = column.model_dump(mode="json", exclude_defaults=True)
    lines = ",\n".join(f"      {_json(key)}: {_json(value)}" for key, value in properties.items())
    return "    {\n" + lines + "\n    }"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def shares(counts: Iterable[float]) -> list[float]:
    """Counts as shares of their sum; all 0 where the sum is 0."""
    numbers = list(counts)
    total = math.fsum(numbers)
    return [number / total if total else 0.0 for number in numbers]
