"""A network on a CPU by OpenVINO: the same answers as by torch, and no telemetry."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from inference import detector
from inference.detectors import compiled, voxelwise
from inference.detectors.compiled import Compiled, traced
from inference.detectors.layout import folded
from inference.detectors.space_to_depth import build
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import Prepared
from inference.volume import Volume

SMALL = torch.zeros(1, 4, 32, 32, 32)


def shipped() -> VoxelwiseDetector:
    made = detector.load(detector.DEFAULT, "cpu")
    assert isinstance(made, VoxelwiseDetector)
    return made


def small(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    made = build(4, 8).eval()
    nn.init.normal_(made.body.output_block.conv.conv.weight)
    return made


def by_torch_alone(made: VoxelwiseDetector) -> VoxelwiseDetector:
    made._for_openvino.clear()
    return made


def test_it_answers_as_torch_does_at_every_size() -> None:
    network = folded(small(1))
    assert network is not None
    one = Compiled(traced(network, 4), channels=4, in_bfloat16=False)
    for size in ((32, 32, 32), (48, 16, 64), (64, 80, 32)):
        part = torch.randn(1, 4, *size)
        with torch.inference_mode():
            expected = network(part)
        first = one(part)
        one.release()
        assert first.shape == expected.shape
        assert (first - expected).abs().max() < 1e-4 * expected.abs().max()
        assert torch.equal(one(part), first)  # its memory was its own, and comes back


def test_the_shipped_detector_finds_the_same_lesions_by_it_as_by_torch(
    around_the_largest: dict[str, Volume],
) -> None:
    """In 8-bit integers where the processor is fast in them, and in 16 bits or 32 by torch."""
    ours, others = shipped(), by_torch_alone(shipped())
    (found, *_), (expected, *_) = (each.found(around_the_largest) for each in (ours, others))
    assert [type(each) for each in ours._compiled.values()] == [Compiled]
    assert not others._compiled
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.centroid_mm == pytest.approx(other.centroid_mm, abs=0.5)
        assert one.probability == pytest.approx(other.probability, abs=0.03)


@pytest.mark.parametrize(
    ("has", "dtype"),
    [
        ({"avx512_f", "avx512_bw", "avx512_vl", "avx512_vnni"}, torch.float32),
        ({"avx512_f", "avx512_bf16"}, torch.bfloat16),
        ({"amx_bf16"}, torch.bfloat16),
        ({"neon", "bf16"}, torch.bfloat16),
        (set(), torch.float32),
    ],
)
def test_it_computes_in_16_bits_only_where_the_processor_has_them(
    monkeypatch: pytest.MonkeyPatch, has: set[str], dtype: torch.dtype
) -> None:
    """OneDNN takes them wherever there is AVX-512: four times as slow as in single precision."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(has, True))
    (network,) = shipped().networks
    assert {each.dtype for each in network.parameters()} == {dtype}


def test_members_of_an_ensemble_answer_each_for_itself_in_windows_too() -> None:
    members = [small(seed) for seed in (3, 4)]
    card = detector.card_of(detector.DEFAULT)
    torch.manual_seed(5)
    ready = Prepared(torch.randn(4, 48, 64, 48).numpy(), np.eye(4), ())
    for window in (None, 32):
        ours, others = (
            VoxelwiseDetector(card, members[0], "cpu", others=members[1:], window=window)
            for _ in range(2)
        )
        found, expected = ours.logits(ready), by_torch_alone(others).logits(ready)
        assert len(ours._compiled) == 2
        assert found.shape == expected.shape == (4, 48, 64, 48)
        spread = expected.std()
        assert np.abs(found - expected).mean() < 0.03 * spread
        assert np.abs(found[0] - found[2]).mean() > 0.3 * spread


class _Wanting(Compiled):
    """Has memory for little."""

    def __call__(self, part: Tensor) -> Tensor:
        if max(part.shape[2:]) > 32:
            raise RuntimeError("[CPU] Failed to allocate 1234567 bytes of memory")
        return super().__call__(part)


def test_where_memory_lacks_it_has_smaller_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voxelwise, "Compiled", _Wanting)
    ours = VoxelwiseDetector(detector.card_of(detector.DEFAULT), small(6), "cpu")
    found = ours.logits(Prepared(np.ones((4, 64, 64, 64), np.float32), np.eye(4), ()))
    assert ours.window == 32
    assert found.shape == (2, 64, 64, 64)


def test_a_machine_on_which_it_does_not_run_has_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO's own errors are of several kinds that share none but `Exception`."""
    import openvino.frontend

    def fails(*_: object) -> None:
        raise openvino.frontend.OpConversionFailure("no such thing here")

    monkeypatch.setattr(compiled.Compiled, "__call__", fails)
    ours = shipped()
    with pytest.warns(UserWarning, match="torch instead of OpenVINO: no such thing here"):
        first = ours.run(ours.networks[0], SMALL)
    assert torch.equal(ours.run(ours.networks[0], SMALL), first)  # and is asked no more


def test_a_network_that_is_not_ours_is_left_to_torch() -> None:
    """It may do otherwise at another size than that on which it would be traced."""
    network = small(7).body
    theirs = VoxelwiseDetector(detector.card_of(detector.DEFAULT), network, "cpu")
    theirs.run(theirs.networks[0], torch.zeros(1, 32, 16, 16, 16))
    assert not theirs._compiled


def test_it_tells_nobody_that_it_is_used() -> None:
    code = (
        "import sys\n"
        "from inference.detectors import compiled\n"
        "from inference.training.quantise import _nncf\n"
        "_nncf()\n"
        "print([name for name, module in sys.modules.items()"
        " if name.startswith('openvino_telemetry') and module is not None])\n"
        "from openvino.tools import ovc\n"
        "print(type(ovc.telemetry).__module__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert done == ["[]", "openvino.tools.ovc.telemetry_stub"]
