"""What a GPU does, by torch on a CPU: as the CPU's own path, and nothing leaves on the way."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skimage.filters import threshold_otsu

from inference import preprocess
from inference.detector import Detector, detect_batch
from inference.detectors import on_device, voxelwise
from inference.detectors.candidates import probable
from inference.detectors.head_on_device import core_mask, filled_planes, head_mask, largest, otsu
from inference.detectors.on_device import prepare_on, probable_on
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.lesions import Lesion
from inference.preprocess import ROLES, SERIES, UnusableExamination, prepare
from inference.volume import Volume
from tests.unit.inference.test_families import card

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")
NEEDS = ("t1c",)
CLOSE = 1e-3  # robust standard deviations of the brain


def head(*, seed: int = 0, turn_deg: float = 0.0) -> dict[str, Volume]:
    """Two series of a soft ball 112 mm wide; FLAIR turned and in finer voxels, so smoothed."""
    rng = np.random.default_rng(seed)

    def series(role: str, spacing: tuple[float, float, float], turn: float) -> Volume:
        shape = [int(132 / each) for each in spacing]
        affine = np.eye(4)
        axes = Rotation.from_euler("xyz", (turn, 0, -turn), degrees=True).as_matrix()
        affine[:3, :3] = axes @ np.eye(3)[:, [2, 1, 0]] * spacing
        affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
        mm = np.argwhere(np.ones(shape)) @ affine[:3, :3].T + affine[:3, 3]
        inside = (np.linalg.norm(mm, axis=1) < 56).reshape(shape)
        voxels = inside * rng.normal(300, 40, shape) + rng.uniform(0, 9, shape)
        return Volume(voxels.astype(np.float32), affine, role, "1.2")

    return {"t1c": series("t1c", (2, 1.5, 1.5), 0.0), "flair": series("flair", (2, 2, 2), turn_deg)}


class Bright(torch.nn.Module):
    """Logits: how bright T1c is about a voxel; where 3 of 4 lie is probable."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, 4, z, y, x) to (B, 1, z, y, x)."""
        soft = torch.nn.functional.avg_pool3d(x[:, :1], 5, stride=1, padding=2)
        return 12 * soft - 9


def detector(
    kind: type[VoxelwiseDetector] = VoxelwiseDetector, **options: Any
) -> VoxelwiseDetector:
    made = kind(card("x"), Bright(), "cpu", is_differentiable=False)
    made.is_always_there = True
    return made


@pytest.mark.parametrize("turn_deg", [0.0, 9.0])
def test_a_device_prepares_what_the_cpu_does(turn_deg: float) -> None:
    examination = head(turn_deg=turn_deg)
    expected = prepare(examination)
    found = prepare_on(CPU, examination, NEEDS, ROLES)
    assert np.array_equal(found.affine, expected.affine)
    assert (found.missing, found.roles) == (expected.missing, expected.roles)
    assert np.abs(found.fetched().voxels - expected.voxels).max() < CLOSE
    assert np.ptp(expected.voxels[0]) > 3
    assert expected.voxels[3].any()


def test_ct_is_prepared_in_steps_there_too() -> None:
    mr = head()["t1c"]
    ct = replace(mr, role="ct", voxels=mr.voxels / 4 - 1000 * (mr.voxels < 50))
    expected = prepare({"t1c": mr, "ct": ct}, NEEDS, SERIES)
    found = prepare_on(CPU, {"t1c": mr, "ct": ct}, NEEDS, SERIES)
    assert np.abs(found.fetched().voxels - expected.voxels).max() < CLOSE
    assert expected.voxels[4].any()


