"""NIfTI masks of another maker's AI: lesions at their place in the patient, or a clear refusal."""

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from inference import vendor
from inference.vendor import masks
from inference.vendor.reading import read_file

# Slices of 2 mm, turned about two axes, as T1c lies: index (z, y, x) -> LPS mm.
TURNED = nib.eulerangles.euler2mat(z=0.1, y=0.05, x=0.2) @ np.diag([2.0, 1.0, 1.0])[:, [2, 1, 0]]
GRID = vendor.Grid(nib.affines.from_matvec(TURNED, [-30.0, -42.0, 11.0]), (12, 30, 24))
_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def saved(path: Path, values: Any, flips: tuple[int, ...] = ()) -> Path:
    """As converters write it: x, y, z first, RAS, some axes the other way round."""
    affine = _RAS @ GRID.affine[:, [2, 1, 0, 3]]
    turned = np.transpose(values)
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (turned.shape[axis] - 1)
        affine[:3, axis] *= -1
        turned = np.flip(turned, axis)
    nib.save(nib.Nifti1Image(np.ascontiguousarray(turned), affine), path)
    return path


def two_lesions() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Label 1 in two pieces, label 2 touching one of them."""
    labels = np.zeros(GRID.shape, np.uint8)
    labels[2:4, 5:9, 6:9] = 1
    labels[8:10, 20:24, 10:14] = 1
    labels[8:10, 24:26, 10:14] = 2
    return labels


@pytest.mark.parametrize("flips", [(), (0, 1), (2,), (0, 1, 2)])
@pytest.mark.parametrize("ending", masks.ENDINGS)
def test_labels_come_back_to_the_voxel_in_any_orientation(
    flips: tuple[int, ...], ending: str, tmp_path: Path
) -> None:
    labels = two_lesions()
    named = saved(tmp_path / f"C01{ending}", labels, flips)
    path = named.rename(tmp_path / "spool-17")  # by content: the spool's files have no ending
    read = read_file(path)
    assert (read.study_uid, read.frames_of_reference) == ("", frozenset())
    assert read.grid is not None
    assert vendor.is_same(read.grid, GRID)
    result = vendor.combine([read])
    placed = [vendor.place(each, GRID) for each in result.lesions]
    assert {each.probability for each in placed} == {None}
    found = np.zeros(GRID.shape, np.uint8)
    for number, each in enumerate(placed, start=1):
        z, y, x = (slice(o, o + n) for o, n in zip(each.offset, each.mask.shape, strict=True))
        found[z, y, x][each.mask > 0] = number
    assert np.array_equal(found > 0, labels > 0)
    assert sorted(np.bincount(found.ravel())[1:].tolist()) == [16, 24, 32]


def test_a_map_is_cut_at_one_half_and_an_empty_mask_says_nothing_was_found(tmp_path: Path) -> None:
    faint = np.where(two_lesions() == 1, 0.9, 0.3).astype(np.float32)
    assert len(read_file(saved(tmp_path / "map.nii.gz", faint)).segments) == 2
    empty = read_file(saved(tmp_path / "none.nii", np.zeros(GRID.shape, np.uint8)))
    assert vendor.combine([empty]).lesions == ()


def test_a_mask_survives_the_pipe_between_processes(tmp_path: Path) -> None:
    read = read_file(saved(tmp_path / "a.nii.gz", two_lesions()))
    back = vendor.Read.from_json(json.loads(json.dumps(read.to_json())))
    assert back.grid is not None
    assert read.grid is not None
    assert np.allclose(back.grid.affine, read.grid.affine)
    assert back.grid.shape == read.grid.shape == GRID.shape
    assert len(back.segments) == len(read.segments) == 3


@pytest.mark.parametrize(
    ("shape", "scale", "shift_mm"),
    [
        ((12, 30, 23), 1.0, 0.0),  # a column fewer
        ((12, 30, 24), 1.02, 0.0),  # other voxels
        ((12, 30, 24), 1.0, 0.5),  # another place
    ],
)
def test_another_grid_is_told_from_the_series(
    shape: tuple[int, int, int], scale: float, shift_mm: float
) -> None:
    affine = GRID.affine.copy()
    affine[:3, :3] *= scale
    affine[:3, 3] += shift_mm
    assert not vendor.is_same(vendor.Grid(affine, shape), GRID)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((4, 4, 4), -1, np.int16), "neither labels nor a map"),
        (np.linspace(0, 7, 64, dtype=np.float32).reshape(4, 4, 4), "neither labels nor a map"),
        (np.full((4, 4, 4), np.nan, np.float32), "neither labels nor a map"),
        (np.arange(512, dtype=np.int16).reshape(8, 8, 8), "511 labels: at most 200"),
        (np.zeros((4, 4, 4, 3), np.uint8), "not one volume"),
    ],
)
def test_what_is_no_mask_is_refused_in_words(values: Any, words: str, tmp_path: Path) -> None:
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "a.nii.gz")
    with pytest.raises(vendor.UnusableResult, match=words):
        read_file(tmp_path / "a.nii.gz")


def test_a_skewed_or_damaged_mask_is_refused(tmp_path: Path) -> None:
    skewed = np.eye(4)
    skewed[0, 1] = 0.2
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), skewed), tmp_path / "a.nii")
    with pytest.raises(vendor.UnusableResult, match="skewed"):
        read_file(tmp_path / "a.nii")
    whole = saved(tmp_path / "b.nii.gz", two_lesions()).read_bytes()
    for content in (whole[:200], gzip.compress(b"DOE^JANE has a lesion")):
        (tmp_path / "c").write_bytes(content)
        with pytest.raises(vendor.UnusableResult, match="cannot be read") as refused:
            read_file(tmp_path / "c")
        assert "JANE" not in str(refused.value)


@pytest.mark.parametrize(
    ("file", "name"),
    [("C01.nii.gz", "C01"), ("1.2.840.113.NII", "1.2.840.113"), ("C01.mha", ""), (".nii", "")],
)
def test_a_masks_file_is_named_by_its_examination(file: str, name: str) -> None:
    assert masks.name_of(file) == name


def test_a_mask_and_another_file_about_one_examination_are_refused(tmp_path: Path) -> None:
    read = read_file(saved(tmp_path / "a.nii.gz", two_lesions()))
    with pytest.raises(vendor.UnusableResult, match="deliver one"):
        vendor.combine([read, read])
