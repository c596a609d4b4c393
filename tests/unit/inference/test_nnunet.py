"""nnU-Net v2 folders: a made miniature is loaded and run as nnU-Net's own would be."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from inference import detector as detectors
from inference.detector import load
from inference.detectors.archive import Archive, UnusableModel, zipped
from inference.detectors.networks.plain_conv import PlainConvUNet
from inference.detectors.networks.residual_encoder import ResidualEncoderUNet
from inference.detectors.nnunet import NnUNetDetector, plan_of, prepared
from inference.preprocess import UnusableExamination
from inference.volume import Volume
from tests import ct

NAME = "nnUNetTrainer__nnUNetPlans__3d_fullres"
KWARGS = {
    "n_stages": 2,
    "features_per_stage": [4, 8],
    "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[1, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2]],
    "n_conv_per_stage": [2, 2],
    "n_conv_per_stage_decoder": [2],
    "conv_bias": True,
    "norm_op_kwargs": {"eps": 1e-05, "affine": True},
    "nonlin": "torch.nn.LeakyReLU",
}
SETTINGS: dict[str, Any] = {
    "patch_size": [32, 64, 64],
    "spacing": [4.0, 2.0, 2.0],
    "normalization_schemes": ["ZScoreNormalization", "ZScoreNormalization"],
    "use_mask_for_norm": [True, False],
    "architecture": {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": KWARGS,
        "_kw_requires_import": ["conv_op", "nonlin"],
    },
}
PLANS: dict[str, Any] = {
    "plans_name": "nnUNetPlans",
    "transpose_forward": [0, 1, 2],
    "configurations": {
        "3d_low": SETTINGS,
        "3d_fullres": {"inherits_from": "3d_low", "batch_size": 2},
    },
}
DATASET: dict[str, Any] = {
    "channel_names": {"0": "T1-Gd", "1": "FLAIR"},
    "labels": {"background": 0, "metastasis": 1, "oedema": 2},
    "file_ending": ".nii.gz",
}
HEAD, LESION = (12, 40, 38), (20, 52, 60)  # voxels of T1c: centres of head and lesion


def sees_what_is_bright(channels: int = 2) -> PlainConvUNet:
    """Weights by hand: channel 0 goes through to the end; above 3 norms it is a metastasis."""
    made = PlainConvUNet(channels, 3, KWARGS)
    for each in made.parameters():
        each.requires_grad_(False)
        each.zero_()
    stacks = [made.encoder.stages[0][0], made.decoder.stages[0]]
    for stack, channel in zip(stacks, (0, 4), strict=True):  # the skip comes after what is below
        for number, block in enumerate(stack.convs):
            kernel = block.conv.weight[0, 0 if number else channel]
            kernel[tuple(n // 2 for n in kernel.shape)] = 1
            block.norm.weight[:] = 1
    answer = made.decoder.seg_layers[-1]
    answer.weight[1, 0] = 4
    answer.bias[:] = torch.tensor([0.0, -12, -20])
    return made


def write(root: Path, network: PlainConvUNet, folds: int = 1, **plans: Any) -> Path:
    """A model folder as nnU-Net leaves it, with what else its checkpoints hold."""
    folder = root / NAME
    for fold in range(folds):
        (folder / f"fold_{fold}").mkdir(parents=True)
        state = network.state_dict()
        twice = {f"decoder.{k}": v for k, v in state.items() if k.startswith("encoder.")}
        checkpoint = {
            "network_weights": state | twice,
            "optimizer_state": {"state": {}, "param_groups": []},
            "_best_ema": np.float64(0.81),
            "logging": {"mean_fg_dice": [np.float32(0.5)]},
            "trainer_name": "nnUNetTrainer",
            "inference_allowed_mirroring_axes": (0, 1, 2),
        }
        torch.save(checkpoint, folder / f"fold_{fold}/checkpoint_final.pth")
    (folder / "plans.json").write_text(json.dumps(PLANS | plans))
    (folder / "dataset.json").write_text(json.dumps(DATASET))
    return folder


def bring(
    root: Path, model: Path, *, needs: tuple[str, ...] = ("t1c", "flair"), **options: Any
) -> None:
    card = {
        "name": "site-nnunet", "version": "1", "family": "nnunet", "weights": model.name,
        "weights_sha256": hashlib.sha256(zipped(model)).hexdigest(), "needs": list(needs),
        "operating_point": {"segmentation": 0.5, "temperature": 1, "bias": 0, "probability": 0.5},
        "words": {"banner": "Ours."}, "options": options,
    }  # fmt: skip
    (root / "site-nnunet.json").write_text(json.dumps(card))
    detectors.cards.cache_clear()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(detectors.FOLDER, str(tmp_path))
    detectors.cards.cache_clear()
    yield tmp_path
    detectors.cards.cache_clear()


@pytest.fixture(scope="module")
def examination() -> dict[str, Volume]:
    """A round head of 120 mm with one bright lesion of 10 mm, in slices of 5 mm; oblique FLAIR."""
    affine = np.array([[0, 0, 2.0, -70], [0, 2.0, 0, -80], [5.0, 0, 0, -60], [0, 0, 0, 1]])
    index = np.moveaxis(np.indices((26, 80, 76)), 0, -1)
    at = index @ affine[:3, :3].T + affine[:3, 3]
    rng = np.random.default_rng(2)

    def ball(middle: tuple[int, int, int], radius: float) -> Any:
        return np.linalg.norm(at - (affine[:3, :3] @ middle + affine[:3, 3]), axis=-1) < radius

    head, lesion = ball(HEAD, 60), ball(LESION, 6)
    t1c = np.where(head, 100 + rng.normal(0, 1, head.shape), 0)
    t1c[lesion] = 260
    flair = np.where(head, 80 + rng.normal(0, 1, head.shape), 0)
    volumes = {"t1c": t1c, "flair": flair}
    return {k: Volume(v.astype(np.float32), affine, k) for k, v in volumes.items()}


def test_a_folder_of_nnunet_is_a_detector_and_finds_what_its_network_marks(
    root: Path, examination: dict[str, Volume]
) -> None:
    bring(root, write(root, sees_what_is_bright(), folds=2), lesion=["metastasis"])
    made = load("site-nnunet@1", "cpu")
    assert isinstance(made, NnUNetDetector)
    assert len(made.networks) == 2
    heard: list[str] = []
    (found,) = made.detect(examination, note=heard.append)
    assert heard == ["network", "explaining"]
    affine = examination["t1c"].affine
    assert found.centroid_mm == pytest.approx(affine[:3, :3] @ LESION + affine[:3, 3], abs=1.5)
    assert found.diameter_mm == pytest.approx(12, abs=3)
    assert found.uncertainty == pytest.approx(0)  # the two folds are the same
    assert "which was not calibrated" in found.explanation["full"]
    assert found.heat is not None
    heat = np.argwhere(found.heat.values > 0.5).mean(0) + found.heat.offset
    assert heat @ affine[:3, :3].T + affine[:3, 3] == pytest.approx(found.centroid_mm, abs=2.5)
    assert found.heat.shares["t1c"] == 1  # the weights made by hand do not look at FLAIR
    assert "each image's mean" in found.heat.method


def test_a_folder_of_nnunet_for_ct_proposes_on_the_ct(root: Path) -> None:
    """Normalised as nnU-Net normalises CT: by what its data set had, not by the patient."""
    settings = SETTINGS | {
        "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [False],
    }  # fmt: skip
    known = {"mean": 32.0, "std": 8.0, "percentile_00_5": 0.0, "percentile_99_5": 100.0}
    folder = write(
        root, sees_what_is_bright(1), configurations={"3d_fullres": settings},
        foreground_intensity_properties_per_channel={"0": known},
    )  # fmt: skip
    channels = {"channel_names": {"0": "CT"}}
    (folder / "dataset.json").write_text(json.dumps(DATASET | channels))
    bring(root, folder, needs=("ct",))
    hu = ct.head_hu()
    hu[hu > 500] = 32  # the network, made by hand, would take the skull for the only bright thing
    alone = Volume(hu, ct.AXIAL, "ct")
    found = load("site-nnunet@1", "cpu").detect({"ct": alone})
    (lesion,) = [each for each in found if each.probability > 0.9]
    assert np.linalg.norm(np.subtract(lesion.centroid_mm, ct.LESION_MM)) < 4
    assert (lesion.affine == ct.AXIAL).all()
    assert "its surroundings on CT." in lesion.explanation["full"]


def test_images_come_in_as_nnunet_prepares_them(root: Path, examination: dict[str, Volume]) -> None:
    folder = write(root, sees_what_is_bright(), transpose_forward=[2, 0, 1])
    plan = plan_of(Archive(zipped(folder), "plans.json"), {})
    ready = prepared(examination, plan)
    # A whole number of voxels fills the box, whose edges stay where they were.
    assert np.linalg.norm(ready.affine[:3, :3], axis=0) == pytest.approx((4, 2, 2), rel=0.02)
    t1c = examination["t1c"]
    edges = np.argwhere(t1c.voxels != 0).min(0) - 0.5
    assert ready.affine @ [-0.5, -0.5, -0.5, 1] == pytest.approx(t1c.affine @ [*edges, 1])
    assert np.abs(ready.affine[:3, :3]).argmax(0).tolist() == [0, 2, 1]  # x, z, y first to last
    assert ready.voxels.shape[0] == 2
    head = examination["t1c"].voxels
    inside = head[head != 0]
    centre = np.round(
        np.linalg.solve(ready.affine, examination["t1c"].affine @ [*LESION, 1])[:3]
    ).astype(int)
    expected = (260 - inside.mean()) / inside.std()
    assert ready.voxels[0][tuple(centre)] == pytest.approx(expected, rel=0.05)
    assert abs(ready.voxels[1].mean()) < 0.1  # not masked: the whole box is its own norm


RESIDUAL = {
    "n_stages": 3,
    "features_per_stage": [4, 8, 8],
    "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    "n_blocks_per_stage": [1, 2, 2],
    "n_conv_per_stage_decoder": [1, 1],
    "conv_bias": True,
}


def by_formula(made: ResidualEncoderUNet) -> ResidualEncoderUNet:
    """Weights that anyone can make again: sines, by the order of the parameters' names."""
    for number, (_, each) in enumerate(sorted(made.named_parameters())):
        steps = torch.arange(each.numel(), dtype=torch.float64)
        each.requires_grad_(False).copy_(0.3 * torch.sin(0.7 * steps + number).reshape(each.shape))
    return made


