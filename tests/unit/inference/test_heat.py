"""Heat maps: they share out the network's answer, and lie where the network looks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference.detector import Card
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.explain import explain
from inference.explain.heat import GRAD_CAM, Sight, attribute, heat_map
from inference.lesions import HEAT_LEVELS, Lesion
from inference.preprocess import ROLES, Prepared

SHAPE = (64, 64, 80)
CENTRE = (30, 40, 52)  # of the bright ball, in voxels of the 1 mm grid


class Looks(torch.nn.Module):
    """Answers by one channel alone, curved, so that the integral has something to do."""

    def __init__(self, channel: int) -> None:
        super().__init__()
        self.channel = channel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.softplus(x[:, self.channel : self.channel + 1]) ** 2


def ball(radius: float) -> NDArray[np.bool_]:
    distance = np.linalg.norm(np.moveaxis(np.indices(SHAPE), 0, -1) - CENTRE, axis=-1)
    return np.asarray(distance <= radius)


@pytest.fixture
def ready() -> Prepared:
    voxels = np.random.default_rng(5).normal(0, 0.3, (4, *SHAPE)).astype(np.float32)
    voxels[0, ball(5)] += 6
    return Prepared(voxels, np.eye(4), ("t2",))


@pytest.fixture
def lesion() -> Lesion:
    """The ball as seen by a series of 2 mm slices that is turned against the network's grid."""
    series = np.diag([2.0, -1.0, 1.0, 1.0])
    series[:3, 3] = (0, SHAPE[1] - 1, 0)
    mask = ball(5)[::2, ::-1, :]
    where = np.argwhere(mask)
    low, high = where.min(0), where.max(0) + 1
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    offset = (int(low[0]), int(low[1]), int(low[2]))
    return Lesion(mask[z, y, x].astype(np.uint8), offset, series, 0.9)


def test_the_parts_of_an_answer_add_up_to_it(ready: Prepared) -> None:
    voxels = torch.from_numpy(ready.voxels)[None]
    target = torch.from_numpy(ball(5).astype(np.float32))
    parts, error = attribute(Looks(0), voxels, target)
    network, zero = Looks(0), torch.zeros_like(voxels)
    mean = [float((network(x)[0, 0] * target).sum() / target.sum()) for x in (voxels, zero)]
    assert float(parts.sum()) == pytest.approx(mean[0] - mean[1], rel=1e-3)
    assert abs(error) < 1e-3 * abs(mean[0] - mean[1])


def test_a_network_that_takes_one_image_at_a_time_has_its_parts_too(ready: Prepared) -> None:
    class OneAtATime(Looks):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if len(x) > 1:
                raise RuntimeError("expected a batch of 1")
            return super().forward(x)

    voxels = torch.from_numpy(ready.voxels)[None]
    target = torch.from_numpy(ball(5).astype(np.float32))
    parts, error = attribute(OneAtATime(0), voxels, target)
    expected, _ = attribute(Looks(0), voxels, target)
    assert np.allclose(parts, expected, atol=1e-6)
    assert abs(error) < 1e-3 * abs(parts.sum())


@pytest.mark.parametrize("channel", [0, 3])
def test_a_heat_map_lies_where_the_network_looks_on_the_grid_of_the_series(
    ready: Prepared, lesion: Lesion, channel: int
) -> None:
    ready.voxels[channel, ball(5)] += 3
    found = heat_map(Looks(channel), lesion, ready)
    assert found is not None
    assert set(found.shares) == {"t1c", "t1", "flair"}  # no share of a series that is missing
    assert found.shares[ROLES[channel]] == 1
    assert found.values.max() == 1
    heavy = np.argwhere(found.values > 0.5)
    middle = (heavy.mean(0) + found.offset) @ found.affine[:3, :3].T + found.affine[:3, 3]
    assert middle == pytest.approx(CENTRE, abs=1)
    assert middle == pytest.approx(lesion.centroid_mm, abs=1)


def test_a_heat_map_is_told_in_closed_lines_of_the_series_slices(
    ready: Prepared, lesion: Lesion
) -> None:
    found = heat_map(Looks(0), lesion, ready)
    assert found is not None
    levels = found.to_json()["levels"]
    assert [each["level"] for each in levels] == list(HEAT_LEVELS)
    lines = [line for each in levels for line in each["contours_mm"]]
    assert lines
    for line in lines:
        assert line[0] == line[-1]
        assert {point[0] % 2 for point in line} == {0}  # slices are 2 mm apart along x here
    sizes = [np.ptp(np.concatenate(each["contours_mm"]), axis=0).max() for each in levels]
    assert sizes == sorted(sizes, reverse=True)


