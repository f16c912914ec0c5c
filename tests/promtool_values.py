"""What rules record, read out of `promtool test rules`: its engine is Prometheus's own."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SAMPLE: Final = re.compile(r"\{([^{}]*)\} ([-+]?(?:[0-9.]+(?:E[-+]?[0-9]+)?|Inf|NaN))")
_GROUP: Final = re.compile(r"^ *- name: (\S+)$", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# promtool needs little memory and much time: it collects garbage less often, and on one processor.
FRUGAL: Final = {"GOGC": "800", "GOMAXPROCS": "1"}
Sample = tuple[dict[str, str], float]


def complaints(promtool: str | Path, tests: Path) -> str:
    """What promtool says of a file of tests, nothing where they pass."""
    command = [str(promtool), "test", "rules", str(tests)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **FRUGAL}
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def by_the_minute(series: Mapping[str, str], checks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A test with a sample of each series every minute, as promtool reads it."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [*checks],
    }


def recorded(
    promtool: str | Path,
    rule_files: Iterable[Path],
    series: Mapping[str, str],
    queries: str | Iterable[str],
    *,
    at: str,
    scrape: str,
    step: str,
    folder: Path,
) -> list[Sample]:
    """The answers to queries `at` a time after the first sample, of at most 10,000 series each.

    Groups are evaluated in the order of the files. promtool prints what it got where that is not what was expected, and nothing is.
    """
    asked = [queries] if isinstance(queries, str) else queries
    test: dict[str, Any] = {
        "interval": scrape,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": q, "eval_time": at, "exp_samples": []} for q in asked],
    }
    files = list(rule_files)
    document = {
        "rule_files": [str(path) for path in files],
        "group_eval_order": [name for path in files for name in _GROUP.findall(path.read_text())],
        "evaluation_interval": step,
        "tests": [test],
    }
    path = folder / "values.test.yml"
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, width=1_000_000))
    printed = complaints(promtool, path)
    assert "got: " in printed, printed
    got = [text.splitlines()[0] for text in printed.split("got: ")[1:]]
    return [
        (dict(_LABEL.findall(labels)), float(value))
        for line in got
        for labels, value in _SAMPLE.findall(line)
    ]
