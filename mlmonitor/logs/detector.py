"""Finds in a text what nobody marked and nobody should read: addresses, numbers, keys.

A text without a trace of any costs one pass in C; the patterns, each of bounded length, run only on
a text that has one. What is found is told by a checksum wherever there is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor.logs import checksums

if TYPE_CHECKING:
    from collections.abc import Callable

_BLANKS: Final = " .-/()\u00a0"
_SHAPE: Final = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0" * 10 + b"A" * 26)
_IGNORED: Final = b" .-/()\xa0\xc2"
"""Bytes between digits; the last two make a no-break space."""
_SHAPES: Final = (b"0000000", b"AA000000A", b"AAAAAA00A00A000A")
"""Phones, cards, accounts and most numbers of people; British and Italian ones."""
_WORDS: Final = (
    "@", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "AIza",
    "k_live_", "k_test_", "sk-", "glpat-", "npm_", "hf_", "SG.", "eyJ", "PRIVATE KEY", "earer ",
    "EARER ", "ecret", "ECRET", "oken", "OKEN", "assw", "ASSW", "pwd", "PWD", "pi_key", "PI_KEY",
    "pi-key", "pikey", "piKey",
)  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """What one kind looks like.

    Attributes:
        kind: its name in the catalogue.
        expression: matches it, in group 1 where more than it is matched.
        length: how many characters of what was matched are one; 0 for none.
    """

    kind: str
    expression: re.Pattern[str]
    length: Callable[[str], int]


def found(text: str) -> bool:
    """Whether a text may hold anything of interest; quick, and never wrongly no."""
    if any(map(text.__contains__, _WORDS)):
        return True
    shape = text.encode("utf-8", "replace").translate(_SHAPE, _IGNORED)
    return any(map(shape.__contains__, _SHAPES))


def masked(text: str) -> tuple[str, list[str]]:
    """The text with `[kind]` in place of what was found, and the kinds, once for each.

    Reading it again finds nothing more.
    """
    if not found(text):
        return text, []
    kinds: list[str] = []
    for pattern in PATTERNS:
        text = pattern.expression.sub(_replacing(pattern, kinds), text)
    return text, kinds


def _replacing(pattern: Pattern, kinds: list[str]) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        group = 1 if match.re.groups else 0
        length = pattern.length(match[group])
        if not length:
            return match[0]
        kinds.append(pattern.kind)
        start = match.start(group) - match.start()
        return f"{match[0][:start]}[{pattern.kind}]{match[0][start + length :]}"

    return replace


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdecimal() and one.isascii())


def _compact(text: str) -> str:
    return "".join(one for one in text if one not in _BLANKS)


def _iban_length(text: str) -> int:
    """Characters of the account number at the start of a text that may go on behind it."""
    wanted, length = checksums.iban_length(text), 0
    for position, one in enumerate(text, 1):
        wanted -= one not in _BLANKS
        if wanted == 0:
            length = position
            break
    return length if checksums.iban(_compact(text[:length])) else 0


def _is_card(text: str) -> bool:
    digits = _digits(text)
    return len(set(digits)) > 1 and bool(_CARD_NUMBER.fullmatch(digits)) and checksums.luhn(digits)


def _is_phone(text: str) -> bool:
    return _LEAST_PHONE <= len(_digits(text)) <= _MOST_PHONE


def _pattern(kind: str, expression: str, accepts: Callable[[str], bool] | None = None) -> Pattern:
    def length(text: str) -> int:
        return len(text) if accepts is None or accepts(text) else 0

    return Pattern(kind, re.compile(expression, re.ASCII), length)


_LEAST_PHONE, _MOST_PHONE = 8, 15
_CARD_NUMBER: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?|35\d{14}"
)
_GAP: Final = "[ .\\-/\u00a0]?"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"

PATTERNS: Final = (
    _pattern(
        "private_key",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?:(?!-----)[\s\S]){0,20000}"
        r"-----END [A-Z ]{0,30}PRIVATE KEY-----|[A-Za-z0-9+/=\s\\]*)",
    ),
    _pattern("jwt", r"\beyJ[\w\-]{5,}\.eyJ[\w\-]{5,}\.[\w\-]*"),
    _pattern(
        "api_key",
        r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{20,}"
        r"|xox[a-z]-[A-Za-z0-9\-]{10,}|AIza[\w\-]{30,}|[rsp]k_(?:live|test)_[A-Za-z0-9]{16,}"
        r"|sk-[\w\-]{20,}|glpat-[\w\-]{20,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}"
        r"|SG\.[\w\-]{16,}\.[\w\-]{16,})",
    ),
    _pattern(
        "api_key",
        r"(?i:\bbearer\s{1,3}|(?:api[_\-]?key|secret|token|passw(?:or)?d|pwd)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
        r"(?!\[)([^\s\"',;&]{8,})",
    ),
    _pattern(
        "email",
        rf"(?<![\w.+%\-])(?u:[\w.+%\-]){{1,64}}@{_LABEL}(?:\.{_LABEL}){{0,8}}\.[A-Za-z]{{2,24}}\b",
    ),
    Pattern(
        "iban", re.compile(r"\b[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,34}", re.ASCII), _iban_length
    ),
    _pattern("card", "(?<![\\d.])\\d(?:[ \\-\u00a0]?\\d){12,18}(?!\\d|\\.\\d)", _is_card),
    _pattern("national_id", r"(?<![\w\-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w\-])"),
    _pattern(
        "national_id",
        r"\b(?![DFIQUV]|.[DFIOQUV])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]\b",
    ),
    _pattern(
        "national_id", r"\b(?:[XYZ]\d{7}|\d{8})-?[A-HJ-NP-TV-Z]\b",
        lambda text: checksums.dni(text.replace("-", "")),
    ),
    _pattern(
        "national_id", r"\b[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]\b", checksums.codice_fiscale
    ),
    _pattern(
        "national_id",
        r"\b[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d\b",
        lambda text: checksums.nir(text.replace(" ", "")),
    ),
    _pattern("national_id", r"(?<![\w.+\-])\d{11}(?![\w\-]|\.\d)", checksums.pesel),
    _pattern(
        "national_id", r"(?<![\w.])\d{3}\.\d{3}\.\d{3}-\d\d(?!\w)",
        lambda text: checksums.cpf(_digits(text)),
    ),
    _pattern(
        "national_id", r"(?<![\w.\-])\d\d(?:0[1-9]|1[0-2])[0-3]\d[+\-]\d{4}(?![\w\-])",
        lambda text: checksums.luhn(_digits(text)),
    ),
    _pattern(
        "phone",
        rf"(?<![\w.\-])\(?(?:\+|00)[1-9]\d{{0,2}}\)?{_GAP}(?:\(0?\d{{0,5}}\){_GAP})?\d{{1,5}}"
        rf"(?:{_GAP}\d{{1,5}}){{1,6}}(?!\w)",
        _is_phone,
    ),
    _pattern(
        "phone",
        r"(?<![\w.\-])(?:1[ .\-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.\- ])[2-9]\d\d[.\- ]\d{4}"
        r"(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?!\w)",
    ),
    _pattern(
        "phone", r"(?<![\w.\-])\(?0[1-9]\d{0,4}\)?[ /\-]{1,2}\d{3,4}(?:[ \-]?\d{1,5}){0,3}(?!\w|-\w)",
        _is_phone,
    ),
    _pattern("phone", r"(?<![\w.\-])\(0\d{2,4}\)[ \-]?\d{5,8}(?!\w)"),
    _pattern("phone", r"(?<![\w.\-])\(?0[1-9]\d{0,2}\)?-\d{2,3}(?: \d\d){2}(?!\w)"),
    _pattern(
        "phone",
        r"(?<![\w.\-])\(?[1-9]\d\)? (?!(?:19|20)\d\d-(?:19|20))\d{4,5}-\d{4}(?![\w\-])",
    ),
    _pattern("phone", r"(?<![\w.\-])0[1-9](?:[ .\-]\d\d){4}(?!\w)"),
)  # fmt: skip
"""In this order: what is found by one is not looked at by those behind it."""
