"""NIfTI volumes as DICOM series: voxel for voxel at the same place in the patient."""

import gzip
import json
import struct
import time
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image

from readerstudy.imaging import layouts, nifti, parsing
from readerstudy.imaging.geometry import normal, stack

PLACE = nifti.Place("own", "P1", "E1")
OBLIQUE = nib.affines.from_matvec(
    nib.eulerangles.euler2mat(z=0.2, y=0.1, x=0.3) @ np.diag([0.9, 1.1, 2.0]), [-40.0, 12.5, 3.0]
)
AFFINES = {
    "RAS": np.diag([0.9, 1.1, 2.0, 1.0]),
    "LAS": np.diag([-0.9, 1.1, 2.0, 1.0]),
    "LPI": np.diag([-0.9, -1.1, -2.0, 1.0]),
    "ASL": np.array([[0, 0, -2.0, 50], [0.9, 0, 0, -30], [0, 1.1, 0, 9], [0, 0, 0, 1.0]]),
    "oblique": OBLIQUE,
}


def saved(path: Path, voxels: Any, affine: Any) -> Path:
    nib.save(nib.Nifti1Image(voxels, affine), path)
    return path


@pytest.mark.parametrize("name", AFFINES)
def test_every_voxel_keeps_its_place_in_any_orientation(tmp_path: Path, name: str) -> None:
    affine = AFFINES[name]
    voxels = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    volume = nifti.read(saved(tmp_path / "v.nii.gz", voxels, affine))
    paths = nifti.write_series(volume, tmp_path / "d", PLACE, description="T1 pre", number=1)
    files = [pydicom.dcmread(path) for path in paths]
    for data in files:
        row, column = np.array(data.ImageOrientationPatient, float).reshape(2, 3)
        rows_mm, columns_mm = map(float, data.PixelSpacing)
        origin = np.array(data.ImagePositionPatient, float)
        for j, i in np.ndindex(data.Rows, data.Columns):
            at = origin + row * columns_mm * i + column * rows_mm * j  # PS3.3 C.7.6.2.1.1, LPS
            ras = np.array([-at[0], -at[1], at[2], 1.0])
            index = np.rint(np.linalg.inv(affine) @ ras)[:3].astype(int)
            assert data.pixel_array[j, i] == voxels[tuple(index)]
    placed = stack(files)
    assert len(placed.frames) == 6
    assert np.allclose(placed.gaps_mm, 2.0, atol=1e-4)
    assert np.isclose(np.linalg.norm(normal(placed.cosines)), 1.0)


def test_fractions_are_scaled_and_come_back_by_rescale(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, (8, 8, 4))
    values[0, 0, 0] = np.nan
    volume = nifti.read(saved(tmp_path / "v.nii", values, np.eye(4)))
    paths = nifti.write_series(volume, tmp_path / "d", PLACE, description="T2", number=1)
    files = [pydicom.dcmread(path) for path in paths]
    back = np.stack(
        [
            each.pixel_array.T * float(each.RescaleSlope) + float(each.RescaleIntercept)
            for each in files
        ],
        axis=-1,
    )
    assert np.abs(back - np.nan_to_num(values)).max() < 2e-4


