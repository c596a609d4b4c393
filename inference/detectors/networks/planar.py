"""Networks that look at slices: 2-D, 2.5-D, and classifiers whose activation map localises."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate, pad


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
