"""Models, cards and archives that are broken or mean harm: refused in words, never "no lesion"."""

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import inference
from inference import detector as detectors
from inference.detector import Used, detect, load
from inference.detectors import archive, voxelwise
from inference.detectors.archive import Archive, UnusableModel
from inference.explain import explain
from inference.lesions import Lesion
from inference.preprocess import Prepared
from inference.volume import Volume

pytestmark = pytest.mark.usefixtures("one_thread")
READY = Prepared(np.zeros((4, 16, 16, 16), np.float32), np.eye(4), ())


class Answers(torch.nn.Module):
    """A model that answers for the first voxel what it was made with, for the others a little."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (B, 1, D, H, W)."""
        answer = x[:, :1] * 0 - 3
        answer[:, :, 0, 0, 0] = self.value
        return answer


class Named(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"lesion": x}


class Twice(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x[:, :1], x[:, :1]])


def scripted(model: torch.nn.Module) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing
        traced = torch.jit.trace(model, torch.zeros(1, 1, 16, 16, 16), strict=False)
        torch.jit.save(traced, out)
    return out.getvalue()


def card(content: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "name": "site-model", "version": "2", "family": "torchscript", "weights": "model.bin",
        "weights_sha256": hashlib.sha256(content).hexdigest(), "needs": ["t1c"],
        "operating_point": {"segmentation": 0.5, "temperature": 1, "bias": 0, "probability": 0.3},
        "words": {"banner": "Ours."}, "options": {"channels": [0]},
    } | changes  # fmt: skip


def bring(folder: Path, content: bytes, **changes: Any) -> None:
    (folder / "model.bin").write_bytes(content)
    (folder / "site-model.json").write_text(json.dumps(card(content, **changes)))
    detectors.cards.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(detectors.FOLDER, str(tmp_path))
    detectors.cards.cache_clear()
    yield tmp_path
    detectors.cards.cache_clear()


def logits(value: float, folder: Path) -> np.ndarray[Any, Any]:
    bring(folder, scripted(Answers(value)))
    made = load("site-model@2", "cpu")
    assert isinstance(made, voxelwise.VoxelwiseDetector)
    return made.logits(READY)


def test_a_network_that_answers_nan_is_refused_and_never_read_as_no_lesion(folder: Path) -> None:
    with pytest.raises(UnusableModel, match="NaN"):
        logits(float("nan"), folder)


def test_infinite_answers_are_certain_ones_and_spoil_none_beside_them(folder: Path) -> None:
    for sign in (1, -1):
        (first, *_) = logits(sign * float("inf"), folder)
        assert np.isfinite(first).all()
        assert np.sign(first[0, 0, 0]) == sign
        assert abs(first[0, 0, 0]) >= 50
        assert first[5, 5, 5] == pytest.approx(-3, abs=0.05)


@pytest.mark.parametrize(("model", "words"), [(Named(), "with a dict"), (Twice(), "every voxel")])
def test_an_answer_of_another_kind_or_batch_is_refused(
    model: torch.nn.Module, words: str, folder: Path
) -> None:
    bring(folder, scripted(model))
    made = load("site-model@2", "cpu")
    assert isinstance(made, voxelwise.VoxelwiseDetector)
    with pytest.raises(UnusableModel, match=words):
        made.logits(READY)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": [4]}, "channels are numbers from 0 to 3"),
        ({"channels": "t1c"}, "channels are numbers"),
        ({"channels": []}, "channels are numbers"),
        ({"index": -1}, "index is a channel"),
        ({"window": "large"}, "window is voxels"),
        ({"window": 0}, "window is voxels"),
    ],
)
def test_options_that_cannot_be_are_refused_when_the_model_is_loaded(
    options: dict[str, Any], words: str, folder: Path
) -> None:
    bring(folder, scripted(Answers(1)), options={"channels": [0], **options})
    with pytest.raises(UnusableModel, match=words):
        load("site-model@2", "cpu")


