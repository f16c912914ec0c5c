"""What an Elasticsearch can do: `full` is the distribution, `core` its bare server.

The two differ in this module's fields and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

Mapping = dict[str, Any]

_KEYWORD_LIMIT: Final = 1024
_LONG_LIMIT: Final = 8191
"""Characters of which the largest still are fewer bytes than a term may have, 32766."""


@dataclass(frozen=True)
class Profile:
    """What the generated objects may use.

    Attributes:
        text: mapping of words to search for.
        constant: mapping of what is the same in all records of a data stream.
        long: mapping of a long text to search within.
        policies: whether there are lifecycle policies; a data stream's own lifecycle is in both.
        roles: whether roles are made through the API, and not in `roles.yml` alone.
    """

    name: str
    text: Mapping
    constant: Mapping
    long: Mapping
    policies: bool
    roles: bool


KEYWORD: Final[Mapping] = {"type": "keyword", "ignore_above": _KEYWORD_LIMIT}

PROFILES: Final = {
    "full": Profile(
        name="full",
        text={"type": "match_only_text"},
        constant={"type": "constant_keyword"},
        long={"type": "wildcard", "ignore_above": _LONG_LIMIT},
        policies=True,
        roles=True,
    ),
    "core": Profile(
        name="core",
        text={"type": "text"},
        constant=KEYWORD,
        long={"type": "keyword", "ignore_above": _LONG_LIMIT},
        policies=False,
        roles=False,
    ),
}
