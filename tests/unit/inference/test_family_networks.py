"""The parts that are ours of two-stage families, pairs and unions: on inputs told by hand."""

import pytest
import torch

from inference import losses
from inference.detectors import families
from inference.detectors.networks import regions, unions
from inference.detectors.networks.boxes import paint_boxes
from inference.detectors.networks.planar import black_blood
from inference.detectors.networks.staged import ProposeThenSuppress
from inference.detectors.networks.volumes import Rare
from inference.training.command import recipe_of
from inference.training.fit import Fit, Recipe

pytestmark = pytest.mark.usefixtures("one_thread")
WIDTH = 4
NEW = ("faster-rcnn-3d", "two-stage", "black-blood-pairs", "unets-by-size", "patch-and-whole-brain")


class Told(torch.nn.Module):
    """Answers what it was told, whatever it sees."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _x: torch.Tensor) -> torch.Tensor:
        return self.answer.clone()


def balls(*where: tuple[int, int, int, int], size: int = 32) -> torch.Tensor:
    """(1, 1, size, size, size): 1 within the radius of each (z, y, x, radius)."""
    grid = torch.stack(torch.meshgrid(*[torch.arange(float(size))] * 3, indexing="ij"))
    found = torch.zeros(size, size, size)
    for *middle, radius in where:
        far = (grid - torch.tensor(middle).float()[:, None, None, None]).square().sum(0).sqrt()
        found[far <= radius] = 1
    return found[None, None]


@pytest.mark.parametrize("name", NEW)
def test_a_seed_gives_the_same_network_and_the_same_learning(name: str) -> None:
    voxels = torch.randn(1, 4, 32, 32, 32, generator=torch.Generator().manual_seed(5))
    target = balls((16, 16, 16, 3))
    answers = []
    for _ in range(2):
        torch.manual_seed(8)
        running = Fit(families.build(name, WIDTH), Recipe(warm_up=1), "cpu")
        for _ in range(2):
            running.advance(voxels, target)
        with torch.inference_mode():
            answers.append(running.average(voxels))
        assert answers[-1].shape == target.shape
    assert torch.equal(*answers)


def test_a_family_says_how_large_a_patch_it_learns_from() -> None:
    """WB-Net's is a whole head (224 voxels hold every phantom's), the others' are 64."""
    import argparse

    from inference.training import command

    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    for name, size in (("patch-and-whole-brain", 224), ("unet-3d", 64)):
        options = parser.parse_args(["train", "--family", name])
        assert recipe_of(options, families.family_of(name), None).sampling.size == size


def test_regions_are_sampled_where_they_lie() -> None:
    """Features that are their own coordinates come back as the places in the region's grid."""
    places = torch.arange(8.0) * 2 + 1  # middles of features of two voxels
    features = torch.stack(torch.meshgrid(places, places, places, indexing="ij"))
    boxes = torch.tensor([[2.0, 4, 6, 12, 9, 11], [5.0, 5, 5, 10, 10, 10]])
    found = regions._sampled(features, boxes).reshape(2, 3, 5, 5, 5)
    for box, samples in zip(boxes, found, strict=True):
        low, side = box[:3], (box[3:] - box[:3]) / 5
        assert torch.allclose(samples[:, 0, 0, 0], low + side / 2, atol=1e-4)
        assert torch.allclose(samples[:, 4, 2, 1], low + side * torch.tensor([4.5, 2.5, 1.5]))


def test_the_second_stage_decides_what_the_first_proposes() -> None:
    torch.manual_seed(3)
    network = families.build("faster-rcnn-3d", WIDTH).eval()
    assert isinstance(network, regions.FasterRcnn)
    network.judge = Told(torch.tensor([[6.0] + [0.0] * 6] + [[-6.0] + [0.0] * 6] * 2))
    boxes = torch.tensor([[8.0, 8, 8, 14, 14, 14], [20.0, 20, 20, 26, 26, 26], [1, 1, 1, 5, 5, 5]])
    network.regions = lambda *_: boxes
    with torch.inference_mode():
        out = network(torch.zeros(1, 4, 32, 32, 32))[0, 0]
    assert out[10, 10, 10] == pytest.approx(4.0, abs=1e-3)  # 6, less 2 as lesions are rare
    assert out[22, 22, 22] == pytest.approx(-8.0, abs=1e-3)
    assert out[30, 30, 2] == pytest.approx(-8.0)


def test_a_box_that_was_moved_out_of_the_patch_is_not_painted() -> None:
    out = torch.zeros(8, 8, 8)
    boxes = torch.tensor([[-9.0, 0, 0, -3, 4, 4], [2.0, 9, 2, 5, 14, 5], [6.0, 6, 6, 11, 11, 11]])
    paint_boxes(out, torch.full((3,), 0.9), boxes)
    assert out[7, 7, 7] > 0
    assert (out[:6] == 0).all()


def test_regions_stay_in_the_patch_and_keep_a_size() -> None:
    network = families.build("faster-rcnn-3d", WIDTH).eval()
    assert isinstance(network, regions.FasterRcnn)
    with torch.inference_mode():
        logits, codes, anchors = network.raw(torch.randn(1, 4, 32, 32, 32))
        found = network.regions(logits[0], codes[0] * 9, anchors, torch.Size((32, 32, 32)))
    assert 0 < len(found) <= 64
    assert (found[:, :3] >= 0).all()
    assert (found[:, 3:] <= 32).all()
    assert (found[:, 3:] - found[:, :3] >= 2 - 1e-4).all()


