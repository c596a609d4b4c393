"""Packs: a series as one file that is ready to send (docs/architecture.md, *Pack*). Pure.

Written once at intake, frame by frame, so that memory does not grow with the series.
"""

import hashlib
import math
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pydicom
from numpy.typing import NDArray

from readerstudy.imaging.geometry import Stack
from readerstudy.imaging.heads import Head
from readerstudy.imaging.refusals import Reason, RefusedFile

MAGIC, VERSION, RAW = b"RSPK", 1, 0
ALIGN = 8
HEADER = struct.Struct("<4sHHI")
PAIR = struct.Struct("<II")
# What a window is taken from: of each frame so many values, of all no more than so many, so that
# memory does not grow with the series.
SAMPLES_PER_FRAME, SAMPLES = 4096, 1 << 20
BACKGROUND_SHARE = 0.1
Scale = tuple[float, float]


@dataclass(frozen=True)
class Written:
    """A pack on disk and what the browser must know of its pixels."""

    sha256: str
    bytes: int
    dtype: str
    rescale: Scale
    photometric: str
    window: tuple[float, float]


def centre_out(count: int) -> list[int]:
    """Frame numbers from the middle outward: 2, 3, 1, 4, 0 of five."""
    middle = (count - 1) // 2
    return sorted(range(count), key=lambda number: (abs(number - middle), -number))


def head_size(count: int) -> int:
    """Bytes before the first frame."""
    size = HEADER.size + PAIR.size * count
    return size + -size % ALIGN


def head(order: Sequence[int], lengths: Sequence[int], encoding: int = RAW) -> bytes:
    """The pack's first bytes: magic, version, encoding, count, index, padding."""
    index = b"".join(PAIR.pack(*each) for each in zip(order, lengths, strict=True))
    data = HEADER.pack(MAGIC, VERSION, encoding, len(order)) + index
    return data.ljust(head_size(len(order)), b"\0")


def offset_of(number: int, count: int, frame_bytes: int) -> int:
    """Where a frame begins in its pack: `centre_out` turned round, without making the list."""
    beyond = number - (count - 1) // 2
    place = 2 * beyond - 1 if beyond > 0 else -2 * beyond
    return head_size(count) + place * frame_bytes


def write(files: Sequence[Head], stack: Stack, target: Path) -> Written:
    """Read the frames of `stack` out of `files` and write the pack whole to `target`.

    Raises
    ------
    RefusedFile
        When a frame cannot be decoded.
    """
    order = centre_out(len(stack.frames))
    decode = _Decoder(files, stack)
    frame_bytes = stack.rows * stack.columns * np.dtype(decode.dtype).itemsize
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")  # two may pack at once
    digest = hashlib.sha256()
    samples: list[NDArray[Any]] = []
    try:
        with part.open("wb") as out:
            first = head(order, [frame_bytes] * len(order))
            for data in _parts(first, order, decode, samples.append):
                digest.update(data)
                out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    size = head_size(len(order)) + frame_bytes * len(order)
    window = percentile_window(np.concatenate(samples), decode.rescale)
    return Written(
        digest.hexdigest(), size, decode.dtype, decode.rescale, decode.photometric, window
    )


def _parts(
    first: bytes, order: Sequence[int], decode: "_Decoder", sample: Callable[[Any], None]
) -> Any:
    yield first
    for number in order:
        pixels = decode(number)
        sample(pixels.ravel()[:: _step(pixels.shape, len(order))].copy())
        yield pixels.tobytes()


