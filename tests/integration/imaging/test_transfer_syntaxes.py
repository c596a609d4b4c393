"""A grey image in each transfer syntax that is taken: the pixels that are kept are those it had.

Encoded by parts we did not write: dcmtk, CharLS, OpenJPEG, OpenJPH (`tests/data/htj2k/make.mjs`).
"""

import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from readerstudy.imaging import packs, services, store, tokens
from readerstudy.imaging.models import Instance, Series
from readerstudy.imaging.pixels import DECODABLE
from tests import dicom, wire

pytestmark = pytest.mark.django_db
ROWS, COLUMNS = 40, 48
STREAMS = Path(__file__).parents[2] / "data/htj2k"
BIG_ENDIAN, EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
NEAR = 2  # the largest error of the near-lossless stream
Pixels = NDArray[np.integer]


def picture(*, bits: int = 12, is_signed: bool = False) -> Pixels:
    """Smooth, over nearly all of its range; signed ones lie around nought, as CT does."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    values = (3 * x * x + 2 * y * y + x * y) // 3 >> (12 - bits)
    kind = "u" if not is_signed else "i"
    return np.asarray(values - is_signed * 1900, f"<{kind}{1 if bits == 8 else 2}")


def native(pixels: Pixels) -> FileDataset:
    data = dicom.image(pixels=pixels)
    data.BitsAllocated = 8 * pixels.itemsize
    data.BitsStored = 8 if pixels.itemsize == 1 else 12
    data.HighBit = data.BitsStored - 1
    return data


def by_dcmtk(*options: str, bits: int = 12, is_signed: bool = False) -> tuple[str, Pixels]:
    """How dcmcjpeg is asked, and of what."""
    return " ".join(options), picture(bits=bits, is_signed=is_signed)


JPEG = {
    "1.2.840.10008.1.2.4.50": by_dcmtk("+eb", "+q", "98", bits=8),
    "1.2.840.10008.1.2.4.51": by_dcmtk("+ee", "+q", "98"),
    "1.2.840.10008.1.2.4.57": by_dcmtk("+el"),
    "1.2.840.10008.1.2.4.70": by_dcmtk("+e1"),
}
# The largest difference that the encoder's own setting allows, of 4,096 (or 256) values.
TOLERANCE = {
    "1.2.840.10008.1.2.4.50": 4, "1.2.840.10008.1.2.4.51": 24, JPEGLSNearLossless: NEAR,
    JPEG2000: 24, "1.2.840.10008.1.2.4.203": 24,
}  # fmt: skip
HTJ2K = {
    "1.2.840.10008.1.2.4.201": "lossless",
    "1.2.840.10008.1.2.4.202": "lossless-rpcl",
    "1.2.840.10008.1.2.4.203": "lossy",
}
BY_PYDICOM = {
    JPEGLSLossless: {}, JPEGLSNearLossless: {"jls_error": NEAR}, JPEG2000Lossless: {},
    JPEG2000: {"j2k_cr": [6]}, RLELossless: {},
}  # fmt: skip
OURS = [IMPLICIT, EXPLICIT, BIG_ENDIAN, *HTJ2K, *map(str, BY_PYDICOM)]


LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}


def jpeg(syntax: str, folder: Path) -> Path:
    """Have dcmtk write its picture as a file of that transfer syntax."""
    options, pixels = JPEG[syntax]
    plain, packed = dicom.save(native(pixels), folder / "in.dcm"), folder / "out/one.dcm"
    packed.parent.mkdir()
    asked = ["dcmcjpeg", *options.split(), "+un", str(plain), str(packed)]
    subprocess.run(asked, check=True, capture_output=True)
    return packed


def encode(syntax: str, pixels: Pixels, path: Path) -> Path:
    """Write the picture as a file of that transfer syntax."""
    data = native(pixels)
    if syntax in HTJ2K:
        data.PixelData = encapsulate([(STREAMS / f"{HTJ2K[syntax]}.j2c").read_bytes()])
        data["PixelData"].VR = "OB"
        data.file_meta.TransferSyntaxUID = syntax
    elif syntax in BY_PYDICOM:
        data.compress(syntax, generate_instance_uid=False, **BY_PYDICOM[syntax])
    elif syntax == BIG_ENDIAN:
        return big_endian(data, pixels, path)
    else:
        data.file_meta.TransferSyntaxUID = syntax
    return dicom.save(data, path)


def big_endian(data: FileDataset, pixels: Pixels, path: Path) -> Path:
    turned = pydicom.Dataset(data)  # without the byte order that it was made with
    turned.PixelData = pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()
    turned.file_meta = data.file_meta
    turned.file_meta.TransferSyntaxUID = BIG_ENDIAN
    turned.save_as(path, implicit_vr=False, little_endian=False, enforce_file_format=True)
    return path


def kept(path: Path) -> tuple[Pixels, Pixels, Pixels]:
    """A file's pixels as the store, the pack and WADO-RS have them."""
    collection = services.create_collection(name="one")
    done = services.import_folder(path, collection=collection, by=None)
    assert (done.stored, done.report["refused"]) == (1, {})
    series = Series.objects.get(examination__collection=collection)
    instance = series.instances.get()
    stored = pydicom.dcmread(store.path_of(instance))
    assert stored.file_meta.TransferSyntaxUID == EXPLICIT
    packed = packs.frame(store.pack_path(series), 0, series.geometry or {})
    token = tokens.issue([str(series.pk)], seconds=60)
    web = DICOMwebClient(f"{wire.HOST}/dicomweb/{token}", session=wire.session())
    names = (series.examination.study_uid, series.series_uid, instance.sop_uid)
    (sent,) = web.retrieve_instance_frames(*names, [1])
    dtype = stored.pixel_array.dtype
    return stored.pixel_array, packed, np.frombuffer(sent, dtype).reshape(ROWS, COLUMNS)


