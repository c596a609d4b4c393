"""Losses for lesion segmentation that MONAI lacks.

Shapes: logits and targets (batch, 1, z, y, x). A target is 0, or the positive weight of the lesion
that the voxel belongs to, so that small lesions count as much as large ones.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def lesion_weights(
    labels: NDArray[np.uint8], sizes: NDArray[np.float32], reference: float = 150.0
) -> NDArray[np.float32]:
    """Per-voxel weights that fall with the square root of the lesion's volume, 0.4 to 5.

    The idea of volume-aware losses (Hu et al. 2019): without it a 20 mm metastasis has as many
    voxels as a thousand of 2 mm.

    Parameters
    ----------
    labels
        Lesion numbers, 0 outside.
    sizes
        Volume in voxels by lesion number (index 0 unused).
    reference
        Volume in voxels whose weight is 1.
    """
    weights = np.clip(np.sqrt(reference / np.maximum(sizes, 1)), 0.4, 5.0).astype(np.float32)
    weights[0] = 0
    return np.asarray(weights[labels])


def size_weighted_dice_focal(
    logits: Tensor, target: Tensor, *, gamma: float = 2.0, focal_share: float = 2.0
) -> Tensor:
    """Soft Dice and focal loss, both weighted by lesion size."""
    hit = (target > 0).to(logits.dtype)
    weight = torch.where(target > 0, target, torch.ones_like(target))
    p = torch.sigmoid(logits)
    smooth = 20.0
    overlap = 2 * (weight * p * hit).sum() + smooth
    dice = 1 - overlap / ((weight * p).sum() + (weight * hit).sum() + smooth)
    entropy = binary_cross_entropy_with_logits(logits, hit, reduction="none")
    missed = (1 - torch.where(hit > 0, p, 1 - p)) ** gamma
    balance = torch.where(hit > 0, 0.8, 0.4)
    focal = (missed * entropy * weight * balance).sum() / target.sum().clamp(min=300)
    return dice + focal_share * focal


def sensitivity_specificity(logits: Tensor, target: Tensor, *, alpha: float = 0.995) -> Tensor:
    """VSS loss: sensitivity and specificity per patch instead of per voxel (Huang et al. 2022).

    A patch with lesions should have one voxel inside them that is certain; a patch without should
    have none. `alpha` weighs sensitivity.
    """
    hit = (target > 0).to(logits.dtype)
    p = torch.sigmoid(logits)
    axes = (1, 2, 3, 4)
    positive = hit.amax(axes)
    sensitivity = (p * hit).amax(axes).sum() / positive.sum().clamp(min=1)
    negative = 1 - positive
    false = (negative * p.amax(axes)).sum() / negative.sum().clamp(min=1)
    share = torch.where(positive.sum() > 0, alpha, 0.0)
    return share * (1 - sensitivity) + (1 - share) * false
