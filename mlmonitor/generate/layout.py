"""Where panels stand: lines of 24 columns, without overlap and without holes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COLUMNS: Final = 24


def lines(widths: Sequence[int]) -> Iterator[list[int]]:
    """Break panels into lines, and widen those of a line that is not full.

    Args:
        widths: of each panel in order, at most 24 each.

    Yields:
        The widths of each line, which add up to 24.
    """
    line: list[int] = []
    for width in widths:
        if sum(line) + width > COLUMNS:
            yield _filled(line)
            line = []
        line.append(width)
    if line:
        yield _filled(line)


def _filled(line: list[int]) -> list[int]:
    """The widths in proportion, as whole numbers that add up to 24."""
    total = sum(line)
    ends = [round(COLUMNS * sum(line[: index + 1]) / total) for index in range(len(line))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
