"""The bench of a GPU counts what a network needs, and runs where there is none."""

import pytest
import torch
from torch import nn

from benchmarks.detectors import gpu
from benchmarks.detectors.gpu import Roofline, needed
from inference.detectors.voxelwise import VoxelwiseDetector
from tests.unit.inference.test_on_device import detector, head

pytestmark = pytest.mark.usefixtures("one_thread")


def test_operations_and_bytes_of_a_convolution_are_those_by_hand() -> None:
    network = nn.Sequential(nn.Conv3d(4, 8, 3, padding=1, bias=False), nn.ReLU())
    operations, moved = needed(network, lambda: network(torch.zeros(1, 4, 10, 12, 14)))
    voxels = 10 * 12 * 14
    assert operations == 2 * voxels * 8 * 4 * 27
    assert moved == 4 * (voxels * (4 + 8) + 8 * 4 * 27 + voxels * (8 + 8))


def test_the_roofline_names_what_limits() -> None:
    compute = Roofline(operations=8e12, bytes_moved=1e9, peak=4e12, bandwidth=1e9)
    assert (compute.bound, compute.seconds) == ("compute", 2.0)
    memory = Roofline(operations=1e12, bytes_moved=9e9, peak=4e12, bandwidth=1e9)
    assert (memory.bound, memory.seconds) == ("memory", 9.0)


def test_it_runs_on_a_cpu_and_says_that_this_is_no_gpu(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = detector(VoxelwiseDetector)
    made.networks = [nn.Sequential(nn.Conv3d(4, 1, 3, padding=1))]
    gpu.report(made, head(), cases=2, rounds=1)
    said = capsys.readouterr().out
    assert said.startswith("CPU, not a GPU")
    for words in ("preparation", "both passes", "candidates", "one case", "-bound", "2 cases"):
        assert words in said
