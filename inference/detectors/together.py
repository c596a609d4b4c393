"""Several examinations through a network at once: those of one shape, on a device with room."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from inference.detector import Used
from inference.detectors.memory import is_lack_of_memory
from inference.detectors.on_device import OnDevice, left_right_of, turned

if TYPE_CHECKING:
    from inference.detectors.voxelwise import VoxelwiseDetector


@torch.inference_mode()
def maps_of(detector: "VoxelwiseDetector", ready: Sequence[OnDevice]) -> list[Tensor]:
    """The maps (pass, z, y, x) of each, those of one shape and direction made at once."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, each in enumerate(ready):
        key = (*each.voxels.shape, left_right_of(each.affine))
        groups.setdefault(key, []).append(number)
    answers: dict[int, Tensor] = {}
    for numbers in groups.values():
        found = _together(detector, [ready[n] for n in numbers])
        answers.update(zip(numbers, found, strict=True))
    return [answers[number] for number in range(len(ready))]


def _together(detector: "VoxelwiseDetector", ready: Sequence[OnDevice]) -> Sequence[Tensor]:
    """Maps of examinations of one shape; one by one where windows, chance or memory ask it."""
    length = max(ready[0].voxels.shape[1:])
    detector.begin(length, 0)
    is_whole = detector.seen(length) == length and detector.opinions != "dropout"
    if len(ready) > 1 and is_whole:
        try:
            return _at_once(detector, ready)
        except (MemoryError, RuntimeError) as problem:
            if not is_lack_of_memory(problem):
                raise
    return [detector.maps(each.voxels, each.affine) for each in ready]


def _at_once(detector: "VoxelwiseDetector", ready: Sequence[OnDevice]) -> Sequence[Tensor]:
    """Maps (examination, pass, z, y, x) of examinations of one shape."""
    voxels = torch.stack([each.voxels for each in ready]).to(detector.device)
    outputs = [
        turned(detector.run(network, turned(voxels, axes)), axes)[:, 0]
        for network, axes in detector.asked(left_right_of(ready[0].affine))
    ]
    detector.used = Used(detector.device.type)
    return list(torch.stack(outputs, 1))
