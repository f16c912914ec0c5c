"""Records as a person reads them in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.table import Table
from rich.text import Text

from mlmonitor import names
from mlmonitor.explain import record as records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mlmonitor.explain.record import Record
    from mlmonitor.explain.statistics import Statistics
    from mlmonitor.reference import Column, Reference

_MILLISECONDS = 1_000
_OUTPUTS = 3
_USUAL = 8


def visible(value: Any) -> str:
    """A value in one line, with nothing in it that a terminal obeys."""
    if isinstance(value, float):
        return f"{value:.10g}"
    shown = value if isinstance(value, str) else orjson.dumps(value).decode()
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in shown
    )


def line(record: Record) -> Text:
    """A record in one line."""
    time, name, version, duration, outcome, rest = _cells(record)
    style = "red" if records.get(record, names.LOG_EVENT_OUTCOME) == names.FAILURE else ""
    parts = (time, f"{name} {version}", duration, outcome, rest, visible(_id(record)))
    return Text("  ".join(part for part in parts if part), style=style)


def listing(found: Iterable[Record]) -> Table:
    """Records in a table, one in each row."""
    table = Table()
    for heading in ("time", "model", "version", "ms", "result", "violations", "id"):
        table.add_column(heading, justify="right" if heading == "ms" else "left", overflow="fold")
    for record in found:
        failed = records.get(record, names.LOG_EVENT_OUTCOME) == names.FAILURE
        cells = (*_cells(record), visible(_id(record)))
        table.add_row(*map(Text, cells), style="red" if failed else None)
    return table


def details(record: Record, reference: Reference | None = None) -> Iterator[Table]:
    """All of a record; values beside what the reference says of their columns."""
    yield _head(record)
    wrong = _wrong(record)
    known: dict[tuple[str, str], Column] = {}
    if reference is not None:
        known = {(column.side, column.name): column for column in reference.columns}
    for side in names.COLUMNS_OF_SIDE:
        found = records.columns(record, side)
        absent = [c for s, c in wrong if s == side and c not in found]
        if found or absent:
            values = {**found, **dict.fromkeys(absent)}
            yield _side(side, values, {c: r for (s, c), r in wrong.items() if s == side}, known)


def summary(found: Mapping[tuple[str, str, str], Statistics]) -> Iterator[Table]:
    """Numbers by model, then what is wrong by column."""
    table = Table(title="Predictions", title_justify="left")
    headings = (
        "model",
        "version",
        "role",
        "records",
        "predictions",
        "failed",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "violating",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading in headings[:3] else "right")
    for identity, one in found.items():
        numbers = [
            f"{one.quantiles().get(share, 0.0) * _MILLISECONDS:.3g}" for share in (0.5, 0.95, 0.99)
        ]
        table.add_row(
            *map(Text, map(visible, identity)), f"{one.records:,}", f"{one.predictions:,.0f}",
            f"{sum(one.failures.values()):,.0f}", *numbers, f"{one.kept_for[names.KEPT_FOR_VIOLATION]:,}",
        )  # fmt: skip
    yield table
    for title, headings_of, rows_of in _PARTS:
        rows = [(identity, key, n) for identity, one in found.items() for key, n in rows_of(one)]
        if rows:
            yield _counts(title, headings_of, rows)


def _counts(title: str, headings: tuple[str, ...], rows: list[Any]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("model", "version", "role", *headings):
        table.add_column(heading, overflow="fold")
    table.add_column("predictions", justify="right")
    for identity, key, count in rows:
        table.add_row(*map(Text, map(visible, (*identity, *key))), f"{count:,.0f}")
    return table


def _id(record: Record) -> str:
    return str(records.get(record, names.LOG_EVENT_ID))


def _cells(record: Record) -> tuple[str, str, str, str, str, str]:
    model, version, role = records.identity(record)
    failed = records.get(record, names.LOG_EVENT_OUTCOME) == names.FAILURE
    if failed:
        kind, told = (
            records.get(record, names.LOG_ERROR_TYPE),
            records.get(record, names.LOG_ERROR_MESSAGE),
        )
        result = f"{visible(kind or '?')}: {visible(told or '')}"
    else:
        outputs = list(records.columns(record, "output").items())[:_OUTPUTS]
        result = ", ".join(f"{visible(name)}={visible(value)}" for name, value in outputs)
    broken = ", ".join(f"{visible(c)} {visible(r)}" for _, c, r in records.violations(record))
    suffix = "" if role == "live" else f" ({role})"
    time = visible(records.get(record, names.LOG_TIMESTAMP) or "?")
    duration = f"{records.seconds(record) * _MILLISECONDS:.3g}"
    return time, visible(model), visible(version + suffix), duration, result, broken


def _head(record: Record) -> Table:
    table = Table(show_header=False, title=visible(_id(record)), title_justify="left")
    table.add_column()
    table.add_column(overflow="fold")
    model, version, role = records.identity(record)
    rate = records.get(record, names.LOG_SAMPLE_RATE)
    shown = {
        "time": records.get(record, names.LOG_TIMESTAMP),
        "model": f"{model} {version}, {role}",
        "reference": records.get(record, names.LOG_REFERENCE),
        "service": records.get(record, names.LOG_SERVICE_NAME),
        "host": records.get(record, names.LOG_HOST_NAME),
        "took": f"{records.seconds(record) * _MILLISECONDS:.3g} ms",
        "outcome": records.get(record, names.LOG_EVENT_OUTCOME),
        "error": records.get(record, names.LOG_ERROR_TYPE),
        "message": records.get(record, names.LOG_ERROR_MESSAGE),
        "batch": records.get(record, names.LOG_BATCH_ID),
        "trace": records.get(record, names.LOG_TRACE_ID),
        "slices": records.get(record, names.LOG_SLICE),
        "kept for": records.get(record, names.LOG_SAMPLE_KEPT_FOR),
        "sample": None if rate in {None, 1} else rate,
        "hidden": records.get(record, names.LOG_REDACTED),
        "cut": records.get(record, names.LOG_TRUNCATED),
    }
    for name, value in shown.items():
        if value is not None:
            listed = ", ".join(map(str, value)) if isinstance(value, list) else value
            table.add_row(name, Text(visible(listed)))
    stack = records.get(record, names.LOG_ERROR_STACK)
    if isinstance(stack, str):
        table.add_row("raised at", Text("\n".join(visible(one) for one in stack.splitlines())))
    return table


def _wrong(record: Record) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for side, column, reason in records.violations(record):
        before = found.get((side, column))
        found[side, column] = f"{before}, {reason}" if before else reason
    return found


def _side(
    side: str,
    values: Mapping[str, Any],
    wrong: Mapping[str, str],
    known: Mapping[tuple[str, str], Column],
) -> Table:
    table = Table(title=side, title_justify="left")
    for heading in ("column", "value", "violation", *(["in the reference"] if known else [])):
        table.add_column(heading, overflow="fold")
    for name in sorted(values, key=lambda one: (one not in wrong, one)):
        cells = [name, visible(values[name]), wrong.get(name, "")]
        if known:
            cells.append(_usual(known.get((side, name))))
        style = "bold red" if name in wrong else None
        table.add_row(*(Text(visible(cell)) for cell in cells), style=style)
    return table


def _usual(column: Column | None) -> str:
    """What the reference says of a column, in a few words."""
    if column is None:
        return "unknown"
    missing = f", {100 * column.missing_ratio:.3g} % missing" if column.missing else ""
    if column.is_categorical:
        allowed = column.allowed if column.allowed is not None else tuple(column.categories or ())
        shown = ", ".join(allowed[:_USUAL]) + (", …" if len(allowed) > _USUAL else "")
        return f"{shown}{missing}"
    if column.range is not None:
        middle = f", median {column.median:g}" if column.median is not None else ""
        return f"{column.range[0]:g} … {column.range[1]:g}{middle}{missing}"
    return f"{column.kind}{missing}"


_Counts = list[tuple[tuple[str, ...], float]]
_PARTS: Final[tuple[tuple[str, tuple[str, ...], Callable[[Statistics], _Counts]], ...]] = (
    ("Violations", ("side", "column", "reason"), lambda one: list(one.violations.most_common())),
    ("Failures", ("exception",), lambda one: [((k,), n) for k, n in one.failures.most_common()]),
    ("Hidden values", ("column",), lambda one: [((k,), n) for k, n in one.redacted.most_common()]),
)
