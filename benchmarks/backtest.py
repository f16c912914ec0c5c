"""How long `mlmonitor backtest` takes: 28 days of 80 columns, simulated at 1/s, with the delays.

Seconds are of the processor, so that neighbours on the machine do not count.
"""

from __future__ import annotations

import time
from typing import Final

from benchmarks.harness import Result, report
from benchmarks.worlds import World
from mlmonitor.backtest.run import Simulated, backtest_of
from mlmonitor.config import MonitoringConfig

_TARGET: Final = 120.0
CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"windows": ["1h", "6h", "1d", "7d"]},
        "alerts": {"baselines": ["reference", "previous"]},
    }
)


def main() -> None:
    """Time the replay alone, and with the delays."""
    reference = World(0, 1.0).reference
    results = []
    for name, delays in (("replay of 28 days, 80 columns", False), ("the same, and delays", True)):
        started = time.process_time()
        backtest_of(CONFIG, reference, Simulated.of("28d", "1/s"), delays=delays)
        taken = time.process_time() - started
        results.append(Result(name, taken, _TARGET, "s"))
    report("backtest", "mlmonitor backtest", results)


if __name__ == "__main__":
    main()
