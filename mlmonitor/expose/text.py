"""Writing series as text: Prometheus text 0.0.4 and OpenMetrics 1.0, whose samples are the same."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from mlmonitor import names
from mlmonitor.expose.numbers import floats, go_float, integers
from mlmonitor.expose.series import FRACTIONAL, Plan, last_values, momentary, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmonitor.expose.series import Counted, Known, Labels
    from mlmonitor.expose.source import Source
    from mlmonitor.names import Metric
    from mlmonitor.tally.totals import Floats

Format = Literal["text", "openmetrics"]
Part = Literal["all", "live", "reference"]
Samples = dict["Metric", bytes]

CONTENT_TYPES: Final[dict[Format, str]] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}


def families(samples: Sequence[Samples], format: Format) -> bytes:  # noqa: A002 - the word for it
    """The families of several sources, each family once, with the samples of all of them."""
    parts: list[bytes] = []
    for metric in names.METRICS.values():
        found = [one[metric] for one in samples if metric in one]
        if found:
            parts.append(header(metric, format))
            parts += found
    return b"".join(parts)


def header(metric: Metric, format: Format) -> bytes:  # noqa: A002 - the word for it
    """The lines that introduce a family."""
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    if format == "text":
        kind = "gauge" if metric.type == "info" else metric.type
        return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {kind}\n".encode()
    family, text = metric.family, text.replace('"', r"\"")
    unit = f"# UNIT {family} {metric.unit}\n" if metric.unit else ""
    return f"# HELP {family} {text}\n# TYPE {family} {metric.type}\n{unit}".encode()


def line_start(name: str, labels: Labels) -> bytes:
    """A sample up to its value; text that is no Unicode shows as question marks."""
    written = ",".join([f'{label}="{_escaped(value)}"' for label, value in labels])
    return f"{name}{{{written}}} ".encode("utf-8", "replace")


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


class SourceText:
    """The samples of one source, by metric.

    The lines up to their values are written once. What has not changed since the last reading is
    not written again.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        plan = Plan.of(source.identity, source.layout, source.reference)
        series = [one for found in plan.live.values() for one in found]
        self._derivation = plan.derivation
        self._cells, self._starts = plan.derivation.of(series)
        self._fractional = np.array(
            [i for i, one in enumerate(series) if (one.metric.name, one.suffix) in FRACTIONAL]
        )
        self._positions: list[int] = self._fractional.tolist()
        self._lines = {metric: _lines(found) for metric, found in plan.live.items()}
        self._last: tuple[Floats, Samples] | None = None
        self.reference = _written(one for found in plan.fixed.values() for one in found)

    def samples(self, part: Part) -> Samples:
        """All samples, those of the reference, or the live ones without these."""
        if part == "reference":
            return self.reference
        source, cells = self._source, self._source.totals().cells
        now = _written(chain(momentary(source), last_values(source, cells)))
        live = {**self._counted(cells), **now}
        return {**live, **self.reference} if part == "all" else live

    def _counted(self, cells: Floats) -> Samples:
        last = self._last
        if last is not None and np.array_equal(last[0], cells):
            return last[1]
        counts = values(self._derivation.extended(cells), self._cells, self._starts)
        texts = integers(counts)
        sums = floats(counts[self._fractional])
        for position, text in zip(self._positions, sums, strict=True):
            texts[position] = text
        samples, start = dict[names.Metric, bytes](), 0
        for metric, lines in self._lines.items():
            end = start + len(lines) // 2
            whole = lines.copy()
            whole[1::2] = texts[start:end]
            samples[metric] = b"".join([*whole, b"\n"])
            start = end
        self._last = cells, samples
        return samples


def _lines(series: Sequence[Counted]) -> list[bytes]:
    """Lines without values: start, value, start, value …; all but the first begin a new line."""
    lines = []
    for number, one in enumerate(series):
        start = line_start(one.metric.name + one.suffix, one.labels)
        lines += [b"\n" + start if number else start, b""]
    return lines


def _written(series: Iterable[Known]) -> Samples:
    samples: dict[names.Metric, list[bytes]] = {}
    for one in series:
        line = line_start(one.metric.name, one.labels) + go_float(one.value).encode() + b"\n"
        samples.setdefault(one.metric, []).append(line)
    return {metric: b"".join(lines) for metric, lines in samples.items()}
