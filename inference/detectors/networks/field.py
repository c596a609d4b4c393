"""A conditional random field that cleans a map of logits, by mean-field approximation.

After Krähenbühl, Koltun 2011 and Zheng et al. 2015, with the 26 neighbours in place of all voxels:
those that lie nearer and look alike count more.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from inference.detectors.networks.volumes import Rare

_STEPS, _WEIGHT = 3, 2.0  # of the mean field; how much neighbours count against the voxel's own
_ALIKE = 2.0  # robust standard deviations: neighbours that differ by more say little
_SHIFTS = [
    (a, b, c) for a in range(3) for b in range(3) for c in range(3) if (a, b, c) != (1, 1, 1)
]


class Cleaned(Rare):
    """A network whose map is cleaned by the field when it detects, not while it learns.

    As DeepMedic's is (Kamnitsas et al. 2017: a field over all voxels, fitted after the network).
    """

    def forward(self, x: Tensor) -> Tensor:
        """The body's lowered logits; in evaluation after the field."""
        logits = super().forward(x)
        if self.training:
            return logits
        pairs = zip(logits[:, 0], x, strict=True)
        return torch.stack([mean_field(one.float(), image.float()) for one, image in pairs])[
            :, None
        ]


def mean_field(logits: Tensor, image: Tensor, steps: int = _STEPS) -> Tensor:
    """Logits (d, h, w) after voxels have heard their 26 neighbours.

    Parameters
    ----------
    logits
        Of the voxels by themselves.
    image
        (channel, d, h, w): neighbours that look alike count more.
    """
    near = [float(torch.tensor(-sum((n - 1) ** 2 for n in s) / 2).exp()) for s in _SHIFTS]
    wide = _spread(image)
    weights = []  # of each neighbour, one at a time: all at once would need 26 images
    for shift, by_place in zip(_SHIFTS, near, strict=True):
        away = (_shifted(wide, shift) - image).square().mean(0)
        weights.append(torch.exp(-away / (2 * _ALIKE**2)) * (by_place / sum(near)))
    found = logits
    for _ in range(steps):
        said = _spread(2 * found.sigmoid() - 1)
        heard = torch.zeros_like(found)
        for shift, weight in zip(_SHIFTS, weights, strict=True):
            heard = heard + weight * _shifted(said, shift)
        found = logits + _WEIGHT * heard
    return found


def _spread(values: Tensor) -> Tensor:
    """(..., d, h, w) with its outermost voxels once more around it."""
    shape = values.shape
    padded = pad(values.reshape(1, -1, *shape[-3:]), (1,) * 6, mode="replicate")
    return padded.reshape(*shape[:-3], *padded.shape[-3:])


def _shifted(spread: Tensor, shift: tuple[int, int, int]) -> Tensor:
    """What each voxel's neighbour is, of an array that was spread."""
    d, h, w = (n - 2 for n in spread.shape[-3:])
    a, b, c = shift
    return spread[..., a : a + d, b : b + h, c : c + w]
