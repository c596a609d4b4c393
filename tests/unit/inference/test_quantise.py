"""Networks in 8-bit integers: as good as the same ones in floating point, and checked with them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from inference import detector
from inference.__main__ import main
from inference.detector import Card, CorruptWeights
from inference.detectors import families, voxelwise
from inference.detectors.compiled import FILES, Compiled, read, saved, traced
from inference.detectors.layout import folded
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.phantom import VERSION
from inference.preprocess import Prepared
from inference.training import cases, quantise, ship

pytestmark = pytest.mark.usefixtures("one_thread")


def noise(*shape: int, seed: int = 4) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


@pytest.fixture
def phantom(tmp_path: Path) -> Path:
    """A training case in the cache, of noise, with one lesion."""
    path = cases.path_of(tmp_path, 1_000)
    path.mkdir()
    np.save(path / "voxels.npy", cases.encode(noise(4, 80, 64, 48)))
    np.save(path / "labels.npy", np.zeros((80, 64, 48), np.uint8))
    lesions = np.array([[1, 4.0, 79, 3, 20]], np.float32)
    np.savez(path / "tables.npz", vessels=np.zeros((0, 3), np.int32), lesions=lesions)
    return path


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    """Of a detector of a site's own, not trained."""
    torch.manual_seed(2)
    checkpoint = tmp_path / "c.pt"
    torch.save({"average": families.build("space-to-depth").state_dict(), "step": 1}, checkpoint)
    folder = tmp_path / "brought"
    digest = ship.pack(checkpoint, folder / "own-1.safetensors")
    words = {"banner": "b", "training": {"seed": 1}, "performance": {"cases": 100}}
    made = replace(
        detector.card_of(detector.DEFAULT), name="own", version="1", words=words,
        weights="own-1.safetensors", weights_sha256=digest, folder=str(folder),
    )  # fmt: skip
    detector.write_card(made, folder)
    monkeypatch.setenv(detector.FOLDER, str(folder))
    detector.cards.cache_clear()
    yield made
    detector.cards.cache_clear()


def test_a_network_answers_in_integers_as_in_floating_point_at_every_size(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = folded(families.build("space-to-depth", 8).eval())
    assert network is not None
    torch.nn.init.normal_(network.body.output_block.conv.conv.weight)
    patches = [noise(1, 4, 32, 32, 32, seed=seed) for seed in range(4)]
    saved(quantise.in_integers(traced(network, 4), patches), tmp_path)
    words, numbers = ((tmp_path / each).read_bytes() for each in FILES)
    assert b"FakeQuantize" in words
    one = Compiled(read((words, numbers)), channels=4, in_bfloat16=False)
    for size in ((32, 32, 32), (48, 64, 16)):
        part = torch.from_numpy(noise(1, 4, *size, seed=9))
        with torch.inference_mode():
            expected = network(part)
        apart = (one(part) - expected).abs().mean()
        assert 0 < apart < 0.1 * expected.std()


def test_a_detector_is_quantised_into_a_new_version_with_a_hash_of_both(
    card: Card, phantom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantise, "_OF_EACH", 3)
    before = (Path(card.folder) / card.weights).read_bytes()
    told = quantise.quantise(card, "2", [phantom])
    assert told == Path(card.folder) / "own-2.json"
    made = detector.card_of("own@2")
    assert made.operating_point == card.operating_point
    assert "performance" not in made.words  # it is to be measured anew
    assert made.words["training"]["seed"] == 1
    assert made.words["training"]["int8"]["phantoms"] == [f"v{VERSION}-plan2-1000"]
    assert made.words["training"]["int8"]["patches"] == 3
    folder = Path(made.folder) / made.weights
    assert (folder / families.NETWORK).read_bytes() == before
    loaded = detector.load("own@2", "cpu")
    assert isinstance(loaded, VoxelwiseDetector)
    assert loaded.int8 == tuple((folder / each).read_bytes() for each in FILES)
    assert loaded.weights_sha256 == made.weights_sha256 != card.weights_sha256
    (folder / FILES[1]).write_bytes(loaded.int8[1][:-1] + b"!")
    with pytest.raises(CorruptWeights, match="own-2 is damaged or was replaced"):
        detector.load("own@2", "cpu")


def test_what_cannot_be_quantised_is_refused_in_words(
    card: Card, phantom: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: str) -> str:
        cache = ["--cache", str(phantom.parent), "--cases", "1"]
        assert main(["quantise", *cache, *arguments]) == 2
        return capsys.readouterr().err.strip().splitlines()[-1]

    assert refused("--detector", "own@1", "--version", "1") == (
        "inference: there is a own@1 already: give another version"
    )
    other = replace(card, name="other", family="unet-3d")
    network = families.build("unet-3d").state_dict()
    torch.save({"average": network, "step": 1}, phantom.parent / "o.pt")
    digest = ship.pack(phantom.parent / "o.pt", Path(card.folder) / card.weights)
    detector.write_card(replace(other, weights_sha256=digest), Path(card.folder))
    said = refused("--detector", "other@1", "--version", "2")
    assert said == "inference: other@1 is not run by OpenVINO: there is nothing to quantise"
    assert not (Path(card.folder) / "other-2").exists()
    (Path(card.folder) / "own-3").mkdir()  # of a try that ended before its card was written
    said = refused("--detector", "own@1", "--version", "3")
    assert said.startswith("inference: there is a folder own-3 already: remove it")


def test_patches_are_what_a_detection_sees_every_second_around_a_lesion(phantom: Path) -> None:
    case = cases.load(phantom)
    found = quantise.drawn(case, np.random.default_rng(1))
    assert {each.shape for each in found} == {(1, 4, 64, 64, 48)}
    end = cases.decode(np.asarray(case.voxels[:, 16:, :, :]))
    assert [np.array_equal(each[0], end) for each in found[1::2]] == [True] * 6
    assert not all(np.array_equal(each[0], end) for each in found[::2])


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ({"avx2"}, ["int8", "float32"]),
        ({"avx2", "avx512_bf16"}, ["int8", "float32"]),  # as it was measured
        ({"neon"}, ["traced", "float32"]),
        ({"neon", "bf16"}, ["traced", "bfloat16"]),
    ],
)
def test_only_a_processor_that_is_fast_in_integers_computes_in_them(
    monkeypatch: pytest.MonkeyPatch, has: set[str], expected: list[str]
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(has, True))
    asked: list[str] = []

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def told(*arguments: Any) -> Any:
            asked.append(name)
            return call(*arguments)

        return told

    monkeypatch.setattr(voxelwise, "read", watched("int8", read))
    monkeypatch.setattr(voxelwise, "traced", watched("traced", traced))

    class Watched(Compiled):
        def __init__(self, model: object, *, channels: int, in_bfloat16: bool) -> None:
            asked.append("bfloat16" if in_bfloat16 else "float32")
            super().__init__(model, channels=channels, in_bfloat16=False)

    monkeypatch.setattr(voxelwise, "Compiled", Watched)
    made = detector.load(detector.DEFAULT, "cpu")
    assert isinstance(made, VoxelwiseDetector)
    found = made.logits(Prepared(noise(4, 32, 48, 32), np.eye(4), ()))
    assert found.shape == (2, 32, 48, 32)
    assert asked == expected


def test_the_card_says_how_the_integers_came_about() -> None:
    card = detector.card_of(detector.DEFAULT)
    told = card.words["training"]["int8"]
    seeds = [int(each.rpartition("-")[2]) for each in told["phantoms"]]
    assert set(seeds) <= set(cases.TRAINING_SEEDS)
    assert told["patches"] == 12 * len(seeds)