@pytest.mark.parametrize("kind", ["empty", "noise", "small"])
def test_a_device_refuses_in_the_same_words(kind: str) -> None:
    voxels = np.zeros((60, 80, 80), np.float32)
    if kind == "noise":
        voxels[30, 40, 40:43] = 100
    if kind == "small":
        voxels[20:40, 30:50, 30:50] = 100
    examination = {"t1c": Volume(voxels, np.eye(4)[:, [2, 1, 0, 3]], "t1c")}
    with pytest.raises(UnusableExamination) as expected:
        prepare(examination)
    with pytest.raises(UnusableExamination) as found:
        prepare_on(CPU, examination, NEEDS, ROLES)
    assert str(found.value) == str(expected.value)


def test_the_head_and_its_core_are_the_same_voxels() -> None:
    rng = np.random.default_rng(5)
    z, y, x = np.indices((40, 50, 45)) - np.array([22, 25, 22])[:, None, None, None]
    ball = (z / 16) ** 2 + (y / 21) ** 2 + (x / 17) ** 2 < 1
    ball &= ~((y - 8) ** 2 + x**2 < 30)  # a canal to fill
    coarse = (ball * rng.normal(200, 30, ball.shape) + rng.uniform(0, 20, ball.shape)).astype("f4")
    expected = preprocess._head_mask(coarse, "t1c")
    found = head_mask(torch.from_numpy(coarse), "t1c")
    assert np.array_equal(found.numpy(), expected)
    assert np.array_equal(core_mask(found, "t1c").numpy(), preprocess._core(expected, "t1c"))
    assert otsu(torch.from_numpy(coarse)).item() == pytest.approx(threshold_otsu(coarse), rel=1e-5)


def test_a_winding_piece_and_a_spiral_hole_are_followed_to_their_ends() -> None:
    maze = torch.zeros(1, 40, 40, dtype=torch.bool)
    maze[0, ::2] = True
    maze[0, 1::4, -1] = True
    maze[0, 3::4, 0] = True
    assert torch.equal(largest(maze), maze)
    alone = maze.clone()
    alone[0, 1] = False  # cuts off the first row
    assert int(largest(alone).sum()) == int(alone.sum()) - 40
    ring = torch.ones(1, 9, 9, dtype=torch.bool)
    ring[0, 3:6, 3:6] = False
    ring[0, 0, 4] = False  # a bay is no hole
    assert int((~filled_planes(ring)).sum()) == 1


@pytest.mark.parametrize("turn_deg", [0.0, 9.0])
def test_only_probable_voxels_are_left_and_they_are_the_cpus(turn_deg: float) -> None:
    examination = head()
    reference = examination["t1c"]
    turned = Rotation.from_euler("z", turn_deg, degrees=True).as_matrix()
    affine = reference.affine.copy()
    affine[:3] = turned @ affine[:3]
    reference = replace(reference, affine=affine)
    ready = prepare(examination)
    there = prepare_on(CPU, examination, NEEDS, ROLES)
    passes = torch.cat([Bright()(there.voxels[None])[0], Bright()(there.voxels[None])[0] - 0.2])
    expected = probable(passes.numpy(), ready, reference, 0.4)
    found = probable_on(passes, there, reference, 0.4)
    assert len(expected.index) > 100
    assert np.array_equal(found.index, expected.index)
    assert np.abs(found.logits - expected.logits).max() < CLOSE
    nothing = probable_on(passes * 0 - 9, there, reference, 0.4)
    assert nothing.logits.shape == (2, 0)


def same(found: list[Lesion], expected: list[Lesion]) -> None:
    assert len(expected) > 3
    assert [each.offset for each in found] == [each.offset for each in expected]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(found, expected, strict=True))
    assert [each.probability for each in found] == pytest.approx(
        [each.probability for each in expected], abs=1e-3
    )


def test_a_detector_finds_the_same_either_way() -> None:
    examination = head()
    ours, cpus = detector(), detector()
    cpus.is_always_there = False
    same(ours.found(examination)[0], cpus.found(examination)[0])


