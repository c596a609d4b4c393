"""RetinaNet 3-D: boxes of several sizes stand everywhere; each answers and moves to its lesion.

MONAI's trainer of it takes its matcher from torchvision, which does not fit a CPU torch; so the
matcher is ours, on MONAI's boxes and coder.
"""

import torch
from monai.apps.detection.utils.box_coder import BoxCoder
from monai.data.box_utils import box_iou, non_max_suppression
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from inference.detectors.networks.boxes import Pyramid, boxes_of, paint_boxes
from inference.detectors.networks.staged import LOWEST
from inference.detectors.networks.volumes import chain

# Sides of the cubes (voxels of 1 mm) at each level of the pyramid, by its stride.
SIDES = {2: (3.0, 5.0, 8.0), 4: (12.0, 19.0, 30.0)}
NEGATIVE, IGNORED = -1, -2
_FOREGROUND, _BACKGROUND = 0.4, 0.2  # overlaps (IoU); a cube seldom fits a small lesion better
_MOST, _WEAKEST, _DOUBLE = 100, 0.05, 0.3


def match(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Which box (row of `boxes`) each anchor answers for; `NEGATIVE` or `IGNORED` where for none.

    An anchor takes the box it overlaps most, from an IoU of 0.4 on; below 0.2 it is background,
    between them it teaches nothing. Every box also gets the anchor that overlaps it most, however
    little that is (Ren et al. 2015), so that no small lesion goes without one; where two boxes
    want the same anchor, the one that overlaps it more has it.

    Parameters
    ----------
    anchors, boxes
        (n, 6) and (m, 6): low then high corner, in voxels.

    Returns
    -------
    Tensor
        int64 (n,).
    """
    if not len(boxes):
        return torch.full((len(anchors),), NEGATIVE, device=anchors.device)
    overlap = box_iou(anchors, boxes)
    assert isinstance(overlap, Tensor)  # noqa: S101 -- tensors in, a tensor out
    best, chosen = overlap.max(1)
    chosen[best < _FOREGROUND] = IGNORED
    chosen[best < _BACKGROUND] = NEGATIVE
    highest = overlap.max(0)
    for row in highest.values.argsort():  # the largest overlap writes last
        if highest.values[row] > 0:
            chosen[highest.indices[row]] = row
    return chosen


class RetinaNet(nn.Module):
    """A pyramid with a head that all levels share (Lin et al. 2017; after Zhang et al. 2020)."""

    is_differentiable = False  # boxes are painted: no slope by the voxels, no heat maps

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pyramid = Pyramid(width)
        self.sides = len(SIDES[2])
        features = chain(2 * width, [2 * width])
        self.head = nn.Sequential(features, nn.Conv3d(2 * width, 7 * self.sides, 3, padding=1))
        self.coder = BoxCoder((1.0,) * 6)

    def raw(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits (B, n), codes (B, n, 6) and the anchors (n, 6) they belong to."""
        return self.answers(self.pyramid(x))

    def answers(self, levels: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """What the head says of the pyramid's features, as `raw`."""
        answers, anchors = [], []
        for level, (stride, sides) in zip(levels.values(), SIDES.items(), strict=True):
            y = self.head(level).float()
            answers.append(y.unflatten(1, (self.sides, 7)).movedim(2, -1).flatten(1, -2))
            anchors.append(_anchors(y.shape[2:], stride, sides, y.device))
        y = torch.cat(answers, 1)
        return y[..., 0] - 4.0, y[..., 1:], torch.cat(anchors)

    def forward(self, x: Tensor) -> Tensor:
        """Decode the best, suppress doubles, paint: logits (B, 1, D, H, W)."""
        logits, codes, anchors = self.raw(x)
        out = torch.full_like(x[:, :1], LOWEST, dtype=torch.float32)
        for item in range(len(x)):
            best = logits[item].sigmoid().topk(min(_MOST, len(anchors)))
            kept = best.indices[best.values > _WEAKEST]
            if not len(kept):
                continue
            boxes = self.coder.decode_single(codes[item, kept], anchors[kept])
            values = best.values[: len(kept)]
            chosen = non_max_suppression(boxes, values, _DOUBLE)
            paint_boxes(out[item, 0], values[chosen], boxes[chosen])
        return out

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Focal loss on the classes, smooth L1 on the codes of the anchors that have a lesion."""
        logits, codes, anchors = self.raw(voxels)
        losses = [
            self.loss_of_one(logits[item], codes[item], anchors, boxes)
            for item, boxes in enumerate(boxes_of(target))
        ]
        return torch.stack(losses).mean()

    def loss_of_one(self, logits: Tensor, codes: Tensor, anchors: Tensor, boxes: Tensor) -> Tensor:
        """The loss of one patch: its anchors against its lesions' boxes (n, 6)."""
        chosen = match(anchors, boxes)
        inside, told = chosen >= 0, chosen != IGNORED
        truth = inside.float()
        entropy = binary_cross_entropy_with_logits(logits, truth, reduction="none")
        p = logits.sigmoid()
        missed = torch.where(inside, 1 - p, p) ** 2
        focal = (missed * entropy)[told].sum() / inside.sum().clamp(min=1)
        if not inside.any():
            return focal
        wanted = self.coder.encode_single(boxes[chosen[inside]], anchors[inside])
        return focal + smooth_l1_loss(codes[inside], wanted)


def _anchors(
    shape: torch.Size, stride: int, sides: tuple[float, ...], device: torch.device
) -> Tensor:
    """Cubes of each side around every place of a level: (side * d * h * w, 6), in voxels."""
    axes = [torch.arange(n, device=device) * float(stride) for n in shape]
    places = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2) + stride / 2
    return torch.cat([torch.cat([places - s / 2, places + s / 2], 1) for s in sides])
