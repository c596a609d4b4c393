"""The phantom: the same seed gives the same case, and its truth lies where the image shows it."""

from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from inference import phantom
from inference.phantom import (
    PhantomCase,
    acquisition,
    anatomy,
    ears,
    fields,
    lesions,
    meninges,
    perivascular,
    scanner,
    vessels,
)
from inference.phantom import case as making
from inference.phantom.anatomy import Head
from inference.phantom.scanner import ROLES, draw
from inference.phantom.tissues import Tissues
from inference.volume import Volume
from tests.unit.inference.conftest import MadeOnce


@pytest.fixture
def t1c_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acquire the series that the truth lies on: the other three cost as much as the head."""
    monkeypatch.setattr(scanner, "ROLES", ("t1c",))


def test_the_same_seed_gives_the_same_case(case: PhantomCase) -> None:
    again = phantom.make_case(case.seed, n_lesions=4)
    for role in ROLES:
        assert np.array_equal(again.series[role].voxels, case.series[role].voxels)
    assert np.array_equal(again.labels, case.labels)
    assert [each.centroid_mm for each in again.lesions] == [
        each.centroid_mm for each in case.lesions
    ]


@pytest.mark.usefixtures("t1c_alone")
def test_a_case_without_metastases_has_vessels_that_enhance(case: PhantomCase) -> None:
    empty = phantom.make_case(case.seed + 1, n_lesions=0)
    t1c = empty.series["t1c"].voxels
    assert empty.lesions == []
    assert not empty.labels.any()
    assert empty.vessels.sum() > 2_000
    assert np.median(t1c[empty.vessels]) > 1.4 * np.median(t1c[empty.brain & ~empty.vessels])


def test_truth_lies_on_its_label_and_in_the_brain(case: PhantomCase) -> None:
    t1c = case.series["t1c"]
    assert len(case.lesions) >= 3
    for lesion in case.lesions:
        at = t1c.to_index(np.array(lesion.centroid_mm))
        voxels = np.argwhere(case.labels == lesion.id)
        assert np.linalg.norm(voxels.mean(0) - at) < 1e-6
        z, y, x = (slice(o, o + n) for o, n in zip(lesion.offset, lesion.mask.shape, strict=True))
        assert np.array_equal(case.labels[z, y, x] == lesion.id, lesion.mask > 0)
        assert case.brain[case.labels == lesion.id].mean() > 0.7


def test_lesions_are_brighter_after_contrast_than_before(case: PhantomCase) -> None:
    t1c = case.series["t1c"].voxels
    around = np.median(t1c[case.brain])
    largest = max(case.lesions, key=lambda each: each.volume_mm3)
    assert np.percentile(t1c[case.labels == largest.id], 80) > 1.1 * around


def test_series_share_the_head_and_differ_in_grid(case: PhantomCase) -> None:
    shapes = {role: case.series[role].voxels.shape for role in ROLES}
    centres = [
        volume.to_mm((np.array(volume.voxels.shape) - 1) / 2) for volume in case.series.values()
    ]
    assert shapes["t1c"][0] > 100
    assert np.ptp(np.array(centres), axis=0).max() < 1e-6


@pytest.mark.usefixtures("t1c_alone")
def test_an_earlier_examination_is_the_same_head_with_smaller_lesions(case: PhantomCase) -> None:
    before = phantom.make_earlier(case.seed, n_lesions=4, shrink=0.6)
    later = {each.id: each for each in case.lesions}
    assert before.lesions
    for each in before.lesions:
        assert each.volume_mm3 < 0.6 * later[each.id].volume_mm3
    # Where a lesion lies in the head: its distances to the others stay, whatever the position.
    named = [each.id for each in before.lesions]
    then = np.array([each.centroid_mm for each in before.lesions])
    now = np.array([later[each].centroid_mm for each in named])
    apart = [np.linalg.norm(them - them[:1], axis=1) for them in (then, now)]
    assert np.abs(apart[0] - apart[1]).max() < 2.0
    assert before.series["t1c"].voxels.mean() != case.series["t1c"].voxels.mean()


@pytest.mark.parametrize("shrink", [0.0, 1.0, 1.4])
def test_an_earlier_lesion_is_smaller(shrink: float) -> None:
    with pytest.raises(ValueError, match="earlier lesion is smaller"):
        phantom.make_earlier(1, shrink=shrink)


@pytest.mark.parametrize("asked", [{"n_lesions": -1}, {"dry": 1.5}])
def test_a_number_of_lesions_or_a_share_that_cannot_be_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give (0 or more|a share)"):
        phantom.make_case(1, **asked)


@pytest.mark.parametrize("asked", ["leptomeningeal", "at_vessels"])
def test_a_negative_number_of_what_grows_besides_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match=f"{asked} is -1: give 0 or more"):
        phantom.Besides(**{asked: -1})


@pytest.fixture(scope="module")
def head(made_once: MadeOnce) -> Head:
    found: Head = made_once("head", lambda: anatomy.build(np.random.default_rng(4)))
    return found


def test_a_dry_metastasis_differs_by_its_oedema_only(head: Head) -> None:
    """Not every metastasis has oedema: a detector must not need it."""
    heads = [deepcopy(head) for _ in range(2)]
    wet, dry = (
        lesions.plant(
            each,
            5,
            1.0,
            np.random.default_rng(9),
            lesions.Sizes(14.0),
            lambda is_dry=is_dry: is_dry,
        )
        for each, is_dry in zip(heads, (False, True), strict=True)
    )
    assert [each.kind for each in wet] == [each.kind for each in dry]
    assert np.allclose(wet[0].fraction, dry[0].fraction)
    oedema = [float(each.tissues["oedema"].sum()) for each in heads]
    spots = deepcopy(head)  # of white matter, which every head has
    lesions.plant(spots, 0, 1.0, np.random.default_rng(9))
    assert oedema[0] > oedema[1] + 5_000
    assert oedema[1] < 2 * float(spots.tissues["oedema"].sum()) + 2_000
    assert np.abs(heads[0].tissues.fractions.sum(0) - 1).max() < 1e-3


def test_leptomeningeal_deposits_are_thin_sheets_along_the_pia_without_oedema(head: Head) -> None:
    mine = deepcopy(head)
    first = lesions.plant(mine, 2, 1.0, np.random.default_rng(3), lesions.Sizes(12.0))
    fluid, oedema = mine.tissues["csf"].copy(), float(mine.tissues["oedema"].sum())
    found = meninges.coat(mine, 3, first, 1.0, np.random.default_rng(5))
    assert [each.number for each in found] == [3, 4, 5]
    assert float(mine.tissues["oedema"].sum()) <= oedema
    taken = np.zeros(mine.brain.shape, bool)
    for each in first:
        taken[each.box] |= each.fraction > 0.1
    for each in found:
        solid = each.fraction > 0.5
        assert solid.sum() > 10
        thickest = ndimage.distance_transform_edt(np.pad(solid, 1)).max()
        assert thickest <= 4  # voxels of 1 mm to the sheet's edge: nodules are its thickest part
        assert thickest < 0.4 * max(np.ptp(np.argwhere(solid), axis=0))
        near = ndimage.maximum_filter(fluid, 3)[each.box]
        assert near[solid].mean() > 0.4  # beside fluid: not deep in white matter
        assert not (taken[each.box] & solid).any()
        assert mine.tissues.gadolinium[each.box][solid].min() > 0.1


def test_metastases_at_vessels_touch_or_nearly_touch_them_and_leave_them_whole(head: Head) -> None:
    mine = deepcopy(head)
    vessels.add(mine, 1.0, np.random.default_rng(2))
    first = lesions.plant(mine, 2, 1.0, np.random.default_rng(3), lesions.Sizes(12.0))
    blood, tumour = mine.tissues["blood"].copy(), mine.tissues["tumour"].copy()
    found = perivascular.plant(mine, 4, first, 1.0, np.random.default_rng(6))
    assert [each.number for each in found] == [3, 4, 5, 6]
    assert {each.kind for each in found} == {perivascular.KIND}
    wall = np.argwhere(blood > 0.5)
    for each in found:
        solid = np.argwhere(each.fraction > 0.5) + [part.start for part in each.box]
        gaps = np.linalg.norm(solid[:, None] - wall[None], axis=2).min()
        assert 1 <= gaps <= 2.5  # voxels of 1 mm between middles: 1 is wall to wall
        assert 2 <= each.nominal_mm < 7
        assert (mine.brain[each.box][each.fraction > 0.5] > 0.5).all()
        assert mine.tissues.gadolinium[each.box][each.fraction > 0.5].min() > 0.1
        for other in first:
            laid = np.zeros(mine.brain.shape, bool)
            laid[other.box] = other.fraction > 0.1
            assert not laid[tuple(solid.T)].any()
    grown = mine.tissues["tumour"] - tumour  # oedema may seep over a vessel, a tumour does not
    assert grown[blood > 0.9].max() < 0.1
    assert grown.max() > 0.8
    assert mine.tissues["blood"][blood > 0.9].min() > 0.7
    assert np.abs(mine.tissues.fractions.sum(0) - 1).max() < 1e-3


def test_an_examination_is_asked_for_dry_metastases_and_leptomeningeal_deposits(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the deposits come with their truth; the metastases are those of the seed without."""

    def planted(**options: Any) -> list[Any]:
        monkeypatch.setattr(making, "_head", lambda *_: (deepcopy(head), 1.0, None))
        monkeypatch.setattr(making, "_acquired", lambda _, mine, found, *__: (mine, found))
        made: Any = making.make_case(8, n_lesions=3, sizes=phantom.Sizes(12), **options)
        return [float(made[0].tissues["oedema"].sum()), *made[1]]

    oedema, *usual = planted()
    without, *dry = planted(dry=1.0)
    _, *more = planted(besides=phantom.Besides(leptomeningeal=2))
    assert without < oedema
    assert [each.kind for each in more[len(usual) :]] == [meninges.KIND] * 2
    for each, other, third in zip(usual, dry, more, strict=False):
        assert np.allclose(each.fraction, other.fraction)
        assert np.array_equal(each.fraction, third.fraction)
    machine = draw(np.random.default_rng(1))
    to_patient = acquisition.anatomy_affine(np.zeros(3))
    shape, affine = acquisition.grid(machine, machine.protocols["t1c"], to_patient)
    t1c = Volume(np.zeros(shape, np.float32), affine, "t1c")
    labels = making._labels(more, to_patient, t1c)
    boxes = ndimage.find_objects(labels)
    for each in more[len(usual) :]:
        truth = making._truth(each, labels, boxes[each.number - 1], t1c)
        assert truth.kind == meninges.KIND
        assert truth.mask.sum() * np.prod(t1c.spacing_mm) > 10
        assert truth.diameter_mm > 3


