"""Boxes, then a mask in each, cleaned by a conditional random field: Mask R-CNN with CRF, for CT.

The boxes are FCOS' (`boxes`), the masks a small network's on a crop of fixed size (He et al. 2017),
the field `field`'s, on each crop, with neighbours alike in place and in Hounsfield units.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from inference.detectors.networks.boxes import Fcos, boxes_of
from inference.detectors.networks.field import mean_field
from inference.detectors.networks.staged import LOWEST, around
from inference.detectors.networks.volumes import chain


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
