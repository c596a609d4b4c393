"""The way from the platform to `inference`: what a detector answers becomes what is kept."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inference.detector import Note, Stage, Used, grid_role
from readerstudy.proposals import bridge
from tests import proposing


def test_the_bridge_turns_a_detectors_lesions_into_the_platforms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The platform's side of the contract with `inference`; its own tests hold the other."""
    import inference

    class Heat:
        def to_json(self) -> dict[str, Any]:
            return dict(proposing.HEAT_MAP)

    class Lesion:
        centroid_mm = (1, 2, 3)
        diameter_mm = 4
        volume_mm3 = 33
        uncertainty = None
        explanation: Mapping[str, str] = {"short": "s", "full": "f"}

        def __init__(self, probability: float) -> None:
            self.probability = probability
            self.heat = Heat() if probability > 0.5 else None

        def contours_mm(self) -> list[list[tuple[int, int, int]]]:
            return [[(0, 0, 0), (1, 0, 0), (0, 1, 0)]]

    class Detector:
        weights_sha256 = "ab" * 32
        needs = ("t1c",)

        def detect(self, examination: Any) -> list[Lesion]:
            assert examination == {"t1c": ["a.dcm"]}
            return [Lesion(0.2), Lesion(0.7)]

    monkeypatch.setattr(bridge, "_loaded", lambda _name: Detector())
    monkeypatch.setattr(
        inference,
        "read_examination",
        lambda paths: {k: list(map(str, v)) for k, v in paths.items()},
    )
    answer = bridge.detect("x@1", {"t1c": [Path("a.dcm")]})
    found = answer.found
    assert (answer.weights_sha256, answer.grid_role) == ("ab" * 32, "t1c")
    assert [each.probability for each in found] == [0.7, 0.2]
    assert [each.heat_map for each in found] == [proposing.HEAT_MAP, None]
    assert found[0].contours_mm == [[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"explanation": {"features": {"contrast_sd": float("nan")}}},
        {"explanation": {"picture": b"x"}},
        {"diameter_mm": float("inf")},
    ],
)
def test_the_bridge_refuses_what_neither_database_nor_browser_can_read(
    wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN in JSON would stop PostgreSQL, or each reader's page that opens the case."""
    import inference

    sound: dict[str, Any] = {
        "centroid_mm": (1, 2, 3), "diameter_mm": 4, "volume_mm3": 33, "probability": 0.5,
        "uncertainty": None, "explanation": {}, "heat": None, "contours_mm": list,
    }  # fmt: skip
    answer = [SimpleNamespace(**sound), SimpleNamespace(**{**sound, **wrong})]
    made = SimpleNamespace(weights_sha256="ab", needs=("t1c",), detect=lambda _images: answer)
    monkeypatch.setattr(inference, "read_examination", lambda _paths: {})
    monkeypatch.setattr(bridge, "_loaded", lambda _name: made)
    with pytest.raises(ValueError, match="a lesion cannot be kept"):
        bridge.detect("x@1", {})
    answer.pop()
    assert len(bridge.detect("x@1", {}).found) == 1


def test_the_bridge_halves_the_windows_of_a_detector_that_has_some_and_says_what_it_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import inference

    class Windowed:
        weights_sha256, needs, used = "ab" * 32, ("t1c",), None

        def detect(self, _examination: Any, *, halvings: int = 0, note: Note) -> list[Any]:
            note(Stage.NETWORK)
            self.used = Used("cpu", 96 >> halvings, is_reduced=halvings > 0)
            return []

    class Plain:
        weights_sha256, needs = "ab" * 32, ("t1c",)

        def detect(self, _examination: Any) -> list[Any]:
            return []

    monkeypatch.setattr(inference, "read_examination", lambda _paths: {})
    monkeypatch.setattr(bridge, "_loaded", lambda _name: Windowed())
    assert bridge.detect("x@1", {}).used == Used("cpu", 96, is_reduced=False)
    assert bridge.detect("x@1", {}, halvings=1).used == Used("cpu", 48, is_reduced=True)
    monkeypatch.setattr(bridge, "_loaded", lambda _name: Plain())
    heard: list[str] = []
    answer = bridge.detect("x@1", {}, halvings=1, note=heard.append)
    assert answer.used is None  # a site's own entry point
    assert heard == ["network"]


@pytest.mark.parametrize(
    ("says", "role"),
    [
        ({"inputs": ("t1c", "ct")}, "t1c"),
        ({"inputs": ("ct",)}, "ct"),
        ({"needs": ("ct",)}, "ct"),  # a site's own entry point names what it needs, no more
        ({"needs": ("ct", "t1c")}, "t1c"),
        ({"needs": ("flair",)}, "t1c"),
        ({"inputs": (), "needs": ("ct",)}, "ct"),
    ],
)
def test_a_detector_says_on_which_series_its_lesions_lie(
    says: dict[str, tuple[str, ...]], role: str
) -> None:
    assert grid_role(SimpleNamespace(**{"needs": (), **says})) == role


def test_the_shipped_detector_has_a_card_with_a_banner() -> None:
    import inference

    card = inference.detector_card(inference.default_detector())
    assert card["banner"]
    assert len(card["weights_sha256"]) == 64
