"""Templates in the annotations of alerts: whether Prometheus can read them."""

from __future__ import annotations

import re
from typing import Final

from mlmonitor.errors import GenerationError

_ACTION: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_OPENS: Final = ("if", "range", "with", "define", "block")


def check_template(text: str, place: str) -> None:
    """Refuse a template whose braces or blocks do not close, which Prometheus would not load.

    Raises:
        GenerationError: naming `place` and what is open.
    """
    rest = _ACTION.sub("", text)
    if "{{" in rest or "}}" in rest:
        message = f"{place}: has {{{{ without }}}}, or the reverse; close the template."
        raise GenerationError(message)
    opened: list[str] = []
    for action in _ACTION.findall(text):
        word = action.partition(" ")[0]
        if word in _OPENS:
            opened.append(word)
        elif word == "end" and not opened:
            message = f"{place}: has {{{{ end }}}} without a block that it ends; remove it."
            raise GenerationError(message)
        elif word == "end":
            opened.pop()
    if opened:
        message = f"{place}: has {{{{ {opened[-1]} }}}} without {{{{ end }}}}; write it."
        raise GenerationError(message)