def test_a_metastasis_between_two_thick_slices_is_part_of_the_truth() -> None:
    """It shows in both by their thickness; no slice's middle meets it."""
    box = (slice(11, 14), slice(20, 23), slice(20, 23))
    fraction = np.ones((3, 3, 3), np.float32)
    one = lesions.Planted(1, "solid", 2.0, box, fraction, 1.0)
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [6.0, 0, 0, 2], [0, 0, 0, 1]])
    t1c = Volume(np.zeros((8, 40, 40), np.float32), affine, "t1c")  # slices at 2, 8, 14 mm
    to_patient = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1]])
    labels = making._labels([one, replace(one, number=2)], to_patient, t1c)
    assert np.argwhere(labels == 1).tolist() == [[2, 21, 21]]  # at 14, nearer to 12 than 8 is
    assert not (labels == 2).any()  # the voxel is the other's
    outside = replace(one, number=3, box=(slice(200, 203), *box[1:]))
    labels = making._labels([one, outside], to_patient, t1c)
    assert [each.id for each in making._truths([one, outside], labels, t1c)] == [1]


@pytest.mark.parametrize("scale", [2.5, 9.0, 40.0])
def test_smooth_field_has_zero_mean_and_the_asked_amplitude(scale: float) -> None:
    fields_ = [
        fields.smooth_field(np.random.default_rng(seed), (48, 40, 44), scale, 0.7)
        for seed in range(40)
    ]
    values = np.stack(fields_)
    assert abs(values.mean()) < 0.2
    assert values.std() == pytest.approx(0.7, rel=0.12)


