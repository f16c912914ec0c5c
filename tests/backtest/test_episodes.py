from __future__ import annotations

import numpy as np
import pytest

from mlmonitor.backtest.episodes import Waits, episodes


def _fired(states: str, waits: Waits, seconds: float = 300.0) -> list[tuple[float, float]]:
    """Episodes of a condition that is as `#` (holds) and `.` (does not) say, a step each."""
    holds = np.array([state == "#" for state in states])
    at = np.arange(len(holds)) * seconds
    return episodes(at, holds, len(holds) * seconds, waits)


@pytest.mark.parametrize(
    ("states", "waits", "expected"),
    [
        ("....", Waits(0, 0), []),
        (".#..", Waits(0, 0), [(300, 600)]),
        ("..##", Waits(0, 0), [(600, 1200)]),
        ("#.#.", Waits(0, 0), [(0, 300), (600, 900)]),
        ("#.#.", Waits(0, 600), [(0, 1200)]),
        ("#..#....", Waits(0, 600), [(0, 1800)]),
        ("#...#...", Waits(0, 600), [(0, 900), (1200, 2100)]),
        (".#..", Waits(300, 0), []),
        (".##.", Waits(300, 0), [(600, 900)]),
        (".##.", Waits(299, 0), [(600, 900)]),
        (".#.#.##.", Waits(300, 0), [(1800, 2100)]),
        (".##.#..", Waits(300, 600), [(600, 2100)]),
        (".##...#.", Waits(300, 600), [(600, 1500)]),
    ],
)
def test_an_alert_fires_after_for_and_until_keep_firing_for(states, waits, expected):
    assert _fired(states, waits) == expected


def test_an_alert_fires_at_one_of_its_evaluations():
    assert _fired("##", Waits(90, 0, evaluation=60)) == [(120, 600)]
