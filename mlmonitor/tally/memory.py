"""The memory of a tally: the layout's cells and, behind them, the planes of its kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlmonitor.tally import categories
from mlmonitor.tally.kernel import Planes

if TYPE_CHECKING:
    from mlmonitor.tally.kernel import Floats
    from mlmonitor.tally.layout import Layout


@dataclass(frozen=True)
class MemoryMap:
    """Where the parts of a tally's memory start, in float64 values.

    The same layout gives the same map, so that the memories of several workers can be added
    before they are read.

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
        end, numeric, others = layout.size, [], []
        for block in layout.blocks:
            for parts, size in (
                (numeric, Planes.size(block)),
                (others, categories.plane_size(block)),
            ):
                parts.append(slice(end, end + size))
                end += size
        return cls(layout, tuple(numeric), tuple(others), end)

    def cells(self, memory: Floats) -> Floats:
        """The layout's cells with the planes summed into them; `memory` has shape (size,)."""
        cells = np.array(memory[: self.layout.size])
        for block, numeric, others in zip(
            self.layout.blocks, self.numeric, self.others, strict=True
        ):
            Planes.of(block, memory[numeric]).add_to(cells, block)
            if others.start < others.stop:
                categories.add_planes(cells, block, memory[others])
        return cells
