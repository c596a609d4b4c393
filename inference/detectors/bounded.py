"""A network's answer, held to numbers that something can be said by."""

import torch
from torch import Tensor

from inference.detectors.archive import UnusableModel

_CERTAIN = 60.0  # logit: beyond any that tells probabilities apart


def bounded(logits: Tensor) -> Tensor:
    """Logits without infinities, which mean "certainly" and would spoil what lies beside them.

    Raises
    ------
    UnusableModel
        For NaN: no voxel of it is above any threshold, so that it would read as "no lesion".
    """
    if torch.isfinite(logits.sum()):
        return logits
    if logits.isnan().any():
        raise UnusableModel(
            "the network answered NaN (not a number), so that nothing can be said about this"
            " examination: check its weights, its precision and what it divides by"
        )
    return logits.clamp(-_CERTAIN, _CERTAIN)
