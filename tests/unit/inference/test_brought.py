"""Models made elsewhere: a card and a file in a folder are enough."""

import hashlib
import io
import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.networks.nets.unet import UNet
from onnx import TensorProto, helper

from inference import detector as detectors
from inference.detector import CorruptWeights, load
from inference.detectors.archive import UnusableModel, zipped
from inference.detectors.bundles import BundleDetector
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import Prepared, UnusableExamination
from inference.volume import Volume

ENTRY = "readerstudy_test_entry"


class Bright(torch.nn.Module):
    """A model that calls what is bright on its first channel a lesion."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(x[:, :1] - 2)


class Small(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :1, ::2]


def scripted(model: torch.nn.Module) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(model, torch.zeros(1, 1, 16, 16, 16)), out)
    return out.getvalue()


def bring(folder: Path, content: bytes, family: str, **options: object) -> None:
    (folder / "model.bin").write_bytes(content)
    card = {
        "name": "site-model", "version": "2", "family": family, "weights": "model.bin",
        "weights_sha256": hashlib.sha256(content).hexdigest(), "needs": ["t1c"],
        "operating_point": {"segmentation": 0.5, "temperature": 1, "bias": 0, "probability": 0.3},
        "words": {"banner": "Ours."}, "options": options,
    }  # fmt: skip
    (folder / "site-model.json").write_text(json.dumps(card))
    detectors.cards.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv(detectors.FOLDER, str(tmp_path))
    detectors.cards.cache_clear()
    yield tmp_path
    detectors.cards.cache_clear()


def test_a_torchscript_model_in_the_folder_is_a_detector(folder: Path) -> None:
    bring(folder, scripted(Bright()), "torchscript", channels=[0], output="probability")
    detectors.cards.cache_clear()
    assert "site-model@2" in detectors.cards()
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    voxels = np.random.default_rng(0).normal(0, 1, (4, 16, 16, 16)).astype(np.float32)
    maps = made.logits(Prepared(voxels, np.eye(4), ()))
    assert maps[0] == pytest.approx(voxels[0] - 2, abs=0.05)


@pytest.mark.parametrize(("opinions", "passes"), [("mirror", 2), ("once", 1)])
def test_a_card_says_what_its_uncertainty_is_measured_over(
    folder: Path, opinions: str, passes: int
) -> None:
    bring(folder, scripted(Bright()), "torchscript", channels=[0], opinions=opinions)
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    ready = Prepared(np.zeros((4, 16, 16, 16), np.float32), np.eye(4), ())
    assert len(made.logits(ready)) == passes


def test_dropout_of_a_bundle_differs_from_pass_to_pass(folder: Path) -> None:
    config = {"network_def": {**NETWORK["network_def"], "dropout": 0.5, "channels": [2, 4]}}
    state = UNet(3, 2, 2, (2, 4), (2,), dropout=0.5).state_dict()
    bring(folder, bundle(folder, state, config), "monai-bundle", channels=[0, 3],
          opinions="dropout")  # fmt: skip
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    voxels = np.random.default_rng(0).normal(0, 1, (4, 16, 16, 16)).astype(np.float32)
    passes = made.logits(Prepared(voxels, np.eye(4), ()))
    assert len(passes) == 8
    assert passes.std(0).max() > 0


def test_a_replaced_file_is_refused(folder: Path) -> None:
    bring(folder, scripted(Bright()), "torchscript", channels=[0])
    (folder / "model.bin").write_bytes(b"other")
    detectors.cards.cache_clear()
    with pytest.raises(CorruptWeights):
        load("site-model@2", "cpu")


def test_what_is_no_model_and_what_answers_otherwise_say_so(folder: Path) -> None:
    bring(folder, b"nothing", "torchscript")
    detectors.cards.cache_clear()
    with pytest.raises(UnusableModel, match="no TorchScript"):
        load("site-model@2", "cpu")
    bring(folder, scripted(Small()), "torchscript", channels=[0])
    detectors.cards.cache_clear()
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    with pytest.raises(UnusableModel, match="every voxel"):
        made.logits(Prepared(np.zeros((4, 16, 16, 16), np.float32), np.eye(4), ()))


def test_a_card_that_cannot_be_read_costs_itself_alone(folder: Path) -> None:
    (folder / "broken.json").write_text("{")
    detectors.cards.cache_clear()
    with pytest.warns(UserWarning, match=r"broken\.json is no detector's card"):
        found = set(detectors.cards())
    assert found == {f"space-to-depth@{version}" for version in (1, 3, 4, 5)}


def test_a_python_entry_point_is_called_with_checked_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / f"{ENTRY}.py").write_text(
        "from types import SimpleNamespace\n"
        "def make(card, weights, device):\n"
        "    return SimpleNamespace(name=card.name, version=card.version, needs=(),\n"
        "                           weights_sha256=card.weights_sha256, given=weights,\n"
        "                           detect=lambda examination: [])\n"
        "def other(card, weights, device):\n"
        "    made = make(card, weights, device)\n"
        "    made.weights_sha256 = '0' * 64\n"
        "    return made\n"
        "def forget(card, weights, device):\n"
        "    return None\n"
    )
    monkeypatch.syspath_prepend(str(folder))
    bring(folder, b"their own", "python", entry=f"{ENTRY}:make")
    detectors.cards.cache_clear()
    assert vars(load("site-model@2", "cpu"))["given"] == b"their own"
    bring(folder, b"their own", "python", entry=f"{ENTRY}:other")
    with pytest.raises(UnusableModel, match="another name, version or hash than its card's"):
        load("site-model@2", "cpu")
    bring(folder, b"their own", "python", entry=f"{ENTRY}:forget")
    with pytest.raises(UnusableModel, match="made a NoneType, which lacks name, version"):
        load("site-model@2", "cpu")
    bring(folder, b"their own", "python", entry=f"{ENTRY}:nothing")
    detectors.cards.cache_clear()
    with pytest.raises(UnusableModel, match="no entry point"):
        load("site-model@2", "cpu")


def onnx_model() -> bytes:
    """sigmoid(x - 2) of the first channel, sizes free: what an exporter would write."""
    nodes = [
        helper.make_node("Sub", ["images", "two"], ["less"]),
        helper.make_node("Sigmoid", ["less"], ["lesion"]),
    ]
    free = ["batch", 1, "z", "y", "x"]
    graph = helper.make_graph(
        nodes,
        "bright",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, free)],
        [helper.make_tensor_value_info("lesion", TensorProto.FLOAT, free)],
        [helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(made.SerializeToString())


def test_an_onnx_model_runs_by_onnxruntime(folder: Path) -> None:
    bring(folder, onnx_model(), "onnx", channels=[0], output="probability", window=32)
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    assert not made.is_differentiable  # it runs outside torch: no heat maps
    voxels = np.random.default_rng(0).normal(0, 1, (4, 48, 32, 32)).astype(np.float32)
    maps = made.logits(Prepared(voxels, np.eye(4), ()))
    assert maps[0] == pytest.approx(voxels[0] - 2, abs=0.05)


def test_what_is_no_onnx_model_or_cannot_run_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(folder, b"no model", "onnx")
    with pytest.raises(UnusableModel, match="no ONNX model"):
        load("site-model@2", "cpu")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UnusableModel, match="pip install onnxruntime"):
        load("site-model@2", "cpu")


def bundle(folder: Path, state: object, config: dict[str, Any]) -> bytes:
    """A MONAI bundle as it lies on disk: configuration, weights, metadata."""
    root = folder / "bundle"
    for name in ("configs", "models"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "configs/inference.json").write_text(json.dumps(config))
    (root / "configs/metadata.json").write_text('{"version": "0.1"}')
    torch.save(state, root / "models/model.pt")
    return zipped(root)


NETWORK: dict[str, Any] = {
    "bundle_root": ".",
    "features": 2,
    "network_def": {
        "_target_": "UNet", "spatial_dims": 3, "in_channels": 2, "out_channels": 2,
        "channels": ["@features", "$@features * 2"], "strides": [2],
    },
    "evaluator": {"_target_": "SupervisedEvaluator"},
}  # fmt: skip


def test_the_network_of_a_monai_bundle_is_a_detector(folder: Path) -> None:
    torch.manual_seed(3)
    own = UNet(3, 2, 2, (2, 4), (2,)).eval()
    content = bundle(folder, {"model": own.state_dict()}, NETWORK)
    bring(folder, content, "monai-bundle", channels=[0, 3], index=1)
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    voxels = np.random.default_rng(0).normal(0, 1, (4, 16, 16, 16)).astype(np.float32)
    with torch.inference_mode():
        expected = own(torch.from_numpy(voxels[[0, 3]])[None])[0, 1].numpy()
    maps = made.logits(Prepared(voxels, np.eye(4), ()))
    assert maps[0] == pytest.approx(expected, abs=0.05)


def test_a_bundles_folder_is_hashed_as_a_whole(folder: Path) -> None:
    own = UNet(3, 2, 2, (2, 4), (2,))
    content = bundle(folder, own.state_dict(), NETWORK)
    bring(folder, content, "monai-bundle", channels=[0, 3])
    card = folder / "site-model.json"
    card.write_text(card.read_text().replace("model.bin", "bundle"))
    detectors.cards.cache_clear()
    load("site-model@2", "cpu")
    (folder / "bundle/configs/metadata.json").write_text('{"version": "0.2"}')
    with pytest.raises(CorruptWeights):
        load("site-model@2", "cpu")


OWN_WAY: dict[str, Any] = {
    "network_def": {
        "_target_": "torch.nn.Conv3d", "in_channels": 2, "out_channels": 1, "kernel_size": 1,
    },
    "image": "$['image']",
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "@image"},
            {"_target_": "EnsureChannelFirstd", "keys": "@image"},
            {"_target_": "Orientationd", "keys": "@image", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "@image", "pixdim": [2.0, 2.0, 2.0]},
            {"_target_": "ScaleIntensityd", "keys": "@image", "channel_wise": True},
        ],
    },
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [32, 32, 32]},
}  # fmt: skip


def head(lesion: tuple[int, int, int]) -> dict[str, Volume]:
    """A round head in sagittal slices of 3 mm, with a bright lesion at an index."""
    affine = np.array([[3.0, 0, 0, -72], [0, 0, 2, -80], [0, -2.0, 0, 85], [0, 0, 0, 1]])
    at = np.moveaxis(np.indices((48, 80, 80)), 0, -1)
    inside = np.linalg.norm((at - (24, 40, 40)) * (3, 2, 2), axis=-1) < 68
    image = np.where(inside, 100, 0).astype(np.float32)
    image[np.linalg.norm((at - lesion) * (3, 2, 2), axis=-1) < 5] = 300
    return {role: Volume(image, affine, role) for role in ("t1c", "flair")}


def test_a_bundle_sees_what_its_own_transforms_make(folder: Path) -> None:
    """Both channels, scaled to 0-1, at 2 mm in RAS; the lesion comes out where it is."""
    state = {"weight": torch.full((1, 2, 1, 1, 1), 10.0), "bias": torch.tensor([-12.0])}
    options: dict[str, Any] = {"transforms": "preprocessing", "roles": ["t1c", "flair"]}
    bring(folder, bundle(folder, state, OWN_WAY), "monai-bundle", **options)
    made = load("site-model@2", "cpu")
    assert isinstance(made, BundleDetector)
    examination = head((32, 50, 30))
    given = made.given(examination, Prepared(np.zeros((4, 1, 1, 1), "f4"), np.eye(4), ()))
    assert np.allclose(given.affine[:3, :3], np.diag([-2.0, -2, 2]))  # RAS, told in LPS
    assert (given.voxels.min(), given.voxels.max()) == (0, 1)
    (found,) = made.detect(examination)
    place = examination["t1c"].affine @ (32, 50, 30, 1)
    assert found.centroid_mm == pytest.approx(place[:3], abs=1)
    assert found.uncertainty == pytest.approx(0, abs=1e-3)  # mirrored along x, which comes first
    assert found.heat is not None
    assert found.heat.shares == {"t1c": 0.5, "flair": 0.5}
    with pytest.raises(UnusableExamination, match="no series with role flair"):
        made.detect({"t1c": examination["t1c"]})


def test_a_bundle_without_transforms_takes_the_series_it_names(folder: Path) -> None:
    own = UNet(3, 2, 2, (2, 4), (2,))
    content = bundle(folder, {"model": own.state_dict()}, NETWORK)
    bring(folder, content, "monai-bundle", roles=["ct", "t1c"])
    made = load("site-model@2", "cpu")
    assert isinstance(made, VoxelwiseDetector)
    assert made.inputs == ("ct", "t1c")


def test_a_bundle_of_ct_beside_mr_lies_on_t1c_once_they_are_registered(folder: Path) -> None:
    state = {"weight": torch.full((1, 2, 1, 1, 1), 10.0), "bias": torch.tensor([-12.0])}
    mr = head((32, 50, 30))["t1c"]
    scan = replace(mr, voxels=mr.voxels - 1000, role="ct")  # -1000 outside of the head, as of air
    fused: dict[str, Any] = {"transforms": "preprocessing", "roles": ["t1c", "ct"]}
    bring(folder, bundle(folder, state, OWN_WAY), "monai-bundle", **fused)
    (found,) = load("site-model@2", "cpu").detect({"t1c": mr, "ct": scan})
    place = mr.affine @ (32, 50, 30, 1)
    assert found.centroid_mm == pytest.approx(place[:3], abs=1)
    assert (found.affine == mr.affine).all()
    elsewhere = {"t1c": replace(mr, frame="1.2"), "ct": replace(scan, frame="1.3")}
    with pytest.raises(
        UnusableExamination, match="different frames of reference: register one to the other"
    ):
        load("site-model@2", "cpu").detect(elsewhere)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"transforms": "preprocessing"}, "say by the option roles"),
        ({"transforms": "preprocessing", "roles": ["dwi"]}, "say by the option roles"),
        ({"transforms": "before", "roles": ["t1c", "t2"]}, "has no before"),
        ({"transforms": "image", "roles": ["t1c", "t2"]}, "not a Compose"),
        ({"transforms": "preprocessing", "roles": ["t1c", "t2"], "inferer": "x"}, "has no x"),
    ],
)
def test_transforms_that_are_not_there_are_said(
    folder: Path, options: dict[str, Any], words: str
) -> None:
    state = torch.nn.Conv3d(2, 1, 1).state_dict()
    bring(folder, bundle(folder, state, OWN_WAY), "monai-bundle", **options)
    with pytest.raises(UnusableModel, match=words):
        load("site-model@2", "cpu")


@pytest.mark.parametrize(
    ("config", "state", "words"),
    [
        ({"net": 1}, {}, "has no network_def"),
        (NETWORK, {"other": torch.zeros(1)}, "does not fit"),
        ({"network_def": {"_target_": "torch.nn.Identity"}}, Bright, "does not fit"),
        ({"network_def": 3}, {}, "not a network"),
    ],
)
def test_a_bundle_that_cannot_be_used_says_why(
    folder: Path, config: dict[str, object], state: object, words: str
) -> None:
    bring(folder, bundle(folder, state, config), "monai-bundle")
    with pytest.raises(UnusableModel, match=words):
        load("site-model@2", "cpu")
    bring(folder, b"no zip", "monai-bundle")
    with pytest.raises(UnusableModel, match="no zip file"):
        load("site-model@2", "cpu")
