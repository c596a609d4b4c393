"""Ears of a phantom: where they are, that an image holds them, that nothing else moves by them."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from inference.phantom import case, ears, scanner, template
from inference.phantom.anatomy import Head
from inference.phantom.fields import Array, Points
from inference.phantom.tissues import Tissues

SHAPE = (92, 132, 192)  # the lower part of a head, from the eyes back
ORIGIN = np.array([80.0, 56.0, 96.0])


@dataclass(frozen=True)
class Mirrored:
    """The template's millimetres as voxels, left for right where `x` is -1."""

    x: int

    def to_subject(self, points_mm: Points) -> Points:
        return np.asarray(points_mm * [1, 1, self.x] + ORIGIN)


@dataclass(frozen=True)
class Piece:
    """What the ears need to know of a head."""

    tissues: Tissues
    brain: Array
    inside_hull_mm: Array
    deformation: Mirrored


def made(mirrored: int = 1, wide_mm: float = 78.0) -> Piece:
    """A round brain in a skull, in an upright cylinder of soft tissue, and a vein on the skull."""
    z, y, x = (
        np.arange(n, dtype=np.float32) - o for n, o in zip(SHAPE, ORIGIN.tolist(), strict=True)
    )
    away = np.sqrt(z[:, None, None] ** 2 + (y[:, None] + 5) ** 2 + x**2)
    depth = (66 - away).astype(np.float32)
    round_the_axis = np.sqrt((y[:, None] + 5) ** 2 + x**2)
    tissues = Tissues.blank(SHAPE)
    skin = np.broadcast_to(np.clip(wide_mm - round_the_axis, 0, 1), SHAPE).astype(np.float32)
    tissues.put("fat", skin)
    tissues.put("bone", np.clip(depth + 8, 0, 1) * skin)
    tissues.put("white", np.clip(depth, 0, 1))
    vein = np.zeros(SHAPE, np.float32)
    vein[30:50, 74:77, 30:160] = 0.6
    tissues.put("blood", vein * (depth < 0))
    tissues.gadolinium += vein
    return Piece(tissues, np.clip(depth, 0, 1).astype(np.float32), depth, Mirrored(mirrored))


def grown(piece: Piece, seed: int = 3) -> tuple[Tissues, Tissues]:
    """The tissues before and after."""
    before = deepcopy(piece.tissues)
    head: Any = piece
    ears.add(head, np.random.default_rng(seed))
    return before, piece.tissues


@pytest.mark.parametrize("mirrored", [1, -1])
def test_each_ear_stands_outside_the_skin_about_a_canal_of_air(mirrored: int) -> None:
    piece = made(mirrored)
    before, after = grown(piece)
    outside = before["air"] > 0.99
    auricle = outside & (after["air"] < 0.5)
    halves = (auricle[..., :96], auricle[..., 96:])
    for half in halves:
        z, y, _ = np.argwhere(half).T
        assert 45 < np.ptp(z) < 80  # some 62 mm tall, leaning back
        assert 25 < np.ptp(y) < 60
        assert 1_500 < half.sum() < 12_000  # mm3
    hollow = (before["air"] < 0.01) & (after["air"] > 0.6)
    pieces, _ = ndimage.label(hollow)
    for side in (-1, 1):
        ear = piece.deformation.to_subject(np.array([[-44.0, 24.0, side * 62.0]]))[0]
        z, y, x = ear.round().astype(int)
        number = pieces[z - 2 : z + 3, y - 2 : y + 3, x].max()
        assert number > 0
        along = np.argwhere(pieces == number)[:, 2]
        assert np.ptp(along) > 22  # to the skin: a canal of some 25 mm
        out = np.sign(x - ORIGIN[2])
        beyond = int(along.max() if out > 0 else along.min())
        assert after["air"][z, y, int(beyond + 2 * out)] > 0.5  # it is open