def test_what_the_classifier_takes_for_no_lesion_is_lowered_there_and_nowhere_else() -> None:
    network = ProposeThenSuppress(WIDTH, losses.size_weighted_dice_focal, crop=8, most=2).eval()
    answer = torch.full((1, 1, 32, 32, 32), -1.0)
    answer[0, 0, 6, 6, 6], answer[0, 0, 24, 24, 24] = 9.0, 8.0  # the highest first
    network.segment = Told(answer)
    network.judged = lambda *_: torch.tensor([8.0, -5.0])
    with torch.inference_mode():
        out = network(torch.zeros(1, 4, 32, 32, 32))[0, 0]
    assert out[6, 6, 6] == pytest.approx(5.0, abs=0.01)
    assert out[24, 24, 24] == pytest.approx(4.0 - 5.0, abs=0.01)
    assert out[15, 15, 15] == pytest.approx(-5.0)


def test_black_blood_darkens_a_vessel_and_leaves_lesions_of_any_size() -> None:
    t1c = 1.0 + 3 * balls((8, 8, 8, 2), (22, 20, 22, 5))
    for n in range(32):
        t1c[0, 0, n, 27, 4] = 4.0  # along an axis
        t1c[0, 0, n, 2, n] = 4.0  # across two
    shown = black_blood(t1c)
    assert shown[0, 0, 12:20, 27, 4].max() == pytest.approx(1.0)
    assert shown[0, 0, 16, 2, 16] == pytest.approx(1.0)
    assert shown[0, 0, 8, 8, 8] == pytest.approx(4.0)
    assert shown[0, 0, 22, 20, 22] == pytest.approx(4.0)
    assert shown[0, 0, 16, 12, 16] == pytest.approx(1.0)
    assert (shown <= t1c + 1e-6).all()


def test_the_union_of_unets_has_the_highest_of_three_answers() -> None:
    network = unions.BySize(WIDTH, losses.size_weighted_dice_focal).eval()
    levels = [torch.full((1, 1, 16, 16, 16), v) for v in (0.0, 1.0, 2.0)]
    levels[0][..., 3], levels[1][..., 5] = 7.0, 9.0
    network.conventional, network.small = Told(levels[0]), Told(levels[2])
    network.outputs = Told(levels[1])
    out = network(torch.zeros(1, 4, 16, 16, 16))
    assert out[0, 0, 0, 0, [0, 3, 5]].tolist() == [2.0, 7.0, 5.0]


def test_the_network_of_small_lesions_hears_nothing_of_large_ones() -> None:
    small, large = balls((6, 6, 6, 2)), balls((20, 20, 20, 6))
    target = small + large
    assert torch.equal(unions.below(target, 400), small > 0)
    assert int(large.sum()) > 400 > int(small.sum())
    network = unions.BySize(WIDTH, losses.size_weighted_dice_focal)
    answer = torch.zeros(1, 1, 32, 32, 32, requires_grad=True)

    class Asked(torch.nn.Module):
        def forward(self, _x: torch.Tensor) -> torch.Tensor:
            return answer

    network.small = Asked()
    network.loss(torch.zeros(1, 4, 32, 32, 32), target).backward()
    assert answer.grad is not None
    assert answer.grad[large > 0].abs().max() == 0
    assert answer.grad[small > 0].max() < 0  # more there is better
    assert answer.grad[0, 0, 30, 2, 2] > 0  # less elsewhere


def test_the_whole_brain_network_sees_what_a_window_cannot() -> None:
    """A change 80 voxels away moves WB-Net's answer, not that of the patches' window."""
    torch.manual_seed(2)
    near = Rare(torch.nn.Conv3d(4, 1, 3, padding=1))
    network = unions.PatchAndWholeBrain(
        near, WIDTH, losses.size_weighted_dice_focal, patch=16, window=32
    ).eval()
    head = torch.zeros(1, 4, 40, 96, 33)  # no multiple of what is halved
    other = head.clone()
    other[:, :, 20, 88:, 16] += 50.0
    with torch.inference_mode():
        assert network(head).shape == (1, 1, 40, 96, 33)
        moved = (network.wide(other) - network.wide(head)).abs()[0, 0]
        still = (network.near(other) - network.near(head)).abs()[0, 0]
        assert moved[20, 60, 16] > 1e-6
        assert still[20, 60, 16] < 1e-5
        mean = (network.near(other) + network.wide(other)) / 2
        assert torch.allclose(network(other), mean, atol=1e-6)


def test_the_patch_network_learns_from_a_patch_with_a_lesion_of_a_whole_head() -> None:
    seen: list[torch.Tensor] = []

    class Watching(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)
            return x[:, :1]

    network = unions.PatchAndWholeBrain(
        Watching(), WIDTH, losses.size_weighted_dice_focal, patch=16
    )
    target = balls((40, 9, 22, 2), size=48)
    voxels = target.repeat(1, 4, 1, 1, 1)
    loss = network.loss(voxels, target)
    assert seen[0].shape == (1, 4, 16, 16, 16)
    assert seen[0].sum() > 0
    loss.backward()
    slopes = [each.grad for each in network.whole.parameters()]
    assert any(each is not None and each.abs().sum() > 0 for each in slopes)
