"""The heads of stored files: their elements without pixels, and where the pixels lie. Pure.

For files that we wrote (`parsing`): clean, native, explicit little endian. The slices of a series
are alike: what differs is decoded anew, the rest is decoded once and shared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from readerstudy.imaging import walker
from readerstudy.imaging.moulds import GAPS
from readerstudy.imaging.walker import Element, Walked

_HEAD = 6  # tag and value representation
_MUCH = 8192  # bytes that hold most heads


@dataclass(frozen=True)
class Head:
    """One file's elements, of which those that other slices have too are shared: do not change."""

    path: Path
    data: Dataset
    pixel_offset: int | None  # None: an odd file, which pydicom reads

    def pixels(self) -> NDArray[Any]:
        """The stored values: (rows, columns), or (frames, rows, columns) of a multi-frame file."""
        data = self.data
        frames = int(data.get("NumberOfFrames") or 1)
        if self.pixel_offset is None:
            decoded: NDArray[Any] = pydicom.dcmread(self.path).pixel_array
            return decoded
        kind = "i" if int(data.get("PixelRepresentation") or 0) == 1 else "u"
        dtype = np.dtype(f"<{kind}{int(data.BitsAllocated) // 8}")
        shape = (frames, int(data.Rows), int(data.Columns))[0 if frames > 1 else 1 :]
        count = int(np.prod(shape))
        flat = np.fromfile(self.path, dtype, count, offset=self.pixel_offset)
        return flat.reshape(shape)


def read(paths: Iterable[Path]) -> list[Head]:
    """The heads of a series' files, in their order."""
    known: dict[bytes, Dataset] = {}
    return [_read(path, known) for path in paths]


def _read(path: Path, known: dict[bytes, Dataset]) -> Head:
    with path.open("rb") as file:
        data = file.read(_MUCH)
        size = path.stat().st_size
        walked = walker.walk(data, size)
        if walked is None:  # a long head, as of many frames
            data += file.read()
            walked = walker.walk(data, size)
    if walked is None:
        return Head(path, pydicom.dcmread(path, stop_before_pixels=True), None)
    alike = _alike(data, walked)
    if alike not in known:
        whole = pydicom.dcmread(path, stop_before_pixels=True)
        known[alike] = Dataset({each.tag: each for each in whole})  # decoded, to be shared
    mine: dict[BaseTag, DataElement | RawDataElement] = dict(known[alike].items())
    mine |= {Tag(each.tag): _raw(data, each) for each in walked.elements if each.tag in GAPS}
    return Head(path, Dataset(mine), walked.pixels.value)


def _alike(data: bytes, walked: Walked) -> bytes:
    """What a file shares with others of its series: all but what may differ from slice to slice."""
    return b"".join(
        data[start : start + _HEAD if tag in GAPS else end]
        for tag, start, _, end, _ in walked.elements
    )


def _raw(data: bytes, element: Element) -> RawDataElement:
    tag, start, value, end, _ = element
    kind = data[start + 4 : start + 6].decode()
    return RawDataElement(
        Tag(tag), kind, end - value, data[value:end], value,
        is_implicit_VR=False, is_little_endian=True, is_raw=True,
    )  # fmt: skip
