"""R3: what readers drew against the reference standard: Dice by lesion, over grids and spheres."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from analysis.agreement.drawn import GRIDS, compare_drawing, drawn_lesions, read_drawing
from analysis.extents import Lesion, Mask
from analysis.report import run
from analysis.report.sections import delineation
from analysis.report.tables import Tables
from analysis.tables import DataError
from readerstudy.reads import masks

OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = Rotation.from_euler("xyz", [12, -7, 30], degrees=True).as_matrix() * [0.8, 0.9, 2]
OBLIQUE[:3, 3] = [-40, 22, 5]


def _blob(seed: int, shape: tuple[int, int, int] = (17, 15, 9)) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2)
    return np.asarray(noise > np.quantile(noise, 0.8))


def _text(voxels: np.ndarray, first: tuple[int, int, int] = (0, 0, 0)) -> str:
    """As the platform writes it; its masks are [frame, row, column]."""
    text = masks.written(first, voxels.transpose(2, 1, 0))
    assert text is not None
    return text


def _grid(series: str, affine: np.ndarray) -> dict[str, Any]:
    return {"series": series, **dict(zip(GRIDS[1:], affine[:3, :].T.ravel(), strict=True))}


def test_a_drawings_text_comes_back_where_it_was_drawn() -> None:
    voxels = _blob(1)
    mask = read_drawing(_text(voxels, (30, 20, 4)), OBLIQUE)
    assert np.array_equal(mask.voxels, voxels)
    there = OBLIQUE @ [30 + 2, 20 + 3, 4 + 1, 1]
    assert np.allclose(mask.affine @ [2, 3, 1, 1], there)


@pytest.mark.parametrize(
    "text", ["", "1,2:3", "0,0,0,2,2,2:3,4", "0,0,0,2,2,2:x", "0,0,0,1,1,1:2", "0,0,0,1,1,1:1"]
)
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        read_drawing(text, np.eye(4))


def test_on_one_grid_dice_is_monais() -> None:
    from monai.metrics.meandice import compute_dice
    from torch import from_numpy

    a, b = _blob(2), _blob(3)
    mine = Mask(a, OBLIQUE)
    found = compare_drawing(mine, Lesion("1", (0, 0, 0), None, Mask(b, OBLIQUE)))
    peer = compute_dice(
        from_numpy(a[None, None].astype(np.float32)), from_numpy(b[None, None].astype(np.float32))
    )
    assert found.dice == pytest.approx(float(peer), abs=1e-6)
    voxel = 0.8 * 0.9 * 2
    assert found.volume_b_mm3 == pytest.approx(b.sum() * voxel)


def test_boxes_that_lie_apart_on_the_grid_are_compared_where_they_lie() -> None:
    """The standard reaches out of the drawing's box on every side: none of it is lost."""
    whole = np.zeros((40, 40, 20), dtype=bool)
    drawn, known = whole.copy(), whole.copy()
    drawn[12:20, 10:18, 5:9] = True
    known[5:18, 14:30, 2:17] = True
    mine = read_drawing(_text(drawn[12:20, 10:18, 5:9], (12, 10, 5)), OBLIQUE)
    theirs = read_drawing(_text(known[5:18, 14:30, 2:17], (5, 14, 2)), OBLIQUE)
    found = compare_drawing(mine, Lesion("1", (0, 0, 0), None, theirs))
    expected = 2 * (drawn & known).sum() / (drawn.sum() + known.sum())
    assert found.dice == pytest.approx(expected, abs=1e-12)


