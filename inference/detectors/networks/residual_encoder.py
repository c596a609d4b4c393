"""nnU-Net's U-Net with a residual encoder, with its parameters' names, so that its weights load.

After `ResidualEncoderUNet` of dynamic-network-architectures (Apache-2.0, Isensee et al. 2024) with
basic blocks, which is what nnU-Net's presets M, L and XL plan: a stem, stages of residual blocks
(ResNet-D: the skip is pooled, then projected), the plain decoder.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from inference.detectors.networks.plain_conv import Block, Decoder, Sizes, Stack, each_stage, triple


class Normed(nn.Module):
    """Convolution and instance norm, nothing after."""

    def __init__(self, before: int, after: int, kernel: Sizes, *, bias: bool) -> None:
        super().__init__()
        a, b, c = kernel
        padding = ((a - 1) // 2, (b - 1) // 2, (c - 1) // 2)
        self.conv = nn.Conv3d(before, after, (a, b, c), 1, padding, bias=bias)
        self.norm = nn.InstanceNorm3d(after, eps=1e-5, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        found: Tensor = self.norm(self.conv(x))
        return found


class ResidualBlock(nn.Module):
    """Two convolutions and a skip that is pooled where there is a stride, projected where wider."""

    def __init__(
        self, before: int, after: int, kernel: Sizes, stride: Sizes, *, bias: bool
    ) -> None:
        super().__init__()
        self.conv1 = Block(before, after, kernel, stride, bias=bias)
        self.conv2 = Normed(after, after, kernel, bias=bias)
        steps: list[nn.Module] = []
        if any(n != 1 for n in stride):
            steps.append(nn.AvgPool3d(triple(stride), triple(stride)))
        if before != after:
            steps.append(Normed(before, after, (1, 1, 1), bias=False))
        self.skip = nn.Sequential(*steps)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        return nn.functional.leaky_relu(self.conv2(self.conv1(x)) + self.skip(x))


class Stage(nn.Module):
    """Residual blocks one after the other; the first has the stride."""

    def __init__(
        self, before: int, after: int, count: int, kernel: Sizes, stride: Sizes, *, bias: bool
    ) -> None:
        super().__init__()
        first = ResidualBlock(before, after, kernel, stride, bias=bias)
        rest = [ResidualBlock(after, after, kernel, (1, 1, 1), bias=bias) for _ in range(count - 1)]
        self.blocks = nn.Sequential(first, *rest)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        found: Tensor = self.blocks(x)
        return found


class ResidualEncoder(nn.Module):
    """A stem, then a stage of residual blocks for each resolution."""

    def __init__(self, channels: int, kwargs: Mapping[str, Any], *, bias: bool) -> None:
        super().__init__()
        features, kernels = kwargs["features_per_stage"], kwargs["kernel_sizes"]
        counts = each_stage(kwargs["n_blocks_per_stage"], len(features))
        stem = kwargs.get("stem_channels") or features[0]
        self.stem = Stack(channels, stem, 1, kernels[0], (1, 1, 1), bias=bias)
        rows = zip(
            [stem, *features[:-1]], features, counts, kernels, kwargs["strides"], strict=True
        )
        self.stages = nn.Sequential(*(Stage(*row, bias=bias) for row in rows))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The output of each stage, finest first."""
        x = self.stem(x)
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found


class ResidualEncoderUNet(nn.Module):
    """nnU-Net's residual U-Net; `kwargs` are the plans' `arch_kwargs`."""

    def __init__(self, channels: int, outputs: int, kwargs: Mapping[str, Any]) -> None:
        super().__init__()
        bias = bool(kwargs.get("conv_bias", True))
        self.encoder = ResidualEncoder(channels, kwargs, bias=bias)
        self.decoder = Decoder(outputs, kwargs, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, outputs, D, H, W)."""
        found: Tensor = self.decoder(self.encoder(x))
        return found
