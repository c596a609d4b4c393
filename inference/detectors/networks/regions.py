"""Faster R-CNN 3-D: a network proposes regions, a second one looks into each and decides.

After Ren et al. 2015, which Zhang et al. 2020 ran on slices of T1c; torchvision's is of slices and
does not fit a CPU torch, and MONAI has no second stage, so that the region's features are sampled
by torch's own `grid_sample` (as ROIAlign does, He et al. 2017).
"""

import torch
from monai.data.box_utils import non_max_suppression
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, grid_sample, smooth_l1_loss

from inference.detectors.networks.anchored import IGNORED, RetinaNet, match
from inference.detectors.networks.boxes import boxes_of, paint_boxes
from inference.detectors.networks.staged import LOWEST

_LOOKED_AT, _DOUBLE = 64, 0.5  # regions of a window, and how much two of them may overlap (IoU)
_FINAL_DOUBLE = 0.3
_SIDE = 5  # samples of a region along each axis
_STRIDE = 2  # of the features that are sampled: the pyramid's finer level
_FALSE = 3  # regions without a lesion for each with one that the second stage learns from
_SMALLEST = 2.0  # voxels: a region's side


class FasterRcnn(RetinaNet):
    """RetinaNet's anchors propose, whatever they may hold; a head on each region's features judges.

    The regions of the first stage are 64 a window at most; the second stage gives each a
    probability and moves it once more.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width)
        features = self.pyramid.out_channels * _SIDE**3
        self.judge = nn.Sequential(
            nn.Linear(features, 4 * width), nn.ReLU(), nn.Linear(4 * width, 7)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Propose, judge, suppress doubles, paint: logits (B, 1, D, H, W)."""
        levels = self.pyramid(x)
        logits, codes, anchors = self.answers(levels)
        out = torch.full_like(x[:, :1], LOWEST, dtype=torch.float32)
        for item in range(len(x)):
            regions = self.regions(logits[item], codes[item], anchors, x.shape[2:])
            judged = self.judge(_sampled(levels["half"][item], regions)).float()
            boxes = self.coder.decode_single(judged[:, 1:], regions)
            values = (judged[:, 0] - 2.0).sigmoid()
            chosen = non_max_suppression(boxes, values, _FINAL_DOUBLE)
            paint_boxes(out[item, 0], values[chosen], boxes[chosen])
        return out

    @torch.no_grad()
    def regions(self, logits: Tensor, codes: Tensor, anchors: Tensor, shape: torch.Size) -> Tensor:
        """The first stage's best regions of one case, within it: (n, 6), low then high corner."""
        best = logits.topk(min(4 * _LOOKED_AT, len(anchors))).indices
        boxes = self.coder.decode_single(codes[best], anchors[best])
        edge = torch.tensor(shape, dtype=boxes.dtype, device=boxes.device)
        low = boxes[:, :3].clamp(min=0).minimum(edge - _SMALLEST)
        high = boxes[:, 3:].minimum(edge).maximum(low + _SMALLEST)
        boxes = torch.cat([low, high], 1)
        kept = non_max_suppression(boxes, logits[best], _DOUBLE)
        return boxes[kept[:_LOOKED_AT]]

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Both stages' losses; the second learns from proposed regions and from true boxes."""
        levels = self.pyramid(voxels)
        logits, codes, anchors = self.answers(levels)
        losses = []
        for item, truth in enumerate(boxes_of(target)):
            first = self.loss_of_one(logits[item], codes[item], anchors, truth)
            proposed = self.regions(logits[item], codes[item], anchors, voxels.shape[2:])
            regions = torch.cat([proposed, truth])
            losses.append(first + self._second(levels["half"][item], regions, truth))
        return torch.stack(losses).mean()

    def _second(self, features: Tensor, regions: Tensor, truth: Tensor) -> Tensor:
        """Cross entropy on "holds a lesion", smooth L1 on the codes of the regions that do."""
        chosen = match(regions, truth)
        inside = chosen >= 0
        false = ((chosen != IGNORED) & ~inside).nonzero()[:, 0]  # the most suspicious first
        rows = torch.cat([inside.nonzero()[:, 0], false[: _FALSE * max(int(inside.sum()), 1)]])
        judged = self.judge(_sampled(features, regions[rows])).float()
        wanted = inside[rows]
        entropy = binary_cross_entropy_with_logits(judged[:, 0] - 2.0, wanted.float())
        if not wanted.any():
            return entropy
        codes = self.coder.encode_single(truth[chosen[rows[wanted]]], regions[rows[wanted]])
        return entropy + smooth_l1_loss(judged[wanted, 1:], codes)


def _sampled(features: Tensor, regions: Tensor) -> Tensor:
    """Features (C, d, h, w) at a grid inside each region (n, 6; voxels): (n, C * 5 * 5 * 5)."""
    steps = (torch.arange(_SIDE, device=regions.device, dtype=regions.dtype) + 0.5) / _SIDE
    unit = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"), -1)
    low, size = regions[:, :3], regions[:, 3:] - regions[:, :3]
    places = low[:, None, None, None] + unit * size[:, None, None, None]
    shape = _STRIDE * torch.tensor(features.shape[1:], device=regions.device)
    grid = (2 * places / shape - 1).flip(-1)  # grid_sample's order is x, y, z, from -1 to 1
    # One volume with the regions along its first axis: no copy of the features for each.
    rows = grid.reshape(1, -1, _SIDE, _SIDE, 3)
    found = grid_sample(features[None].float(), rows, align_corners=False)[0]
    return found.reshape(len(features), len(regions), -1).transpose(0, 1).flatten(1)
