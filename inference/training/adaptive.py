"""Which case a patch is cut from: any alike, or more often those that cost most lately.

The second is after the adaptive sampling of nnU-Net's extensions for brain metastases (Pflüger et
al. 2022; Guo, Yoo): hard cases come back more often. How the chance follows the loss is ours, not
taken from a paper: half of it is the same for every case, half grows with the moving average of
the case's loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WAYS = ("uniform", "by-loss")
_EVEN = 0.5  # of the chance, the same for every case: none is forgotten
_KEEP = 0.9  # of a case's average at each of its steps


@dataclass
class Recent:
    """The moving average of each case's loss, by its seed."""

    losses: dict[int, float] = field(default_factory=dict)

    def hear(self, seeds: Sequence[int], loss: float) -> None:
        """Take in a step's loss for each of its cases, unless it is not finite."""
        if np.isfinite(loss):
            for seed in seeds:
                before = self.losses.get(seed, loss)
                self.losses[seed] = _KEEP * before + (1 - _KEEP) * loss

    def chances(self, seeds: Sequence[int]) -> NDArray[np.float64]:
        """The chance of each case to be drawn; of one not seen yet, as of the hardest."""
        hardest = max(self.losses.values(), default=1.0)
        costs = np.maximum([self.losses.get(seed, hardest) for seed in seeds], 0)
        even = np.full(len(seeds), 1 / len(seeds))
        return even if not costs.any() else _EVEN * even + (1 - _EVEN) * costs / costs.sum()
