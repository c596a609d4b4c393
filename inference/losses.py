"""Losses for lesion segmentation: those that MONAI lacks, and all by name.

Shapes: logits and targets (batch, 1, z, y, x). A target is 0, or the positive weight of the lesion
that the voxel belongs to, so that small lesions count as much as large ones.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

Loss = Callable[..., Tensor]  # of logits and target; some take an `alpha` too


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


def volume_aware_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Soft Dice in which each voxel counts by its lesion's weight (after Chartrand et al. 2022)."""
    hit = (target > 0).to(logits.dtype)
    weight = torch.where(target > 0, target, torch.ones_like(target))
    p = torch.sigmoid(logits)
    smooth = 1.0
    overlap = 2 * (weight * p * hit).sum() + smooth
    return 1 - overlap / ((weight * p).sum() + (weight * hit).sum() + smooth)


def lesion_wise_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Mean soft Dice over lesions, each with the voxels nearest to it, and false alarms.

    It adapts to size as the adaptive Dice losses of the nnU-Net extensions mean to: each lesion
    counts the same whatever its volume. The formula is ours (a Voronoi cell a lesion), not taken
    from a paper. A patch without lesions costs its mean probability.
    """
    p = torch.sigmoid(logits)
    costs = []
    for item, truth in zip(p[:, 0], target[:, 0] > 0, strict=True):
        pieces, count = ndimage.label(truth.cpu().numpy())
        if not count:
            costs.append(item.mean())
            continue
        nearest = ndimage.distance_transform_edt(
            pieces == 0, return_distances=False, return_indices=True
        )
        cells = torch.from_numpy(pieces[tuple(nearest)] - 1).to(item.device).flatten().long()
        zeros = torch.zeros(count, dtype=item.dtype, device=item.device)
        hit = truth.to(item.dtype).flatten()
        both = zeros.index_add(0, cells, item.flatten() * hit)
        either = zeros.index_add(0, cells, item.flatten() + hit)
        costs.append((1 - (2 * both + 1) / (either + 1)).mean())
    return torch.stack(costs).mean()


def hardest_entropy(logits: Tensor, target: Tensor, *, share: float = 0.02) -> Tensor:
    """Online hard example mining: cross entropy of all lesion voxels and the worst others.

    As many others as three times the lesions' voxels, at least `share` of the patch (Shrivastava
    et al. 2016).
    """
    hit = (target > 0).to(logits.dtype)
    entropy = binary_cross_entropy_with_logits(logits, hit, reduction="none")
    positive = entropy[hit > 0]
    count = max(3 * positive.numel(), int(share * hit.numel()), 1)
    others = entropy[hit == 0]
    hardest = others.topk(min(count, others.numel())).values
    return torch.cat([positive, hardest]).mean()


def joint_sensitivity_specificity(
    logits: Tensor, target: Tensor, *, alpha: float = 0.995
) -> Tensor:
    """JVSS: a voxel loss and the VSS loss of this `alpha` together (Huang et al. 2022)."""
    by_patch = sensitivity_specificity(logits, target, alpha=alpha)
    return size_weighted_dice_focal(logits, target) + by_patch


def dice(logits: Tensor, target: Tensor) -> Tensor:
    """MONAI's soft Dice over the batch."""
    from monai.losses.dice import DiceLoss

    loss: Tensor = DiceLoss(sigmoid=True, batch=True)(logits, (target > 0).float())
    return loss


def focal(logits: Tensor, target: Tensor) -> Tensor:
    """MONAI's focal loss; lesions weigh nine times as much as the rest."""
    from monai.losses.focal_loss import FocalLoss

    loss: Tensor = FocalLoss(gamma=2.0, alpha=0.9)(logits, (target > 0).float())
    return loss


def tversky(logits: Tensor, target: Tensor) -> Tensor:
    """MONAI's Tversky loss; a miss costs more (0.7) than a false alarm (0.3)."""
    from monai.losses.tversky import TverskyLoss

    loss: Tensor = TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7, batch=True)(
        logits, (target > 0).float()
    )
    return loss


LOSSES: dict[str, Loss] = {
    "size-weighted": size_weighted_dice_focal,
    "dice": dice,
    "focal": focal,
    "tversky": tversky,
    "ohem": hardest_entropy,
    "volume-aware-dice": volume_aware_dice,
    "lesion-wise-dice": lesion_wise_dice,
    "vss": sensitivity_specificity,
    "jvss": joint_sensitivity_specificity,
}
_WEIGHED = ("vss", "jvss")  # by an alpha


def chosen(name: str, alpha: float | None = None) -> Loss:
    """A loss by name.

    Parameters
    ----------
    alpha
        Of VSS and JVSS: the weight of sensitivity, 0 to 1; None: their own, 0.995.

    Raises
    ------
    ValueError
        Naming the losses there are; for an alpha of another loss, or out of its range.
    """
    if name not in LOSSES:
        raise ValueError(f"no loss {name!r}; there are: {', '.join(LOSSES)}")
    if alpha is None:
        return LOSSES[name]
    if name not in _WEIGHED:
        raise ValueError(f"{name} has no alpha; {' and '.join(_WEIGHED)} have")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is the weight of sensitivity, 0 to 1, not {alpha}")
    return partial(LOSSES[name], alpha=alpha)
