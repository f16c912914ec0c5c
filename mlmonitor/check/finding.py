"""One thing that is wrong, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlmonitor import promql
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        place: file and key.
        problem: what is wrong and how to mend it, a sentence.
    """

    place: str
    problem: str

    def __str__(self) -> str:
        """As it is printed."""
        return f"{self.place}: {self.problem}"


def expression_findings(
    expression: str, scope: tuple[str, ...], place: str, *, own: bool = True, rule: bool = False
) -> Iterator[Finding]:
    """What is wrong with the names or the syntax of an expression, and whether a `rule` can have it."""
    try:
        promql.check(expression, scope, place, own=own)
        if rule:
            promql.check_result(expression, place)
    except GenerationError as error:
        yield Finding(place, str(error).removeprefix(f"{place}: "))