def test_a_channel_that_the_answer_has_not_is_said(folder: Path) -> None:
    bring(folder, scripted(Answers(1)), options={"channels": [0], "index": 3})
    made = load("site-model@2", "cpu")
    assert isinstance(made, voxelwise.VoxelwiseDetector)
    with pytest.raises(UnusableModel, match="1 channels: there is no index 3"):
        made.logits(READY)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"memory_mib": "9000"}, "memory_mib"),
        ({"words": []}, "words.banner"),
        ({"words": {"banner": "x", "limits": "none"}}, "words.limits is no list"),
        ({"options": None}, "options"),
        ({"needs": "t1c"}, "needs"),
        ({"device": "tpu"}, "device"),
        ({"name": "a b@c"}, "name and version"),
        ({"weights_sha256": "?"}, "weights_sha256"),
        ({"operating_point": {}}, "operating_point.segmentation"),
        ({"operating_point": {**card(b"")["operating_point"], "temperature": 0}}, "temperature"),
        ({"operating_point": {**card(b"")["operating_point"], "bias": float("nan")}}, "bias"),
        ({"operating_point": {**card(b"")["operating_point"], "bias": 10**400}}, "too large"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_card_that_would_break_its_users_is_told_by_what_is_wrong_and_left_out(
    changes: dict[str, Any], words: str, folder: Path
) -> None:
    bring(folder, b"weights", **changes)
    with pytest.warns(UserWarning, match=rf"site-model\.json is no detector's card: .*{words}"):
        assert "site-model@2" not in detectors.cards()


def test_what_a_card_does_not_say_may_be_null(folder: Path) -> None:
    bring(folder, b"weights", words={"banner": "x", "performance": None, "training": None})
    assert "site-model@2" in detectors.cards()


@pytest.mark.parametrize("what", ["folder", "dead link", "deep", "list", "not text"])
def test_a_file_that_is_no_card_stops_no_other_detector(what: str, folder: Path) -> None:
    bring(folder, b"weights")
    path = folder / "broken.json"
    if what == "folder":
        path.mkdir()
    elif what == "dead link":
        path.symlink_to(folder / "nowhere")
    else:
        path.write_bytes({"deep": b"[" * 100_000, "list": b"[]", "not text": b"\xff"}[what])
    with pytest.warns(UserWarning, match=r"broken\.json is no detector's card"):
        assert {"site-model@2", detectors.DEFAULT} <= set(detectors.cards())


def test_a_cards_words_never_stand_for_its_hash_or_device(folder: Path) -> None:
    lies = {"banner": "x", "weights_sha256": "0" * 64, "device": "cuda", "memory_mib": 1}
    bring(folder, b"weights", words=lies)
    told = inference.detector_card("site-model@2")
    assert told["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert (told["device"], told["memory_mib"]) == ("any", None)


def test_the_second_card_of_a_name_is_told(folder: Path) -> None:
    bring(folder, b"weights")
    (folder / "twin.json").write_text((folder / "site-model.json").read_text())
    with pytest.warns(UserWarning, match=r"twin\.json: there is a site-model@2 already"):
        detectors.cards()


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return out.getvalue()


def test_a_file_that_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    found = Archive(packed({"model/plans.json": b"{}", "model/bomb": b"0" * 5000}), "plans.json")
    assert found.read("plans.json") == b"{}"
    with pytest.raises(UnusableModel, match="bomb has more than"):
        found.read("bomb")


def test_a_damaged_or_encrypted_file_of_an_archive_is_said() -> None:
    content = packed({"model/plans.json": b"{}", "model/part": b"0123456789"})
    damaged = Archive(content.replace(b"0123456789", b"0123456780"), "plans.json")
    with pytest.raises(UnusableModel, match="part cannot be unpacked"):
        damaged.read("part")
    locked = bytearray(content)
    at = content.rindex(b"PK\x01\x02")  # of the directory's last entry, whose flags follow
    locked[at + 8] |= 1
    with pytest.raises(UnusableModel, match="part cannot be unpacked"):
        Archive(bytes(locked), "plans.json").read("part")


def test_an_archives_paths_lead_nowhere_outside_of_it(tmp_path: Path) -> None:
    """Nothing is unpacked onto a disk: names are only names."""
    found = Archive(packed({"m/plans.json": b"{}", "m/../../etc/passwd": b"x"}), "plans.json")
    assert found.read("../../etc/passwd") == b"x"
    with pytest.raises(UnusableModel, match="no file /etc/passwd"):
        found.read("/etc/passwd")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("family", "files", "words"),
    [
        ("nnunet", {"plans.json": b"[]", "dataset.json": b"{}"}, "cannot be loaded"),
        ("nnunet", {"plans.json": b"{}", "dataset.json": b"{}"}, "cannot be loaded"),
        ("monai-bundle", {"configs/inference.json": b"[]"}, "not a configuration"),
        ("monai-bundle", {"configs/inference.json": b"{"}, "cannot be read"),
    ],
)
def test_files_of_another_shape_are_refused_in_words(
    family: str, files: dict[str, bytes], words: str, folder: Path
) -> None:
    bring(folder, packed({f"m/{name}": each for name, each in files.items()}), family=family)
    with pytest.raises(UnusableModel, match=words):
        load("site-model@2", "cpu")


def test_weights_that_are_no_safetensors_are_refused_in_words(folder: Path) -> None:
    bring(folder, b"no weights", family="unet-3d", options={})
    with pytest.raises(UnusableModel, match="no safetensors"):
        load("site-model@2", "cpu")


def lesion(**changes: Any) -> Lesion:
    return replace(Lesion(np.ones((2, 2, 2), np.uint8), (0, 0, 0), np.eye(4), 0.5), **changes)


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": float("nan")},
        {"probability": 1.5},
        {"uncertainty": float("inf")},
        {"affine": np.full((4, 4), np.nan)},
    ],
)
def test_what_an_entry_point_answers_is_looked_at_before_it_is_kept(wrong: dict[str, Any]) -> None:
    examination = {"t1c": Volume(np.zeros((2, 2, 2), np.float32), np.eye(4), "t1c")}
    made: Any = SimpleNamespace(detect=lambda _examination: [lesion(), lesion(**wrong)])
    with pytest.raises(UnusableModel, match="a lesion has"):
        detect(made, examination)
    made.detect = lambda _examination: [lesion(uncertainty=0.1)]
    assert len(detect(made, examination)[0]) == 1


