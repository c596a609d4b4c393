"""Packs compressed without loss, for slow lines: each frame JPEG-LS (ISO/IEC 14495-1), by CharLS.

A pack like the raw one (docs/architecture.md, *Pack*), made from it, its frames in the same order.
A frame's samples are written with 8, 12 or 16 bits, for which CharLS has code of its own. JPEG-LS
knows no sign: where a sample is negative the sign bit of all is inverted, which keeps their order
(decision 0026).
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jpeg_ls
import numpy as np

from readerstudy.imaging import packs

JPEG_LS, JPEG_LS_SIGNED = 2, 3  # encodings in a pack's head
NAME = "jpeg-ls"  # as it is asked for
WORTH = 0.9  # of the raw pack's length: what is longer is not worth a decoder
SIGN, TWELVE_BITS = 0x8000, 4096


class NotWorthIt(Exception):
    """A series that JPEG-LS does not make shorter: of tiny frames, or of noise."""


class NotTheSame(Exception):
    """A raw pack that is not what its checksum says."""


@dataclass(frozen=True)
class Compressed:
    """A compressed pack on disk."""

    sha256: str
    bytes: int


def write(raw: Path, geometry: Mapping[str, Any], sha256: str, target: Path) -> Compressed:
    """Write the pack to `target`, frame by frame: memory does not grow with the series.

    `target` is a file that has no name in the store yet; what fails leaves a part of it.

    Parameters
    ----------
    raw : Path
        The raw pack.
    geometry : mapping
        The series' (docs/architecture.md, *Geometry*).
    sha256 : str
        What the raw pack must be.

    Raises
    ------
    NotWorthIt
        Where raw is as good.
    NotTheSame
        Where the raw pack is damaged.
    """
    order = packs.centre_out(geometry["frames"])
    start = packs.head_size(len(order))
    with raw.open("rb") as source, target.open("w+b") as out:
        if hashlib.file_digest(source, "sha256").hexdigest() != sha256:
            raise NotTheSame(str(raw))
        kind = _kind(raw, start, geometry)
        source.seek(start)
        out.seek(start)  # the index tells lengths that are not known yet
        lengths = [out.write(_encoded(source, kind, geometry)) for _ in order]
        out.seek(0)
        out.write(packs.head(order, lengths, kind))
        size = start + sum(lengths)
        if size > WORTH * raw.stat().st_size:
            raise NotWorthIt
        out.flush()
        os.fsync(out.fileno())
        out.seek(0)
        digest = hashlib.file_digest(out, "sha256").hexdigest()
    return Compressed(digest, size)


def _kind(raw: Path, start: int, geometry: Mapping[str, Any]) -> int:
    if geometry["dtype"] != "int16":
        return JPEG_LS
    samples = np.memmap(raw, np.dtype("<i2"), "r", start)
    return JPEG_LS_SIGNED if samples.min() < 0 else JPEG_LS


def _encoded(source: Any, kind: int, geometry: Mapping[str, Any]) -> bytes:
    """The next frame of a raw pack as JPEG-LS."""
    rows, columns = geometry["rows"], geometry["columns"]
    dtype = np.dtype(geometry["dtype"])
    data, bits = source.read(rows * columns * dtype.itemsize), 8
    if dtype.itemsize > 1:
        samples = np.frombuffer(data, "<u2") ^ (SIGN if kind == JPEG_LS_SIGNED else 0)
        data, bits = samples.tobytes(), 12 if samples.max() < TWELVE_BITS else 16
    try:
        return bytes(jpeg_ls.encode_buffer(data, rows, columns, 1, bits))
    except RuntimeError as error:  # CharLS is given as many bytes as raw has, and some
        raise NotWorthIt from error
