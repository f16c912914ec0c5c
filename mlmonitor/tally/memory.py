"""The memory of a tally: the layout's cells and, behind them, the planes of its kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mlmonitor.tally import categories
from mlmonitor.tally.kernel import Planes

if TYPE_CHECKING:
    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.layout import Layout

# Below 2**53 units sums are exact: 285 years of predictions, 1e11 and 1e13 of deviations.
_DURATION_UNIT: Final = 2.0**-20
_DEVIATION_UNIT: Final = 2.0**-16
_SQUARE_UNIT: Final = 2.0**-10
_BUSINESS_UNIT: Final = 2.0**-16


@dataclass(frozen=True)
class MemoryMap:
    """Where the parts of a tally's memory start, in float64 values.

    The same layout gives the same map, so that any worker can read the memory of another.

    Attributes:
        numeric, others: for each block, where the planes of its two kernels are.
        size: number of float64 values in all.
    """

    layout: Layout
    numeric: tuple[slice, ...]
    others: tuple[slice, ...]
    size: int

    @classmethod
    def of(cls, layout: Layout) -> MemoryMap:
        """Place the planes of each block behind the cells."""
        end = layout.size
        numeric: list[slice] = []
        others: list[slice] = []
        for block in layout.blocks:
            for parts, size in (
                (numeric, Planes.size(block)),
                (others, categories.plane_size(block)),
            ):
                parts.append(slice(end, end + size))
                end += size
        return cls(layout, tuple(numeric), tuple(others), end)

    def cells(self, memory: Floats) -> Floats:
        """The layout's cells with the planes summed into them; `memory` has shape (size,).

        Sums of fractions are rounded down to binary fractions, so that the cells of several workers
        add up to the same number in whatever order: a counter that falls by a rounding error is a
        restart to Prometheus.
        """
        cells = np.array(memory[: self.layout.size])
        for block, numeric, others in zip(
            self.layout.blocks, self.numeric, self.others, strict=True
        ):
            Planes.of(block, memory[numeric]).add_to(cells, block)
            if others.start < others.stop:
                categories.add_planes(cells, block, memory[others])
        cells[self.layout.duration_sum] = _rounded(cells[self.layout.duration_sum], _DURATION_UNIT)
        for block in self.layout.blocks:
            for part in (block.above, block.below):
                cells[part] = _rounded(cells[part], _DEVIATION_UNIT)
            cells[block.squares] = _rounded(cells[block.squares], _SQUARE_UNIT)
        for one in self.layout.business:
            if one.metric.type != "gauge":
                cells[one.cells] = _rounded(cells[one.cells], _BUSINESS_UNIT)
        return cells


def _rounded(sums: Any, unit: float) -> Any:
    return np.floor(sums / unit) * unit
