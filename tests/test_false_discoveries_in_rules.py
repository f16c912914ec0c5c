"""The limit of p-values at the ranks of Benjamini and Hochberg that the rules know, 1, 2, 4 ... 2048.

Thousands of columns are needed for that, so that the p-values are given and not made from rows. The
last rank, 4096, needs more samples than promtool takes into one query.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
import yaml

from mlmonitor.generate.prometheus import RuleSettings, drift_rules
from tests import components
from tests.promtool_values import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SETTINGS: Final = RuleSettings(windows=(3600.0,))
FILE: Final = "prometheus/drift.rules.yml"
RULES: Final = (
    "mlmonitor:model:tested_columns", "mlmonitor:column:p_value_rank", "mlmonitor:model:p_value_limit",
)  # fmt: skip
RANKS: Final = tuple(2**power for power in range(12))
ALPHA: Final = 0.01
LABELS: Final = (
    'namespace="test", version="1", role="live", reference="a", baseline="reference", '
    'side_group="input", window="1h"'
)


# How many columns fewer than a rank needs have p-values of which share of what it allows.
WORLDS: Final = {"enough": (0, 0.999), "one fewer": (1, 0.999), "too large": (0, 1.001)}


def _models(world: str, ranks: tuple[int, ...]) -> dict[str, list[float]]:
    """A model for each rank, and the p-values of its columns."""
    fewer, share = WORLDS[world]
    return {
        f"{world} {rank}": [
            *[share * rank * ALPHA / (rank + 3)] * (rank - fewer),
            *[1.0] * (3 + fewer),
        ]
        for rank in ranks
    }


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where a limit is not the largest rank's that at least as many columns reach."""
    group = yaml.load(files[FILE], yaml.CSafeLoader)["groups"][0]
    group["rules"] = [rule for rule in group["rules"] if rule["record"] in RULES]
    path = folder / "limits.rules.yml"
    path.write_text(yaml.dump({"groups": [group]}, Dumper=yaml.CSafeDumper))
    # One after the other: promtool holds ten thousand samples in one query at most.
    for world, ranks in itertools.product(WORLDS, (RANKS[:-1], RANKS[-1:])):
        models = _models(world, ranks)
        samples = recorded(
            promtool,
            [path],
            dict(_series(models)),
            "mlmonitor:model:p_value_limit",
            at="5m",
            scrape="5m",
            step="5m",
            folder=folder,
        )
        found = {labels["model"]: value for labels, value in samples}
        assert found == pytest.approx({model: _limit(np.array(p)) for model, p in models.items()})


def _series(models: Mapping[str, list[float]]) -> Iterator[tuple[str, str]]:
    for model, p_values in models.items():
        labels = f'model="{model}", {LABELS}'
        yield f"mlmonitor:model:threshold_alpha{{{labels}}}", f"{ALPHA} {ALPHA}"
        for index, p_value in enumerate(p_values):
            of = f'column="{index}", side="input", {labels}'
            yield f"mlmonitor:column:p_value{{{of}}}", f"{p_value:.20f} {p_value:.20f}"


def _limit(p_values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Benjamini and Hochberg (1995), at the ranks that are powers of two, and at 1 in any case."""
    size = len(p_values)
    reached = [r for r in RANKS if (p_values <= r * ALPHA / size).sum() >= r]
    return max(reached, default=1) * ALPHA / size


def test_the_limit_is_that_of_the_largest_rank_that_enough_columns_reach(tmp_path: Path) -> None:
    check(components.promtool("3"), drift_rules(SETTINGS), tmp_path)
