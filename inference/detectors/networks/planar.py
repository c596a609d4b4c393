"""Networks that look at slices: 2-D, 2.5-D, and classifiers whose activation map localises."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    interpolate,
    max_pool3d,
    pad,
)


class Planar(nn.Module):
    """Run a 2-D network on every slice with `neighbours` slices on either side as channels."""

    def __init__(self, body: nn.Module, neighbours: int = 0) -> None:
        super().__init__()
        self.body, self.neighbours = body, neighbours

    def forward(self, x: Tensor) -> Tensor:
        """Slices become the batch; the first and the last slice are repeated at the ends."""
        b, _, d, h, w = x.shape
        n = self.neighbours
        near = pad(x, (0, 0, 0, 0, n, n), mode="replicate") if n else x
        stacked = torch.cat([near[:, :, i : i + d] for i in range(2 * n + 1)], 1)
        slices = stacked.transpose(1, 2).reshape(b * d, -1, h, w)
        y: Tensor = self.body(slices)
        return y.reshape(b, d, 1, h, w).transpose(1, 2)


class SliceClassifier(nn.Module):
    """A 2-D classifier "does this slice show a metastasis?", localised by its activation map.

    The last layer is global average pooling and one weight a channel, so that the class activation
    map (Zhou et al. 2016) is the same 1 x 1 convolution before pooling. It learns from slices'
    labels alone: no outline of a lesion is used.
    """

    def __init__(self, features: nn.Module, channels: int) -> None:
        super().__init__()
        self.maps = Planar(nn.Sequential(features, nn.Conv2d(channels, 1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """The class activation map at the size of the slices."""
        y: Tensor = self.maps.body(x.transpose(1, 2).flatten(0, 1))
        y = interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return y.reshape(x.shape[0], x.shape[2], 1, *x.shape[-2:]).transpose(1, 2)

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Cross entropy of the pooled map against "the slice holds a lesion"."""
        shown = (target > 0).to(voxels.dtype).amax((1, 3, 4))
        return binary_cross_entropy_with_logits(self(voxels).float().mean((1, 3, 4)), shown)


class BlackBloodPairs(SliceClassifier):
    """The classifier on pairs: T1c as it is, and T1c with its vessels darkened (`black_blood`)."""

    def forward(self, x: Tensor) -> Tensor:
        """The class activation map of the pairs."""
        return super().forward(torch.cat([x[:, :1], black_blood(x[:, :1])], 1))


def black_blood(t1c: Tensor, longest: int = 9, widest: int = 5) -> Tensor:
    """T1c (B, 1, D, H, W) as a sequence with black blood would show it: bright tubes darkened.

    What is bright over `longest` voxels along any of 13 directions (an opening by lines), but not
    over a cube of `widest`, is a tube and falls to what the cube's opening leaves. Blobs, shorter
    than the line or wider than the cube, stay. Sequences with black blood are not among the
    series here; this stands in for one, by shape alone.
    """
    halves = [
        (a, b, c)
        for a in (-1, 0, 1)
        for b in (-1, 0, 1)
        for c in (-1, 0, 1)
        if (a, b, c) > (0, 0, 0)  # one of each two opposite ones
    ]
    lines = torch.stack([_opened(t1c, step, longest) for step in halves]).amax(0)
    half = widest // 2
    shrunk = -max_pool3d(-t1c, widest, 1, half)
    cube = max_pool3d(shrunk, widest, 1, half)
    return t1c - (lines - torch.minimum(lines, cube))


def _opened(image: Tensor, step: tuple[int, int, int], length: int) -> Tensor:
    """A grey opening by a line of so many voxels along a step; edges are repeated."""
    shrunk = _along(image, step, length, torch.minimum)
    return _along(shrunk, (-step[0], -step[1], -step[2]), length, torch.maximum)


def _along(
    image: Tensor,
    step: tuple[int, int, int],
    length: int,
    chosen: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Of each voxel the least or the most of the `length` voxels that begin there."""
    reach = length - 1
    wide = pad(image, (reach,) * 6, mode="replicate")
    sides = image.shape[2:]
    found = image
    for n in range(1, length):
        z, y, x = (
            slice(reach + n * s, reach + n * s + k) for s, k in zip(step, sides, strict=True)
        )
        found = chosen(found, wide[:, :, z, y, x])
    return found


class Inception(nn.Module):
    """GoogLeNet's block: kernels of 1, 3 and 5 and a pooled path side by side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        part = outputs // 4
        self.paths = nn.ModuleList(
            [
                nn.Conv2d(inputs, part, 1),
                nn.Sequential(nn.Conv2d(inputs, part, 1), nn.Conv2d(part, part, 3, padding=1)),
                nn.Sequential(nn.Conv2d(inputs, part, 1), nn.Conv2d(part, part, 5, padding=2)),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(inputs, outputs - 3 * part, 1)),
            ]
        )
        self.finish = nn.Sequential(nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Join the paths."""
        y: Tensor = self.finish(torch.cat([path(x) for path in self.paths], 1))
        return y


def inception_map(inputs: int, width: int) -> nn.Module:
    """An inception encoder with a map at the size of its input (Grøvik et al. 2020)."""
    return nn.Sequential(
        Inception(inputs, width),
        Inception(width, 2 * width),
        nn.MaxPool2d(2),
        Inception(2 * width, 4 * width),
        Inception(4 * width, 4 * width),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(4 * width, 1, 1),
    )


def alexnet_features(inputs: int, width: int) -> nn.Module:
    """Four convolutions in the manner of AlexNet's five; small strides: metastases are small."""
    return _chain(inputs, [(width, 7, 2), (2 * width, 5, 1), (4 * width, 3, 2), (4 * width, 3, 1)])


def plain_features(inputs: int, width: int) -> nn.Module:
    """A plain CNN, as used on pairs of black-blood and gradient-echo images."""
    return _chain(inputs, [(width, 3, 1), (width, 3, 2), (2 * width, 3, 1), (4 * width, 3, 2)])


def googlenet_features(inputs: int, width: int) -> nn.Module:
    """Inception blocks at a half and at a quarter of the size."""
    return nn.Sequential(
        Inception(inputs, width), nn.MaxPool2d(2), Inception(width, 2 * width),
        nn.MaxPool2d(2), Inception(2 * width, 4 * width),
    )  # fmt: skip


def _chain(inputs: int, layers: Sequence[tuple[int, int, int]]) -> nn.Module:
    """Convolutions (channels, kernel, stride), each with batch norm and ReLU."""
    made: list[nn.Module] = []
    for channels, kernel, stride in layers:
        made += [
            nn.Conv2d(inputs, channels, kernel, stride, kernel // 2),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        inputs = channels
    return nn.Sequential(*made)