def test_residual_encoders_answer_as_nnunets_own_do() -> None:
    """Oracle: dynamic-network-architectures 0.4.4 with these weights, torch 2.13, CPU."""
    network = by_formula(ResidualEncoderUNet(2, 2, RESIDUAL))
    image = torch.sin(0.3 * torch.arange(2 * 8 * 16 * 16, dtype=torch.float64))
    answer = network(image.reshape(1, 2, 8, 16, 16).float())
    assert len(network.state_dict()) == 63
    assert float(answer.sum()) == pytest.approx(814.16852, rel=1e-4)
    assert float(answer.abs().mean()) == pytest.approx(0.19877161, rel=1e-4)
    assert answer[0, :, 3, 5, 7].tolist() == pytest.approx([0.25219885, 0.15199880], abs=1e-4)
    assert answer[0, :, 0, 15, 2].tolist() == pytest.approx([0.27853289, 0.11300193], abs=1e-4)


def test_a_folder_with_a_residual_encoder_is_loaded(root: Path) -> None:
    name = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
    architecture = {"network_class_name": name, "arch_kwargs": RESIDUAL}
    settings = SETTINGS | {"architecture": architecture}
    made = by_formula(ResidualEncoderUNet(2, 3, RESIDUAL))
    bring(root, write(root, made, configurations={"3d_fullres": settings}))
    detector = load("site-nnunet@1", "cpu")
    assert isinstance(detector, NnUNetDetector)
    kept = detector.networks[0].state_dict()
    assert torch.equal(
        kept["network.encoder.stages.1.blocks.0.skip.1.conv.weight"],
        made.state_dict()["encoder.stages.1.blocks.0.skip.1.conv.weight"],
    )
    assert detector.sight.strides == (2, 4, 4)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"configuration": "2d"}, "no configuration '2d' but 3d_low, 3d_fullres"),
        ({}, {"lesion": ["tumour"]}, "no label tumour; there are metastasis, oedema"),
        ({}, {"folds": [7]}, r"no fold_\*/checkpoint_final.pth"),
        ({}, {"roles": ["t1c"]}, "say by the option roles"),
        ({"normalization_schemes": ["Own", "Own"]}, {}, "normalised by Own"),
        ({"patch_size": [64, 64]}, {}, "not three-dimensional"),
    ],
)
def test_what_is_not_understood_is_said(
    root: Path, change: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    settings = {"3d_low": SETTINGS | change, "3d_fullres": {"inherits_from": "3d_low"}}
    bring(root, write(root, sees_what_is_bright(), configurations=settings), **options)
    with pytest.raises(UnusableModel, match=words):
        load("site-nnunet@1", "cpu")


class Harm:
    """What a checkpoint must not be able to do."""

    def __reduce__(self) -> Any:
        return print, ("harm",)


def test_a_checkpoint_that_does_not_fit_or_would_run_code_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(root, sees_what_is_bright())
    weights = {"network_weights": {"encoder.x": torch.zeros(1)}}
    for content, words in ((weights, "does not fit"), ({"a": Harm()}, "cannot be read")):
        torch.save(content, folder / "fold_0/checkpoint_final.pth")
        bring(root, folder)
        with pytest.raises(UnusableModel, match=words):
            load("site-nnunet@1", "cpu")
    assert "harm" not in capsys.readouterr().out


def test_a_series_that_the_model_needs_is_asked_for(
    root: Path, examination: dict[str, Volume]
) -> None:
    bring(root, write(root, sees_what_is_bright()))
    detector = load("site-nnunet@1", "cpu")
    with pytest.raises(UnusableExamination, match="role flair"):
        detector.detect({"t1c": examination["t1c"]})
