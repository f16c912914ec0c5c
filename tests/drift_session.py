"""One session for tests: workers of several models, scraped by a real Prometheus with the rules.

Worker `a` (production, live and shadow), `late` (production, starts in mid-window, having predicted
rows before its first scrape), `c` (staging) and `d` (production, another reference of the same
version) get their rows in slices at a steady rate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.generate import output
from mlmonitor.generate.prometheus import RuleSettings, drift_rules
from mlmonitor.thresholds import Thresholds
from tests import components, drift_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlmonitor.reference import Column, Reference
    from tests.drift_sample import Rows

SCRAPE, STEP, WINDOW, SLOW = 1.0, 5.0, 30.0, 120.0
REACH: Final = STEP + SCRAPE
ALPHA: Final = 0.01
SETTINGS: Final = RuleSettings(
    scrape_interval=SCRAPE,
    step=STEP,
    windows=(WINDOW, SLOW),
    thresholds=Thresholds(alpha=ALPHA),
)
SLICES, PAUSE, LATE_SLICE = 36, 0.5, 14
PARTS: Final = ("upper", "category", "direction", "test")
Group = tuple[str, str, str]

REFERENCE, OTHER = drift_sample.reference(0), drift_sample.reference(1)


def group(namespace: str, role: str = "live", reference: str = REFERENCE.hash8) -> Group:
    """What tells one model's series from another's here."""
    return (namespace, role, reference)


@dataclass(frozen=True)
class Recorded:
    """What Prometheus recorded of a group at one evaluation.

    `series` is name -> (side, column, part) -> value.
    """

    reference: Reference
    series: dict[str, dict[tuple[str, ...], float]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def column(self, name: str, column: Column, *part: str) -> float | None:
        """One series of a column."""
        return self.series[name].get((column.side, column.name, *part))

    def parts(self, name: str, column: Column) -> dict[str, float]:
        """The series of a column by their last label."""
        key = (column.side, column.name)
        return {k[2]: value for k, value in self.series[name].items() if k[:2] == key}

    def model(self, name: str) -> float | None:
        """One series of the model."""
        return self.series[name].get(("", ""))


@dataclass(frozen=True)
class Run:
    """A session.

    Attributes:
        groups, slow: what the short and the long window recorded.
        sent: rows of each group, without those that came before a first scrape.
        first_steps: share of the rows of a group that its pods' first active windows hold, at most.
        early: rows of the late pod before its first scrape.
    """

    reference: Reference
    other: Reference
    groups: dict[Group, Recorded]
    slow: dict[Group, Recorded]
    sent: dict[Group, Rows]
    first_steps: dict[Group, float]
    early: Rows

    def everything(self) -> Iterator[Recorded]:
        """Every group at every window."""
        yield from self.groups.values()
        yield from self.slow.values()


@dataclass(frozen=True)
class _Stream:
    """Rows for one monitor of one worker."""

    worker: str
    monitor: int
    group: Group
    rows: Rows


class _Worker:
    """A process of `tests.drift_service`."""

    def __init__(self, namespace: str, monitors: list[tuple[Reference, str]], folder: Path) -> None:
        self.namespace = namespace
        self.metrics, self.rows = components.free_port(), components.free_port()
        listed = []
        for reference, role in monitors:
            path = folder / f"{reference.hash8}.json"
            reference.save(path)
            listed.append({"reference": str(path), "role": role})
        spec = {"metrics_port": self.metrics, "rows_port": self.rows, "monitors": listed}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.drift_service", json.dumps(spec)]
        )

    def post(self, path: str, rows: object = ()) -> None:
        """Send rows, or a command."""
        url = f"http://127.0.0.1:{self.rows}/{path}"
        request = urllib.request.Request(url, json.dumps(rows).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20):
            pass

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)


def record(version: str, folder: Path) -> Run:
    """Run a session on one version of Prometheus; about 50 seconds."""
    with ExitStack() as stack:
        monitors = {
            "a": ("production", [(REFERENCE, "live"), (REFERENCE, "shadow")]),
            "late": ("production", [(REFERENCE, "live")]),
            "c": ("staging", [(REFERENCE, "live")]),
            "d": ("production", [(OTHER, "live")]),
        }
        workers = {name: _Worker(*spec, folder) for name, spec in monitors.items()}
        for worker in workers.values():
            stack.callback(worker.stop)
        output.write(drift_rules(SETTINGS), folder)
        config = folder / "prometheus.json"
        config.write_text(json.dumps(_config(workers, folder)))
        early = drift_sample.rows(300, 9)
        for name, worker in workers.items():
            _retry(partial(worker.post, "warm"))
            if name != "late":
                worker.post("serve")
        workers["late"].post("0", early)
        server = stack.enter_context(components.prometheus(version, config))
        streams = _streams()
        _until(lambda: len(_query(server.url, "up == 1")) == 3)
        time.sleep(2 * SCRAPE)
        _feed(workers, streams, server.url)
        return _read(server.url, streams, early, time.time())


def _streams() -> list[_Stream]:
    make = drift_sample.rows
    return [
        _Stream("a", 0, group("production"), make(1440, 1)),
        _Stream("late", 0, group("production"), make(660, 2)),
        _Stream("a", 1, group("production", "shadow"), make(720, 3, 0)),
        _Stream("c", 0, group("staging"), make(1080, 4, 0.3)),
        _Stream("d", 0, group("production", reference=OTHER.hash8), make(1620, 5)),
    ]


def _feed(workers: dict[str, _Worker], streams: list[_Stream], url: str) -> None:
    """Send the slices of all streams at a steady rate; the late pod joins in the middle."""
    start = time.monotonic()
    with ThreadPoolExecutor(len(streams)) as pool:
        for index in range(SLICES):
            if index == LATE_SLICE:
                workers["late"].post("serve")
            if index == LATE_SLICE + 4:
                _until(lambda: len(_query(url, "up == 1")) == 4)
            jobs = []
            for stream in streams:
                first = LATE_SLICE + 6 if stream.worker == "late" else 0
                if index >= first:
                    size = len(stream.rows) // (SLICES - first)
                    left = stream.rows[(index - first) * size :]
                    part = left if index == SLICES - 1 else left[:size]
                    jobs.append(pool.submit(workers[stream.worker].post, str(stream.monitor), part))
            for job in jobs:
                job.result()
            time.sleep(max(0.0, start + (index + 1) * PAUSE - time.monotonic()))


def _read(url: str, streams: list[_Stream], early: Rows, end: float) -> Run:
    times = {window: _evaluated_after(url, window, end + REACH + STEP) for window in ("30s", "2m")}
    groups, slow = (_recorded(url, window, times[window]) for window in ("30s", "2m"))
    sent: dict[Group, Rows] = defaultdict(list)
    first: dict[Group, float] = defaultdict(float)
    for stream in streams:
        sent[stream.group] += stream.rows
        slices = SLICES - (LATE_SLICE + 6 if stream.worker == "late" else 0)
        first[stream.group] += len(stream.rows) * min(1.0, REACH / (slices * PAUSE))
    shares = {key: first[key] / len(rows) for key, rows in sent.items()}
    return Run(REFERENCE, OTHER, groups, slow, dict(sent), shares, early)


def _evaluated_after(url: str, window: str, moment: float) -> float:
    """The time of a whole evaluation of a window after `moment`."""
    query = f'mlmonitor:model:drifted_columns{{window="{window}"}}[1m]'
    found: list[float] = []

    def done() -> bool:
        stamps = {stamp for series in _query(url, query) for stamp, _ in series["values"]}
        found[:] = sorted(stamp for stamp in stamps if stamp > moment)
        return bool(found)

    _until(done, 40)
    return found[0]


def _recorded(url: str, window: str, moment: float) -> dict[Group, Recorded]:
    """Everything that was recorded for a window at `moment`."""
    references = {reference.hash8: reference for reference in (REFERENCE, OTHER)}
    groups: dict[Group, Recorded] = {}
    for one in _query(url, f'{{__name__=~"mlmonitor:.+", window="{window}"}}', moment):
        labels = one["metric"]
        key = group(labels["namespace"], labels["role"], labels["reference"])
        recorded = groups.setdefault(key, Recorded(references[labels["reference"]]))
        part = [labels[name] for name in PARTS if name in labels]
        where = (labels.get("side", ""), labels.get("column", ""), *part)
        if "lower" not in labels or "upper" in labels:
            recorded.series[labels["__name__"]][where] = float(one["value"][1])
    return groups


def _config(workers: dict[str, _Worker], folder: Path) -> dict[str, Any]:
    targets = [
        {
            "targets": [f"127.0.0.1:{worker.metrics}"],
            "labels": {"namespace": worker.namespace, "pod": name},
        }
        for name, worker in workers.items()
    ]
    return {
        "global": {"scrape_interval": f"{SCRAPE:g}s", "scrape_timeout": f"{SCRAPE:g}s"},
        "rule_files": [str(folder / "prometheus" / "*.yml")],
        "scrape_configs": [{"job_name": "models", "static_configs": targets}],
    }


def _query(url: str, query: str, moment: float | None = None) -> list[dict[str, Any]]:
    values = {"query": query} if moment is None else {"query": query, "time": f"{moment:.3f}"}
    return _get(url, f"query?{urllib.parse.urlencode(values)}")["result"]  # type: ignore[no-any-return]


def _get(url: str, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/v1/{path}", timeout=20) as answer:
        return json.load(answer)["data"]  # type: ignore[no-any-return]


def _until(done: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until `done()`."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.2)


def _retry(call: Callable[[], None]) -> None:
    """Call until it raises no OSError."""

    def done() -> bool:
        with suppress(OSError):
            call()
            return True
        return False

    _until(done)
