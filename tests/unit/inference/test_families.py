"""Every family: builds, answers for every voxel, learns, and proposes lesions in patient space."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_tensors

from inference import losses
from inference.detector import Card, CorruptWeights, content_of, load_card
from inference.detectors import families, voxelwise
from inference.detectors.archive import UnusableModel
from inference.detectors.networks.field import Cleaned
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.explain import Basis
from inference.preprocess import Prepared
from inference.training.fit import Fit, Recipe
from inference.volume import Volume

WIDTH = 4
pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 32
CENTRE = np.array([14.0, 18.0, 12.0])  # z, y, x
AFFINE = np.array([[0, 0, 1.0, 5], [0, 1.0, 0, -20], [1.0, 0, 0, 40], [0, 0, 0, 1]])  # LPS
POINT = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.0}


def card(family: str) -> Card:
    return Card(family, "0", family, "none", "0" * 64, ("t1c",), POINT, {})


def patch(size: int = SIZE, channels: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """One bright ball in noise."""
    rng = np.random.default_rng(3)
    far = np.linalg.norm(np.moveaxis(np.indices((size,) * 3), 0, -1) - CENTRE, axis=-1)
    inside = far <= 3
    voxels = rng.normal(0, 0.3, (channels, size, size, size)).astype(np.float32)
    voxels[0, inside] += 4
    target = inside[None].astype(np.float32)
    return torch.from_numpy(voxels[None]), torch.from_numpy(target[None])


IS_LONG = os.environ.get("READERSTUDY_FAMILIES") == "long"
SLOW = set() if IS_LONG else {"swin-unetr"}  # a minute at the smallest size it has


@pytest.mark.filterwarnings("ignore:.*most probable kept:UserWarning")  # so little was learnt
@pytest.mark.parametrize("name", sorted(set(families.FAMILIES) - SLOW))
def test_a_family_learns_and_proposes_in_patient_space(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few steps; with READERSTUDY_FAMILIES=long so many that it must find the lesion."""
    torch.manual_seed(1)
    network = families.build(name, 12 if name == "swin-unetr" else WIDTH)
    size = 64 if name == "swin-unetr" else SIZE  # it halves five times
    inputs = families.family_of(name).inputs
    voxels, target = patch(size, len(inputs))
    recipe = Recipe(
        steps=500, warm_up=1, rate=3e-3, averaging=0.5, loss=families.family_of(name).loss
    )
    running = Fit(network, recipe, "cpu")
    for _ in range(60 if IS_LONG else 5):
        running.advance(voxels, target)
    assert min(running.losses[1:]) < running.losses[0]
    detector = VoxelwiseDetector(card(name), running.average, "cpu", window=64, inputs=inputs)
    ready = Prepared(voxels[0].numpy(), AFFINE, (), inputs)
    maps = detector.logits(ready)
    assert maps.shape == (2, size, size, size)
    assert np.isfinite(maps).all()
    monkeypatch.setattr(voxelwise, "prepare", lambda *_: ready)
    monkeypatch.setattr(voxelwise, "_HEAT_MAPS", 1)  # they cost most, and little was learnt
    lesions = detector.detect({ready.reference: Volume(voxels[0, 0].numpy(), AFFINE, "x")})
    corners = np.sort([AFFINE[:3, 3], AFFINE[:3, :3] @ np.full(3, size) + AFFINE[:3, 3]], axis=0)
    for each in lesions:
        assert (each.centroid_mm >= corners[0]).all()
        assert (each.centroid_mm <= corners[1]).all()
    if IS_LONG:
        expected = AFFINE[:3, :3] @ CENTRE + AFFINE[:3, 3]
        away = [np.linalg.norm(np.subtract(each.centroid_mm, expected)) for each in lesions]
        assert min(away) < 8, away


