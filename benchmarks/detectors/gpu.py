"""The default detector on a GPU: one case, a batch, and the roofline that its network is held to.

    python -m benchmarks.detectors.gpu --cases 10 --rounds 5
    python -m benchmarks.detectors.gpu --device cpu --side 48 --cases 2 --rounds 1

From decoded volumes in this machine's memory to lesions, without words and heat maps. The roofline
(Williams, Waterman, Patterson 2009): the network's multiplications and additions and the bytes that
its layers read and write, each counted as it runs, over what this device does in the same run by a
large matrix product and a large copy; the longer of the two times is the limit. `--side` cuts a
cube of the head for a run that is only to show that it works.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import inference
from inference import phantom
from inference.detectors.candidates import pieces
from inference.detectors.on_device import OnDevice, prepare_on, probable_on
from inference.detectors.together import maps_of
from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device
from inference.volume import Volume

SEED = 42_000  # of no other bench
_MATRIX, _COPIED = 8192, 2**28  # of a GPU; a CPU's are smaller


@dataclass(frozen=True)
class Roofline:
    """What one pass of a network needs, and what the device has.

    Attributes
    ----------
    operations, bytes_moved
        Of one pass: multiplications and additions; read and written by its layers, none fused.
    peak, bandwidth
        Operations and bytes a second, as measured.
    """

    operations: float
    bytes_moved: float
    peak: float
    bandwidth: float

    @property
    def seconds(self) -> float:
        """The least that a pass can take."""
        return max(self.operations / self.peak, self.bytes_moved / self.bandwidth)

    @property
    def bound(self) -> str:
        """What limits it."""
        by_compute = self.operations / self.peak > self.bytes_moved / self.bandwidth
        return "compute" if by_compute else "memory"


def needed(network: nn.Module, run: Callable[[], object]) -> tuple[float, float]:
    """Operations and bytes of a network's layers while `run` runs it by torch."""
    moved = 0.0

    def count(layer: nn.Module, given: tuple[Tensor, ...], answer: Tensor) -> None:
        nonlocal moved
        tensors = [*given, answer, *layer.parameters(recurse=False)]
        moved += sum(each.numel() * each.element_size() for each in tensors)

    leaves = [each for each in network.modules() if not list(each.children())]
    hooks = [each.register_forward_hook(count) for each in leaves]
    try:
        with FlopCounterMode(display=False) as counter:
            run()
    finally:
        for each in hooks:
            each.remove()
    return float(counter.get_total_flops()), moved


def seconds(work: Callable[[], object], device: torch.device, rounds: int) -> list[float]:
    """Seconds of each round after one that is not counted, the device's own work waited for."""
    spent = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        spent.append(time.perf_counter() - start)
    return spent[1:]


def measured(device: torch.device, dtype: torch.dtype, rounds: int) -> tuple[float, float]:
    """Operations a second of a matrix product, bytes a second of a copy."""
    is_small = device.type == "cpu"
    side, size = (1024, 2**23) if is_small else (_MATRIX, _COPIED)
    one = torch.randn(side, side, device=device).to(dtype)
    product = min(seconds(lambda: one @ one, device, rounds))
    source = torch.zeros(size, device=device)
    target = torch.empty_like(source)
    copied = min(seconds(lambda: target.copy_(source), device, rounds))
    return 2 * side**3 / product, 2 * 4 * size / copied


def roofline(detector: VoxelwiseDetector, ready: OnDevice, rounds: int) -> Roofline:
    """Of one pass over an examination as it was prepared."""
    network, voxels = detector.networks[0], ready.voxels[None]
    detector._for_openvino.clear()  # noqa: SLF001 -- torch's layers are counted
    with torch.inference_mode(), detector._precision():  # noqa: SLF001
        dtype = next(network.parameters()).dtype
        operations, moved = needed(network, lambda: network(voxels.to(dtype)))
        dtype = torch.get_autocast_dtype(voxels.device.type) if _is_cast(voxels) else dtype
    peak, bandwidth = measured(voxels.device, dtype, rounds)
    return Roofline(operations, moved, peak, bandwidth)


def _is_cast(voxels: Tensor) -> bool:
    return torch.is_autocast_enabled(voxels.device.type)


def _cut(volume: Volume, side: int | None) -> Volume:
    """A cube of so many voxels about the volume's middle; the whole where it is None."""
    if side is None:
        return volume
    starts = [max(0, (n - side) // 2) for n in volume.voxels.shape]
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_mm(np.array(starts, float))
    z, y, x = (slice(start, start + side) for start in starts)
    return replace(volume, voxels=np.ascontiguousarray(volume.voxels[z, y, x]), affine=affine)


def _words(spent: list[float]) -> str:
    return f"{median(spent):.3f} s ({min(spent):.3f} to {max(spent):.3f})"


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", help="default: CUDA where there is one")
    parser.add_argument("--cases", type=int, default=10, help="in a batch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, help="voxels of a cube of the head, for a trial")
    chosen = parser.parse_args(arguments)
    name = chosen_device(chosen.device)
    detector = inference.load_detector(inference.default_detector(), name)
    assert isinstance(detector, VoxelwiseDetector)
    series = phantom.make_case(SEED, n_lesions=3).series
    series = {role: _cut(each, chosen.side) for role, each in series.items()}
    report(detector, series, cases=chosen.cases, rounds=chosen.rounds)


def report(
    detector: VoxelwiseDetector, series: dict[str, Volume], *, cases: int, rounds: int
) -> None:
    """Print the device, each stage of one case, the roofline, and the batch."""
    device, reference = detector.device, series["t1c"]
    card = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU, not a GPU"
    print(f"{card}, torch {torch.__version__}, {rounds} rounds")

    def prepared() -> OnDevice:
        return prepare_on(device, series, detector.needs, detector.inputs)

    ready = prepared()
    limit = roofline(detector, ready, rounds)
    maps = detector.maps(ready.voxels, ready.affine)
    point = detector.card.operating_point["segmentation"]

    def found() -> object:
        return pieces(probable_on(maps, ready, reference, point), reference, point)

    def both() -> object:
        return detector.maps(ready.voxels, ready.affine)

    def whole() -> object:
        there = prepared()
        passes = detector.maps(there.voxels, there.affine)
        return pieces(probable_on(passes, there, reference, point), reference, point)

    for name, work in (("preparation", prepared), ("both passes", both), ("candidates", found),
                       ("one case", whole)):  # fmt: skip
        print(f"{name:12} {_words(seconds(work, device, rounds))}")
    print(f"roofline: {limit.operations / 1e9:.0f} GFLOP and {limit.bytes_moved / 1e9:.2f} GB a"
          f" pass, {limit.peak / 1e12:.2f} TFLOP/s and {limit.bandwidth / 1e9:.0f} GB/s measured:"
          f" {limit.bound}-bound, {limit.seconds:.4f} s a pass")  # fmt: skip
    batch = seconds(lambda: maps_of(detector, [ready] * cases), device, rounds)
    share = 2 * cases * limit.seconds / median(batch)
    print(f"{cases} cases, both passes {_words(batch)}: {share:.2f} of the limit")


if __name__ == "__main__":
    main()
