"""Templates in the labels and annotations of alerts: whether Prometheus can read them."""

from __future__ import annotations

from mlmonitor.errors import GenerationError
from mlmonitor.generate import gotemplate
from mlmonitor.generate.gotokens import TemplateError


def check_template(text: str, place: str) -> None:
    """Refuse a template that Prometheus would not load.

    Raises:
        GenerationError: naming `place`, what is wrong and the fix.
    """
    try:
        gotemplate.check(text)
    except TemplateError as error:
        message = f"{place}: {error}"
        raise GenerationError(message) from None
