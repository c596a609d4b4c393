"""What a reader drew of a lesion: voxels of one series, as a short text. Pure.

"column,row,frame,columns,rows,frames:run,run,...": a box of the series' grid, then runs of voxels
by turns outside and inside, outside first; columns run fastest, then rows, then frames
(frontend/src/geometry/painting.ts writes it).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SIDE = 256
MAX_TEXT = 60_000
_TEXT = re.compile(r"\d{1,5}(,\d{1,5}){5}:\d{1,8}(,\d{1,8})*")


@dataclass(frozen=True, slots=True)
class Mask:
    """A box of a series' grid (columns, rows, frames) and the runs that fill it."""

    first: tuple[int, int, int]
    size: tuple[int, int, int]
    runs: tuple[int, ...]

    def voxels(self) -> NDArray[np.bool_]:
        """The voxels of the box, [frame, row, column]."""
        inside = np.arange(len(self.runs)) % 2 == 1
        columns, rows, frames = self.size
        return np.repeat(inside, self.runs).reshape(frames, rows, columns)

    def lies_in(self, geometry: Mapping[str, Any]) -> bool:
        """Whether the box lies in a series' grid (docs/architecture.md, *Geometry*)."""
        most = (geometry["columns"], geometry["rows"], geometry["frames"])
        return all(at + n <= end for at, n, end in zip(self.first, self.size, most, strict=True))


def parse(text: object) -> Mask | None:
    """What a text says; None for what is no mask: malformed, empty, or not as long as its box."""
    if not isinstance(text, str) or len(text) > MAX_TEXT or not _TEXT.fullmatch(text):
        return None
    head, tail = text.split(":")
    i, j, k, *size = map(int, head.split(","))
    runs = tuple(map(int, tail.split(",")))
    box = _size(size)
    if box is None or sum(runs) != box[0] * box[1] * box[2]:
        return None
    is_clean = all(runs[1:]) and sum(runs[1::2]) > 0
    return Mask((i, j, k), box, runs) if is_clean else None


def written(first: Sequence[int], voxels: NDArray[np.bool_]) -> str | None:
    """A mask as a text; None for one without a voxel or too large to keep.

    Parameters
    ----------
    first : (column, row, frame)
        The box's first voxel on the series' grid.
    voxels : [frame, row, column] of bool
        The box.
    """
    flat = np.asarray(voxels, dtype=bool).ravel()
    if not flat.any() or max(voxels.shape) > MAX_SIDE:
        return None
    ends = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *ends, flat.size]).tolist()
    runs = [0, *runs] if flat[0] else runs
    head = [int(each) for each in (*first, *reversed(voxels.shape))]
    text = f"{','.join(map(str, head))}:{','.join(map(str, runs))}"
    return text if len(text) <= MAX_TEXT else None


def _size(size: Sequence[int]) -> tuple[int, int, int] | None:
    columns, rows, frames = size
    return (columns, rows, frames) if all(1 <= each <= MAX_SIDE for each in size) else None
