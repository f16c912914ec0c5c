"""Write the results in `build/bench/` into benchmarks/README.md, each below its heading."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.harness import RESULTS

PAGE = Path(__file__).with_name("README.md")
_TABLE = "<!-- {name} -->\n{table}\n<!-- end -->"


def main() -> None:
    """Replace the tables of all benchmarks that have been run."""
    text = PAGE.read_text()
    for path in sorted(RESULTS.glob("*.json")):
        found = re.compile(f"<!-- {path.stem} -->.*?<!-- end -->", re.DOTALL)
        table = _TABLE.format(name=path.stem, table=_table(json.loads(path.read_text())))
        text = found.sub(table.replace("\\", r"\\"), text)
    PAGE.write_text(text)


def _table(lines: list[dict[str, str | float | None]]) -> str:
    rows = ["| work | measured | target | | note |", "| --- | ---: | ---: | --- | --- |"]
    for one in lines:
        target = "" if one["target"] is None else f"{one['target']:g} {one['unit']}"
        measured = f"{one['measured']:.3g} {one['unit']}"
        rows.append(f"| {one['work']} | {measured} | {target} | {one['verdict']} | {one['note']} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