def test_weights_of_a_family_are_packed_checked_and_loaded(tmp_path) -> None:  # type: ignore[no-untyped-def]
    network = families.build("cropnet")
    content = save_tensors({k: v for k, v in network.state_dict().items() if v.is_floating_point()})
    (tmp_path / "w").write_bytes(content)
    made = replace(
        card("cropnet"), weights="w", folder=str(tmp_path),
        weights_sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    detector = load_card(made, "cpu")
    assert isinstance(detector, VoxelwiseDetector)
    for name, value in detector.networks[0].state_dict().items():
        assert torch.equal(value, network.state_dict()[name])


def ensemble(
    folder: Path, members: list[dict[str, str]], files: dict[str, torch.nn.Module]
) -> Card:
    (folder / "both").mkdir(exist_ok=True)
    for name, network in files.items():
        state = {k: v for k, v in network.state_dict().items() if v.is_floating_point()}
        (folder / "both" / name).write_bytes(save_tensors(state))
    digest = hashlib.sha256(content_of(folder / "both")).hexdigest()
    made = replace(card("ensemble"), weights="both", folder=str(folder), weights_sha256=digest)
    return replace(made, options={"members": members})


def test_an_ensemble_of_families_answers_with_the_mean_of_its_members(tmp_path: Path) -> None:
    torch.manual_seed(2)
    names = ("patch-convnet", "unet-2d")
    members = [{"family": name, "weights": f"{name}.safetensors"} for name in names]
    files = {each["weights"]: families.build(each["family"]) for each in members}
    made = ensemble(tmp_path, members, files)
    detector = load_card(made, "cpu")
    assert isinstance(detector, VoxelwiseDetector)
    assert detector.window == 96  # the patch network's
    voxels, _ = patch()
    ready = Prepared(voxels[0].numpy(), AFFINE, ())
    passes = detector.logits(ready)
    alone = [
        VoxelwiseDetector(card(name), network, "cpu", opinions="once").logits(ready)[0]
        for name, network in zip(names, files.values(), strict=True)
    ]
    assert np.allclose(passes, alone, atol=1e-4)
    assert passes[0].std() > 0
    assert not np.allclose(passes[0], passes[1], atol=0.1)
    files["patch-convnet.safetensors"] = families.build("unet-2d")
    with pytest.raises(UnusableModel, match=r"patch-convnet\.safetensors does not fit"):
        load_card(ensemble(tmp_path, members, files), "cpu")
    (tmp_path / "both" / "more").write_bytes(b"x")
    with pytest.raises(CorruptWeights):
        load_card(made, "cpu")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([], "name 1 to 16 members"),
        ([{"family": "unet-3d"}], "name 1 to 16 members"),
        ([{"family": "cropnet", "weights": "other"}], "0 files other"),
        (
            [
                {"family": "cropnet", "weights": "w"},
                {"family": "ct-mr-fusion", "weights": "w"},
            ],
            "see different series",
        ),
    ],
)
def test_an_ensemble_that_cannot_be_says_why(
    members: list[dict[str, str]], words: str, tmp_path: Path
) -> None:
    made = ensemble(tmp_path, members, {"w": families.build("cropnet")})
    with pytest.raises(UnusableModel, match=words):
        load_card(made, "cpu")


def test_an_ensemble_of_deepmedics_is_en_deepmedic(tmp_path: Path) -> None:
    """Hu et al.: several trainings of DeepMedic that answer together."""
    members = [{"family": "deepmedic", "weights": f"{n}.safetensors"} for n in range(2)]
    files = {each["weights"]: families.build("deepmedic") for each in members}
    detector = load_card(ensemble(tmp_path, members, files), "cpu")
    assert isinstance(detector, VoxelwiseDetector)
    voxels, _ = patch(16)
    passes = detector.logits(Prepared(voxels[0].numpy(), AFFINE, ()))
    assert len(passes) == detector.basis.networks == 2
    assert not np.allclose(passes[0], passes[1], atol=0.01)


