"""A network on a CPU by OpenVINO: the same answers as by torch, and no telemetry."""

import subprocess
import sys

import pytest
import torch

from inference import detector
from inference.detectors import voxelwise
from inference.detectors.compiled import Compiled
from inference.detectors.layout import folded
from inference.detectors.space_to_depth import build
from inference.detectors.voxelwise import VoxelwiseDetector


def shipped() -> VoxelwiseDetector:
    made = detector.load(detector.DEFAULT, "cpu")
    assert isinstance(made, VoxelwiseDetector)
    return made


def test_it_answers_as_torch_does_at_every_size() -> None:
    torch.manual_seed(1)
    network = folded(build(4, 8))
    assert network is not None
    one = Compiled(network, channels=4, in_bfloat16=False)
    for size in ((32, 32, 32), (48, 16, 64), (64, 80, 32)):
        part = torch.randn(1, 4, *size)
        with torch.inference_mode():
            expected = network(part)
        assert one(part).shape == expected.shape
        assert (one(part) - expected).abs().max() < 1e-4


def test_the_shipped_detector_is_run_by_it_and_differs_by_the_roundings_of_16_bits() -> None:
    ours, by_torch = shipped(), shipped()
    by_torch._compiled.clear()
    torch.manual_seed(2)
    part = 2 * torch.randn(1, 4, 64, 64, 48)
    with torch.inference_mode():
        found = ours.run(ours.networks[0], part)
        expected = by_torch.run(by_torch.networks[0], part)
    assert isinstance(ours._compiled[ours.networks[0]], Compiled)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 0.1  # of logits; 0.06 on whole heads
    assert (found - expected).abs().mean() < 0.02


@pytest.mark.parametrize("problem", [RuntimeError("no AVX here"), ImportError("no openvino")])
def test_a_machine_on_which_it_does_not_run_has_torch(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(voxelwise, "Compiled", fails)
    ours = shipped()
    part = torch.zeros(1, 4, 32, 32, 32)
    with pytest.warns(UserWarning, match="torch instead of OpenVINO: no "):
        first = ours.run(ours.networks[0], part)
    assert torch.equal(ours.run(ours.networks[0], part), first)  # and tries it once only


def test_it_tells_nobody_that_it_is_used() -> None:
    code = (
        "import sys\n"
        "from inference.detectors import compiled\n"
        "compiled._openvino()\n"
        "print([name for name, module in sys.modules.items()"
        " if name.startswith('openvino_telemetry') and module is not None])\n"
        "from openvino.tools import ovc\n"
        "print(type(ovc.telemetry).__module__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert done == ["[]", "openvino.tools.ovc.telemetry_stub"]
