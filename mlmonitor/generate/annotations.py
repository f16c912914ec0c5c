"""Templates in the labels and annotations of alerts: whether Prometheus can read them."""

from __future__ import annotations

from mlmonitor.errors import GenerationError, placed
from mlmonitor.generate import gotemplate


def check_template(text: str, place: str) -> None:
    """Refuse a template that Prometheus would not load.

    Raises:
        GenerationError: naming `place`, what is wrong and the fix.
    """
    with placed(place, GenerationError):
        gotemplate.check(text)
