"""E5: Codestreams that lie or are damaged: one refused file, and the next one is taken."""

import struct
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file, get_testdata_files
from pydicom.encaps import encapsulate, generate_frames

from readerstudy.imaging.codestreams import size_of
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.sandbox import Sandbox

pytestmark = pytest.mark.fault("E5")
KEY = b"k" * 32
JPEG_2000, JPEG_LS, RLE = (
    f"MR_small_{each}.dcm" for each in ("jp2klossless", "jpeg_ls_lossless", "RLE")
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Started: what a lie takes is timed, not what Python takes to load."""
    made = Sandbox()
    good = Path(str(get_testdata_file(LIES[0][0])))
    made.parse(good, KEY, tmp_path_factory.mktemp("first") / "clean.dcm")
    yield made
    made.close()


def larger_siz(stream: bytes) -> bytes:
    """JPEG 2000 that says it has 60,000 x 60,000 pixels (ISO 15444-1 A.5.1)."""
    at = stream.index(b"\xff\x4f\xff\x51") + 8
    return stream[:at] + struct.pack(">2I", 60_000, 60_000) + stream[at + 8 :]


def larger_sof(stream: bytes) -> bytes:
    """JPEG-LS that says it has 65,535 x 65,535 pixels (ISO 14495-1 C.2.2)."""
    at = stream.index(b"\xff\xf7") + 5
    return stream[:at] + struct.pack(">2H", 65_535, 65_535) + stream[at + 4 :]


def segments_outside(stream: bytes) -> bytes:
    """RLE whose segments begin behind its end (PS3.5 G.5)."""
    return struct.pack("<16I", 2, 64, 2**31, *[0] * 13) + stream[64:]


def halved(stream: bytes) -> bytes:
    return stream[: len(stream) // 2]


def scrambled(stream: bytes) -> bytes:
    return stream[:40] + bytes(each ^ 0x5A for each in stream[40:])


LIES = [
    (JPEG_2000, larger_siz),
    (JPEG_2000, scrambled),
    (JPEG_2000, lambda _stream: b"\0\0"),
    (JPEG_LS, larger_sof),
    (JPEG_LS, scrambled),
    (RLE, segments_outside),
    (RLE, halved),
]


@pytest.mark.parametrize(("name", "lie"), LIES)
def test_a_codestream_that_lies_is_refused_and_the_next_file_is_taken(
    sandbox: Sandbox, tmp_path: Path, name: str, lie: Callable[[bytes], bytes]
) -> None:
    data = pydicom.dcmread(get_testdata_file(name))
    (stream,) = generate_frames(data.PixelData, number_of_frames=1)
    data.PixelData = encapsulate([lie(stream)])
    bad, clean = tmp_path / "bad.dcm", tmp_path / "clean.dcm"
    data.save_as(bad)
    began = time.monotonic()
    with pytest.raises(RefusedFile) as refused:
        sandbox.parse(bad, KEY, clean)
    assert refused.value.reason is Reason.DAMAGED_PIXELS
    assert time.monotonic() - began < 60, "no codec makes room for what is not there"
    assert not clean.exists()
    good = Path(str(get_testdata_file(name)))
    assert sandbox.parse(good, KEY, clean)["frames"] == 1


def test_frames_of_real_files_say_the_size_of_their_header() -> None:
    said = set()
    odd = "embedded-sequence-delimiter"  # no codec reads it either
    for name in (each for each in map(Path, get_testdata_files()) if odd not in each.name):
        if not name.is_file():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that are odd on purpose
            data = pydicom.dcmread(name, force=True)
        syntax = data.file_meta.get("TransferSyntaxUID") if "file_meta" in vars(data) else None
        if syntax is None or not syntax.is_encapsulated or "PixelData" not in data:
            continue
        frames = int(data.get("NumberOfFrames", 1))
        for stream in generate_frames(data.PixelData, number_of_frames=frames):
            for cut in range(40):  # never past the end
                size_of(stream[:cut])
            if size := size_of(stream):
                assert size == (data.Rows, data.Columns), name
                said.add(syntax.name)
    assert len(said) >= 4, said
