"""Compressed packs: without loss to the bit, whatever the samples are."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import jpeg_ls
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.filereader import dcmread

from readerstudy.imaging import compressed, packs

SHAPE = (61, 45)
RNG = np.random.default_rng(5)


def ramp(dtype: str, count: int, shape: tuple[int, int] = SHAPE, top: int = 4000) -> NDArray[Any]:
    """Frames like an examination's: something smooth, noise, and both ends of the type."""
    info = np.iinfo(dtype)
    top, low = min(top, info.max), max(info.min, -1000)
    smooth = np.hypot(*np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]) / 2
    noise = RNG.integers(0, 5, (count, *shape))
    frames = (low + smooth * (top - low) * 0.9).astype(np.int64) + noise
    ends = frames.reshape(count, -1)
    ends[:, 0] = info.min
    ends[:, 1] = info.max if top == info.max else top
    return np.asarray(frames, dtype)


def raw_pack(folder: Path, frames: NDArray[Any]) -> tuple[Path, dict[str, Any], str]:
    """A raw pack of frames, its geometry and its checksum."""
    order = packs.centre_out(len(frames))
    data = packs.head(order, [frames[0].nbytes] * len(order))
    data += b"".join(frames[number].tobytes() for number in order)
    path = folder / "raw.pack"
    path.write_bytes(data)
    count, rows, columns = frames.shape
    told = {"frames": count, "rows": rows, "columns": columns, "dtype": str(frames.dtype)}
    return path, told, hashlib.sha256(data).hexdigest()


def unpacked(path: Path, shape: tuple[int, ...], dtype: str) -> tuple[list[int], NDArray[Any]]:
    """Order and frames of a compressed pack, read as docs/architecture.md says."""
    data = path.read_bytes()
    magic, version, encoding, count = struct.unpack_from("<4sHHI", data)
    assert (magic, version) == (b"RSPK", 1)
    assert encoding == 2 or (encoding == 3 and dtype == "int16")
    index = [struct.unpack_from("<II", data, 12 + 8 * each) for each in range(count)]
    at, frames = 12 + 8 * count, np.empty(shape, dtype)
    at += -at % 8
    for number, length in index:
        plain = bytes(jpeg_ls.decode_buffer(data[at : at + length])[0])
        found = np.frombuffer(plain, "u1" if dtype == "uint8" else "<u2")
        found = found ^ 0x8000 if encoding == 3 else found
        frames[number] = found.view(np.dtype(dtype)).reshape(shape[1:])
        at += length
    assert at == len(data)
    return [number for number, _ in index], frames


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize(("count", "top"), [(1, 255), (2, 4095), (5, 65535)])
def test_every_sample_comes_back_and_frames_lie_from_the_centre_outward(
    tmp_path: Path, dtype: str, count: int, top: int
) -> None:
    frames = ramp(dtype, count, top=top)
    raw, geometry, sha256 = raw_pack(tmp_path, frames)
    target = tmp_path / "small.pack"
    made = compressed.write(raw, geometry, sha256, target)
    order, found = unpacked(target, frames.shape, dtype)
    assert order == packs.centre_out(count)
    np.testing.assert_array_equal(found, frames)
    assert made.bytes == target.stat().st_size < 0.9 * raw.stat().st_size
    assert made.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()


@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (37, 101), (512, 512)])
def test_sizes_that_are_no_power_of_two(tmp_path: Path, shape: tuple[int, int]) -> None:
    frames = ramp("uint16", 3, shape)
    raw, geometry, sha256 = raw_pack(tmp_path, frames)
    target = tmp_path / "small.pack"
    compressed.write(raw, geometry, sha256, target)
    np.testing.assert_array_equal(unpacked(target, frames.shape, "uint16")[1], frames)


@pytest.mark.parametrize("name", ["examples_overlay.dcm", "MR_small.dcm", "CT_small.dcm"])
def test_what_scanners_made_comes_back_at_half_its_length_or_less(
    tmp_path: Path, name: str
) -> None:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    frames = dcmread(path).pixel_array[np.newaxis]
    raw, geometry, sha256 = raw_pack(tmp_path, frames)
    target = tmp_path / "small.pack"
    made = compressed.write(raw, geometry, sha256, target)
    found = unpacked(target, frames.shape, str(frames.dtype))[1]
    np.testing.assert_array_equal(found, frames)
    assert made.bytes < raw.stat().st_size / 2


def test_signed_samples_about_zero_cost_no_more_than_unsigned_ones(tmp_path: Path) -> None:
    signed = RNG.integers(-4, 4, (2, *SHAPE)).astype("int16")
    sizes = []
    for frames in (signed, (signed + 5000).astype("uint16")):
        raw, geometry, sha256 = raw_pack(tmp_path, frames)
        sizes.append(compressed.write(raw, geometry, sha256, tmp_path / "small.pack").bytes)
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)


@pytest.mark.parametrize(
    "frames",
    [
        RNG.integers(0, 2**16, (3, 64, 64)).astype("uint16"),  # noise gets longer
        RNG.integers(0, 2**16, (2, 1, 1)).astype("uint16"),  # a head longer than its sample
    ],
    ids=["noise", "one pixel"],
)
def test_what_gets_no_shorter_is_left_raw(tmp_path: Path, frames: NDArray[Any]) -> None:
    raw, geometry, sha256 = raw_pack(tmp_path, frames)
    with pytest.raises(compressed.NotWorthIt):
        compressed.write(raw, geometry, sha256, tmp_path / "small.pack")


def test_a_damaged_pack_is_not_compressed(tmp_path: Path) -> None:
    raw, geometry, sha256 = raw_pack(tmp_path, ramp("uint16", 2))
    data = bytearray(raw.read_bytes())
    data[-1] ^= 1
    raw.write_bytes(data)
    with pytest.raises(compressed.NotTheSame):
        compressed.write(raw, geometry, sha256, tmp_path / "small.pack")
