"""What rules record, read out of `promtool test rules`: its engine is Prometheus's own."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SAMPLE: Final = re.compile(r"\{([^{}]*)\} ([-+]?(?:[0-9.]+(?:E[-+]?[0-9]+)?|Inf|NaN))")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Sample = tuple[dict[str, str], float]


def recorded(
    promtool: str,
    rule_files: Iterable[Path],
    series: Mapping[str, str],
    query: str,
    *,
    at: str,
    scrape: str,
    step: str,
    folder: Path,
) -> list[Sample]:
    """The answer to a query `at` a time after the first sample.

    promtool prints what it got where that is not what was expected, and nothing is.
    """
    test: dict[str, Any] = {
        "interval": scrape,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": at, "exp_samples": []}],
    }
    document = {
        "rule_files": [str(path) for path in rule_files],
        "evaluation_interval": step,
        "tests": [test],
    }
    path = folder / "values.test.yml"
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, width=1_000_000))
    run = subprocess.run(
        [promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    printed = run.stdout + run.stderr
    assert "got: " in printed, printed
    got = printed.split("got: ", 1)[1].splitlines()[0]
    return [(dict(_LABEL.findall(labels)), float(value)) for labels, value in _SAMPLE.findall(got)]
