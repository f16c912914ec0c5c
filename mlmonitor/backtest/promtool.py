"""Running promtool, whose engine is Prometheus' own."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlmonitor import promql
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DUMPER: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Sample = tuple[dict[str, str], float]
_SAMPLE: Final = re.compile(r"\{([^{}]*)\} ([-+]?(?:[0-9.]+(?:E[-+]?[0-9]+)?|Inf|NaN))")
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_VERSION: Final = re.compile(r"version (\S+)")
_SECONDS: Final = 600.0


class Promtool:
    """A promtool on this machine.

    Raises:
        MlmonitorError: there is none.
    """

    def __init__(self, program: str = "promtool") -> None:
        found = shutil.which(program)
        if found is None:
            message = f"{program}: no such program; install Prometheus, or name its promtool by --promtool."
            raise MlmonitorError(message)
        self.program = found

    @property
    def version(self) -> str:
        """What it says of itself; empty where it was built without."""
        told = self._run("--version")
        found = _VERSION.search(told)
        return found[1].rstrip(",") if found else ""

    def answer(
        self, rules: str, series: Mapping[str, str], step: float, query: str, at: float
    ) -> list[Sample]:
        """The answer to a query `at` seconds, of rules over series with a sample each `step`.

        Args:
            rules: the text of a rule file.
            series: series -> values in promtool's notation.
            step: seconds between two samples, and between two evaluations.
            query: what is asked.
            at: seconds after the first sample.

        Raises:
            MlmonitorError: promtool does not take the rules or the series.
        """
        interval = promql.duration(step)
        test = {
            "interval": interval,
            "input_series": [{"series": name, "values": text} for name, text in series.items()],
            # promtool prints what it got where that is not what was expected, and nothing is.
            "promql_expr_test": [
                {"expr": query, "eval_time": promql.duration(at), "exp_samples": []}
            ],
        }
        document = {
            "rule_files": ["rules.yml"],
            "evaluation_interval": interval,
            "tests": [test],
        }
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "rules.yml").write_text(rules, encoding="utf-8")
            path = Path(folder, "asked.yml")
            path.write_text(dumped(document), encoding="utf-8")
            printed = self._run("test", "rules", str(path))
        if "got:" not in printed:
            told = printed.strip()[-300:] or "says nothing, and is no promtool; name another."
            message = f"{self.program}: {told}"
            raise MlmonitorError(message)
        got = printed.split("got:", 1)[1].splitlines()[0]
        return [
            (dict(_LABEL.findall(labels)), float(value)) for labels, value in _SAMPLE.findall(got)
        ]

    def _run(self, *arguments: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the program that the user names
                [self.program, *arguments],
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"{self.program}: cannot be run ({error}); name another by --promtool."
            raise MlmonitorError(message) from error
        return done.stdout + done.stderr


def dumped(document: Mapping[str, Any]) -> str:
    """A file of tests as YAML."""
    text = yaml.dump(
        dict(document), Dumper=_DUMPER, sort_keys=False, width=1_000_000, allow_unicode=True
    )
    return str(text)