def test_a_model_without_a_slope_keeps_its_proposals_without_heat_maps(
    ready: Prepared, lesion: Lesion
) -> None:
    class Cut(Looks):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.detach())

    point = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
    card = Card("cut", "1", "torchscript", "", "", ("t1c",), point, {})
    detector = VoxelwiseDetector(card, Cut(0), "cpu")
    with pytest.warns(UserWarning, match="cut@1: no heat map"):
        assert detector._heated(lesion, 0, ready) == lesion


def test_a_network_of_coarse_features_sees_whole_multiples_of_its_stride_to_the_edge(
    ready: Prepared,
) -> None:
    """As nnU-Net's: 80 voxels are no multiple of 32, and the lesion lies in the last of them."""

    class Halves(Looks):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert all(n % 32 == 0 for n in x.shape[2:]), x.shape
            return super().forward(x)

    box = np.zeros(SHAPE, bool)
    box[28:32, 38:42, 75:79] = True
    ready.voxels[0, box] += 6
    mask = np.ones((4, 4, 4), np.uint8)
    at_edge = Lesion(mask, (28, 38, 75), np.eye(4), 0.9)
    found = heat_map(Halves(0), at_edge, ready, Sight(ROLES, (32, 32, 32), "as told"))
    assert found is not None
    assert found.method == "as told"
    middle = np.argwhere(found.values > 0.5).mean(0) + found.offset
    assert middle == pytest.approx((29.5, 39.5, 76.5), abs=1)


class Features(torch.nn.Module):
    """Features at half the size, one of them bright where T1c is, then an answer by that one."""

    def __init__(self) -> None:
        super().__init__()
        self.see = torch.nn.Conv3d(4, 2, 2, stride=2, bias=False)
        self.say = torch.nn.Conv3d(2, 1, 1, bias=False)
        with torch.no_grad():
            self.see.weight[:] = 0
            self.see.weight[0, 0] = 0.2
            self.see.weight[1, 3] = 0.2  # FLAIR, which the answer has no use for
            self.say.weight[:] = torch.tensor([1.0, 0.0])[:, None, None, None]
        self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.say(torch.relu(self.see(x)))
        return torch.nn.functional.interpolate(found, scale_factor=2.0)


def test_grad_cam_lies_where_the_features_speak_for_the_lesion(
    ready: Prepared, lesion: Lesion
) -> None:
    """By a card's option; it says nothing of series, so neither do the words."""
    far = np.linalg.norm(np.moveaxis(np.indices(SHAPE), 0, -1) - (30, 20, 30), axis=-1) <= 5
    ready.voxels[3, far] += 9  # bright on FLAIR, elsewhere in the window
    point = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
    card = Card("cam", "1", "unet-3d", "", "", ("t1c",), point, {}, {"heat": "grad-cam"})
    found = VoxelwiseDetector(card, Features(), "cpu")._heated(lesion, 0, ready)
    assert found.heat is not None
    assert (found.heat.method, found.heat.shares) == (GRAD_CAM, {})
    heavy = np.argwhere(found.heat.values > 0.5) + found.heat.offset
    middle = heavy.mean(0) @ found.heat.affine[:3, :3].T + found.heat.affine[:3, 3]
    assert middle == pytest.approx(CENTRE, abs=1)
    explained = explain(found, ready)
    assert "rests on" not in explained.explanation["full"]
    plain = VoxelwiseDetector(replace(card, options={}), Features(), "cpu")
    assert "rests on" in explain(plain._heated(lesion, 0, ready), ready).explanation["full"]
    with pytest.raises(ValueError, match="heat is integrated-gradients or grad-cam"):
        VoxelwiseDetector(replace(card, options={"heat": "x"}), Features(), "cpu")


def test_grad_cam_of_a_network_without_features_leaves_the_proposal_without_a_heat_map(
    ready: Prepared, lesion: Lesion
) -> None:
    point = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
    card = Card("cam", "1", "unet-3d", "", "", ("t1c",), point, {}, {"heat": "grad-cam"})
    with pytest.warns(UserWarning, match="fewer than two convolutions"):
        assert VoxelwiseDetector(card, Looks(0), "cpu")._heated(lesion, 0, ready) == lesion


def test_where_nothing_speaks_for_a_lesion_there_is_no_heat_map(
    ready: Prepared, lesion: Lesion
) -> None:
    against = torch.nn.Conv3d(4, 1, 1, bias=False).requires_grad_(False)
    against.weight[:] = -1.0
    ready.voxels[:] = np.abs(ready.voxels)
    assert heat_map(against, lesion, ready) is None
