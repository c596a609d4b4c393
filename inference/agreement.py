"""How well two outlines of one lesion agree: Dice, Hausdorff 95, surface Dice, volume.

The distances are MONAI's (`monai.metrics`), on a box around both masks; tests hold them against a
computation of their own.
"""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE_MM = 1.0  # of the surface Dice: a border within it counts as the same
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Agreement of a proposal with the lesion it found.

    Attributes
    ----------
    dice
        Overlap, 0-1.
    hd95_mm
        95th percentile of the distances between the borders, the worse direction.
    surface_dice
        Share of both borders that lies within `TOLERANCE_MM` of the other (Nikolov et al. 2021).
    volume_error
        Proposed over true volume, less 1: 0.2 is a fifth too large.
    """

    dice: float
    hd95_mm: float
    surface_dice: float
    volume_error: float

    def rounded(self) -> dict[str, float]:
        """For JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def agreement(found: Bools, truth: Bools, spacing_mm: NDArray[np.float64]) -> Agreement:
    """Compare two masks (z, y, x) of one shape, neither empty.

    Raises
    ------
    ValueError
        If the shapes differ or a mask is empty.
    """
    if found.shape != truth.shape:
        raise ValueError(f"masks of {found.shape} and {truth.shape}: bring them to one box")
    if not found.any() or not truth.any():
        raise ValueError("a mask is empty: there is no agreement to measure")
    import torch
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance
    from monai.metrics.surface_dice import compute_surface_dice

    a, b = (torch.from_numpy(np.pad(each, 1))[None, None].float() for each in (found, truth))
    spacing = [float(v) for v in spacing_mm]
    with warnings.catch_warnings():  # of MONAI's use of its own old argument
        warnings.simplefilter("ignore", FutureWarning)
        distance = compute_hausdorff_distance(
            a, b, include_background=True, percentile=95, spacing=spacing
        )
        surface = compute_surface_dice(
            a, b, [TOLERANCE_MM], include_background=True, spacing=spacing
        )
    return Agreement(
        dice=2 * float((found & truth).sum()) / float(found.sum() + truth.sum()),
        hd95_mm=float(distance),
        surface_dice=float(surface),
        volume_error=float(found.sum() / truth.sum() - 1),
    )