def test_a_side_car_gives_the_acquisition_in_dicoms_units(tmp_path: Path) -> None:
    path = saved(tmp_path / "t1c.nii.gz", np.ones((8, 8, 4), np.uint8), np.eye(4))
    said = {"RepetitionTime": 1.9, "EchoTime": 0.00297, "MagneticFieldStrength": 3,
            "Manufacturer": "Siemens", "PatientName": "Quirin"}  # fmt: skip
    path.with_name("t1c.json").write_text(json.dumps(said))
    sidecar = nifti.sidecar_of(path)
    (first, *_) = nifti.write_series(
        nifti.read(path), tmp_path / "d", PLACE, description="T1", number=1, sidecar=sidecar
    )
    data = pydicom.dcmread(first)
    assert (data.RepetitionTime, data.EchoTime, data.MagneticFieldStrength) == (1900, 2.97, 3)
    assert "Quirin" not in str(data)
    header = parsing.parse(first, b"k" * 32, tmp_path / "clean.dcm")
    assert header.role_hints["field_t"] == 3
    path.with_name("t1c.json").write_text("[")
    assert nifti.sidecar_of(path) == {}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000, '{"EchoTime": 1' + "0" * 400 + "}", '{"EchoTime": NaN}',
        '{"EchoTime": 1e999}', '{"EchoTime": true}', '{"EchoTime": -0.1}', '{"EchoTime": [1]}',
        '{"EchoTime": 1' + " " * nifti.MAX_SIDECAR_BYTES + "}",
    ],
    ids=["deep", "long", "NaN", "infinite", "true", "negative", "list", "large"],
)  # fmt: skip
def test_a_side_car_that_cannot_be_says_nothing(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path / "t1c.nii", np.ones((4, 4, 1), np.uint8), np.eye(4))
    path.with_name("t1c.json").write_text(text)
    (made,) = nifti.write_series(
        nifti.read(path), tmp_path / "d", PLACE, description="T1", number=1,
        sidecar=nifti.sidecar_of(path),
    )  # fmt: skip
    assert pydicom.dcmread(made).EchoTime is None


def test_the_same_volume_again_has_the_same_uids_and_another_its_own(tmp_path: Path) -> None:
    volume = nifti.Volume(np.ones((4, 4, 2), np.uint8), np.eye(4))
    uids = [
        [
            pydicom.dcmread(path).SOPInstanceUID
            for path in nifti.write_series(
                volume, tmp_path / str(n), place, description="T1", number=1
            )
        ]
        for n, place in enumerate((PLACE, PLACE, nifti.Place("own", "P1", "E2")))
    ]
    assert uids[0] == uids[1]
    assert not set(uids[0]) & set(uids[2])
    assert PLACE.uid() != nifti.Place("own", "P1", "E1", "other").uid()


def test_a_volume_is_known_by_its_voxels_and_their_place_not_by_its_file(tmp_path: Path) -> None:
    voxels = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    packed, plain, moved = (
        nifti.digest(nifti.read(saved(tmp_path / name, voxels, affine)))
        for name, affine in (
            ("v.nii.gz", AFFINES["RAS"]), ("v.nii", AFFINES["RAS"]), ("m.nii", AFFINES["LAS"]),
        )
    )  # fmt: skip
    assert packed == plain
    assert len({packed, moved, nifti.digest(nifti.Volume(voxels + 1, AFFINES["RAS"]))}) == 3


def test_folders_of_one_name_are_told_apart_by_their_path(tmp_path: Path) -> None:
    for name in ("sub-01/anat", "sub-02/anat", "001"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "t1c.nii.gz").touch()
    found = {case.name: case.patient for case in layouts.own(tmp_path)}
    assert found == {name: name for name in ("sub-01/anat", "sub-02/anat", "001")}


def test_a_long_path_as_a_patients_id_is_an_lo(tmp_path: Path) -> None:
    volume = nifti.Volume(np.ones((4, 4, 2), np.uint8), np.eye(4))
    place = nifti.Place("own", "site/" * 30, "E1")
    (path, _) = nifti.write_series(volume, tmp_path, place, description="T1", number=1)
    assert len(pydicom.dcmread(path).PatientID) <= 64


