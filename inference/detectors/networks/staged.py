"""Networks of two stages: a search over the whole, then a closer look at what it found."""

import torch
from monai.networks.nets.unet import UNet
from torch import Tensor, nn
from torch.nn.functional import (
    avg_pool3d,
    binary_cross_entropy_with_logits,
    conv3d,
    interpolate,
    logsigmoid,
    max_pool3d,
    pad,
)

from inference.detectors.networks.volumes import Loss, chain

LOWEST = -8.0  # the logit where nothing was looked at
Peak = tuple[int, int, int]


class SearchThenSegment(nn.Module):
    """Find at half resolution, then segment crops around the peaks (Xue 2020, Yin 2022)."""

    def __init__(self, width: int, loss: Loss, crop: int = 32, most: int = 24) -> None:
        super().__init__()
        self.search = UNet(3, 4, 1, (width, 2 * width, 4 * width), (2, 2))
        self.segment = UNet(3, 4, 1, (width, 2 * width, 4 * width), (2, 2))
        self.crop, self.most, self._loss = crop, most, loss

    def coarse(self, x: Tensor) -> Tensor:
        """Logits of the search, at the input's size."""
        found: Tensor = self.search(avg_pool3d(x, 2)) - 4.0
        return interpolate(found, size=x.shape[2:], mode="trilinear")

    def forward(self, x: Tensor) -> Tensor:
        """The search's logits, replaced by the mean with the segmentation's inside the crops."""
        coarse = self.coarse(x)
        closer = coarse.clone()
        for item in range(len(x)):
            for peak in peaks(coarse[item, 0], 5, self.most):
                box = (slice(item, item + 1), slice(None), *around(peak, x.shape[2:], self.crop))
                closer[box] = (coarse[box] + self.segment(x[box]) - 4.0) / 2
        return closer

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Both stages against the truth; the second on a crop around one lesion a patch."""
        crops, truths = [], []
        for item in range(len(voxels)):
            found = peaks(target[item, 0].float(), 1, 1)
            box = around(found[0], voxels.shape[2:], self.crop)
            crops.append(voxels[(item, slice(None), *box)])
            truths.append(target[(item, slice(None), *box)])
        second: Tensor = self.segment(torch.stack(crops)).float() - 4.0
        first = self.coarse(voxels).float()
        return self._loss(first, target) + self._loss(second, torch.stack(truths))


class CandidatesThenCrops(nn.Module):
    """Laplacian-of-Gaussian candidates on T1c, then a CNN on their crops (Dikici, CropNet).

    The candidates are the strongest `most` peaks over all scales, so that the first stage is
    limited by its sensitivity and the second by its specificity.
    """

    is_differentiable = False  # balls are painted: no slope by the voxels, no heat maps

    def __init__(self, width: int, most: int = 48, crop: int = 16) -> None:
        super().__init__()
        self.sigmas, self.most, self.crop = (1.0, 2.0, 4.0), most, crop
        self.judge = nn.Sequential(
            chain(4, [width, width]), nn.MaxPool3d(2), chain(width, [2 * width, 2 * width]),
            nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(2 * width, 1),
        )  # fmt: skip

    def candidates(self, x: Tensor) -> list[tuple[Peak, float]]:
        """Peaks of the scale-normalised response of one case (4, D, H, W), with their scale."""
        responses = torch.stack([_laplacian(x[:1], sigma) for sigma in self.sigmas])
        best, scale = responses.max(0)
        return [(p, self.sigmas[int(scale[p])]) for p in peaks(best, 3, self.most)]

    def judged(self, x: Tensor, found: list[tuple[Peak, float]]) -> Tensor:
        """The CNN's logits (candidates,)."""
        boxes = [around(p, x.shape[1:], self.crop) for p, _ in found]
        logits: Tensor = self.judge(torch.stack([x[(slice(None), *box)] for box in boxes]))[:, 0]
        return logits - 2.0

    def forward(self, x: Tensor) -> Tensor:
        """Each candidate becomes a ball of its scale that carries its logit."""
        out = torch.full_like(x[:, :1], LOWEST)
        for item, image in enumerate(x):
            found = self.candidates(image)
            for (peak, sigma), logit in zip(found, self.judged(image, found), strict=True):
                half = [1.75 * sigma] * 3
                paint(out[item, 0], [float(v) for v in peak], half, logit)
        return out

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Cross entropy over candidates: whether a lesion lies within two voxels."""
        near = max_pool3d((target > 0).float(), 5, 1, 2)
        losses = []
        for image, truth in zip(voxels, near, strict=True):
            found = self.candidates(image)
            label = torch.stack([truth[(0, *p)] for p, _ in found])
            weight = torch.where(label > 0, (label.numel() / label.sum().clamp(min=1)).sqrt(), 1.0)
            losses.append(
                binary_cross_entropy_with_logits(self.judged(image, found).float(), label, weight)
            )
        return torch.stack(losses).mean()


class ProposeThenSuppress(nn.Module):
    """A light segmentation proposes, a classifier at two scales suppresses (Li et al. 2023).

    Both see three channels: T1c, T1 and their difference. Of the segmentation's `most` highest
    peaks the classifier sees a cube of `crop` voxels and one twice as wide at half the resolution;
    how sure it is that there is a lesion is added to the segmentation's logits in the cube.
    """

    def __init__(self, width: int, loss: Loss, crop: int = 16, most: int = 32) -> None:
        super().__init__()
        self.segment = UNet(3, 3, 1, (width, 2 * width, 4 * width), (2, 2))
        self.near, self.wide = (
            nn.Sequential(
                chain(3, [width, width]), nn.MaxPool3d(2), chain(width, [2 * width]),
                nn.AdaptiveAvgPool3d(1), nn.Flatten(),
            )
            for _ in range(2)
        )  # fmt: skip
        self.decide = nn.Linear(4 * width, 1)
        self.crop, self.most, self._loss = crop, most, loss

    def forward(self, x: Tensor) -> Tensor:
        """The segmentation's logits, lowered around what the classifier takes for no lesion."""
        x = _uptake(x)
        out: Tensor = self.segment(x) - 4.0
        for item, image in enumerate(x):
            found = peaks(out[item, 0], 5, self.most)
            lower = torch.full_like(out[item, 0], -torch.inf)
            sure_of = logsigmoid(self.judged(image, found)).detach()  # heat is the segmentation's
            for peak, sure in zip(found, sure_of, strict=True):
                box = around(peak, lower.shape, self.crop)
                lower[box] = lower[box].maximum(sure.to(lower.dtype))
            out[item, 0] += lower.masked_fill(torch.isinf(lower), 0)  # elsewhere nothing is said
        return out

    def judged(self, image: Tensor, found: list[Peak]) -> Tensor:
        """The classifier's logits (peaks,) on one case (3, D, H, W)."""
        near, wide = (
            torch.stack([image[(slice(None), *around(p, image.shape[1:], size))] for p in found])
            for size in (self.crop, 2 * self.crop)
        )
        features = torch.cat([self.near(near), self.wide(avg_pool3d(wide, 2))], 1)
        logits: Tensor = self.decide(features)[:, 0]
        return logits

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """The segmentation's, and cross entropy at its peaks and lesions (one within 2 voxels?)."""
        x = _uptake(voxels)
        logits = self.segment(x).float() - 4.0
        near = max_pool3d((target > 0).float(), 5, 1, 2)
        losses = []
        for image, answer, truth, close in zip(x, logits, target, near, strict=True):
            found = peaks(answer[0], 5, self.most // 2) + peaks(truth[0].float(), 5, 4)
            label = torch.stack([close[(0, *p)] for p in found])
            judged = self.judged(image, found).float()
            losses.append(binary_cross_entropy_with_logits(judged, label))
        return self._loss(logits, target) + torch.stack(losses).mean()


def _uptake(x: Tensor) -> Tensor:
    """T1c, T1 and their difference, of all series."""
    return torch.cat([x[:, :2], x[:, :1] - x[:, 1:2]], 1)


def peaks(values: Tensor, apart: int, most: int) -> list[Peak]:
    """The highest local maxima of (D, H, W), at least one, at most `most`."""
    with torch.no_grad():
        highest = max_pool3d(values[None, None], apart, 1, apart // 2)[0, 0]
        rank = torch.where(values >= highest, values, torch.full_like(values, -torch.inf))
        order = rank.flatten().topk(min(most, rank.numel()))
        kept = order.indices[torch.isfinite(order.values)]
    z, y, x = torch.unravel_index(kept, values.shape)
    return list(zip(z.tolist(), y.tolist(), x.tolist(), strict=True))


def around(peak: Peak, shape: torch.Size, size: int) -> tuple[slice, slice, slice]:
    """A box of at most `size` around a place, moved inside the volume."""
    parts = []
    for at, length in zip(peak, shape, strict=True):
        low = min(max(at - size // 2, 0), max(length - size, 0))
        parts.append(slice(low, min(low + size, length)))
    return parts[0], parts[1], parts[2]


def paint(out: Tensor, centre: list[float], half: list[float], logit: Tensor) -> None:
    """Raise the voxels of an ellipsoid in (D, H, W) to a logit, in place; outside it is nothing."""
    box = [
        slice(max(0, int(c - h)), min(n, int(c + h) + 2))
        for c, h, n in zip(centre, half, out.shape, strict=True)
    ]
    if any(b.start >= b.stop for b in box):
        return
    axes = [torch.arange(b.start, b.stop, device=out.device) for b in box]
    grid = torch.meshgrid(*axes, indexing="ij")
    reach = torch.stack(
        [((g - c) / max(h, 0.5)) ** 2 for g, c, h in zip(grid, centre, half, strict=True)]
    ).sum(0)
    part = out[tuple(box)]
    out[tuple(box)] = torch.where(reach <= 1, torch.maximum(part, logit.to(out.dtype)), part)


def _laplacian(image: Tensor, sigma: float) -> Tensor:
    """Bright blobs of radius about 1.7 sigma: minus the normalised Laplacian of (1, D, H, W)."""
    radius = int(3 * sigma + 0.5)
    t = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-(t**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    smooth = pad(image[None], (radius,) * 6, mode="replicate")
    for axis in range(3):
        shape = [1, 1, 1, 1, 1]
        shape[axis + 2] = -1
        smooth = conv3d(smooth, kernel.reshape(shape))
    edge = pad(smooth, (1,) * 6, mode="replicate")[0, 0]
    middle = edge[1:-1, 1:-1, 1:-1]
    around_it = (
        edge[2:, 1:-1, 1:-1] + edge[:-2, 1:-1, 1:-1] + edge[1:-1, 2:, 1:-1]
        + edge[1:-1, :-2, 1:-1] + edge[1:-1, 1:-1, 2:] + edge[1:-1, 1:-1, :-2]
    )  # fmt: skip
    return sigma**2 * (6 * middle - around_it)
