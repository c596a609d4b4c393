"""Boxes, then a mask in each, cleaned by a conditional random field: Mask R-CNN with CRF, for CT.

The boxes are FCOS' (`boxes`), the masks a small network's on a crop of fixed size (He et al. 2017),
the field a mean-field approximation on each crop (Krähenbühl, Koltun 2011; Zheng et al. 2015) with
neighbours within one voxel, alike in place and in Hounsfield units.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from inference.detectors.networks.boxes import Fcos, boxes_of
from inference.detectors.networks.staged import LOWEST, around
from inference.detectors.networks.volumes import chain

_STEPS, _WEIGHT = 3, 2.0  # of the mean field; how much neighbours count against the voxel's own
_ALIKE = 2.0  # robust standard deviations: neighbours that differ by more say little


class MaskRcnn(Fcos):
    """FCOS' boxes; in each a mask, smoothed by the field; the lesion has the box's logit."""

    def __init__(self, width: int, inputs: int, crop: int = 24) -> None:
        super().__init__(width, inputs=inputs)
        self.crop = crop
        self.mask = nn.Sequential(chain(inputs, [width, width, width]), nn.Conv3d(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Where a mask says no, the logit falls from the box's."""
        out = torch.full_like(x[:, :1], LOWEST)
        for item, (values, boxes) in enumerate(self.found(x)):
            for value, box in zip(values, boxes, strict=True):
                part = self._crop_of(box, x.shape[2:])
                image = x[(item, slice(None), *part)]
                inside = mean_field(self.mask(image[None])[0, 0].float(), image.float())
                logit = value.clamp(1e-4, 1 - 1e-4).logit() + inside.clamp(max=0)
                here = out[(item, 0, *part)]
                out[(item, 0, *part)] = torch.maximum(here, logit.to(out.dtype))
        return out

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """The boxes' loss, and cross entropy of the masks around true boxes."""
        losses = []
        for item, boxes in enumerate(boxes_of(target)):
            for box in boxes:
                part = self._crop_of(box, voxels.shape[2:])
                logits = self.mask(voxels[(item, slice(None), *part)][None])[0, 0].float()
                truth = (target[(item, 0, *part)] > 0).float()
                losses.append(binary_cross_entropy_with_logits(logits, truth))
        whole = super().loss(voxels, target)
        return whole + torch.stack(losses).mean() if losses else whole

    def _crop_of(self, box: Tensor, shape: torch.Size) -> tuple[slice, slice, slice]:
        z, y, x = ((box[:3] + box[3:]) / 2).round().int().tolist()
        return around((z, y, x), shape, self.crop)


def mean_field(logits: Tensor, image: Tensor, steps: int = _STEPS) -> Tensor:
    """Logits (d, h, w) after voxels have heard their 26 neighbours.

    Parameters
    ----------
    logits
        Of the voxels by themselves.
    image
        (channel, d, h, w): neighbours that look alike count more.
    """
    shifts = [s for s in torch.cartesian_prod(*[torch.arange(3)] * 3).tolist() if s != [1, 1, 1]]

    def shifted(values: Tensor) -> Tensor:
        """(neighbour, ..., d, h, w)."""
        spread = pad(values[None], (1,) * 6, mode="replicate")[0]
        d, h, w = values.shape[-3:]
        return torch.stack([spread[..., a : a + d, b : b + h, c : c + w] for a, b, c in shifts])

    far = torch.tensor([sum((n - 1) ** 2 for n in s) for s in shifts], device=logits.device)
    away = (shifted(image) - image).square().mean(1)
    near = torch.exp(-far / 2)
    weights = torch.exp(-away / (2 * _ALIKE**2)) * (near / near.sum())[:, None, None, None]
    found = logits
    for _ in range(steps):
        said = (weights * shifted(2 * found.sigmoid()[None] - 1)[:, 0]).sum(0)
        found = logits + _WEIGHT * said
    return found