def test_deepmedic_is_cleaned_by_the_field_when_it_detects_and_not_while_it_learns() -> None:
    torch.manual_seed(6)
    network = families.build("deepmedic", WIDTH)
    assert isinstance(network, Cleaned)
    speckled = torch.full((1, 1, 9, 9, 9), -2.0)
    speckled[0, 0, 0, 0, 0] = 0.5  # a lone voxel
    speckled[0, 0, 3:6, 3:6, 3:6] = 4.5
    network.body = Given(speckled + network.shift)
    image = torch.zeros(1, 4, 9, 9, 9)
    assert torch.equal(network.train()(image), speckled)
    cleaned = network.eval()(image)
    assert cleaned[0, 0, 0, 0, 0] < 0
    assert cleaned[0, 0, 4, 4, 4] > speckled[0, 0, 4, 4, 4] + 1


class Given(torch.nn.Module):
    """Answers the same whatever it sees."""

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, _x: torch.Tensor) -> torch.Tensor:
        return self.answer


def test_an_unknown_family_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"there are: .*cropnet.*nnu-net"):
        families.build("no-such")


def test_nnunet_rules_leave_the_coarse_axis_alone() -> None:
    from inference.detectors.networks.volumes import by_nnunet_rules

    thick = by_nnunet_rules(4, (16, 64, 64), (5.0, 1.0, 1.0))
    assert thick.kernel_size[0] == [1, 3, 3]
    assert thick.strides[1] == [1, 2, 2]
    assert thick.kernel_size[2] == [3, 3, 3]  # 5 mm against 4 mm: within twice


def test_every_lesion_gets_an_anchor_however_little_it_overlaps() -> None:
    """The matcher: background below an IoU of 0.2, nothing to learn up to 0.4, then a lesion."""
    from inference.detectors.networks.anchored import IGNORED, NEGATIVE, match

    anchors = torch.tensor(
        [
            [0, 0, 0, 8, 8, 8],  # IoU 1 with the first box
            [0, 0, 0, 8, 8, 4],  # 0.5
            [0, 0, 0, 8, 8, 2.4],  # 0.3
            [40, 40, 40, 48, 48, 48],  # 1/64 with the second
            [80, 80, 80, 88, 88, 88],
        ],
        dtype=torch.float32,
    )
    boxes = torch.tensor([[0, 0, 0, 8, 8, 8], [46, 46, 46, 48, 48, 48]], dtype=torch.float32)
    assert match(anchors, boxes).tolist() == [0, 0, IGNORED, 1, NEGATIVE]
    assert match(anchors, boxes[:0]).tolist() == [NEGATIVE] * 5


def test_anchors_of_the_retinanet_lie_where_their_features_come_from() -> None:
    """Decoding no change gives the anchor back, and the code of a box gives the box back."""
    from inference.detectors.networks.anchored import RetinaNet

    network = RetinaNet(WIDTH).eval()
    logits, codes, anchors = network.raw(torch.zeros(1, 4, SIZE, SIZE, SIZE))
    assert logits.shape[1] == codes.shape[1] == len(anchors) == 3 * (16**3 + 8**3)
    still = network.coder.decode_single(torch.zeros_like(codes[0]), anchors)
    assert torch.allclose(still, anchors, atol=1e-4)
    box = torch.tensor([[3.0, 4, 5, 9, 9, 9]])
    code = network.coder.encode_single(box, anchors[:1])
    assert torch.allclose(network.coder.decode_single(code, anchors[:1]), box, atol=1e-4)
    # A bump in the image moves the answers of the anchors around it, and no others.
    bump = torch.zeros(1, 4, SIZE, SIZE, SIZE)
    bump[0, 0, 20:23, 8:11, 26:29] = 5
    with torch.no_grad():
        change = (network.raw(bump)[0] - logits).abs()[0, : 16**3]
    moved = anchors[: 16**3][change > 0]
    middle = (moved[:, :3] + moved[:, 3:]) / 2
    assert len(middle)
    assert (middle.mean(0) - torch.tensor([21.5, 9.5, 27.5])).abs().max() < 8
    assert (middle.mean(0) - torch.tensor([9.5, 21.5, 27.5])).abs().max() > 8


