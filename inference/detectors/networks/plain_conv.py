"""nnU-Net's plain convolutional U-Net, with its parameters' names, so that its weights load.

After `PlainConvUNet` of dynamic-network-architectures (Apache-2.0, Isensee et al.): the same
layers in the same order. Deep supervision's outputs are not kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Sizes = Sequence[int]


class Block(nn.Module):
    """Convolution, instance norm, leaky ReLU."""

    def __init__(
        self, before: int, after: int, kernel: Sizes, stride: Sizes, *, bias: bool
    ) -> None:
        super().__init__()
        a, b, c = kernel
        padding = ((a - 1) // 2, (b - 1) // 2, (c - 1) // 2)
        self.conv = nn.Conv3d(before, after, (a, b, c), triple(stride), padding, bias=bias)
        self.norm = nn.InstanceNorm3d(after, eps=1e-5, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        return nn.functional.leaky_relu(self.norm(self.conv(x)))


class Stack(nn.Module):
    """Blocks one after the other; the first has the stride."""

    def __init__(
        self, before: int, after: int, count: int, kernel: Sizes, stride: Sizes, *, bias: bool
    ) -> None:
        super().__init__()
        first = Block(before, after, kernel, stride, bias=bias)
        rest = [Block(after, after, kernel, (1, 1, 1), bias=bias) for _ in range(count - 1)]
        self.convs = nn.Sequential(first, *rest)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        found: Tensor = self.convs(x)
        return found


class Encoder(nn.Module):
    """A stack for each stage."""

    def __init__(self, channels: int, kwargs: Mapping[str, Any], *, bias: bool) -> None:
        super().__init__()
        features = kwargs["features_per_stage"]
        counts = each_stage(kwargs["n_conv_per_stage"], len(features))
        before = [channels, *features[:-1]]
        rows = zip(before, features, counts, kwargs["kernel_sizes"], kwargs["strides"], strict=True)
        self.stages = nn.Sequential(*(nn.Sequential(Stack(*row, bias=bias)) for row in rows))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The output of each stage, finest first."""
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found


class Decoder(nn.Module):
    """Transposed convolutions, skips, stacks; the last output layer."""

    def __init__(self, outputs: int, kwargs: Mapping[str, Any], *, bias: bool) -> None:
        super().__init__()
        features, kernels = kwargs["features_per_stage"], kwargs["kernel_sizes"]
        counts = each_stage(kwargs["n_conv_per_stage_decoder"], len(features) - 1)
        stages, ups, answers = [], [], []
        for step, count in enumerate(counts, start=1):
            below, skip = features[-step], features[-(step + 1)]
            stride = triple(kwargs["strides"][-step])
            ups.append(nn.ConvTranspose3d(below, skip, stride, stride, bias=bias))
            kernel = kernels[-(step + 1)]
            stages.append(Stack(2 * skip, skip, count, kernel, (1, 1, 1), bias=bias))
            answers.append(nn.Conv3d(skip, outputs, 1, bias=True))
        self.stages = nn.ModuleList(stages)
        self.transpconvs = nn.ModuleList(ups)
        self.seg_layers = nn.ModuleList(answers)

    def forward(self, skips: list[Tensor]) -> Tensor:
        """Logits at the finest stage."""
        x = skips[-1]
        for up, stage, skip in zip(self.transpconvs, self.stages, skips[-2::-1], strict=True):
            x = stage(torch.cat((up(x), skip), 1))
        found: Tensor = self.seg_layers[-1](x)
        return found


class PlainConvUNet(nn.Module):
    """nnU-Net's U-Net; `kwargs` are the plans' `arch_kwargs`."""

    def __init__(self, channels: int, outputs: int, kwargs: Mapping[str, Any]) -> None:
        super().__init__()
        bias = bool(kwargs.get("conv_bias", True))
        self.encoder = Encoder(channels, kwargs, bias=bias)
        self.decoder = Decoder(outputs, kwargs, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, outputs, D, H, W)."""
        found: Tensor = self.decoder(self.encoder(x))
        return found


def triple(sizes: Sizes) -> tuple[int, int, int]:
    """The three numbers of a kernel or stride."""
    z, y, x = sizes
    return z, y, x


def each_stage(count: int | Sequence[int], stages: int) -> Sequence[int]:
    """A number for each stage, of plans that give one for all."""
    return [count] * stages if isinstance(count, int) else count
