"""What makes a phantom look like a head, on pieces: layers, eyes, plexus, blood, artefacts."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.phantom import acquisition, anatomy, scanner, signal, vessels
from inference.phantom.fields import Array, Points
from inference.phantom.tissues import INDEX, NAMES, Tissues

SIDE = 96
RADIUS_MM = 28.0  # of a ball that stands for the brain


@dataclass(frozen=True)
class Straight:
    """A deformation that is none: the template's mm (z, y, x), less those of the first voxel."""

    first_mm: tuple[float, float, float]

    def to_subject(self, points_mm: Points) -> Points:
        return np.asarray(points_mm - np.array(self.first_mm))

    def where(self, shape: tuple[int, int, int]) -> Array:
        """Template mm of every voxel (3, z, y, x)."""
        axes = [np.arange(n) + first for n, first in zip(shape, self.first_mm, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


@dataclass(frozen=True)
class Piece:
    """What painters need to know of a head."""

    tissues: Tissues
    inside_hull_mm: Array
    template_mm: Array
    deformation: Straight


@pytest.fixture
def ball(monkeypatch: pytest.MonkeyPatch) -> Piece:
    """Skull and scalp about a ball of white matter."""
    shape = (SIDE,) * 3
    for module in (anatomy, vessels):
        monkeypatch.setattr(module, "SHAPE", shape)
    straight = Straight((-SIDE / 2,) * 3)
    where = straight.where(shape)
    depth = (RADIUS_MM - np.sqrt((where**2).sum(0))).astype(np.float32)
    tissues = Tissues.blank(shape)
    anatomy._scalp_and_skull(tissues, depth, depth, np.random.default_rng(5))
    tissues.put("white", np.clip(depth, 0, 1))
    return Piece(tissues, depth, where, straight)


def layers(piece: Piece) -> NDArray[np.float64]:
    """Mean fractions (class, mm from the middle)."""
    at = np.round(RADIUS_MM - piece.inside_hull_mm).astype(int).ravel()
    count = np.bincount(at)
    flat = piece.tissues.fractions.reshape(len(NAMES), -1)
    return np.stack([np.bincount(at, each) for each in flat]) / count


def test_dura_skull_and_scalp_lie_around_the_brain_in_their_order(ball: Piece) -> None:
    by_mm = layers(ball)
    fat, muscle = by_mm[INDEX["fat"]], by_mm[INDEX["muscle"]]
    dura, table = (int(by_mm[INDEX[each]].argmax()) for each in ("dura", "bone"))
    assert RADIUS_MM <= dura < table <= RADIUS_MM + 9
    bone = np.flatnonzero(by_mm[INDEX["bone"]] > 0.25)
    marrow = slice(bone.min() + 1, bone.max())
    assert 0.2 < fat[marrow].max() < 0.9  # between the tables of the skull
    scalp = bone.max() + 1 + int(fat[bone.max() + 1 :].argmax())
    skin = scalp + int(muscle[scalp : scalp + 6].argmax())
    assert bone.max() < scalp < skin
    assert fat[scalp] > 0.6
    assert muscle[skin] > 0.5
    assert by_mm[INDEX["air"], skin + 5] > 0.95
    assert 11 <= skin - RADIUS_MM <= 16
    assert np.abs(ball.tissues.fractions.sum(0) - 1).max() < 1e-3


def test_the_dura_enhances_unevenly_and_the_brain_beneath_it_does_not(ball: Piece) -> None:
    vessels._dura_and_mucosa(ball, 1.0, np.random.default_rng(2))
    gadolinium = ball.tissues.gadolinium
    there = gadolinium[ball.tissues["dura"] > 0.4]
    assert there.min() > 0
    assert 0.05 < there.mean() < 0.5
    assert there.std() > 0.15 * there.mean()
    assert gadolinium[ball.inside_hull_mm > 3].max() < 1e-6


def test_each_eye_has_vitreous_sclera_and_lens_and_fat_and_nerve_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    straight, shape = Straight((-62, -96, -64)), (52, 78, 128)  # z, -y, x of the MNI space
    monkeypatch.setattr(anatomy, "SHAPE", shape)
    monkeypatch.setattr(anatomy, "_SKULL_BASE_TOP", shape[0])
    tissues, room = Tissues.blank(shape), np.ones(shape, np.float32)
    tissues.put("bone", room)  # the face, which orbits are hollowed out of
    rng = np.random.default_rng(3)
    anatomy._skull_base(tissues, straight, straight.where(shape), room, rng)

    def most(name: str, right: float, front: float, within_mm: int = 3) -> float:
        """The highest fraction about a place at the height of the eyes, in MNI mm."""
        at = straight.to_subject(np.array([[-36, -front, right]]))[0].astype(int)
        z, y, x = (slice(n - within_mm, n + within_mm + 1) for n in at)
        return float(tissues[name][z, y, x].max())

    for side in (-1, 1):
        z, y, x = straight.to_subject(np.array([[-36.0, -62.0, 33.0 * side]]))[0].astype(int)
        assert tissues["csf"][z, y, x] > 0.9
        across = (tissues["csf"][z, y, x - 20 : x + 20] > 0.5).sum()
        assert 17 <= across <= 27  # an eye is 24 mm across
        assert most("dura", 33 * side, 62, within_mm=14) > 0.4  # the sclera
        assert most("muscle", 33 * side, 72, within_mm=2) > 0.5  # the lens
        assert most("fat", 36 * side, 44) > 0.8
        assert most("white", 30 * side, 38) > 0.6  # the optic nerve
    assert tissues["csf"][:, :, 60:68].max() < 0.5  # nothing of them in the middle
    assert np.abs(tissues.fractions.sum(0) - 1).max() < 1e-3


def test_the_plexus_enhances_in_the_ventricles_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    straight, shape = Straight((-46, -12, -44)), (80, 66, 88)
    monkeypatch.setattr(vessels, "SHAPE", shape)
    tissues, where = Tissues.blank(shape), straight.where(shape)
    tissues.put("white", np.ones(shape, np.float32))
    tissues.put("csf", (where[2] > 8).astype(np.float32))  # a ventricle on one side
    piece = Piece(tissues, np.ones(shape, np.float32), where, straight)
    vessels._plexus_and_pituitary(piece, 1.0, np.random.default_rng(1))
    gadolinium = tissues.gadolinium
    plexus = gadolinium * (where[2] > 8)
    assert 0.3 < plexus.max() < 2
    middle = (where * plexus).sum((1, 2, 3)) / plexus.sum()
    assert middle == pytest.approx([8, 33, 24], abs=6)  # the atrium: z, -y, x
    assert 40 < (plexus > 0.2).sum() < 2_000  # mm3
    assert gadolinium[where[2] < -8].max() == 0
    gland = gadolinium * (np.abs(where[2]) < 6) * (where[0] < -28)
    assert gland.max() > 0.5  # pituitary


def brightness(role: str, name: str, machine: scanner.Scanner, gadolinium: float = 0) -> float:
    """Signal of a pure tissue in a series, in units of white matter's."""
    tissues = Tissues.blank((1, 1, 2))
    tissues.put(name, np.array([[[1, 0]]], np.float32))
    tissues.put("white", np.array([[[0, 1]]], np.float32))
    tissues.gadolinium[0, 0, 0] = gadolinium
    sequence = machine.protocols[role].sequence
    made = signal.image(tissues, sequence, machine.constants)
    made = signal.enhanced(made, tissues, sequence, machine.constants) if gadolinium else made
    return float(made[0, 0, 0] / made[0, 0, 1])


@pytest.mark.parametrize("seed", range(6))
def test_blood_products_are_bright_before_contrast_and_dark_beside_tumour_on_t2(seed: int) -> None:
    machine = scanner.draw(np.random.default_rng(seed))
    assert brightness("t1", "haemorrhage", machine) > 1.05
    assert brightness("t1", "tumour", machine) < 0.95
    blood, tumour = (brightness("t2", each, machine) for each in ("haemorrhage", "tumour"))
    assert blood < tumour
    assert brightness("t1c", "tumour", machine, gadolinium=0.8) > 1.1


@pytest.mark.parametrize("seed", range(6))
def test_bone_is_dark_scalp_fat_bright_and_fluid_dark_on_flair(seed: int) -> None:
    machine = scanner.draw(np.random.default_rng(seed))
    for role in scanner.ROLES:
        assert brightness(role, "bone", machine) < 0.25
        assert brightness(role, "air", machine) == 0
    assert brightness("t1", "fat", machine) > 1.05
    assert brightness("flair", "csf", machine) < 0.3
    assert brightness("t2", "csf", machine) > 1.5
    assert brightness("flair", "oedema", machine) > 1.2


def test_noise_is_rician_a_floor_in_air_and_gaussian_in_tissue() -> None:
    sigma, shape, rng = 0.05, (40, 40, 40), np.random.default_rng(0)
    air = acquisition._rician(np.zeros(shape, np.float32), sigma, rng)
    assert air.min() >= 0
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.02)  # Rayleigh
    assert air.std() == pytest.approx(sigma * np.sqrt(2 - np.pi / 2), rel=0.02)
    tissue = acquisition._rician(np.ones(shape, np.float32), sigma, rng)
    assert tissue.mean() == pytest.approx(1 + sigma**2 / 2, abs=1e-3)
    assert tissue.std() == pytest.approx(sigma, rel=0.02)


def test_ringing_overshoots_beside_edges_along_the_phase_encoding_alone() -> None:
    rows = np.zeros((2, 128, 8), np.float32)
    rows[:, 40:88] = 1
    ringed = acquisition._ringing(rows, 0.8)
    assert 0.05 < ringed.max() - 1 < 0.12  # 9 % of the step (Wilbraham, Gibbs)
    middle = ringed[0, 60:68, 0]
    assert np.abs(middle - 1).max() < 0.02  # it dies away
    assert np.ptp(ringed, axis=2).max() < 1e-5
    columns = rows.transpose(0, 2, 1).copy()
    assert acquisition._ringing(columns, 0.8) == pytest.approx(columns, abs=1e-5)


def test_the_receive_field_is_smooth_and_as_strong_as_the_machine_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = (60, 60, 60)
    monkeypatch.setattr(acquisition, "SHAPE", shape)
    monkeypatch.setattr(acquisition, "FIELD_OF_VIEW_MM", (40.0, 40.0, 40.0))
    monkeypatch.setattr(acquisition, "_ringing", lambda stack, _kept: stack)
    machine = replace(scanner.draw(np.random.default_rng(1), 1.0), noise=0.0, orientation=np.eye(3))

    def field(bias: float) -> NDArray[np.float64]:
        made = acquisition.acquire(
            np.ones(shape, np.float32), replace(machine, bias=bias), machine.protocols["t1c"],
            acquisition.anatomy_affine(np.zeros(3)), np.random.default_rng(7),
        )  # fmt: skip
        return np.log(made.voxels.astype(np.float64))

    none, some, more = field(0.0), field(0.1), field(0.2)
    assert none.std() < 0.03
    assert more - none == pytest.approx(2 * (some - none), abs=1e-5)
    bias = some - none
    assert np.ptp(bias) > 0.02
    assert max(np.abs(np.diff(bias, axis=axis)).max() for axis in range(3)) < 0.15 * np.ptp(bias)
