"""The words of a template in Go's language, which Prometheus fills in: what stands between braces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE: Final = r"[ \t\r\n]"
_LEFT: Final = re.compile(rf"\{{\{{(?:-(?={_SPACE}))?")
# A comment begins and ends beside the braces.
_COMMENT: Final = re.compile(rf"\{{\{{(?:-{_SPACE})?/\*")
_END_OF_COMMENT: Final = re.compile(rf"\*/(?:{_SPACE}-)?\}}\}}")
_ENDS: Final = rf"(?={_SPACE}|[.,|:()]|\}}\}}|$)"
_CODE: Final = r"x[\da-fA-F]{2}|[0-3][0-7]{2}|u(?![dD][89a-fA-F])[\da-fA-F]{4}|U00(?:0[\da-fA-F]|10)[\da-fA-F]{4}"
_TOKEN: Final = re.compile(
    rf"""
    (?P<close>{_SPACE}+-\}}\}}|\}}\}})
    |(?P<space>{_SPACE}+)
    |(?P<string>"(?:[^"\\\n]|\\(?:[abfnrtv\\"]|{_CODE}))*"|`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\(?:[abfnrtv\\']|{_CODE}))')
    |(?P<number>(?:[+-]|\.?\d)[\w.]*(?:(?<=[eEpP])[+-][\w.]*)?(?:[+-][\w.]*)?)
    |(?P<variable>\$\w*{_ENDS})
    |(?P<field>\.\w+{_ENDS})
    |(?P<dot>\.{_ENDS})
    |(?P<word>\w+{_ENDS})
    |(?P<sign>:=|[=|(),])
    """,
    re.VERBOSE,
)
_INTEGER: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[\da-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])*|[1-9](?:_?\d)*)"
)
_FLOAT: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX][\da-fA-F]+[pP][+-]?\d+", re.ASCII)
_LARGEST: Final = 2**64
_LONGEST: Final = 2 + 64


class TemplateError(GenerationError):
    """What Prometheus would not read in a template, and the fix, without the place."""


@dataclass(frozen=True)
class Token:
    """A word: its kind, and the text as it is written.

    Kinds are open, close, space, string, char, number, variable, field, dot and word; a sign is of
    its own kind.
    """

    kind: str
    text: str


def tokens(template: str) -> Iterator[Token]:
    """The words of all actions of a template, without text and comments.

    Raises:
        TemplateError: braces that do not close, or what is no word.
    """
    position = 0
    while (left := _LEFT.search(template, position)) is not None:
        if comment := _COMMENT.match(template, left.start()):
            position = _after_comment(template, comment.end())
            continue
        yield Token("open", left[0])
        position = left.end()
        kind, depth = "open", 0
        while kind != "close":
            token, position = _token(template, position)
            kind = token.kind
            depth += (kind == "(") - (kind == ")")
            if kind == "close" and depth > 0:
                message = "has ( without ); close it."
                raise TemplateError(message)
            yield token


def _after_comment(template: str, position: int) -> int:
    # The first */ ends it, whatever follows.
    found = template.find("*/", position)
    end = _END_OF_COMMENT.match(template, found) if found >= 0 else None
    if end is None:
        message = "has a comment that does not end; write {{/* it so */}}."
        raise TemplateError(message)
    return end.end()


def _token(template: str, position: int) -> tuple[Token, int]:
    """The next word of an action, and where it ends."""
    if position >= len(template):
        message = "has {{ without }}; close the template."
        raise TemplateError(message)
    found = _TOKEN.match(template, position)
    if found is None:
        if template[position] in "\"`'":
            message = (
                f"has a text that cannot be read at {_near(template, position)}; check its quotes."
            )
            raise TemplateError(message)
        message = f"cannot be read at {_near(template, position)}; mend the template."
        raise TemplateError(message)
    kind = str(found.lastgroup)
    if kind == "number" and not _is_number(found[0]):
        message = f"has {_near(found[0], 0)}, which is no number; write one such as 5 or 0.5."
        raise TemplateError(message)
    return Token(found[0] if kind == "sign" else kind, found[0]), found.end()


def _is_number(text: str) -> bool:
    real = text.removesuffix("i")
    if _INTEGER.fullmatch(real):
        digits = real.lstrip("+-").replace("_", "")
        if len(digits) > _LONGEST:
            return False
        base = 8 if re.fullmatch(r"0\d+", digits) else 0
        return int(digits, base) < (_LARGEST if real[0] not in "+-" else _LARGEST // 2)
    if _FLOAT.fullmatch(real):
        # What is written as a whole number must be one of 64 bits.
        return not real.lstrip("+-").isdigit() and abs(float(real)) != float("inf")
    return _HEXADECIMAL.fullmatch(real) is not None


def _near(template: str, position: int, length: int = 20) -> str:
    """What stands at a position, for errors."""
    rest = template[position:]
    return repr(rest if len(rest) <= length else f"{rest[:length]}…")
