"""Delineations lesion by lesion, against shapes whose numbers are known and other software."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
import pytest
from monai.metrics import compute_hausdorff_distance
from scipy.spatial import cKDTree
from torch import from_numpy

import analysis
from analysis import agreement
from analysis.__main__ import main
from analysis.io.masks import read_case, read_mask

UNIT = (1.0, 1.0, 1.0)


def boxes(*places: tuple[int, int, int, int]) -> np.ndarray:
    """Cubes: corner (z, y, x) and side."""
    mask = np.zeros((30, 30, 30), dtype=bool)
    for z, y, x, side in places:
        mask[z : z + side, y : y + side, x : x + side] = True
    return mask


def blobs(seed: int, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    grid = np.indices((30, 30, 30)).astype(float)
    found = np.zeros((30, 30, 30), dtype=bool)
    for _ in range(count):
        centre = rng.uniform(4, 26, (3, 1, 1, 1))
        found |= np.linalg.norm(grid - centre, axis=0) <= rng.uniform(1, 4)
    return found


def test_lesions_are_paired_once_and_the_rest_count_as_nothing() -> None:
    a = boxes((2, 2, 2, 4), (15, 15, 15, 3), (25, 2, 2, 2))
    b = boxes((2, 2, 4, 4), (15, 15, 15, 3), (2, 25, 25, 2), (25, 25, 2, 1))
    found = agreement.compare_lesions(a, b, spacing_mm=(2, 1, 1))
    assert [each.overlap.dice for each in found.pairs] == [0.5, 1.0]
    assert found.only_a_mm3 == (16.0,)
    assert found.only_b_mm3 == (16.0, 2.0)
    assert found.lesion_dice == pytest.approx(1.5 / 5)
    assert found.f1 == pytest.approx(4 / 7)
    assert found.pairs[0].overlap.volume_a_mm3 == 128.0


def test_a_lesion_over_two_pairs_with_the_one_that_it_covers_more_of() -> None:
    a = boxes((5, 5, 2, 4), (5, 5, 8, 4))
    b = np.zeros_like(a)
    b[5:9, 5:9, 4:12] = True
    found = agreement.compare_lesions(a, b, spacing_mm=UNIT)
    assert len(found.pairs) == 1
    assert found.pairs[0].a == 2
    assert found.pairs[0].overlap.dice == pytest.approx(2 * 64 / (64 + 128))
    assert found.only_a_mm3 == (64.0,)


def test_label_maps_name_lesions_that_touch() -> None:
    labels = np.zeros((6, 6, 6), dtype=np.uint8)
    labels[1:3, 1:3, 1:3], labels[3:5, 1:3, 1:3] = 7, 9
    found = agreement.compare_lesions(labels, labels, spacing_mm=UNIT)
    assert len(found.pairs) == 2
    assert (found.lesion_dice, found.f1) == (1.0, 1.0)
    assert len(agreement.compare_lesions(labels > 0, labels > 0, spacing_mm=UNIT).pairs) == 1


def test_empty_masks_have_defined_answers() -> None:
    nothing, some = boxes(), boxes((3, 3, 3, 2))
    both = agreement.compare_lesions(nothing, nothing, spacing_mm=UNIT)
    one = agreement.compare_lesions(nothing, some, spacing_mm=UNIT)
    assert (both.lesion_dice, both.f1, both.pairs) == (1.0, 1.0, ())
    assert (one.lesion_dice, one.f1, one.only_b_mm3) == (0.0, 0.0, (8.0,))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:monai:FutureWarning")  # of its own functions
def test_whole_masks_agree_with_monai_and_a_tree_of_points(seed: int) -> None:
    spacing = (2.0, 0.9, 0.9)
    a, b = blobs(seed), blobs(seed) ^ (blobs(seed + 10, 1) & ~blobs(seed))
    found = agreement.compare_masks(a, b, spacing_mm=spacing, tolerance_mm=1.0)
    there, back = (from_numpy(each[None, None].astype(np.float32)) for each in (a, b))
    theirs = compute_hausdorff_distance(
        there, back, include_background=True, percentile=95, spacing=spacing
    )
    assert found.hd95_mm == pytest.approx(float(theirs[0, 0]), rel=1e-5)
    edges = [np.argwhere(each & ~_eroded(each)) * spacing for each in (a, b)]
    near = [
        cKDTree(edges[1]).query(edges[0])[0] <= 1.0,
        cKDTree(edges[0]).query(edges[1])[0] <= 1.0,
    ]
    assert found.surface_dice == pytest.approx(np.concatenate(near).mean(), rel=1e-12)


def _eroded(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, 1)
    inner = padded.copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(padded, step, axis=axis)
    return inner[1:-1, 1:-1, 1:-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = []
    for case in ("P1", "P2", "P3"):
        truth = blobs(int(case[1]))
        for reader, shift in (("A", 0), ("B", 1), ("C", -1)):
            image = nibabel.Nifti1Image(
                np.roll(truth, shift, axis=2).astype(np.uint8), np.diag([1.0, 1.0, 2.0, 1.0])
            )
            nibabel.save(image, tmp_path / f"{case}-{reader}.nii.gz")
            rows.append((case, reader, f"{case}-{reader}.nii.gz"))
    pd.DataFrame(rows, columns=["case", "reader", "file"]).to_csv(
        tmp_path / "files.csv", index=False
    )
    return tmp_path


def test_the_command_compares_files_and_tables_of_files(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["delineation", str(folder / "files.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["a"], each["b"], each["cases"]) for each in found["summary"]] == [
        ("A", "B", 3), ("A", "C", 3), ("B", "C", 3),
    ]  # fmt: skip
    mean = np.mean([row["dice"] for row in found["rows"] if row["b"] == "B"])
    assert found["summary"][0]["dice"] == pytest.approx(mean)
    one = [str(folder / f"P1-{reader}.nii.gz") for reader in "AB"]
    out = folder / "out.html"
    assert main(["delineation", *one, "--reference", "P1-A", "--report", str(out)]) == 0
    assert "lesion-wise Dice" in capsys.readouterr().out
    assert "<svg" in out.read_text()


@pytest.mark.parametrize("panel", ["majority", "staple"])
def test_a_panel_leaves_the_compared_reader_out(folder: Path, panel: Any) -> None:
    paths = {reader: folder / f"P1-{reader}.nii.gz" for reader in "ABC"}
    case = read_case("P1", paths)
    assert list(case.spacing_mm) == [1.0, 1.0, 2.0]
    found = agreement.delineations([case], panel=panel)
    others = [case.masks["B"], case.masks["C"]]
    consensus = agreement.majority(others) if panel == "majority" else agreement.staple(others).mask
    alone = agreement.compare_masks(consensus, case.masks["A"], spacing_mm=case.spacing_mm)
    assert found.rows[0]["dice"] == pytest.approx(alone.dice)


def test_what_cannot_be_compared_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = nibabel.Nifti1Image(np.zeros((30, 30, 30), np.uint8), np.eye(4))
    nibabel.save(other, folder / "moved.nii")
    for words, message in (
        (["P1-A.nii.gz", "moved.nii"], "another grid"),
        (["P1-A.nii.gz"], "one mask"),
        (["P1-A.nii.gz", "P1-A.nii.gz"], "one name"),
        (["P1-A.nii.gz", "P1-B.nii.gz", "--panel", "majority"], "three masks"),
        (["P1-A.nii.gz", "P1-B.nii.gz", "--reference", "X"], "nothing to compare with"),
        (["files.txt", "P1-B.nii.gz"], "a mask is"),
    ):
        paths = [
            each if each.startswith(("-", "X", "maj")) else str(folder / each) for each in words
        ]
        assert main(["delineation", *paths]) == 2
        assert message in capsys.readouterr().err
    with pytest.raises(analysis.DataError, match="cannot be compared"):
        agreement.compare_lesions(boxes(), np.zeros((2, 2, 2), bool), spacing_mm=UNIT)
    np.savez(folder / "m.npz", mask=boxes((1, 1, 1, 2)))
    with pytest.raises(analysis.DataError, match="spacing_mm"):
        read_mask(folder / "m.npz")
