"""Programs of the allow-list: run without a shell, with what they need to know in the environment."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.respond.ladder import Episode

_KEPT: Final = 2000


def run(words: Sequence[str], episode: Episode, seconds: float) -> tuple[bool, str]:
    """Run a program; whether it succeeded, and the end of what it said."""
    told = {
        "MLMONITOR_MODEL": episode.model,
        "MLMONITOR_VERSION": episode.version or "",
        "MLMONITOR_ALERT": episode.alert,
    }
    told = {key: value.replace("\0", "") for key, value in told.items()}
    try:
        ended = subprocess.run(  # noqa: S603 - a list of words from the configuration
            list(words),
            env={**os.environ, **told},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    said = ended.stdout.decode(errors="replace")[-_KEPT:]
    return ended.returncode == 0, f"exit status {ended.returncode}: {said}".strip()
