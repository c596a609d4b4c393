"""A detector of boxes: FCOS 3-D on a feature pyramid.

torchvision does not fit a CPU torch, so the pyramid is our own. A box is written into the map as
the ellipsoid inside it, with the box's logit: from there on boxes go the way of all proposals.
"""

import torch
from monai.data.box_utils import non_max_suppression
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate, smooth_l1_loss

from inference.detectors.networks.staged import LOWEST, paint
from inference.detectors.networks.volumes import chain

_MOST = 100


class Pyramid(nn.Module):
    """Features at strides 2 and 4, the finer enriched by the coarser (Lin et al. 2017)."""

    def __init__(self, width: int, inputs: int = 4) -> None:
        super().__init__()
        self.out_channels = 2 * width
        self.start = chain(inputs, [width])
        self.finer = nn.Sequential(nn.MaxPool3d(2), chain(width, [2 * width]))
        self.coarser = nn.Sequential(nn.MaxPool3d(2), chain(2 * width, [2 * width]))
        self.lateral = nn.Conv3d(2 * width, 2 * width, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Features by name, the finer first."""
        half = self.finer(self.start(x))
        quarter = self.coarser(half)
        risen = interpolate(quarter, size=half.shape[2:])
        return {"half": self.lateral(half) + risen, "quarter": quarter}


class Fcos(nn.Module):
    """Every place inside a lesion gives distances to its box's six sides (after Yoo et al. 2021).

    One level (stride 2): the lesions of the field differ less in size than the objects of
    photographs.
    """

    is_differentiable = False  # boxes are painted: no slope by the voxels, no heat maps

    def __init__(self, width: int, stride: int = 2, inputs: int = 4) -> None:
        super().__init__()
        self.pyramid, self.stride = Pyramid(width, inputs), stride
        self.head = nn.Sequential(
            chain(2 * width, [2 * width]), nn.Conv3d(2 * width, 8, 3, padding=1)
        )

    def raw(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits and centre logits (B, d, h, w); distances in voxels (B, 6, d, h, w)."""
        y = self.head(self.pyramid(x)["half"]).float()
        return y[:, 0] - 4.0, y[:, 1], self.stride * (y[:, 2:].clamp(-4, 4)).exp()

    def forward(self, x: Tensor) -> Tensor:
        """Decode, suppress doubles, paint."""
        out = torch.full_like(x[:, :1], LOWEST)
        for item, (values, boxes) in enumerate(self.found(x)):
            paint_boxes(out[item, 0], values, boxes)
        return out

    def found(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Probabilities (n,) and boxes (n, 6; low then high corner, voxels) of each case."""
        classes, centres, sides = self.raw(x)
        scores = (classes.sigmoid() * centres.sigmoid()).sqrt()
        answers = []
        for item in range(len(x)):
            best = scores[item].flatten().topk(min(_MOST, scores[item].numel()))
            kept = best.indices[best.values > 0.05]
            places = torch.stack(torch.unravel_index(kept, scores[item].shape), 1) * self.stride
            reach = sides[item].flatten(1)[:, kept].T
            boxes = torch.cat([places - reach[:, :3], places + reach[:, 3:]], 1)
            values = best.values[: len(kept)]
            chosen = non_max_suppression(boxes, values, 0.3) if len(kept) else kept
            answers.append((values[chosen], boxes[chosen]))
        return answers

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Focal loss on "inside a lesion", smooth L1 on the log of the sides, centre-ness."""
        classes, centres, sides = self.raw(voxels)
        inside, reach, centre = self._truth(classes, target)
        entropy = binary_cross_entropy_with_logits(classes, inside, reduction="none")
        p = classes.sigmoid()
        missed = torch.where(inside > 0, 1 - p, p) ** 2
        count = inside.sum().clamp(min=1)
        focal = (missed * entropy).sum() / count
        where = inside > 0
        if not where.any():
            return focal
        log_sides = sides.movedim(1, -1)[where].log()
        box = smooth_l1_loss(log_sides, reach.movedim(1, -1)[where].log())
        return focal + box + binary_cross_entropy_with_logits(centres[where], centre[where])

    def _truth(self, like: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inside (B, d, h, w), distances (B, 6, d, h, w) and centre-ness at the head's places."""
        inside, centre = torch.zeros_like(like), torch.zeros_like(like)
        reach = torch.ones((len(like), 6, *like.shape[1:]), device=like.device)
        axes = [torch.arange(n, device=like.device) * self.stride for n in like.shape[1:]]
        grid = torch.stack(torch.meshgrid(*axes, indexing="ij")).float()
        for item, boxes in enumerate(boxes_of(target)):
            for box in boxes:
                low = grid - box[:3, None, None, None] + 0.5
                high = box[3:, None, None, None] - grid + 0.5
                here = (low > 0).all(0) & (high > 0).all(0)
                ratio = (torch.minimum(low, high) / torch.maximum(low, high)).clamp(min=0)
                inside[item][here] = 1
                reach[item][:, here] = torch.cat([low, high])[:, here]
                centre[item][here] = ratio.prod(0)[here] ** (1 / 3)
        return inside, reach, centre


def boxes_of(target: Tensor) -> list[Tensor]:
    """The boxes (n, 6; low then high corner, voxels) of the lesions of each patch."""
    found = []
    for patch in target[:, 0].detach().cpu().numpy():
        pieces, _ = ndimage.label(patch > 0)
        rows = [
            [*(float(s.start) for s in each), *(float(s.stop) for s in each)]
            for each in ndimage.find_objects(pieces)
        ]
        found.append(torch.tensor(rows, device=target.device).reshape(-1, 6))
    return found


def paint_boxes(out: Tensor, scores: Tensor, boxes: Tensor) -> None:
    """Write the ellipsoid inside each box (n, 6) into (D, H, W), with its probability's logit."""
    for score, box in zip(scores, boxes, strict=True):
        low, high = box[:3].tolist(), box[3:].tolist()
        centre = [(a + b) / 2 - 0.5 for a, b in zip(low, high, strict=True)]
        half = [(b - a) / 2 for a, b in zip(low, high, strict=True)]
        paint(out, centre, half, score.clamp(1e-4, 1 - 1e-4).logit())