def test_before_the_candidates_only_outlines_leave_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[int] = []
    plain = torch.Tensor.cpu

    def counted(tensor: torch.Tensor, *rest: Any) -> torch.Tensor:
        left.append(tensor.numel() * tensor.element_size())
        return plain(tensor, *rest)

    examination = head()
    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    ours = detector()
    there = ours._there(examination)
    assert there is not None
    coarse = examination["t1c"].voxels.size * 4.5 / 64  # bytes: one a voxel of 4 mm
    assert sum(left) <= coarse * 1.2
    whole = there.voxels[0].numel() * 4
    maps = ours.maps(there.voxels, there.affine)
    left.clear()
    on_device.probable_on(maps, there, examination["t1c"], 0.4)
    assert max(left) < whole / 10
    there.fetched()
    assert max(left) == 4 * whole  # the count sees what does leave


def test_a_device_without_memory_for_the_images_leaves_them_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examination = head()
    expected = detector().found(examination)[0]

    def lacks(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("inference.detectors.voxelwise.prepare_on", lacks)
    ours = detector()
    assert ours._there(examination) is None
    same(ours.found(examination)[0], expected)


MANY = pytest.mark.filterwarnings("ignore:.*most probable kept:UserWarning")  # noise is bright


@MANY
@pytest.mark.parametrize("where", ["mirrored", "candidates"])
def test_a_device_that_lacks_memory_on_the_way_ends_no_run(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    examination = head()
    expected = detector().found(examination)[0]
    lacked: list[str] = []

    def lacks_once(do: Any) -> Any:
        def tried(*arguments: Any, **named: Any) -> Any:
            if not lacked:
                lacked.append(where)
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return do(*arguments, **named)

        return tried

    if where == "mirrored":
        monkeypatch.setattr(torch.Tensor, "flip", lacks_once(torch.Tensor.flip))
    else:
        name = "inference.detectors.voxelwise.probable_on"
        monkeypatch.setattr(name, lacks_once(probable_on))
    found = detector().found(examination)[0]
    assert lacked == [where]
    assert [each.probability for each in found] == pytest.approx(
        [each.probability for each in expected], abs=1e-3
    )


class Counting(VoxelwiseDetector):
    """Remembers how many examinations each call of the network had; has no room for too many."""

    most = 10
    batches: tuple[int, ...] = ()

    def run(self, network: torch.nn.Module, part: torch.Tensor) -> torch.Tensor:
        if len(part) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.batches = (*self.batches, len(part))
        return super().run(network, part)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """What is kept of the many: to explain 200 takes seconds."""
    monkeypatch.setattr(voxelwise, "MOST", 12)
    return 12


@MANY
def test_examinations_of_one_shape_go_through_together_and_none_is_mixed_up(few: int) -> None:
    first, second = head(seed=1), head(seed=2)
    t1c = first["t1c"]
    low = replace(t1c, voxels=t1c.voxels[20:], affine=t1c.affine.copy())  # another shape
    low.affine[:3, 3] += t1c.affine[:3, 0] * 20
    other = {"t1c": low}
    ours = detector(Counting)
    found = detect_batch(ours, [first, other, second])
    assert sorted(ours.batches) == [1, 1, 2, 2]
    for lesions, examination in zip(found, (first, other, second), strict=True):
        same(lesions, detector().found(examination)[0][:few])
        assert all(each.explanation["short"] for each in lesions)


@MANY
def test_a_batch_that_lacks_memory_goes_one_by_one(few: int) -> None:
    ours = detector(Counting)
    ours.most = 1
    found = ours.detect_batch([head(seed=1), head(seed=2)])
    assert set(ours.batches) == {1}
    same(found[1], detector().found(head(seed=2))[0][:few])


def test_any_detector_answers_for_a_batch_in_turn() -> None:
    class Named:
        name, version, weights_sha256, needs = "x", "1", "", NEEDS

        def detect(self, examination: dict[str, Volume]) -> list[Lesion]:
            return [examination["lesion"]]

    made: Detector = Named()
    assert detect_batch(made, [{"lesion": 1}, {"lesion": 2}]) == [[1], [2]]  # type: ignore[comparison-overlap]
