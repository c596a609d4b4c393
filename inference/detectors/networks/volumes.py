"""3-D networks that answer for every voxel."""

from collections.abc import Callable, Sequence

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.nets.attentionunet import AttentionBlock
from monai.networks.nets.dynunet import DynUNet
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, interpolate

Loss = Callable[[Tensor, Tensor], Tensor]
Axes = Sequence[Sequence[int] | int]


class Rare(nn.Module):
    """Subtract a constant from the logits: lesions are rare before anything is learnt."""

    def __init__(self, body: nn.Module, shift: float = 4.0) -> None:
        super().__init__()
        self.body, self.shift = body, shift

    def forward(self, x: Tensor) -> Tensor:
        """The body's logits, lowered."""
        y: Tensor = self.body(x)
        return y - self.shift


class Fusion(nn.Module):
    """The mean of several networks' logits; each is trained by itself (Rudie, Park, Liang)."""

    def __init__(self, members: Sequence[nn.Module], loss: Loss) -> None:
        super().__init__()
        self.members, self._loss = nn.ModuleList(members), loss

    def forward(self, x: Tensor) -> Tensor:
        """Mean logits."""
        return torch.stack([member(x) for member in self.members]).mean(0)

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Mean of the members' own losses."""
        return torch.stack([self._loss(m(voxels).float(), target) for m in self.members]).mean()


def chain(inputs: int, channels: Sequence[int]) -> nn.Sequential:
    """3 x 3 x 3 convolutions with batch norm and PReLU, size kept."""
    pairs = zip([inputs, *channels], channels, strict=False)
    return nn.Sequential(*(Convolution(3, a, b, norm="BATCH") for a, b in pairs))


def dynamic(width: int, kernels: Axes, strides: Axes) -> DynUNet:
    """MONAI's DynUNet; filters double from `width` up to ten times it."""
    filters = [min(width * 2**n, width * 10) for n in range(len(strides))]
    return DynUNet(3, 4, 1, kernels, strides, strides[1:], filters=filters, res_block=True)


