"""Models made elsewhere: a card and a file in a folder are enough."""

import hashlib
import io
import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from inference import detector as detectors
from inference.detector import CorruptWeights, load
from inference.detectors.brought import UnusableModel
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.preprocess import Prepared

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
        assert list(detectors.cards()) == [detectors.DEFAULT]


def test_a_python_entry_point_is_called_with_checked_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / f"{ENTRY}.py").write_text("def make(card, weights, device):\n    return weights\n")
    monkeypatch.syspath_prepend(str(folder))
    bring(folder, b"their own", "python", entry=f"{ENTRY}:make")
    detectors.cards.cache_clear()
    assert load("site-model@2", "cpu") == b"their own"  # type: ignore[comparison-overlap]
    bring(folder, b"their own", "python", entry=f"{ENTRY}:other")
    detectors.cards.cache_clear()
    with pytest.raises(UnusableModel, match="no entry point"):
        load("site-model@2", "cpu")


def test_onnx_runs_or_says_what_to_install(folder: Path) -> None:
    bring(folder, b"no model", "onnx")
    detectors.cards.cache_clear()
    with pytest.raises(Exception, match=r"pip install onnxruntime|(?i:protobuf|onnx)"):
        load("site-model@2", "cpu")
