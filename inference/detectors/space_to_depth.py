"""Space-to-depth DynUNet: the whole head in one pass on a CPU.

Each 2 x 2 x 2 block of voxels becomes eight channels, a residual U-Net (MONAI's DynUNet, after
Isensee et al. 2021) runs at half resolution, and its eight outputs are put back into place. It
costs about an eighth of a U-Net at full resolution and still answers for every voxel.
"""

import torch
from torch import Tensor, nn


class SpaceToDepth(nn.Module):
    """Run `body` on 2 x 2 x 2 blocks; input (B, C, D, H, W), output (B, 1, D, H, W)."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Fold, run the body, unfold."""
        b, c, d, h, w = x.shape
        x = x.reshape(b, c, d // 2, 2, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 7, 2, 4, 6)
        y: Tensor = self.body(x.reshape(b, c * 8, d // 2, h // 2, w // 2))
        y = y.reshape(b, 1, 2, 2, 2, d // 2, h // 2, w // 2).permute(0, 1, 5, 2, 6, 3, 7, 4)
        return y.reshape(b, 1, d, h, w)


def build(channels: int = 4, width: int = 32, dropout: float | None = None) -> nn.Module:
    """Return the untrained network (of width 32: 1.5 million parameters).

    The output's bias starts at -5: lesions are rare, and the first steps need not learn that.
    With `dropout` each convolution's outputs but the last one's are dropped with that chance;
    weights are the same by name with and without it.
    """
    from monai.networks.nets.dynunet import DynUNet

    body = DynUNet(
        spatial_dims=3,
        in_channels=channels * 8,
        out_channels=8,
        kernel_size=[3] * 4,
        strides=[1, 2, 2, 2],
        upsample_kernel_size=[2] * 3,
        filters=[width, width * 3 // 2, width * 2, width * 3],
        norm_name=("BATCH", {}),
        res_block=True,
        dropout=dropout,
    )
    if dropout:
        body.output_block.conv.adn = nn.Identity()  # a dropped logit would be a probability of 1/2
    last = body.output_block.conv.conv
    torch.nn.init.normal_(last.weight, 0, 0.02)
    torch.nn.init.constant_(last.bias, -5.0)
    return SpaceToDepth(body)