def test_over_another_grid_the_standard_is_sampled_as_scipy_does() -> None:
    """Nearest voxel: the same voxels as scipy's affine_transform of order 0."""
    voxels = np.pad(_blob(4, (28, 26, 24)), 1)  # SciPy's pictures end at the last centres
    theirs = Mask(voxels, np.diag([0.7, 0.6, 1.1, 1.0]))
    mine = Mask(np.ones((24, 20, 14), dtype=bool), OBLIQUE.copy())
    mine.affine[:3, 3] = [1.0, 1.5, 2.0]
    step = np.linalg.inv(theirs.affine) @ mine.affine
    pad = 60  # room for all of the standard beside the drawing's box
    size = tuple(n + 2 * pad for n in mine.voxels.shape)
    start = step[:3, :3] @ np.full(3, -pad) + step[:3, 3]
    sampled = ndimage.affine_transform(
        theirs.voxels.astype(np.uint8), step[:3, :3], start, size, order=0
    ).astype(bool)
    inside = np.zeros(size, dtype=bool)
    inside[tuple(slice(pad, pad + n) for n in mine.voxels.shape)] = True
    expected = 2 * (sampled & inside).sum() / (sampled.sum() + inside.sum())
    found = compare_drawing(mine, Lesion("1", (0, 0, 0), None, theirs))
    assert found.dice == pytest.approx(expected, abs=2e-3)  # a tie at a voxel's edge


def test_a_lesion_without_voxels_is_its_sphere() -> None:
    """A ball drawn on a fine grid about the same centre: Dice near 1, and the sphere's volume."""
    affine = np.diag([0.25, 0.25, 0.25, 1.0])
    index = np.indices((60, 60, 60)).reshape(3, -1).T * 0.25
    ball = (np.linalg.norm(index - 7, axis=1) <= 4).reshape(60, 60, 60)
    found = compare_drawing(Mask(ball, affine), Lesion("1", (7.0, 7.0, 7.0), 8.0))
    assert found.dice == 1.0
    assert found.volume_b_mm3 == pytest.approx(np.pi / 6 * 8**3, rel=0.01)
    shifted = compare_drawing(Mask(ball, affine), Lesion("1", (7.0, 7.0, 15.0), 8.0))
    assert shifted.dice < 0.01
    with pytest.raises(DataError):
        compare_drawing(Mask(ball, affine), Lesion("1", (7.0, 7.0, 7.0)))


def _tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    a, b = _blob(2), _blob(3)
    base = {"modality": "A", "case": "C-1", "mark": 1, "rating": 80.0, "x_mm": 0.0, "y_mm": 0.0,
            "z_mm": 0.0}  # fmt: skip
    marks = pd.DataFrame([
        {**base, "reader": "R01", "lesion": 1, "drawn_on": "s", "drawn": _text(a)},
        {**base, "reader": "R02", "lesion": 1, "drawn_on": "s", "drawn": _text(b)},
        {**base, "reader": "R02", "mark": 2, "lesion": 0, "drawn_on": "s", "drawn": _text(b)},
        {**base, "reader": "R02", "mark": 3, "lesion": 2, "drawn_on": None, "drawn": None},
        {**base, "reader": "R02", "mark": 4, "lesion": 2, "drawn_on": "s", "drawn": _text(a)},
    ])  # fmt: skip
    middle = [float(each) for each in (OBLIQUE @ [8, 7, 4, 1])[:3]]
    sphere = dict(zip(("x_mm", "y_mm", "z_mm"), middle, strict=True))
    lesion = {"case": "C-1", "truth": 1, "weight": 0.5, "diameter_mm": 8.0, **sphere}
    truth = pd.DataFrame([
        {**lesion, "lesion": 1, "drawn_on": "s", "drawn": _text(b)},
        {**lesion, "lesion": 2, "drawn_on": "", "drawn": ""},
        {**lesion, "case": "C-2", "truth": 0, "lesion": 0, "drawn_on": "", "drawn": ""},
    ])  # fmt: skip
    return marks, truth, pd.DataFrame([_grid("s", OBLIQUE)])


def test_every_drawn_mark_on_a_lesion_has_a_row_and_no_other() -> None:
    found = drawn_lesions(*_tables())
    rows = found.rows
    assert list(zip(rows["reader"], rows["mark"], rows["reference"], strict=True)) == [
        ("R01", 1, "voxels"), ("R02", 1, "voxels"), ("R02", 4, "sphere"),
    ]  # fmt: skip
    assert rows["dice"][1] == 1.0
    means = found.to_json()["modalities"]["A"]
    first, _, sphere = rows["dice"]
    assert means["dice"] == pytest.approx((first + (1 + sphere) / 2) / 2)
    assert (means["lesions"], means["readers"], means["spheres"]) == (3, 2, 1)
    assert "3 drawn lesions of 2 readers" in found.statement()


