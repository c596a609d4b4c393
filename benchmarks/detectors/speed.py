"""The default detector's network on a CPU by OpenVINO and by torch, in turns on one phantom.

    python -m benchmarks.detectors.speed --rounds 5

Seconds of both passes (as it is and mirrored), and of a detection without reading files, words and
heat maps; OpenVINO's compilation apart. For a machine with little else to do.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import torch

import inference
from inference import phantom
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import prepare

SEED = 42_000  # of no other bench


def _loaded(*, by_torch: bool) -> VoxelwiseDetector:
    made = inference.load_detector(inference.default_detector(), "cpu")
    assert isinstance(made, VoxelwiseDetector)
    if by_torch:
        made._for_openvino.clear()  # noqa: SLF001 -- no user wants it
    return made


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _words(all_seconds: list[float]) -> str:
    return f"{median(all_seconds):.2f} s ({min(all_seconds):.2f} to {max(all_seconds):.2f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    series = phantom.make_case(SEED, n_lesions=3).series
    ours = {"OpenVINO": _loaded(by_torch=False), "torch": _loaded(by_torch=True)}
    ready = prepare(series, ours["torch"].needs)
    first = {name: _seconds(partial(each.logits, ready)) for name, each in ours.items()}
    network: dict[str, list[float]] = {name: [] for name in ours}
    whole: dict[str, list[float]] = {name: [] for name in ours}
    for _ in range(rounds):
        for name, each in ours.items():
            network[name].append(_seconds(partial(each.logits, ready)))
            whole[name].append(_seconds(partial(each.found, series)))
    print(f"{torch.get_num_threads()} threads, {ready.voxels.shape[1:]} voxels, {rounds} rounds")
    for name in ours:
        spent = first[name] - median(network[name])
        print(f"{name}: both passes {_words(network[name])}, detection {_words(whole[name])}, "
              f"{spent:.2f} s more at the first")  # fmt: skip
    print(f"ratio of the network: {median(network['OpenVINO']) / median(network['torch']):.2f}")


if __name__ == "__main__":
    main()
