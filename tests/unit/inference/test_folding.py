"""Batch norms that became part of the convolutions: the same answers, in fewer steps."""

import torch
from torch import nn

from inference.detectors import families
from inference.detectors.layout import folded
from inference.detectors.space_to_depth import build


def _used(width: int = 8) -> nn.Module:
    """A network whose norms have seen something."""
    torch.manual_seed(7)
    network = build(width=width).train()
    with torch.no_grad():
        for _ in range(3):
            network(2 * torch.randn(2, 4, 32, 32, 32) + 1)
    return network.eval()


def test_a_folded_network_is_the_same_function_without_norms() -> None:
    network = _used()
    made = folded(network)
    assert made is not None
    assert not any(isinstance(each, nn.BatchNorm3d) for each in made.modules())
    assert sum(isinstance(each, nn.BatchNorm3d) for each in network.modules()) > 10
    given = torch.randn(1, 4, 48, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(made(given), network(given), rtol=1e-4, atol=1e-4)


def test_its_slope_is_the_same_too() -> None:
    network = _used()
    made = folded(network)
    assert made is not None
    slopes = []
    for each in (network, made):
        given = torch.ones(1, 4, 32, 32, 32).requires_grad_()
        each(given).mean().backward()
        slopes.append(given.grad)
    torch.testing.assert_close(*slopes, rtol=1e-3, atol=1e-7)


def test_networks_with_other_norms_are_left_alone() -> None:
    assert folded(families.build("unet-3d", 8)) is None
    assert folded(nn.Sequential(nn.Conv3d(1, 1, 3), nn.BatchNorm3d(1))) is None
