"""Where and how a network's weights lie in memory, and in how many bits it computes."""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")  # instructions: of x86, then of ARM


def is_bfloat16_fast(device: torch.device | str) -> bool:
    """Whether a device computes in bfloat16 by instructions of its own.

    oneDNN has bfloat16 on every processor with AVX-512: on those without its instructions it is
    emulated, four times as slow as single precision, and slopes were seen that are not finite.
    """
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    available = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(available and any(map(torch.cpu.get_capabilities().get, _BFLOAT16)))


def is_int8_fast() -> bool:
    """Whether a network in 8-bit integers is what this processor is to run: those with AVX2.

    Measured with AVX2 alone; VNNI and AMX are further instructions for the same.
    """
    return bool(torch.cpu.get_capabilities().get("avx2"))


def laid_out(network: nn.Module, device: torch.device | str) -> nn.Module:
    """Move a network to a device; 3-D convolutions channels last, which CPUs run faster.

    torch refuses that layout for a network that has 2-D convolutions too.
    """
    network = network.to(device)
    if any(each.ndim == 4 for each in network.parameters()):
        return network
    made: nn.Module = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return made


# What has statistics of its own, and what draws at random between a convolution and its norm.
_LEFT = (
    nn.modules.batchnorm._NormBase,  # noqa: SLF001 -- of batch and instance norms; no public name
    nn.GroupNorm,
    nn.LayerNorm,
    nn.modules.dropout._DropoutNd,  # noqa: SLF001 -- of all dropouts
)


def folded(network: nn.Module) -> nn.Module | None:
    """A network for inference whose batch norms are part of the convolutions before them.

    In evaluation a batch norm is a factor and a shift for each channel, which the convolution's
    weights can carry: the same function with a pass over memory less for each. Done where all of
    them are in blocks of MONAI's DynUNet; None for other networks, and for those with dropout.
    """
    from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetResBlock

    blocks = (UnetBasicBlock, UnetResBlock)
    if not any(isinstance(each, blocks) for each in network.modules()):
        return None
    made = copy.deepcopy(network).eval()
    for block in filter(lambda each: isinstance(each, blocks), made.modules()):
        for number in (1, 2, 3):
            _fold(block, f"conv{number}", f"norm{number}")
    return None if any(isinstance(each, _LEFT) for each in made.modules()) else made


def _fold(block: nn.Module, convolution: str, norm: str) -> None:
    before, after = getattr(block, convolution, None), getattr(block, norm, None)
    if before is not None and isinstance(after, nn.BatchNorm3d):
        before.conv = fuse_conv_bn_eval(before.conv, after)
        setattr(block, norm, nn.Identity())
