"""What `import mlmonitor` costs over bare Python, and what it must not load."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.harness import Result, report, seconds

UNWANTED = ("pandas", "scipy", "grafanalib", "elasticsearch", "click", "fastapi", "sklearn")


def main() -> None:
    """Time it and report it."""
    bare, loaded = (seconds(partial(_run, code), 7) for code in ("pass", "import mlmonitor"))
    found = _run(f"import mlmonitor, sys; print([m for m in {UNWANTED!r} if m in sys.modules])")
    results = [
        Result(
            "import mlmonitor", loaded - bare, 0.3, "s", f"over {bare:.3f} s; unwanted: {found}"
        ),
        Result("in starts of bare Python", (loaded - bare) / bare, None, "×"),
    ]
    report("imports", "Import", results)


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