def is_alike(syntax: str, pixels: Pixels, path: Path) -> None:
    compressed = pydicom.dcmread(path)
    assert compressed.file_meta.TransferSyntaxUID == syntax
    for found in kept(path):
        difference = np.abs(found.astype(int) - pixels.astype(int)).max()
        assert difference <= TOLERANCE.get(syntax, 0), (syntax, difference)


def test_every_transfer_syntax_that_is_taken_is_here() -> None:
    assert {*OURS, *JPEG} == DECODABLE


@pytest.mark.parametrize("syntax", OURS)
def test_the_pixels_of_a_file_are_kept(tmp_path: Path, syntax: str) -> None:
    pixels = picture()
    is_alike(syntax, pixels, encode(syntax, pixels, tmp_path / "one.dcm"))


@pytest.mark.dcmtk
@pytest.mark.parametrize("syntax", JPEG)
def test_the_pixels_of_a_jpeg_are_kept(tmp_path: Path, syntax: str) -> None:
    _, pixels = JPEG[syntax]
    is_alike(syntax, pixels, jpeg(syntax, tmp_path))


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("syntax", "said"), [(each, "01" if each in LOSSY else None) for each in JPEG]
)
def test_a_decoded_file_says_that_its_jpeg_was_lossy(
    tmp_path: Path, syntax: str, said: str | None
) -> None:
    """It alone can: its transfer syntax no longer does, and not every sender has said so."""
    path = jpeg(syntax, tmp_path)
    data = pydicom.dcmread(path)
    for keyword in ("LossyImageCompression", "LossyImageCompressionMethod"):
        if keyword in data:
            del data[keyword]
    data.save_as(path)
    services.import_folder(path, collection=services.create_collection(name="one"), by=None)
    stored = pydicom.dcmread(store.path_of(Instance.objects.get()))
    assert stored.get("LossyImageCompression") == said
    assert stored.get("LossyImageCompressionMethod") == (said and "ISO_10918_1")


@pytest.mark.parametrize(
    "syntax", [EXPLICIT, BIG_ENDIAN, RLELossless, JPEGLSLossless, JPEG2000Lossless]
)
def test_the_sign_of_pixels_is_kept(tmp_path: Path, syntax: str) -> None:
    pixels = picture(is_signed=True)
    is_alike(syntax, pixels, encode(syntax, pixels, tmp_path / "one.dcm"))
