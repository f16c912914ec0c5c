"""What `mlmonitor profile` costs, in readings of the same file by pandas, and the memory it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.harness import Result, report

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
WIDTH = 80
_READ = {
    "csv": "import pandas; pandas.read_csv({path!r})",
    "parquet": "import pandas; pandas.read_parquet({path!r})",
}
_PROFILE = (
    "from mlmonitor.reference.build import Settings, profile_files; "
    "profile_files([{path!r}], Settings('bench', '1'))"
)
# Not getrusage, which counts what the parent held before the child was its own program.
_MEASURED = (
    "import time, json, re; started = time.perf_counter(); {work}; "
    "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]; "
    "print(json.dumps([time.perf_counter() - started, int(peak) / 1024]))"
)


def main() -> None:
    """Write a table in both forms, read and profile each, and report it."""
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for form in ("csv", "parquet"):
            path = str(_write(Path(folder), form))
            read, _ = _run(_READ[form].format(path=path))
            taken, memory = _run(_PROFILE.format(path=path))
            target = 3.0 if form == "csv" else None
            note = f"{taken:.0f} s, pandas {read:.0f} s"
            results.append(Result(f"profile of {form}", taken / read, target, "readings", note))
            results.append(Result(f"memory, {form}", memory, 500.0, "MB"))
    report("profile", f"Profile of {ROWS:,} × {WIDTH} floats", results)


def _write(folder: Path, form: str) -> Path:
    """The table as a file, written a part at a time."""
    rng = np.random.default_rng(0)
    path = folder / f"table.{form}"
    names = [f"c{index}" for index in range(WIDTH)]
    if form == "parquet":
        frame = pd.DataFrame(rng.normal(size=(ROWS, WIDTH)), columns=names)
        frame.to_parquet(path, row_group_size=100_000)
        return path
    for first in range(0, ROWS, 50_000):
        part = pd.DataFrame(rng.normal(size=(min(50_000, ROWS - first), WIDTH)), columns=names)
        part.to_csv(path, index=False, header=not first, mode="a", float_format="%.6f")
    return path


def _run(work: str) -> tuple[float, float]:
    """Seconds and peak megabytes of some work in a process of its own; the better of two."""
    runs = []
    for _ in range(2):
        code = _MEASURED.format(work=work)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        runs.append(tuple(json.loads(done.stdout)))
    best: tuple[float, float] = min(runs)
    return best


if __name__ == "__main__":
    main()
