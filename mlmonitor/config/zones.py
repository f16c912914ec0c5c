"""Time zones that Alertmanager knows."""

from __future__ import annotations

import difflib
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_OF_GO: Final = ("UTC", "Local")


def is_known(name: str) -> bool:
    """Whether there is a time zone of this name; yes, where this machine knows of none."""
    return name in _OF_GO or _is_here(name) or not available_timezones()


def nearest(name: str) -> str | None:
    """The most similar time zone; of a city alone, the one of that city."""
    known = sorted({*_OF_GO, *available_timezones()})
    plain = name.strip().replace(" ", "_").casefold()
    of_a_city = {one.rpartition("/")[2].casefold(): one for one in known}
    whole = {one.casefold(): one for one in known}
    for among in (whole, of_a_city):
        if found := difflib.get_close_matches(plain, among, n=1, cutoff=0.8):
            return among[found[0]]
    return None


def _is_here(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return True
