"""The default detector's network on a CPU in integers, by OpenVINO and by torch, in turns.

    python -m benchmarks.detectors.speed --rounds 5
    python -m benchmarks.detectors.speed --families nnu-net swin-unetr unet-3d

On one phantom: seconds of both passes (as it is and mirrored), and of a detection without reading
files, words and heat maps; OpenVINO's compilation apart. Families of MR are untrained: what looks
again at what it found may take longer trained. For a machine with little else to do.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median

import torch

import inference
from inference import phantom
from inference.detector import card_of
from inference.detectors import families
from inference.detectors.layout import is_int8_fast
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import prepare
from inference.volume import Volume

SEED = 42_000  # of no other bench
WAYS = ("integers", "OpenVINO", "torch")


def _loaded(way: str) -> VoxelwiseDetector:
    made = inference.load_detector(inference.default_detector(), "cpu")
    assert isinstance(made, VoxelwiseDetector)
    if way != "integers":
        made.int8 = None
    if way == "torch":
        made._for_openvino.clear()  # noqa: SLF001 -- no user wants it
    return made


def _untrained(name: str) -> VoxelwiseDetector:
    family = families.family_of(name)
    if "ct" in family.inputs:
        raise SystemExit(f"{name} takes CT, which this phantom has not")
    card = card_of(inference.default_detector())
    return VoxelwiseDetector(
        card, families.build(name), "cpu", window=family.window, inputs=family.inputs
    )


def _of_families(names: Sequence[str], examination: Mapping[str, Volume]) -> None:
    """Both passes of each once: they take long."""
    for name in names:
        made = _untrained(name)
        ready = prepare(examination, made.needs, made.inputs)
        print(f"{name}: both passes {_seconds(partial(made.logits, ready)):.1f} s", flush=True)


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
    parser.add_argument("--families", nargs="+", default=[], help="these alone")
    chosen = parser.parse_args()
    rounds: int = chosen.rounds
    series = phantom.make_case(SEED, n_lesions=3).series
    if chosen.families:
        _of_families(chosen.families, series)
        return
    if not is_int8_fast():
        raise SystemExit("this processor has no AVX2: it computes in floating point")
    ours = {way: _loaded(way) for way in WAYS}
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
    by_torch = median(network["torch"])
    for name in WAYS[:2]:
        print(f"{name} of torch's time: {median(network[name]) / by_torch:.2f}")


if __name__ == "__main__":
    main()
