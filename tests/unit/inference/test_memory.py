"""Memory that lacks: smaller windows, then the CPU, for the examination that lacked it."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from inference.detector import Used
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import Prepared
from tests.unit.inference.test_families import AFFINE, Hungry, card

pytestmark = pytest.mark.usefixtures("one_thread")
WHOLE = "meta"  # torch's device without numbers: any that is not the CPU


class Moved(torch.nn.Module):
    """Says where it was moved to."""

    is_refused = False  # by the device

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def to(self, *where: object, **layout: object) -> "Moved":
        self.places += [str(each) for each in where]
        if self.is_refused and self.places[-1] == WHOLE:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self


class OnCard(VoxelwiseDetector):
    """Its device has room for so many voxels a side, beyond which torch has no memory there."""

    room = 0
    tried: tuple[int, ...] = ()  # windows there

    def run(self, _network: torch.nn.Module, part: torch.Tensor) -> torch.Tensor:
        if self.device.type == WHOLE and max(part.shape[2:]) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return torch.zeros(part[:, :1].shape)

    def windows(
        self, network: torch.nn.Module, voxels: torch.Tensor, size: Sequence[int], overlap: float
    ) -> torch.Tensor:
        if self.device.type == WHOLE:
            self.tried = (*self.tried, size[0])
            hidden = RuntimeError("patch size (32, 32, 32). Seems to be OOM.")  # as MONAI does
            raise hidden from torch.OutOfMemoryError("CUDA out of memory.")
        return super().windows(network, voxels, size, overlap)


@pytest.fixture
def ready() -> Prepared:
    voxels = np.random.default_rng(0).normal(0, 1, (4, 128, 16, 16)).astype(np.float32)
    return Prepared(voxels, AFFINE, ())


def test_a_card_without_memory_gives_way_to_smaller_windows_then_the_cpu_for_one_case(
    ready: Prepared,
) -> None:
    network = Moved()
    detector = OnCard(card("x"), network, WHOLE, opinions="once")
    network.places.clear()
    detector.logits(ready)
    assert detector.tried == (64, 32)
    assert detector.used == Used("cpu", 32, is_reduced=True)
    assert network.places == [WHOLE, "cpu"]
    detector.room = 128  # the other program on the card has ended
    detector.logits(ready)
    assert detector.used == Used(WHOLE, None, is_reduced=False)
    assert network.places == [WHOLE, "cpu", WHOLE]


def test_a_card_that_has_no_room_for_the_network_leaves_it_whole_on_the_cpu(
    ready: Prepared,
) -> None:
    network = Moved()
    detector = OnCard(card("x"), network, WHOLE, opinions="once")
    network.is_refused = True  # another program has the card
    detector.logits(ready)
    assert detector.used == Used("cpu", None, is_reduced=True)
    assert network.places[-2:] == [WHOLE, "cpu"]
    network.is_refused = False
    detector.room = 128
    detector.logits(ready)
    assert detector.used == Used(WHOLE, None, is_reduced=False)


def test_the_next_examination_is_tried_at_full_size_again(ready: Prepared) -> None:
    network = Hungry(72)
    detector = VoxelwiseDetector(card("x"), network, "cpu", opinions="once")
    detector.logits(ready)
    assert (network.seen, detector.used) == (64, Used("cpu", 64, is_reduced=True))
    network.largest = 128
    detector.logits(ready)
    assert (network.seen, detector.used) == (128, Used("cpu", None, is_reduced=False))


@pytest.mark.parametrize(("halvings", "side"), [(0, 96), (1, 48), (2, 48), (9, 48)])
def test_an_examination_can_begin_in_smaller_windows(
    ready: Prepared, halvings: int, side: int
) -> None:
    network = Hungry(200)
    detector = VoxelwiseDetector(card("x"), network, "cpu", opinions="once", window=96)
    detector.logits(ready, halvings)
    assert network.seen == side
    detector.logits(ready)
    assert network.seen == 96