def test_tube_thinner_than_a_voxel_fills_part_of_it() -> None:
    volume = np.zeros((20, 20, 20), np.float32)
    line = np.column_stack([np.linspace(5, 15, 40), np.full(40, 10.0), np.full(40, 10.0)])
    fields.paint_tube(volume, line, 0.25)
    assert 0.05 < volume.max() < 0.5
    fields.paint_tube(volume, line, 2.0)
    assert volume[10, 10, 10] == 1


def test_a_head_that_moves_has_ghosts_along_the_phase_encoding_and_stays_in_place() -> None:
    still = np.zeros((3, 96, 80), np.float32)
    still[:, 38:58, 34:50] = 1
    found = [
        acquisition.moved(still, np.array([1.0, 1.0]), np.random.default_rng(seed))
        for seed in range(12)
    ]
    above = [float(each[:, 5:25, 34:50].mean()) for each in found]  # beyond the head, its columns
    aside = [float(each[:, 38:58, 5:20].mean()) for each in found]
    assert np.median(above) > 0.02
    assert np.median(above) > 3 * np.median(aside)
    rows = np.arange(96)[None, :, None]
    middles = [float((each**2 * rows).sum() / (each**2).sum()) for each in found]
    assert np.abs(np.array(middles) - 47.5).max() < 1
    energy = [float((each**2).sum() / (still**2).sum()) for each in found]
    assert energy == pytest.approx([1.0] * 12, abs=1e-3)  # phases neither add nor take
    resting = acquisition.moved(still, np.zeros(2), np.random.default_rng(1))
    assert np.abs(resting - still).max() < 1e-5


