"""Pictures of the known lesions that `similar` compares with: small crops of synthetic heads.

One file beside a table holds a tile a row of it, below each other: the axial slice through the
proposal's centre, T1 with contrast above FLAIR, 36 mm across at 1 mm, as the network's grid has
them. `python -m inference known` makes both from phantoms; no patient is in it.
"""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.lesions import Lesion
from inference.preprocess import Prepared

SIDE = 36  # voxels of 1 mm
_WINDOWS = {"t1c": (-4.0, 9.0), "flair": (-5.0, 7.0)}  # robust standard deviations of the brain
_LEVELS = 64  # grey values: the eye sees no more in so small a picture, and the file halves

Grey = NDArray[np.uint8]


def picture(lesion: Lesion, ready: Prepared) -> Grey:
    """The tile (72, 36) of a proposal; black beyond the grid and of a series that is not there."""
    inverse = np.linalg.inv(ready.affine)
    z, y, x = np.round(inverse[:3, :3] @ lesion.centroid_mm + inverse[:3, 3]).astype(int)
    return np.concatenate([_slice(ready, role, (int(z), int(y), int(x))) for role in _WINDOWS])


def _slice(ready: Prepared, role: str, at: tuple[int, int, int]) -> Grey:
    """A square (36, 36) of a series around a voxel (z, y, x)."""
    shown = np.zeros((SIDE, SIDE), np.uint8)
    if role not in ready.roles or role in ready.missing:
        return shown
    low, high = _WINDOWS[role]
    plane = ready.voxels[ready.roles.index(role), at[0]]
    y, x = (each - SIDE // 2 for each in at[1:])
    part = plane[max(y, 0) : y + SIDE, max(x, 0) : x + SIDE]
    share = np.clip((part - low) / (high - low), 0, 1)
    grey = np.round(share * (_LEVELS - 1)) * (255 // (_LEVELS - 1))
    rows, columns = part.shape
    top, left = max(-y, 0), max(-x, 0)
    shown[top : top + rows, left : left + columns] = grey.astype(np.uint8)
    return shown


def write(tiles: Sequence[Grey], path: Path) -> None:
    """Write the tiles below each other, in the order of the table's rows."""
    Image.fromarray(np.concatenate(tiles)).save(path, optimize=True)


def of_table(table: Path) -> Path:
    """Where a table's pictures lie."""
    return table.with_suffix(".png")


def png(table: Path, row: int) -> bytes:
    """The tile of a row of a table, as PNG.

    Raises
    ------
    IndexError
        For a row that the table does not have.
    """
    tiles = _tiles(of_table(table))
    if not 0 <= row < len(tiles):
        raise IndexError(f"no row {row}: {len(tiles)} known lesions have pictures")
    out = BytesIO()
    Image.fromarray(tiles[row]).save(out, "PNG")
    return out.getvalue()


@lru_cache(maxsize=8)
def _tiles(atlas: Path) -> Grey:
    with Image.open(atlas) as image:
        return np.asarray(image).reshape(-1, 2 * SIDE, SIDE)
