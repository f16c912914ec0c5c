"""Whether Prometheus can read a template: a parser of Go's `text/template` that keeps nothing.

It is as strict as Go's own in Prometheus 2.42 and 3; where they differ, as the stricter one. What they
read and cannot fill in when the alert fires is refused only where it is a variable that nobody has set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlmonitor.generate.gotokens import TemplateError, Token, tokens
from mlmonitor.promql import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

FUNCTIONS: Final = frozenset(
    {
        # Of Go.
        "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
        "print", "printf", "println", "slice", "urlquery",
        # Of Prometheus 2.42; those that are newer are not here.
        "args", "externalURL", "first", "graphLink", "humanize", "humanize1024", "humanizeDuration",
        "humanizePercentage", "humanizeTimestamp", "label", "match", "parseDuration", "pathPrefix",
        "query", "reReplaceAll", "safeHtml", "sortByLabel", "stripDomain", "stripPort", "strvalue",
        "tableLink", "title", "toLower", "toTime", "toUpper", "value",
    }
)  # fmt: skip
VARIABLES: Final = ("$", "$labels", "$externalLabels", "$externalURL", "$value")
_CONSTANTS: Final = ("true", "false")
_BLOCKS: Final = ("if", "range", "with", "block")
_LEAPS: Final = ("break", "continue")
_KEYWORDS: Final = frozenset({*_BLOCKS, *_LEAPS, "define", "else", "end", "template"})
_DECLARES: Final = (":=", "=")
_IN_A_RANGE: Final = 2
_DEEPEST: Final = 50


def check(template: str) -> None:
    """Refuse a template that Prometheus would not load.

    Raises:
        TemplateError: what is wrong, and the fix.
    """
    _Parser([*tokens(template)]).whole()


class _Parser:
    """Reads words from left to right; knows the variables that are defined where it stands."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._variables = list(VARIABLES)
        self._ranges = 0
        self._depth = 0

    def whole(self) -> None:
        """The template from its beginning to its end."""
        while self._at < len(self._tokens):
            self._open()
            if self._keyword() == "define":
                self._take()
                self._name("define")
                self._close("define")
                self._body("define", VARIABLES[:1])
            else:
                self._action(())

    def _action(self, ends: Collection[str]) -> str | None:
        """What follows {{; gives `end` or `else` where it ends a block."""
        word = self._keyword()
        if word in {"end", "else"}:
            return self._ending(word, ends)
        if word in _BLOCKS:
            self._take()
            self._block(word)
        elif word in _LEAPS:
            self._take()
            self._leap(word)
        elif word == "template":
            self._take()
            self._name(word)
            if self._peek().kind == "close":
                self._take()
            else:
                self._pipeline("template", "close")
        else:
            self._pipeline("{{ }}", "close")
        return None

    def _ending(self, word: str, ends: Collection[str]) -> str:
        if word not in ends:
            remedy = "a block that it ends" if word == "end" else "a block of its own"
            message = f"has {{{{ {word} }}}} without {remedy}; remove it."
            raise TemplateError(message)
        self._take()
        if word == "else" and self._peek().text in _KEYWORDS:
            # `else with` is of newer versions of Go alone.
            if self._peek().text != "if" or "else if" not in ends:
                raise self._unexpected(self._peek())
            return "else if"
        self._close(word)
        return word

    def _leap(self, word: str) -> None:
        if not self._ranges:
            message = f"has {{{{ {word} }}}} outside {{{{ range }}}}; remove it."
            raise TemplateError(message)
        self._close(word)

    def _block(self, word: str) -> None:
        if word == "block":
            self._name(word)
            self._pipeline(word, "close")
            self._body(word, VARIABLES[:1])
            return
        outside = len(self._variables)
        self._pipeline(word, "close")
        inside = len(self._variables)
        self._ranges += word == "range"
        end = self._list(word, ("end", "else", "else if") if word == "if" else ("end", "else"))
        self._ranges -= word == "range"
        # Go reads on with them in what follows `else`, and fails when the alert fires.
        del self._variables[inside:]
        if end == "else if":
            self._take()
            self._block("if")
        elif end == "else":
            self._list(word, ("end",))
        del self._variables[outside:]

    def _body(self, word: str, known: Collection[str]) -> None:
        """The inside of a template of its own, which sees neither variables nor loops around it."""
        outside = self._variables, self._ranges
        self._variables, self._ranges = list(known), 0
        self._list(word, ("end",))
        self._variables, self._ranges = outside

    def _list(self, word: str, ends: Collection[str]) -> str:
        """Text and actions until one of `ends`, which is given."""
        self._deeper()
        end = None
        while end is None:
            if self._at >= len(self._tokens):
                message = f"has {{{{ {word} }}}} without {{{{ end }}}}; write it."
                raise TemplateError(message)
            self._open()
            end = self._action(ends)
        self._depth -= 1
        return end

    def _pipeline(self, context: str, end: str) -> None:
        """Commands with | between, the value of which may be given to variables."""
        self._deeper()
        self._declarations(context)
        stage = 0
        while self._peek().kind != end:
            stage += 1
            self._command(stage)
        self._take()
        self._depth -= 1
        if not stage:
            message = f"has {context} without a value; write one, or remove it."
            raise TemplateError(message)

    def _declarations(self, context: str) -> None:
        count = 0
        while self._peek().kind == "variable":
            after = self._after_variable()
            if after not in {*_DECLARES, ","}:
                return
            name = self._take().text
            if after == "=" and name not in self._variables:
                raise self._undefined(name)
            self._variables.append(name)
            count += 1
            self._take()
            if after in _DECLARES:
                return
            if context != "range" or count >= _IN_A_RANGE:
                message = f"gives a value to too many variables at {name}; only range has two."
                raise TemplateError(message)
            if self._peek().kind not in {"variable", "close", ")"}:
                raise self._unexpected(self._peek())

    def _command(self, stage: int) -> None:
        """A function or value with its arguments."""
        first = self._peek()
        if stage > 1 and not self._is_callable(first):
            message = f"has | before {first.text}, which takes no value; write a function there."
            raise TemplateError(message)
        count = 0
        while self._operand():
            count += 1
            token = self._tokens[self._at]
            if token.kind == "space":
                self._at += 1
                token = self._peek()
            elif token.kind not in {"close", ")", "|"}:
                raise self._unexpected(token)
            if token.kind in {"close", ")"}:
                break
            if token.kind == "|":
                self._take()
                break
        if not count:
            raise self._unexpected(self._peek())

    def _is_callable(self, token: Token) -> bool:
        if token.kind == "word":
            return token.text not in {*_CONSTANTS, "nil"}
        return token.kind not in {"string", "char", "number", "dot"}

    def _operand(self) -> bool:
        """A value with its fields; whether there was one."""
        token = self._peek()
        if token.kind == "(":
            self._take()
            self._pipeline("( )", ")")
        elif token.kind == "variable":
            self._known(token.text)
            self._take()
        elif token.kind == "word" and token.text not in _KEYWORDS:
            self._check_function(token.text)
            self._take()
        elif token.kind in {"string", "char", "number", "field", "dot"}:
            self._take()
        else:
            return False
        plain = token.kind in {"string", "char", "number", "dot"}
        plain |= token.text in {*_CONSTANTS, "nil"}
        while self._tokens[self._at].kind == "field":
            if plain:
                raise self._unexpected(self._tokens[self._at])
            self._at += 1
        return True

    def _known(self, variable: str) -> None:
        if variable not in self._variables:
            raise self._undefined(variable)

    def _undefined(self, variable: str) -> TemplateError:
        known = [name for name in self._variables if name != "$"]
        ending = nearest(
            variable, known, f"; write $labels or $value, or {{{{ {variable} := … }}}} before it."
        )
        return TemplateError(f"{variable} is not defined there{ending}")

    def _check_function(self, name: str) -> None:
        if name not in FUNCTIONS and name not in {*_CONSTANTS, "nil"}:
            ending = nearest(name, FUNCTIONS, "; write text in quotes, and labels as $labels.name.")
            message = f"{name} is no function of Prometheus' templates{ending}"
            raise TemplateError(message)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            message = "is nested too deeply; write it flatter."
            raise TemplateError(message)

    def _open(self) -> None:
        self._at += 1

    def _keyword(self) -> str | None:
        token = self._peek()
        return token.text if token.kind == "word" and token.text in _KEYWORDS else None

    def _name(self, word: str) -> None:
        token = self._take()
        if token.kind != "string":
            message = f"has {{{{ {word} }}}} without the name in quotes; write it."
            raise TemplateError(message)

    def _close(self, word: str) -> None:
        token = self._take()
        if token.kind != "close":
            message = f"has {token.text} after {word}; remove it."
            raise TemplateError(message)

    def _peek(self) -> Token:
        """The next word that is no space; each action ends with its braces, so that there is one."""
        while self._tokens[self._at].kind == "space":
            self._at += 1
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _after_variable(self) -> str:
        """The kind of the word after the variable that comes next."""
        rest = (token.kind for token in self._tokens[self._at + 1 :] if token.kind != "space")
        return next(rest)

    def _unexpected(self, token: Token) -> TemplateError:
        shown = token.text.strip() or "a space"
        return TemplateError(f"cannot have {shown} there; mend the template.")
