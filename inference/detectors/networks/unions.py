"""Networks that share the work: by a lesion's size, or by how much of the head they see."""

import torch
from monai.inferers.utils import sliding_window_inference
from monai.networks.nets.dynunet import DynUNet
from monai.networks.nets.unet import UNet
from scipy import ndimage
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d, interpolate, pad

from inference.detectors.networks.staged import around, peaks
from inference.detectors.networks.volumes import Loss, Rare

_SMALL = 400  # voxels of 1 mm: 0.4 ml
_COARSE = 4  # the whole-brain network's voxels are so many times larger along each axis
_MULTIPLE = 4 * _COARSE  # what it halves twice at that


class BySize(nn.Module):
    """cU-, moU- and sU-Net and their union (Bousabarah et al. 2020).

    A conventional U-Net, one with outputs at several scales, and one that learns from lesions below
    0.4 ml alone: larger ones are neither lesion nor background to it. A voxel has the highest of
    their logits.
    """

    def __init__(self, width: int, loss: Loss) -> None:
        super().__init__()
        sizes = (width, 2 * width, 4 * width, 8 * width)
        self.conventional = Rare(UNet(3, 4, 1, sizes, (2, 2, 2)))
        self.small = Rare(UNet(3, 4, 1, sizes, (2, 2, 2)))
        self.outputs = DynUNet(
            3, 4, 1, [3] * 4, [1, 2, 2, 2], [2] * 3, filters=sizes, res_block=True,
            deep_supervision=True, deep_supr_num=2,
        )  # fmt: skip
        self._loss = loss

    def forward(self, x: Tensor) -> Tensor:
        """The highest logit of the three."""
        several = self._scales(x)[0]
        return torch.stack([self.conventional(x), several, self.small(x)]).amax(0)

    def _scales(self, x: Tensor) -> list[Tensor]:
        """The second network's logits, the finest first, each at the input's size."""
        y: Tensor = self.outputs(x)
        return [each - 4.0 for each in (y.unbind(1) if y.ndim == 6 else [y])]

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """Each network's own; a coarser output of the second counts half as much as the next."""
        first = self._loss(self.conventional(voxels).float(), target)
        scales = self._scales(voxels)
        for n, each in enumerate(scales):
            first = first + self._loss(each.float(), target) / 2**n
        large = ~below(target, _SMALL) & (target > 0)
        logits = self.small(voxels).float().masked_fill(large, -20.0)
        return first + self._loss(logits, target.masked_fill(large, 0))


def below(target: Tensor, voxels: int) -> Tensor:
    """Where the lesions of patches (B, 1, D, H, W) are that have fewer voxels than that."""
    found = torch.zeros_like(target, dtype=torch.bool)
    for item, patch in enumerate(target[:, 0].detach().cpu().numpy()):
        numbered, count = ndimage.label(patch > 0)
        sizes = torch.bincount(torch.from_numpy(numbered).flatten(), minlength=count + 1)
        is_small = sizes < voxels
        is_small[0] = False  # what is no lesion
        found[item, 0] = is_small[torch.from_numpy(numbered).long()].to(target.device)
    return found


class PatchAndWholeBrain(nn.Module):
    """A network of patches beside one that sees the whole head at once (Ziyaee et al. 2023).

    BM-Net, the first, sees windows in full resolution; WB-Net the whole head in one pass at 4 mm,
    so that it knows where in the brain it is. The answer is the mean of their logits. It learns
    from whole heads; of each, the first network sees one patch.
    """

    def __init__(
        self, patches: nn.Module, width: int, loss: Loss, patch: int = 64, window: int = 96
    ) -> None:
        super().__init__()
        self.patches = patches
        self.whole = UNet(3, 4, 1, (width, 2 * width, 4 * width), (2, 2), num_res_units=2)
        self.patch, self.window, self._loss = patch, window, loss

    def wide(self, x: Tensor) -> Tensor:
        """WB-Net's logits, at the input's size; what is added to fill its grid is cut off."""
        sides = x.shape[2:]
        gaps = [side for n in reversed(sides) for side in (0, -n % _MULTIPLE)]
        # oneDNN's slopes in bfloat16 are not always finite on grids as small as its coarsest.
        with torch.autocast(x.device.type, enabled=False):
            coarse: Tensor = self.whole(avg_pool3d(pad(x, gaps), _COARSE))
        z, y, w = sides
        risen = interpolate(coarse, scale_factor=_COARSE, mode="trilinear")[..., :z, :y, :w]
        return risen - 4.0

    def near(self, x: Tensor) -> Tensor:
        """BM-Net's logits: in windows where the input is larger than one."""
        if max(x.shape[2:]) <= self.window:
            near: Tensor = self.patches(x)
            return near
        joined = sliding_window_inference(
            x, [self.window] * 3, 1, self.patches, overlap=0.25, mode="gaussian"
        )
        assert isinstance(joined, Tensor)  # noqa: S101 -- one output, so one tensor
        return joined

    def forward(self, x: Tensor) -> Tensor:
        """Mean logits."""
        return (self.near(x) + self.wide(x)) / 2

    def loss(self, voxels: Tensor, target: Tensor) -> Tensor:
        """WB-Net's on the whole, and BM-Net's on a patch around a lesion, or anywhere."""
        parts = []
        for each in target[:, 0]:
            lesions = (each > 0).float() * torch.rand_like(each)  # any lesion's voxel
            parts.append(around(peaks(lesions, 1, 1)[0], each.shape, self.patch))
        near = torch.stack([x[(slice(None), *p)] for x, p in zip(voxels, parts, strict=True)])
        truth = torch.stack([t[(slice(None), *p)] for t, p in zip(target, parts, strict=True)])
        first = self._loss(self.patches(near).float(), truth)
        return first + self._loss(self.wide(voxels).float(), target)