def test_a_lesion_below_the_analysed_head_is_told_so_in_numbers_that_json_has() -> None:
    """A model that prepares images itself may look where features are not measured."""
    explained = explain(lesion(offset=(100, 100, 100)), READY).explanation
    json.dumps(explained, allow_nan=False)
    assert "outside of the analysed head" in explained["short"]
    assert "0.50" in explained["full"]
    assert "头部" in explained["zh-hans"]["full"]
    assert set(explained["features"]) == {"diameter_mm", "volume_mm3", "elongation"}


def test_a_model_that_marks_everything_is_cut_at_so_many_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(folder, scripted(Answers(1)), options={"channels": [0], "opinions": "once"})
    made = load("site-model@2", "cpu")
    assert isinstance(made, voxelwise.VoxelwiseDetector)
    monkeypatch.setattr(voxelwise, "MOST", 2)
    many = [lesion(probability=each) for each in (0.9, 0.8, 0.7)]
    monkeypatch.setattr(made, "found", lambda *_given: (many, READY, READY))
    monkeypatch.setattr(made, "is_differentiable", False)
    kept, used = detect(made, {})
    assert [each.probability for each in kept] == [0.9, 0.8]
    assert used == Used("cpu", found=3)
    monkeypatch.setattr(made, "found", lambda *_given: (many[:2], READY, READY))
    assert detect(made, {})[1] == Used("cpu")
