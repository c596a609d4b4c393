"""Pixel data as plain samples: decoded, in one byte order, with no bits that are not pixels. Pure.

Meant to run where it may be killed (`sandbox`): a codec sees hostile bytes here and nowhere else,
for what is stored holds no compressed data. With the codec's stream go its comment segments, and
with the unused high bits the overlays of old scanners (PS3.5 8.1.2): both can carry names (E7).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import DataElement, Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

from readerstudy.imaging.codestreams import size_of
from readerstudy.imaging.refusals import Reason, RefusedFile

MAX_PIXELS = 4096 * 4096
MAX_FRAMES = 10_000
MAX_SAMPLE_BYTES = 2 * 1024**3
_PIXEL_TAG = 0x7FE00010
# Syntaxes that always lose something, and their Lossy Image Compression Method (PS3.3
# C.7.6.1.1.5.1); JPEG-LS, JPEG 2000 and HTJ2K may or may not.
_LOSSY = {JPEGBaseline8Bit: "ISO_10918_1", JPEGExtended12Bit: "ISO_10918_1"}
DECODABLE = frozenset(
    [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.4.50",
        "1.2.840.10008.1.2.4.51",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.81",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
        "1.2.840.10008.1.2.4.203",
        "1.2.840.10008.1.2.5",
    ]
)


Buffer = bytes | memoryview


@dataclass(frozen=True)
class Samples:
    """How the samples of an image lie in its pixel data, little endian."""

    bytes: int  # of all samples
    allocated: int  # bits of a sample
    stored: int
    is_signed: bool


def check_sizes(data: Dataset) -> int:
    """Arithmetic before any codec sees the bytes (fault E5); the bytes that samples must fill.

    Raises
    ------
    RefusedFile
        For sizes that cannot be, colour, missing pixels, a transfer syntax without a decoder.
    """
    if str(data.file_meta.get("TransferSyntaxUID", "")) not in DECODABLE:
        raise RefusedFile(Reason.TRANSFER_SYNTAX)
    if "PixelData" not in data or not data.PixelData:
        raise RefusedFile(Reason.NO_PIXELS)
    if _integer(data, "SamplesPerPixel", 1) != 1:
        raise RefusedFile(Reason.COLOUR)
    if data.get("PhotometricInterpretation", "MONOCHROME2") not in {"MONOCHROME1", "MONOCHROME2"}:
        raise RefusedFile(Reason.COLOUR)  # a palette, or colours of one sample
    rows, columns = _integer(data, "Rows", 0), _integer(data, "Columns", 0)
    frames = _integer(data, "NumberOfFrames", 1)
    bits, stored = _integer(data, "BitsAllocated", 0), _integer(data, "BitsStored", 0)
    expected = rows * columns * frames * bits // 8
    if not (0 < rows * columns <= MAX_PIXELS and 0 < frames <= MAX_FRAMES):
        raise RefusedFile(Reason.SIZES)
    if bits not in {8, 16} or not 0 < stored <= bits or expected > MAX_SAMPLE_BYTES:
        raise RefusedFile(Reason.SIZES)
    if _integer(data, "HighBit", stored - 1) != stored - 1:
        raise RefusedFile(Reason.SIZES)
    is_native = not data.file_meta.TransferSyntaxUID.is_compressed
    if is_native and not expected <= len(data.PixelData) <= expected + 1:
        raise RefusedFile(Reason.SIZES)
    return expected


def _integer(data: Dataset, keyword: str, default: int) -> int:
    value = data.get(keyword)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return -1


def make_native(data: Dataset) -> bool:
    """Decode the pixel data in place, little endian, and clear the bits above BitsStored.

    Returns
    -------
    bool
        Whether bits that are not pixels were cleared.

    Raises
    ------
    RefusedFile
        For sizes that cannot be (`check_sizes`) and data that no codec can decode.
    """
    expected = check_sizes(data)
    syntax = data.file_meta.TransferSyntaxUID
    if syntax.is_compressed:
        _decode(data)
    samples = data.PixelData[:expected]
    if len(samples) != expected or _integer(data, "Rows", 0) <= 0:
        raise RefusedFile(Reason.DAMAGED_PIXELS)
    if syntax == ExplicitVRBigEndian and data.BitsAllocated > 8:  # noqa: PLR2004
        samples = np.frombuffer(samples, ">u2").astype("<u2").tobytes()
    native, is_cleared = only_pixel_bits(samples, samples_of(data, expected))
    representation = "OW" if data.BitsAllocated > 8 else "OB"  # noqa: PLR2004
    whole = bytes(native) + b"\0" * (expected % 2)
    data[_PIXEL_TAG] = DataElement(_PIXEL_TAG, representation, whole)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return is_cleared


def _decode(data: Dataset) -> None:
    before = (data.Rows, data.Columns, data.BitsAllocated)
    method = _LOSSY.get(data.file_meta.TransferSyntaxUID)
    data["PixelData"].VR = "OB"
    _check_streams(data)
    try:
        data.decompress(generate_instance_uid=False)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a codec in Rust panics with one that is no Exception
        raise RefusedFile(Reason.DAMAGED_PIXELS) from error
    if (data.Rows, data.Columns, data.BitsAllocated) != before:
        raise RefusedFile(Reason.DAMAGED_PIXELS)
    if method and data.get("LossyImageCompression") != "01":  # nothing else tells from now on
        data.LossyImageCompression, data.LossyImageCompressionMethod = "01", method


def _check_streams(data: Dataset) -> None:
    """Refuse frames that say another size than the header: a codec would make room for it (E5)."""
    wanted = (data.Rows, data.Columns)
    frames = _integer(data, "NumberOfFrames", 1)
    try:
        sizes = {size_of(each) for each in generate_frames(data.PixelData, number_of_frames=frames)}
    except Exception as error:
        raise RefusedFile(Reason.DAMAGED_PIXELS) from error
    if sizes - {None, wanted}:
        raise RefusedFile(Reason.DAMAGED_PIXELS)


def samples_of(data: Dataset, expected: int) -> Samples:
    """How the samples of a checked image lie, of which there are so many bytes."""
    return Samples(
        bytes=expected,
        allocated=int(data.BitsAllocated),
        stored=int(data.BitsStored),
        is_signed=data.get("PixelRepresentation", 0) == 1,
    )


def only_pixel_bits(data: Buffer, samples: Samples) -> tuple[Buffer, bool]:
    """The samples with the bits above the stored ones cleared, or filled with the sign.

    Returns
    -------
    bytes, bool
        What came where there is nothing to clear; whether anything was cleared.
    """
    spare = samples.allocated - samples.stored
    if spare == 0:
        return data, False
    kind = "i" if samples.is_signed else "u"
    values = np.frombuffer(data, np.dtype(f"<{kind}{samples.allocated // 8}"))
    # Arithmetic shifts: a signed value's sign is spread over the spare bits, as it should be.
    cleaned: NDArray[np.integer] = (values << spare) >> spare
    if np.array_equal(cleaned, values):
        return data, False
    return cleaned.tobytes(), True