def test_small_metastases_are_never_rings_and_large_ones_often() -> None:
    small = {lesions._kind(6.0, np.random.default_rng(seed)) for seed in range(200)}
    large = [lesions._kind(25.0, np.random.default_rng(seed)) for seed in range(200)]
    assert small == {"solid", "haemorrhagic"}  # a ring needs room for a core
    assert large.count("ring") > 120


@pytest.mark.parametrize("mm", [1.5, 1.8])
def test_the_smallest_metastasis_fills_its_voxels_by_the_volume_that_it_has(mm: float) -> None:
    white = np.ones((24, 24, 24), np.float32)
    blank = Tissues.blank((24, 24, 24))
    blank.put("white", white)
    piece: Any = SimpleNamespace(tissues=blank, brain=white)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        centre = 12 + rng.uniform(-0.5, 0.5, 3)
        shape = lesions.outline(piece, centre, mm / 2, rng, lobed=0)
        assert shape.fraction.sum() == pytest.approx(np.pi / 6 * mm**3, rel=0.03)
        middle = ndimage.center_of_mass(shape.fraction) + np.array([s.start for s in shape.box])
        assert np.abs(middle - centre).max() < 0.12
        assert 0.2 < shape.fraction.max() <= 1
        assert (shape.fraction > 0).sum() >= 4  # the edge is partial volume


