"""Small 3-D networks of MONAI's on the patch itself, calibrated by temperature."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from monai.networks.nets.densenet import DenseNet
from monai.networks.nets.resnet import ResNet
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.classify.patches import Patch

_BATCH, _RATE = 16, 3e-3
_KEPT = 5  # every so many-th patch is kept for the temperature


Build = Callable[[int, int], nn.Module]  # of the numbers of channels and classes
_GROUPS = ("group", {"num_groups": 4})  # as batches are small


def resnet(channels: int, classes: int) -> nn.Module:
    """He et al. 2016, one block at each of four resolutions."""
    return ResNet("basic", [1, 1, 1, 1], [8, 16, 32, 64], n_input_channels=channels,
                  conv1_t_size=3, conv1_t_stride=2, norm=_GROUPS, num_classes=classes)  # fmt: skip


def densenet(channels: int, classes: int) -> nn.Module:
    """Huang et al. 2017, two dense blocks; the first convolution halves the grid twice."""
    return DenseNet(3, channels, classes, init_features=16, growth_rate=8, block_config=(3, 3),
                    bn_size=2, norm=_GROUPS)  # fmt: skip


class ConvolutionalHead:
    """Learns from voxels and mask at half resolution; mirrored at random while it does.

    Parameters
    ----------
    build
        Makes the network, untrained.
    epochs
        Passes over the patches.
    """

    def __init__(self, build: Build, seed: int = 0, epochs: int = 12) -> None:
        self.build, self.seed, self.epochs = build, seed, epochs
        self.temperature = 1.0
        self.network: nn.Module | None = None

    def fit(self, patches: Sequence[Patch], classes: NDArray[np.int64]) -> None:
        """As `inference.classify.heads.Head` says."""
        torch.manual_seed(self.seed)
        images, target = _tensor(patches), torch.from_numpy(classes)
        kept = torch.arange(len(classes)) % _KEPT == 0
        network = self.build(images.shape[1], int(classes.max()) + 1)
        optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=1e-2)
        steps = self.epochs * -(-int((~kept).sum()) // _BATCH)
        plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
        for _ in range(self.epochs):
            order = torch.nonzero(~kept)[:, 0]
            order = order[torch.randperm(len(order))]
            for first in range(0, len(order), _BATCH):
                some = order[first : first + _BATCH]
                axes = [a for a in (2, 3, 4) if torch.rand(()) < 0.5]
                loss = nn.functional.cross_entropy(network(images[some].flip(axes)), target[some])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                plan.step()
        self.network = network.eval()
        self.temperature = _temperature(self._logits(images[kept]), target[kept])

    def probabilities(self, patches: Sequence[Patch]) -> NDArray[np.float64]:
        """As `inference.classify.heads.Head` says."""
        logits = self._logits(_tensor(patches)) / self.temperature
        return np.asarray(logits.double().softmax(1).numpy())

    @torch.inference_mode()
    def _logits(self, images: Tensor) -> Tensor:
        if self.network is None:
            raise ValueError("this head has not learnt anything yet: call fit first")
        starts = range(0, len(images), _BATCH)
        return torch.cat([self.network(images[first : first + _BATCH]) for first in starts])


def _tensor(patches: Sequence[Patch]) -> Tensor:
    """Voxels and mask (patch, 5, 24, 24, 24)."""
    whole = np.stack([np.concatenate([p.voxels, p.mask[None]]).astype(np.float32) for p in patches])
    return nn.functional.avg_pool3d(torch.from_numpy(whole), 2)


def _temperature(logits: Tensor, target: Tensor) -> float:
    """What the logits are divided by for the least cross entropy (Guo et al. 2017)."""
    candidates = torch.logspace(-1, 1, 81)
    losses = [float(nn.functional.cross_entropy(logits / t, target)) for t in candidates]
    return float(candidates[int(np.argmin(losses))])