def test_a_grid_or_a_lesion_that_is_not_there_is_named() -> None:
    marks, truth, grids = _tables()
    with pytest.raises(DataError, match="series s"):
        drawn_lesions(marks, truth, grids.iloc[:0])
    with pytest.raises(DataError, match="no lesion 2"):
        drawn_lesions(marks, truth[truth["lesion"] != 2], grids)


def test_a_lesion_between_the_slices_is_counted_and_in_no_mean() -> None:
    """3 mm half way between slices 5 mm apart: no voxel of the grid is its, whoever draws it."""
    marks, truth, _ = _tables()
    grid = np.diag([1.0, 1.0, 5.0, 1.0])
    place = dict(zip(("x_mm", "y_mm", "z_mm"), (8.0, 7.0, 12.5), strict=True))
    truth = truth.assign(diameter_mm=3.0, **place)
    found = drawn_lesions(marks, truth, pd.DataFrame([_grid("s", grid)]))
    means = found.to_json()["modalities"]["A"]
    assert (means["lesions"], means["too_small"], means["spheres"]) == (2, 1, 0)
    first, second, small = found.rows["dice"]
    assert means["dice"] == pytest.approx((first + second) / 2)
    assert np.isnan(small)
    assert None not in means.values()
    assert found.rows["volume_reference_mm3"][2] == pytest.approx(np.pi / 6 * 27)
    assert "(1 too small for the grid they were drawn on and left out)" in found.statement()
    alone = drawn_lesions(marks[marks["mark"] == 4], truth, pd.DataFrame([_grid("s", grid)]))
    assert alone.to_json()["modalities"]["A"]["dice"] is None
    assert "none compared, 1 too small" in alone.statement()


def test_voxels_of_a_grid_that_is_no_more_are_said_to_be_a_sphere() -> None:
    marks, truth, grids = _tables()
    truth.loc[0, "drawn"] = ""
    found = drawn_lesions(marks, truth, grids)
    assert list(found.rows["reference"]) == ["sphere, grid changed"] * 2 + ["sphere"]
    means = found.to_json()["modalities"]["A"]
    assert (means["spheres"], means["grid_changed"]) == (3, 2)
    assert "(2 against a sphere: the series changed" in found.statement()


def test_a_grid_without_volume_is_refused_in_words() -> None:
    """A series of one slice whose step along frames was frozen as nothing."""
    marks, truth, _ = _tables()
    flat = OBLIQUE.copy()
    flat[:3, 2] = 0
    grids = pd.DataFrame([_grid("s", flat)])
    with pytest.raises(DataError, match="no volume"):
        drawn_lesions(marks, truth, grids)
    tables = Tables(pd.DataFrame(), marks, truth, None, ("A",), ())
    assert "no volume" in delineation(tables, grids).statement()


def test_the_report_has_the_means_and_the_rows() -> None:
    marks, truth, grids = _tables()
    reads = pd.DataFrame(
        [
            {"reader": reader, "modality": modality, "case": case, "truth": int(case == "C-1"),
             "rating": 50.0}
            for reader in ("R01", "R02") for modality in ("A", "B") for case in ("C-1", "C-2")
        ]
    )  # fmt: skip
    plan = {"primary": {"fom": "auc", "random": "readers_and_cases", "alpha": 0.05}}
    made = run(plan, reads=reads, marks=marks, truth=truth, grids=grids)
    assert made.numbers["delineation"]["modalities"]["A"]["lesions"] == 3
    assert list(made.tables["delineation"]["mark"]) == [1, 1, 4]
    without = run(plan, reads=reads, marks=marks, truth=truth)
    assert (without.numbers["delineation"], dict(without.tables)) == ({}, {})
