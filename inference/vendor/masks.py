"""Lesions in a NIfTI mask: labels of whole numbers, or a map from 0 to 1 that is cut at one half.

NIfTI counts RAS millimetres and names neither examination nor frame of reference: the examination
is told from the file's name by whoever knows it, and the grid is all that says where the mask
belongs.
"""

import gzip
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.lesions import Extent
from inference.vendor.values import Grid, Read, Segment, UnusableResult

HALF = 0.5
MAX_LABELS = 200
MAX_VOXELS = 128 * 1024**2
ENDINGS = (".nii.gz", ".nii")
_GZIP, _MAGIC, _MAGIC_AT = b"\x1f\x8b", b"n+1\0", 344
_AXES = 3
_SKEW = 1e-3
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


def is_mask(head: bytes) -> bool:
    """Whether a file's first 352 bytes look like NIfTI, packed or not."""
    return head[:2] == _GZIP or head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def name_of(file: str) -> str:
    """What a mask's file name says: a case's code or a Study Instance UID."""
    for ending in ENDINGS:
        if file.lower().endswith(ending):
            return file[: -len(ending)].strip()
    return ""


def read(path: Path) -> Read:
    """Read a mask; each label is split where its voxels do not touch (26 neighbours).

    Raises
    ------
    UnusableResult
        For what is not one volume of plain numbers, is too large or skewed, or has values that are
        neither labels nor a map from 0 to 1.
    """
    import nibabel as nib  # slow to load

    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
    # By content, not by name: files of a form lie in the spool without their endings.
    with gzip.open(path) if is_packed else path.open("rb") as stream:
        return _read(nib.Nifti1Image.from_stream(stream))


def _read(opened: Any) -> Read:
    shape = opened.shape  # before a voxel is read
    if len(shape) < _AXES or any(size != 1 for size in shape[_AXES:]):
        raise UnusableResult("it is not one volume")
    if opened.get_data_dtype().kind not in "iufb" or not 0 < math.prod(shape) <= MAX_VOXELS:
        raise UnusableResult("it is empty, too large, or its voxels are not plain numbers")
    affine = _TO_LPS @ np.asarray(opened.affine, np.float64)
    _require_axes(affine)
    values = np.asarray(opened.dataobj).reshape(shape[:_AXES]).T  # slices, rows, columns
    turned = affine[:, [2, 1, 0, 3]]
    z, y, x = values.shape
    parts = tuple(Segment("", number, extent) for number, extent in _lesions(values, turned))
    return Read("", frozenset(), segments=parts, grid=Grid(turned, (z, y, x)))


def _require_axes(affine: NDArray[np.float64]) -> None:
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or steps.min() <= 0:
        raise UnusableResult("its affine is damaged")
    directions = affine[:3, :3] / steps
    if not np.allclose(directions.T @ directions, np.eye(3), atol=_SKEW):
        raise UnusableResult("its grid is skewed")


def _lesions(values: NDArray[Any], affine: NDArray[np.float64]) -> Iterator[tuple[int, Extent]]:
    from scipy import ndimage  # slow to load

    for number, whole in _labels(values):
        pieces, _ = ndimage.label(whole, structure=_ALL_NEIGHBOURS)
        for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
            mask = (pieces[box] == piece).astype(np.uint8)
            yield number, Extent(mask, (box[0].start, box[1].start, box[2].start), affine)


def _labels(values: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each label with its voxels; of a map from 0 to 1 one label."""
    found = np.unique(values)
    if not np.isfinite(found).all() or found[0] < 0:
        raise UnusableResult("its values are neither labels nor a map from 0 to 1")
    if np.array_equal(found, np.rint(found)):
        labels = found[found > 0]
        if len(labels) > MAX_LABELS:
            raise UnusableResult(f"it has {len(labels)} labels: at most {MAX_LABELS} are read")
        yield from ((number, values == label) for number, label in enumerate(labels, start=1))
    elif found[-1] <= 1:
        yield 1, values >= HALF
    else:
        raise UnusableResult("its values are neither labels nor a map from 0 to 1")