@pytest.mark.parametrize(
    ("voxels", "affine"),
    [
        (np.ones((4, 4, 2, 3), np.uint8), np.eye(4)),
        (np.ones((4, 4), np.uint8), np.eye(4)),
        (np.ones((4, 4, 2), np.uint8), np.eye(4) + np.eye(4, k=1) * [0, 0.3, 0, 0]),
    ],
    ids=["4-D", "2-D", "skewed"],
)  # fmt: skip
def test_what_is_not_one_volume_is_refused_in_words(
    tmp_path: Path, voxels: Any, affine: Any
) -> None:
    image = nib.Nifti1Image(voxels, None)
    image.set_sform(affine, code=1)
    nib.save(image, tmp_path / "v.nii.gz")
    with pytest.raises(nifti.NotAVolume):
        nifti.read(tmp_path / "v.nii.gz")
    (tmp_path / "bad.nii.gz").write_bytes(b"not gzip at all")
    with pytest.raises(nifti.NotAVolume, match="cannot be read"):
        nifti.read(tmp_path / "bad.nii.gz")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a/b_T1post.nii.gz", "a/b_T1post.nii.gz"),
        ("/dropped/t1c.JSON", "dropped/t1c.JSON"),
        ("Mets_005\\seg\\12.png", "Mets_005/seg/12.png"),
        ("../t1c.nii", None),
        ("a/../../t1c.nii", None),
        ("a/.hidden/t1c.nii", None),
        ("a\0/t1c.nii", None),
        ("a/t1c.nii/t1c.nii", None),
        ("a\u202egnp.nii", None),
        ("/".join("a" * 17) + "/t1c.nii", None),
        ("a" * 300 + ".nii", None),
        ("image.dcm", None),
        ("", None),
    ],
)
def test_e4_a_name_leads_into_its_data_set_or_nowhere(name: str, place: str | None) -> None:
    found = layouts.place_of(name)
    assert (str(found) if found else None) == place


def slices(folder: Path, mode: str, count: int, size: tuple[int, int] = (6, 5)) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.new(mode, size, (number, 9, 9, 255) if mode == "RGBA" else number).save(
            folder / f"{number}.png"
        )
    return folder


def test_slices_are_measured_before_one_is_decoded_and_one_channel_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = nifti.read(slices(tmp_path / "colour", "RGBA", 3))
    assert volume.voxels.shape == (6, 5, 3)
    assert volume.voxels[0, 0].tolist() == [0, 1, 2]
    assert volume.voxels.nbytes == 6 * 5 * 3
    large = slices(tmp_path / "large", "L", 4)
    monkeypatch.setattr(nifti, "MAX_VOXELS", 6 * 5 * 3)
    monkeypatch.setattr(Image.Image, "load", lambda _image: pytest.fail("decoded"))
    with pytest.raises(nifti.NotAVolume, match="larger than is read"):
        nifti.read(large)


def test_a_slice_that_may_be_a_bomb_and_one_that_is_no_png_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = slices(tmp_path / "a", "L", 2)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(nifti.NotAVolume, match="larger than is read"):
        nifti.read(folder)
    monkeypatch.undo()
    Image.new("L", (6, 5)).save(folder / "1.png", format="TIFF")
    with pytest.raises(nifti.NotAVolume, match="cannot be read"):
        nifti.read(folder)


@pytest.mark.parametrize("fault", [OSError(5, "Input/output error"), MemoryError()])
def test_a_fault_of_the_machine_is_not_said_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fails(*_args: Any, **_more: Any) -> None:
        raise fault

    path, folder = tmp_path / "v.nii", slices(tmp_path / "a", "L", 2)
    monkeypatch.setattr(nib, "load", fails)
    monkeypatch.setattr(Image, "open", fails)
    for each in (path, folder):
        with pytest.raises(type(fault)):
            nifti.read(each)


@pytest.mark.fault("E4")
def test_what_lies_before_the_voxels_is_not_unpacked_to_no_end(tmp_path: Path) -> None:
    """A bomb of nothing: a header that says its voxels come after terabytes."""
    path = saved(tmp_path / "v.nii", np.ones((4, 4, 2), np.uint8), np.eye(4))
    head = bytearray(path.read_bytes())
    struct.pack_into("<f", head, 108, 1e12)  # vox_offset
    with gzip.open(tmp_path / "v.nii.gz", "wb") as out:
        out.write(head)
        for _ in range(64):
            out.write(b"\0" * 1024 * 1024)
    began = time.process_time()
    with pytest.raises(nifti.NotAVolume, match="do not follow"):
        nifti.read(tmp_path / "v.nii.gz")
    assert time.process_time() - began < 0.1, "64 MiB take longer"


def test_voxels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    colours = np.zeros((4, 4, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / "v.nii.gz")
    with pytest.raises(nifti.NotAVolume, match="plain numbers"):
        nifti.read(tmp_path / "v.nii.gz")