def test_the_canal_has_bone_about_its_inner_part_and_the_jaw_has_marrow_in_front_of_it() -> None:
    piece = made()
    before, after = grown(piece)
    bone = after["bone"] - before["bone"]
    for side in (-1, 1):
        z, y, x = (ORIGIN + np.array([-44, 22, side * 56])).astype(int)
        about = bone[z - 8 : z + 9, y - 8 : y + 9, x]
        assert (about > 0.5).sum() > 30
        z, y, x = (ORIGIN + np.array([-60, 8, side * 55])).astype(int)
        ramus = (slice(z - 8, z + 9), slice(y - 8, y + 9), slice(x - 8, x + 9))
        assert bone[ramus].max() > 0.7
        assert after["fat"][ramus].max() > 0.4


def test_brain_dura_and_vessels_stay_as_they_are_and_fractions_sum_to_one() -> None:
    piece = made()
    before, after = grown(piece)
    kept = (piece.inside_hull_mm > -1.5) | (before["blood"] > 0)
    assert np.array_equal(after.fractions[:, kept], before.fractions[:, kept])
    assert np.array_equal(after.gadolinium[kept], before.gadolinium[kept])
    assert np.abs(after.fractions.sum(0) - 1).max() < 1e-5
    assert after.gadolinium[(after["air"] > 0.9) & ~kept].max() < 0.1


@pytest.mark.parametrize("wide_mm", [78.0, 84.0, 90.0])
def test_a_wide_head_has_flat_ears_which_the_image_still_holds(wide_mm: float) -> None:
    before, after = grown(made(wide_mm=wide_mm))
    added = (before["air"] - after["air"]) > 0.1
    across = np.flatnonzero(added.any((0, 1)))
    assert added.sum() > 500
    assert across.min() >= 2
    assert across.max() <= SHAPE[2] - 3


def test_ears_differ_between_heads_and_the_two_of_a_head_are_alike() -> None:
    def sizes(seed: int) -> list[float]:
        before, after = grown(made(), seed)
        added = (before["air"] - after["air"]) > 0.5
        return [float(added[..., :96].sum()), float(added[..., 96:].sum())]

    found = np.array([sizes(seed) for seed in range(3)])
    apart = np.abs(np.diff(found, axis=1)).mean()
    assert apart > 0
    assert apart < 0.6 * np.ptp(found.mean(1))


def test_a_seed_has_the_brain_lesions_and_noise_that_it_has_without_ears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scanner, "ROLES", ("t1c",))
    shape = template.SHAPE

    def head() -> Any:
        piece = made()
        grid = [(0, n - m) for n, m in zip(shape, SHAPE, strict=True)]
        tissues = Tissues(
            np.pad(piece.tissues.fractions, [(0, 0), *grid], mode="edge"),
            np.pad(piece.tissues.gadolinium, grid),
            piece.tissues.present,
        )
        brain = np.pad(piece.brain, grid, mode="edge")
        depth = np.pad(piece.inside_hull_mm, grid, mode="edge")
        mine: Any = piece.deformation
        vessels = type("Painted", (), {"vessels": np.zeros(shape, np.float32)})()
        return Head(tissues, brain, depth, mine, np.zeros((3, 1, 1, 1), np.float32)), 1.0, vessels

    monkeypatch.setattr(case, "_head", lambda *_: head())
    monkeypatch.setattr(
        case.lesions, "seats", lambda _: (np.array([[86, 50, 96], [70, 66, 80]]), np.full(2, 0.5))
    )
    with_ears = case.make_case(5, n_lesions=2)
    monkeypatch.setattr(ears, "add", lambda *_: None)
    without = case.make_case(5, n_lesions=2)
    assert len(without.lesions) > 0
    assert np.array_equal(with_ears.labels, without.labels)
    assert [each.volume_mm3 for each in with_ears.lesions] == [
        each.volume_mm3 for each in without.lesions
    ]
    one, other = with_ears.series["t1c"].voxels, without.series["t1c"].voxels
    inner = ndimage.binary_erosion(without.brain, iterations=2)
    apart = np.abs(one[inner] - other[inner])
    assert apart.max() < 0.03  # where k-space is cut, an edge is seen along its whole line
    assert apart.mean() < 1e-4
    differ = np.abs(one - other) > 0.2
    assert 1_000 < differ.sum() < 0.03 * differ.size
