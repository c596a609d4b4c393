"""Counting as the BraTS-METS challenge of 2023 does, beside our own rule (`inference.metrics`).

Written from the challenge's description (Moawad et al. 2023, arXiv:2306.00838): the truth is grown
by one voxel, what then hangs together is one lesion; every proposal that touches it belongs to it
(many to one); a missed lesion and a proposal that touches none score Dice 0 and 374 mm. No code of
the challenge's own scorer was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.agreement import agreement
from inference.lesions import Extent

MISSED_MM = 374.0
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


@dataclass(frozen=True)
class BratsScore:
    """One case: Dice and Hausdorff 95 of each true lesion, and how many proposals found none."""

    dice: tuple[float, ...]
    hd95_mm: tuple[float, ...]
    false_positives: int

    @property
    def lesion_wise_dice(self) -> float:
        """Mean over true lesions and false positives; 1 where there is neither."""
        count = len(self.dice) + self.false_positives
        return sum(self.dice) / count if count else 1.0

    @property
    def lesion_wise_hd95_mm(self) -> float:
        """Mean over true lesions and false positives, mm; 0 where there is neither."""
        count = len(self.hd95_mm) + self.false_positives
        total = sum(self.hd95_mm) + MISSED_MM * self.false_positives
        return total / count if count else 0.0

    @property
    def sensitivity(self) -> float:
        """Share of true lesions that a proposal touches; NaN without lesions."""
        return (
            float(np.mean([d < MISSED_MM for d in self.hd95_mm])) if self.hd95_mm else float("nan")
        )


def score(
    proposals: Sequence[Extent], labels: NDArray[np.uint8], spacing_mm: NDArray[np.float64]
) -> BratsScore:
    """Count one case.

    Parameters
    ----------
    proposals
        Those above the operating point, on the grid of `labels`.
    labels
        (z, y, x), not 0 in true lesions.
    """
    truth = labels > 0
    pieces: NDArray[np.integer[Any]] = ndimage.label(_grown(truth), structure=_ALL_NEIGHBOURS)[0]
    painted = np.zeros(labels.shape, np.int32)
    for number, each in enumerate(proposals, start=1):
        part = painted[_box(each)]
        part[each.mask > 0] = number
    touched: set[int] = set()
    pairs: list[tuple[float, float]] = []
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        mine = set(np.unique(painted[box][pieces[box] == number]).tolist()) - {0}
        touched |= mine
        pairs.append(_pair(pieces, number, truth, painted, mine, spacing_mm))
    return BratsScore(
        tuple(dice for dice, _ in pairs),
        tuple(distance for _, distance in pairs),
        len(proposals) - len(touched),
    )


def _grown(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The truth grown by one voxel in every direction; only its box is worked on."""
    grown = np.zeros_like(truth)
    if not truth.any():
        return grown
    found = np.argwhere(truth)
    low, high = np.maximum(found.min(0) - 1, 0), found.max(0) + 2
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grown[box] = ndimage.binary_dilation(truth[box], _ALL_NEIGHBOURS)
    return grown


def _box(each: Extent) -> tuple[slice, slice, slice]:
    z, y, x = (slice(o, o + n) for o, n in zip(each.offset, each.mask.shape, strict=True))
    return z, y, x


def _pair(
    pieces: NDArray[np.integer[Any]],
    number: int,
    truth: NDArray[np.bool_],
    painted: NDArray[np.int32],
    mine: set[int],
    spacing_mm: NDArray[np.float64],
) -> tuple[float, float]:
    """Dice and Hausdorff 95 of a lesion with all proposals that touch it, as one mask."""
    if not mine:
        return 0.0, MISSED_MM
    theirs = np.isin(painted, list(mine))
    here = (pieces == number) & truth
    found = np.argwhere(theirs | here)
    low, high = found.min(0), found.max(0) + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    both = agreement(theirs[box], here[box], spacing_mm)
    return both.dice, both.hd95_mm