def by_nnunet_rules(width: int, patch: Sequence[int], spacing_mm: Sequence[float]) -> DynUNet:
    """DynUNet with nnU-Net's topology: halve an axis while it has 8 voxels and is not coarser.

    Kernels are 3 along an axis whose spacing is within twice the finest, else 1 (Isensee et al.
    2021, online methods).
    """
    size, spacing = list(patch), list(spacing_mm)
    kernels: list[list[int]] = []
    strides: list[list[int]] = []
    step = [1] * 3
    while True:
        kernels.append([3 if mm < 2 * min(spacing) else 1 for mm in spacing])
        strides.append(step)
        step = [
            2 if n >= 8 and mm < 2 * min(spacing) else 1
            for n, mm in zip(size, spacing, strict=True)
        ]
        if max(step) == 1 or len(strides) == 6:
            return dynamic(width, kernels, strides)
        size = [n // s for n, s in zip(size, step, strict=True)]
        spacing = [mm * s for mm, s in zip(spacing, step, strict=True)]


class NonLocal(nn.Module):
    """Every position looks at every other one (Wang et al. 2018), added to what is there."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Self-attention over positions."""
        tokens = x.flatten(2).transpose(1, 2)
        y: Tensor = self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return x + y.transpose(1, 2).reshape(x.shape)


class PositionAttention(nn.Module):
    """Position attention (Fu et al. 2019): what is alike elsewhere adds to a place, learnt from 0.

    Keys and queries have an eighth of the channels; the sum starts with a weight of 0, so that the
    network learns without it first.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        small = max(1, channels // 8)
        self.query, self.key = nn.Conv3d(channels, small, 1), nn.Conv3d(channels, small, 1)
        self.value = nn.Conv3d(channels, channels, 1)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """The features, plus the mean of all places' values by likeness."""
        query, key, value = (f(x).flatten(2) for f in (self.query, self.key, self.value))
        likeness = torch.softmax(query.transpose(1, 2) @ key, -1)
        added: Tensor = self.weight * (value @ likeness.transpose(1, 2)).reshape(x.shape)
        return x + added


class NonLocalUNet(DynUNet):
    """Residual U-Net with a non-local block at its bottom (Liew et al. 2021, NLMET)."""

    attention: type[nn.Module] = NonLocal

    def __init__(self, width: int, inputs: int = 4) -> None:
        filters = [width, 2 * width, 4 * width, 8 * width]
        super().__init__(
            3, inputs, 1, [3] * 4, [1, 2, 2, 2], [2] * 3, filters=filters, res_block=True
        )  # fmt: skip

    def get_bottleneck(self) -> nn.Module:
        """DynUNet's bottom, then the block that looks everywhere."""
        bottom: nn.Module = super().get_bottleneck()  # type: ignore[no-untyped-call]
        return nn.Sequential(bottom, self.attention(self.filters[-1]))


class PositionAttentionUNet(NonLocalUNet):
    """The same with position attention, for CT and for CT beside MR."""

    attention = PositionAttention


class AttentionGatedUNet(nn.Module):
    """U-Net whose skips pass attention gates, with deep supervision (Bouget et al., AGU-Net)."""

    def __init__(self, width: int, loss: Loss) -> None:
        super().__init__()
        sizes = [width, 2 * width, 4 * width, 8 * width]
        self.down = nn.ModuleList(
            chain(a, [b, b]) for a, b in zip([4, *sizes], sizes, strict=False)
        )
        pairs = list(zip(sizes[:0:-1], sizes[-2::-1], strict=True))
        self.shrink = nn.ModuleList(nn.Conv3d(a, b, 1) for a, b in pairs)
        self.gates = nn.ModuleList(AttentionBlock(3, max(1, b // 2), b, b) for _, b in pairs)
        self.up = nn.ModuleList(chain(2 * b, [b]) for _, b in pairs)
        self.heads = nn.ModuleList(nn.Conv3d(b, 1, 1) for _, b in pairs)
        self._loss = loss

    def scales(self, x: Tensor) -> list[Tensor]:
        """Logits from coarse to fine, each at the input's size."""
        skips = []
        for number, block in enumerate(self.down):
            x = block(avg_pool3d(x, 2) if number else x)
            skips.append(x)
        outputs = []
        levels = zip(
            self.shrink, self.gates, self.up, self.heads, reversed(skips[:-1]), strict=True
        )
        for shrink, gate, up, head, skip in levels:
            x = interpolate(shrink(x), size=skip.shape[2:])
            x = up(torch.cat([gate(g=x, x=skip), x], 1))
            outputs.append(interpolate(head(x), size=skips[0].shape[2:], mode="trilinear"))
        return outputs

    def forward(self, x: Tensor) -> Tensor:
        """The finest logits."""
        return self.scales(x)[-1] - 4.0

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Every scale answers; a coarser one counts half as much as the next finer."""
        losses = [self._loss(y.float() - 4.0, target) for y in self.scales(voxels)]
        weights = [2.0 ** -(len(losses) - 1 - n) for n in range(len(losses))]
        return torch.stack([w * v for w, v in zip(weights, losses, strict=True)]).sum()


class GatedHighResolution(nn.Module):
    """Two resolutions side by side that exchange what gates let through (after Qu et al. 2023)."""

    def __init__(self, width: int, stages: int = 3) -> None:
        super().__init__()
        low = 2 * width
        self.start, self.coarse = chain(4, [width]), chain(width, [low])
        self.fine_steps = nn.ModuleList(chain(width, [width]) for _ in range(stages))
        self.coarse_steps = nn.ModuleList(chain(low, [low]) for _ in range(stages))
        self.rise = nn.ModuleList(nn.Conv3d(low, width, 1) for _ in range(stages))
        self.sink = nn.ModuleList(nn.Conv3d(width, low, 1) for _ in range(stages))
        self.gates = nn.ModuleList(nn.Conv3d(2 * width, width, 1) for _ in range(stages))
        self.head = nn.Conv3d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Exchange at every stage; answer at full resolution."""
        fine = self.start(x)
        coarse = self.coarse(avg_pool3d(fine, 2))
        steps = zip(
            self.fine_steps, self.coarse_steps, self.rise, self.sink, self.gates, strict=True
        )
        for fine_step, coarse_step, rise, sink, gate in steps:
            fine, coarse = fine_step(fine), coarse_step(coarse)
            risen = interpolate(rise(coarse), size=fine.shape[2:], mode="trilinear")
            coarse = coarse + sink(avg_pool3d(fine, 2))
            fine = fine + torch.sigmoid(gate(torch.cat([fine, risen], 1))) * risen
        y: Tensor = self.head(fine)
        return y


class MultiScalePathways(nn.Module):
    """The same chain at full and at reduced resolutions, joined at the end (DeepMedic).

    Parameters
    ----------
    scales
        By how much each path's input is reduced.
    dropout
        Chance of each joined feature to be dropped before the last two layers, while it trains:
        0.5 in DeepMedic (Kamnitsas et al. 2017), where single voxels of a feature drop; here all of
        it does, so that passes with dropout differ by whole lesions. 0: there is no such layer.
    """

    def __init__(self, width: int, scales: Sequence[int] = (1, 3), dropout: float = 0.0) -> None:
        super().__init__()
        self.drop = nn.Dropout3d(dropout) if dropout else nn.Identity()
        self.scales = tuple(scales)
        channels = [width, width, 2 * width, 2 * width]
        self.paths = nn.ModuleList(chain(4, channels) for _ in scales)
        joined = 2 * width * len(self.scales)
        self.head = nn.Sequential(
            nn.Conv3d(joined, 4 * width, 1), nn.PReLU(), nn.Conv3d(4 * width, 1, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool, run, bring back to size, join."""
        maps = [
            interpolate(path(avg_pool3d(x, s, ceil_mode=True)), size=x.shape[2:])
            for path, s in zip(self.paths, self.scales, strict=True)
        ]
        y: Tensor = self.head(self.drop(torch.cat(maps, 1)))
        return y


class EnhancementPathways(nn.Module):
    """One path sees T1c, T1 and their difference, one all series (after Lee 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.uptake, self.context = chain(3, [width] * 3), chain(4, [width] * 3)
        self.wide = MultiScalePathways(width, (2, 4))
        self.head = nn.Conv3d(2 * width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Join both paths; a coarse one gives the surroundings."""
        uptake = torch.cat([x[:, :2], x[:, :1] - x[:, 1:2]], 1)
        y: Tensor = self.head(torch.cat([self.uptake(uptake), self.context(x)], 1)) + self.wide(x)
        return y
