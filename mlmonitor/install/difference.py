"""What would change on a server, as a unified diff of JSON."""

from __future__ import annotations

import difflib
import json
from typing import Any


def difference(name: str, present: object, wanted: object) -> str:
    """A diff from what is there, or None, to what is wanted; empty when nothing would change."""
    before = "" if present is None else _text(present)
    after = _text(wanted)
    return "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            "(missing)" if present is None else name,
            f"{name} (generated)",
        )
    )


def summary(diff: str) -> str:
    """Added and removed lines of a diff, as `+3 -1`."""
    lines = [line for line in diff.splitlines()[2:] if line[:1] in {"+", "-"}]
    added = sum(line.startswith("+") for line in lines)
    return f"+{added} -{len(lines) - added}"


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
