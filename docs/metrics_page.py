# ruff: noqa: INP001 - a script beside what it writes
"""Writes docs/metrics.md from the catalogue; with --check it only compares.

python docs/metrics_page.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlmonitor import names
from mlmonitor.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE = Path(__file__).with_name("metrics.md")

INTRODUCTION = """\
# Metrics

Every metric that `/metrics` holds and every series that the generated rules record, written from
`mlmonitor/names` by `docs/metrics_page.py`.

All counters are there from the first scrape on, at zero. Counters of several workers, pods or
machines may be added up; so may their increases over any window.
"""

SECTIONS = (
    ("The model", "Requests, errors, latency and what is loaded.", "mlmonitor_(predict|model)"),
    (
        "Its columns",
        """\
Counted in every call. Which of them a column has follows from its kind:

| kind | counters | gauges of the reference |
| --- | --- | --- |
| numeric, discrete | rows, missing, invalid, cumulative, deviation, squared deviation | rows, \
missing, mean, deviation, median, cumulative |
| sparse | the same, and nonzero | the same, and nonzero |
| categorical, boolean | rows, missing, invalid, category | rows, missing, category |
| text, identifier, timestamp | rows, missing, invalid | rows, missing |

A reason for which no value of a column can be invalid has no series: `out_of_range` needs a range
in the reference, `not_allowed` a list of allowed values. Edges are written as Go writes them
(`1.0`, `1e+06`, `+Inf`), the same on counters and on the reference, so that they join. The category
"" is written `__empty__`, since Prometheus takes an empty label for one that is not there.
""",
        "mlmonitor_(column|unexpected)",
    ),
    (
        "The reference",
        """\
What the columns are compared with. These never change while a model is served; `asgi_app`,
`wsgi_app` and `start_server` with `reference="separate"` serve them, and `mlmonitor_column_info`,
on a path of their own, `/metrics/reference`.
""",
        "mlmonitor_reference",
    ),
    (
        "The business",
        "What `monitor.business` is told, by declared metric and segment.",
        "mlmonitor_business",
    ),
    (
        "Its records",
        "What is written of single predictions, where `logs` asks for it.",
        "mlmonitor_(log_|sensitive)",
    ),
    (
        "The monitor itself",
        "What it could not do; none of this breaks a prediction.",
        "mlmonitor_monitor",
    ),
    (
        "Its workers",
        """\
One series a live worker process, gone with it; limits are those of the control group that the
workers of a pod share, and absent where the system sets or tells none. A worker has been up for
`time()` less its start. The memory that a pod has used of its limit is
`sum without (pid) (mlmonitor_process_resident_memory_bytes) / mlmonitor_process_memory_limit_bytes`.
""",
        "mlmonitor_process",
    ),
    (
        "The responder",
        "What `mlmonitor respond` exposes on a `/metrics` of its own.",
        "mlmonitor_(respond|breaker)",
    ),
    (
        "The shipping of records",
        "What `mlmonitor export logs` exposes on a `/metrics` of its own.",
        "mlmonitor_shipping",
    ),
)


def page() -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *_metrics(), *_labels(), *_records()])


def _metrics() -> Iterator[str]:
    for title, text, pattern in SECTIONS:
        yield f"## {title}\n\n{text.strip()}\n"
        found = [metric for metric in names.METRICS.values() if re.match(pattern, metric.name)]
        rows = (
            (f"`{one.name}`", one.type, one.unit or "none", _codes(one.labels), _text(one.help))
            for one in found
        )
        yield _table(("metric", "type", "unit", "labels", "what it tells"), rows)


def _labels() -> Iterator[str]:
    yield "## Labels\n"
    yield _table(("label", "value"), ((f"`{k}`", _text(v)) for k, v in names.LABELS.items()))


def _records() -> Iterator[str]:
    yield (
        "## Recorded series\n\nMade by the rules that `mlmonitor generate-alerts` writes. They "
        "carry the scope labels of\n`monitoring.yaml` too.\n"
    )
    rows = ((f"`{r.name}`", _codes(r.labels), _text(r.help)) for r in names.RECORDS.values())
    yield _table(("series", "labels", "what it tells"), rows)


def _text(text: str) -> str:
    return re.sub(r"__\w+__", r"`\g<0>`", text)


def _codes(labels: Iterable[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(arguments: list[str]) -> int:
    """Write the page; with --check, exit status 1 where it differs."""
    if arguments == ["--check"]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page())
    write_atomically(PAGE, page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