class Hungry(torch.nn.Module):
    """Needs more memory than there is for anything larger than it can take."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest, self.seen = largest, 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if max(x.shape[2:]) > self.largest:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        self.seen = max(x.shape[2:])
        return x[:, :1]


def test_lack_of_memory_halves_the_window_and_gives_up_at_last() -> None:
    ready = Prepared(
        np.random.default_rng(0).normal(0, 1, (4, 64, 64, 64)).astype("f4"), AFFINE, ()
    )
    network = Hungry(40)
    detector = VoxelwiseDetector(card("x"), network, "cpu", opinions="once")
    found = detector.logits(ready)
    assert network.seen == 32
    assert found[0] == pytest.approx(ready.voxels[0], abs=0.05)
    with pytest.raises(RuntimeError, match="can't allocate"):
        VoxelwiseDetector(card("x"), Hungry(8), "cpu").logits(ready)


def test_an_ensemble_and_dropout_give_further_opinions() -> None:
    ready = Prepared(np.ones((4, 16, 16, 16), np.float32), AFFINE, ())

    class Noisy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = torch.nn.Dropout3d(0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            dropped: torch.Tensor = self.drop(x)
            return dropped.sum(1, keepdim=True)

    ensemble = VoxelwiseDetector(card("x"), Noisy(), "cpu", others=[Noisy()], opinions="once")
    assert len(ensemble.logits(ready)) == 2
    assert ensemble.basis == Basis(is_calibrated=False, opinions="once", networks=2)
    dropout = VoxelwiseDetector(card("x"), Noisy(), "cpu", opinions="dropout")
    assert dropout.basis.opinions == "dropout"
    passes = dropout.logits(ready)
    assert len(passes) == 8
    assert passes.std(0).max() > 0
    assert not dropout.networks[0].drop.training
    with pytest.raises(ValueError, match="no dropout"):
        VoxelwiseDetector(card("x"), Hungry(99), "cpu", opinions="dropout")


def test_dropout_of_rate_zero_is_refused_as_an_opinion() -> None:
    """Eight equal passes would say that the detector is certain of everything."""
    network = families.build("unet-3d", WIDTH)
    assert any(isinstance(each, torch.nn.Dropout) for each in network.modules())
    with pytest.raises(ValueError, match="has the rate 0"):
        VoxelwiseDetector(card("unet-3d"), network, "cpu", opinions="dropout")


@pytest.mark.parametrize("name", ["deepmedic", "deepmedic-plus"])
def test_a_family_with_dropout_trains_with_it_and_has_opinions_by_it(name: str) -> None:
    torch.manual_seed(4)
    voxels, target = patch()
    running = Fit(families.build(name, WIDTH), Recipe(warm_up=1, averaging=0.5), "cpu")
    running.network.train()
    with torch.no_grad():
        assert not torch.equal(running.network(voxels), running.network(voxels))
    running.advance(voxels, target)
    detector = VoxelwiseDetector(card(name), running.average, "cpu", opinions="dropout")
    ready = Prepared(voxels[0].numpy(), AFFINE, ())
    passes = detector.logits(ready)
    assert len(passes) == 8
    assert passes.std(0).max() > 0.01
    mirrored = VoxelwiseDetector(card(name), running.average, "cpu").logits(ready)
    again = VoxelwiseDetector(card(name), running.average, "cpu").logits(ready)
    assert np.array_equal(mirrored, again)  # otherwise nothing is dropped


@pytest.mark.parametrize("name", sorted(losses.LOSSES))
def test_a_loss_prefers_the_truth_and_has_a_slope(name: str) -> None:
    _, target = patch()
    target = torch.cat([target, torch.zeros_like(target)])
    truth, none = torch.where(target > 0, 6.0, -6.0), torch.full_like(target, -6.0)
    loss = losses.LOSSES[name]
    assert loss(truth, target) < loss(none, target)
    unsure = torch.zeros_like(target, requires_grad=True)
    loss(unsure, target).backward()
    assert unsure.grad is not None
    assert unsure.grad[target > 0].sum() < 0  # more there is better
    assert torch.isfinite(loss(none[1:], target[1:]))  # a patch without lesions
