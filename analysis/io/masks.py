"""Masks from NIfTI or NumPy files, with the spacing of their voxels."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.agreement.lesions import DelineatedCase
from analysis.tables import DataError, need_columns

SUFFIXES = (".nii", ".nii.gz", ".npz")
SAME_MM = 1e-3


def read_mask(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """A mask and its affine (voxel to millimetres).

    A file of 0 and one other value is a mask (bool); of more values a label map. An .npz holds
    `mask` and `spacing_mm`.

    Raises
    ------
    DataError
        For another suffix, or a file that is none.
    """
    try:
        if path.name.endswith(".npz"):
            with np.load(path) as file:
                values, affine = file["mask"], np.diag([*map(float, file["spacing_mm"]), 1.0])
        elif path.name.endswith((".nii", ".nii.gz")):
            image = nibabel.Nifti1Image.from_filename(path)
            values, affine = np.asarray(image.dataobj), np.asarray(image.affine, dtype=float)
        else:
            raise DataError(f"{path.name}: a mask is {', '.join(SUFFIXES)}")
    except (KeyError, ValueError, nibabel.filebasedimages.ImageFileError) as error:
        raise DataError(f"{path.name}: {error}") from error
    values = np.squeeze(values)
    return (values > 0 if len(np.unique(values)) <= 2 else values), affine


def read_case(case: str, paths: dict[str, Path]) -> DelineatedCase:
    """A case's masks by who made them.

    Raises
    ------
    DataError
        When two files are not on one grid.
    """
    masks: dict[str, NDArray[Any]] = {}
    grid: NDArray[np.float64] | None = None
    for name, path in paths.items():
        masks[name], affine = read_mask(path)
        if grid is not None and not np.allclose(grid, affine, atol=SAME_MM):
            raise DataError(f"case {case}: {path.name} is on another grid than the first file")
        grid = affine
    if grid is None:
        raise DataError(f"case {case} has no mask")
    return DelineatedCase(case, masks, np.linalg.norm(grid[:3, :3], axis=0).tolist())


def read_cases(table: pd.DataFrame, folder: Path) -> list[DelineatedCase]:
    """Cases from a table of files: case, reader, file (relative to `folder`).

    Raises
    ------
    DataError
        For a missing column, or a reader with two files for a case.
    """
    need_columns(table, ("case", "reader", "file"))
    names = table[["case", "reader"]].astype(str)
    twice = np.flatnonzero(names.duplicated())
    if twice.size:
        row = names.iloc[twice[0]]
        raise DataError(
            f"row {twice[0] + 1}: reader {row['reader']} has two files for case {row['case']}"
        )
    return [
        read_case(
            str(case),
            {str(r): folder / str(f) for r, f in zip(part["reader"], part["file"], strict=True)},
        )
        for case, part in table.groupby(names["case"], sort=False)
    ]