def _step(shape: tuple[int, ...], frames: int) -> int:
    """How far apart the values of a frame lie that its window is taken from.

    Where frames are many it has no divisor in common with the columns: a step in time with them
    would see a few columns alone, at the edge nothing but air.
    """
    size, wanted = shape[0] * shape[1], SAMPLES // frames
    if wanted >= SAMPLES_PER_FRAME:
        return max(1, size // SAMPLES_PER_FRAME)
    step = -(-size // max(wanted, 1))
    while step < size and math.gcd(step, shape[1]) > 1:
        step += 1
    return step


class _Decoder:
    """Gives any frame of a stack as stored values of one type."""

    def __init__(self, files: Sequence[Head], stack: Stack) -> None:
        self._files, self._stack = files, stack
        self._last: tuple[int, NDArray[Any]] | None = None
        headers = {each.file: files[each.file].data for each in stack.frames}
        first = headers[stack.frames[0].file]
        self.photometric = str(first.get("PhotometricInterpretation", "MONOCHROME2"))
        self._scales = [rescale(headers[each.file], each.frame) for each in stack.frames]
        types = {_dtype(each) for each in headers.values()}
        self._convert = len(types) > 1 or len(set(self._scales)) > 1
        if self._convert:  # frames with scales or types of their own: one for all
            self.dtype, self.rescale = self._one_scale()
        else:
            (self.dtype,), self.rescale = types, self._scales[0]

    def _one_scale(self) -> tuple[str, Scale]:
        """A type and a scale that hold every frame's values, exactly where they are integers."""
        ends = np.array([_ends(self._scaled(each)) for each in range(len(self._stack.frames))])
        low, high = float(ends.min()), float(ends.max())
        is_whole = all(float(value).is_integer() for scale in self._scales for value in scale)
        span = np.iinfo(np.int16)
        if is_whole and span.min <= low and high <= span.max:
            return "int16", (1.0, 0.0)
        return "uint16", ((high - low) / np.iinfo(np.uint16).max or 1.0, low)

    def __call__(self, number: int) -> NDArray[Any]:
        if not self._convert:
            return np.ascontiguousarray(self._stored(number).astype(self.dtype, copy=False))
        slope, intercept = self.rescale
        return np.rint((self._scaled(number) - intercept) / slope).astype(self.dtype)

    def _scaled(self, number: int) -> NDArray[np.float64]:
        slope, intercept = self._scales[number]
        return self._stored(number).astype(np.float64) * slope + intercept

    def _stored(self, number: int) -> NDArray[Any]:
        frame = self._stack.frames[number]
        pixels = self._file(frame.file)
        pixels = pixels[frame.frame] if pixels.ndim == 3 else pixels  # noqa: PLR2004
        if pixels.shape != (self._stack.rows, self._stack.columns):
            raise RefusedFile(Reason.SIZES)
        return pixels

    def _file(self, number: int) -> NDArray[Any]:
        if self._last is None or self._last[0] != number:
            try:
                pixels = self._files[number].pixels()
            except Exception as error:
                raise RefusedFile(Reason.DAMAGED_PIXELS) from error
            self._last = (number, pixels)
        return self._last[1]


def _dtype(header: pydicom.Dataset) -> str:
    is_signed = int(header.get("PixelRepresentation") or 0) == 1
    if int(header.BitsAllocated) == 8:  # noqa: PLR2004
        return "int16" if is_signed else "uint8"
    return "int16" if is_signed else "uint16"


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def rescale(header: pydicom.Dataset, frame: int) -> Scale:
    """Slope and intercept of a frame: its own, its functional group's, or the file's."""
    for keyword, index in (
        ("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0),
    ):  # fmt: skip
        groups = header.get(keyword)
        if groups and groups[index].get("PixelValueTransformationSequence"):
            header = groups[index].PixelValueTransformationSequence[0]
            break
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    return (float(slope) if slope else 1.0, float(intercept) if intercept else 0.0)


def percentile_window(values: NDArray[Any], rescale: tuple[float, float]) -> tuple[float, float]:
    """Centre and width from the 1st to the 99.5th percentile of the foreground, rescaled."""
    scaled = values.astype(np.float64)
    scaled *= rescale[0]
    scaled += rescale[1]
    top = np.percentile(scaled, 99.5)
    low = np.min(scaled)
    foreground = scaled[scaled > low + BACKGROUND_SHARE * (top - low)]
    if foreground.size < 2:  # noqa: PLR2004 -- a flat image
        return (float(top), 1.0)
    bottom, top = np.percentile(foreground, [1.0, 99.5])
    bottom = min(bottom, low + 0.35 * (top - low))
    return (float((bottom + top) / 2), float(max(top - bottom, 1.0)))


def frame(path: Path, number: int, geometry: Mapping[str, Any]) -> NDArray[Any]:
    """One frame's stored values out of a pack: (rows, columns)."""
    shape, dtype = (geometry["rows"], geometry["columns"]), np.dtype(geometry["dtype"])
    size = shape[0] * shape[1] * dtype.itemsize
    data = read_frame(path, number, geometry["frames"], size)
    return np.frombuffer(data, dtype.newbyteorder("<")).reshape(shape)


def read_frame(path: Path, number: int, count: int, frame_bytes: int) -> bytes:
    """One frame's bytes out of a pack."""
    with path.open("rb") as pack:
        pack.seek(offset_of(number, count, frame_bytes))
        return pack.read(frame_bytes)
