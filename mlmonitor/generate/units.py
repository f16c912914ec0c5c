"""Units that Grafana knows by an id, as far as dashboards need them."""

from __future__ import annotations

from typing import Final

from mlmonitor import promql

UNITS: Final = frozenset(
    {
        *("none", "short", "sishort", "string", "sci", "hex", "locale", "bool", "bool_yes_no"),
        *("percent", "percentunit", "celsius", "fahrenheit"),
        *("bits", "decbits", "bytes", "decbytes", "Bps", "binBps", "bps", "binbps"),
        *("ns", "µs", "ms", "s", "m", "h", "d", "dtdurationms", "dtdurations", "dthms", "dtdhms"),
        *("dateTimeAsIso", "dateTimeAsLocal", "dateTimeAsSystem", "dateTimeFromNow"),
        *("cps", "ops", "reqps", "rps", "wps", "iops", "eps", "recps", "rowsps"),
        *("cpm", "opm", "rpm", "wpm", "epm", "recpm", "rowspm", "reqpm"),
        *("currencyUSD", "currencyGBP", "currencyEUR", "currencyJPY", "currencyCHF", "currencySEK"),
        *("lengthm", "lengthkm", "lengthft", "lengthmi", "massg", "masskg", "masslb"),
        *("areaM2", "areaF2", "areaMI2"),
        *("velocityms", "velocitykmh", "velocitymph", "watt", "kwatt", "watth", "kwatth"),
        *("volt", "amp", "hertz", "rothz", "pressurepa", "pressurebar", "degree", "radian"),
    }
)
_OWN: Final = ("prefix:", "suffix:", "time:", "si:", "count:", "currency:")
"""How an id begins whose rest is the unit itself."""


def problem(unit: str) -> str | None:
    """What is wrong with a unit, or nothing."""
    if unit in UNITS or (unit.startswith(_OWN) and not unit.endswith(":")):
        return None
    ending = promql.nearest(unit, UNITS, "; write `suffix:` and its sign.")
    return f"no unit {unit!r} of Grafana{ending}"