def test_metastases_of_one_and_a_half_millimetres_are_planted_and_part_of_the_truth(
    head: Head,
) -> None:
    mine = deepcopy(head)
    found = lesions.plant(mine, 25, 1.0, np.random.default_rng(2), lesions.Sizes(1.9, 1.5))
    smallest = [each for each in found if each.nominal_mm == 1.5]
    assert len(smallest) >= 3
    assert min(each.nominal_mm for each in found) == 1.5
    usual = lesions.plant(deepcopy(head), 25, 1.0, np.random.default_rng(2), lesions.Sizes(1.9))
    assert min(each.nominal_mm for each in usual) == 2.0
    machine = replace(draw(np.random.default_rng(1), 1.0), orientation=np.eye(3))
    to_patient = acquisition.anatomy_affine(np.array([0.3, 0.2, 0.4]))
    shape, affine = acquisition.grid(machine, machine.protocols["t1c"], to_patient)
    t1c = Volume(np.zeros(shape, np.float32), affine, "t1c")
    labels = making._labels(found, to_patient, t1c)
    truths = {each.id: each for each in making._truths(found, labels, t1c)}
    for each in smallest:
        truth = truths[each.number]
        assert truth.volume_mm3 < 2.3  # a ball of 1.5 mm has 1.77 mm3
        assert 1 <= truth.mask.sum() <= 8
        assert truth.diameter_mm <= 2
        assert mine.tissues.gadolinium[each.box].max() > 0.05


@pytest.mark.parametrize("smallest_mm", [1.4, 40.0])
def test_a_smallest_size_that_no_voxel_shows_or_that_is_the_largest_is_refused(
    smallest_mm: float,
) -> None:
    with pytest.raises(ValueError, match=r"give 1\.5 to 32"):
        lesions.Sizes(smallest_mm=smallest_mm)


def test_a_dose_that_is_given_changes_the_uptake_and_nothing_else(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures under half and double dose are compared with the usual ones lesion by lesion."""
    monkeypatch.setattr(anatomy, "build", lambda _: deepcopy(head))

    def made(dose: float | None) -> tuple[Head, float, list[lesions.Planted], dict[str, Any]]:
        rng = np.random.default_rng(12)
        mine, given, _ = making._head(rng, dose)
        planted = lesions.plant(mine, 3, given, rng)
        return mine, given, planted, dict(rng.bit_generator.state)

    usual, drawn, first, state = made(None)
    double, given, second, other = made(2.0)
    assert 0.75 <= drawn <= 1.25
    assert given == 2.0
    assert state == other
    assert [each.box for each in first] == [each.box for each in second]
    assert all(np.array_equal(a.fraction, b.fraction) for a, b in zip(first, second, strict=True))
    assert np.array_equal(usual.tissues.fractions, double.tissues.fractions)
    ratio = double.tissues.gadolinium.sum() / usual.tissues.gadolinium.sum()
    assert ratio == pytest.approx(2 / drawn, rel=1e-3)


def test_a_whole_head_holds_its_ears(head: Head) -> None:
    """What is drawn into a deformed template, whose skull base and skin are no cylinder."""
    mine = deepcopy(head)
    before = mine.tissues["air"].copy()
    ears.add(mine, np.random.default_rng([4, 6]))
    added = (before - mine.tissues["air"] > 0.5) & (before > 0.9)
    for half in (added[..., :96], added[..., 96:]):
        assert half.sum() > 1_500  # mm3
    across = np.flatnonzero(added.any((0, 1)))
    assert across.min() >= 2
    assert across.max() <= added.shape[2] - 3
    opened = (mine.tissues["air"] - before > 0.6) & (mine.inside_hull_mm < -2)
    for half in (opened[..., :96], opened[..., 96:]):
        assert half.sum() > 200
    assert np.abs(mine.tissues.fractions.sum(0) - 1).max() < 1e-3
