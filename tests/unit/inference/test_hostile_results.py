"""Results of others that are careless or mean harm: refused, or read as they were meant."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from inference import __main__ as command
from inference import vendor
from inference.lesions import Extent
from inference.vendor import structures, tables
from inference.vendor.values import Delivered, Segment

HEADER = "case,x_mm,y_mm,z_mm,diameter_mm,probability\n"
AFFINE = np.array([[0, 0, 1.0, -100], [0, 1, 0, -100], [1, 0, 0, -50], [0, 0, 0, 1]])
GRID = vendor.Grid(AFFINE, (100, 200, 200))


def structure_set(*contours: list[tuple[float, float, float]]) -> Dataset:
    """One gross tumour volume."""
    named = Dataset()
    named.ROINumber, named.ROIName, named.ReferencedFrameOfReferenceUID = 1, "GTV", "1.4"
    drawn = Dataset()
    drawn.ReferencedROINumber, drawn.ContourSequence = 1, []
    for contour in contours:
        item = Dataset()
        item.ContourGeometricType = "CLOSED_PLANAR"
        item.ContourData = [value for point in contour for value in point]
        drawn.ContourSequence.append(item)
    made = Dataset()
    made.SOPInstanceUID, made.StudyInstanceUID = "1.2", "1.3"
    made.StructureSetROISequence, made.ROIContourSequence = [named], [drawn]
    return made


def square(z: float, middle: float = 0.0, half: float = 5.0) -> list[tuple[float, float, float]]:
    low, high = middle - half, middle + half
    return [(low, low, z), (high, low, z), (high, high, z), (low, high, z)]


def volume_mm3(*contours: list[tuple[float, float, float]]) -> float:
    (found,) = structures.read(structure_set(*contours)).segments
    return found.extent.volume_mm3


def test_planes_in_rounded_numbers_are_one_plane() -> None:
    """Two contours of a plane whose heights differ in the third digit, as exporters write them."""
    plain = [square(z) for z in (0.0, 1.0, 2.0, 3.0, 4.0)]
    whole = volume_mm3(*plain)
    rounded = [*plain[:2], square(2.004), *plain[3:], square(2.006, middle=20, half=2)]
    assert volume_mm3(*rounded) == pytest.approx(whole + 16, rel=0.05)


def test_a_contour_that_was_written_twice_is_still_there() -> None:
    once = [square(z) for z in (0.0, 1.0, 2.0)]
    assert volume_mm3(*once, *once) == volume_mm3(*once)
    ring = [*once, *(square(z, half=2) for z in (0.0, 1.0, 2.0))]
    assert volume_mm3(*ring) < 0.9 * volume_mm3(*once)  # another one is a hole


def test_a_contour_that_was_drawn_twice_otherwise_is_still_there() -> None:
    once = [square(z) for z in (10.0, 11.0, 12.0)]
    again = [[*square(z + 0.04)[2:], *square(z + 0.04)[:2]][::-1] for z in (10.0, 11.0, 12.0)]
    assert volume_mm3(*once, *again) == pytest.approx(volume_mm3(*once), rel=0.05)


def test_planes_whose_distances_are_rounded_leave_no_slit() -> None:
    """Of 1.25 mm, told to 0.1 mm: gaps of 1.2 and 1.3."""
    heights = [round(1.25 * n, 1) for n in range(24)]
    (found,) = structures.read(structure_set(*map(square, heights))).segments
    assert found.extent.mask.any((1, 2)).all()
    assert len(found.extent.mask) == len(heights)


def test_only_what_is_drawn_says_where_it_lies() -> None:
    made = structure_set(square(0.0), square(1.0))
    empty = Dataset()
    empty.ROINumber, empty.ROIName, empty.ReferencedFrameOfReferenceUID = 2, "GTV old", "1.9"
    made.StructureSetROISequence.append(empty)
    assert structures.read(made).frames_of_reference == {"1.4"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_contours_that_are_nowhere_are_refused(value: float) -> None:
    with pytest.raises(vendor.UnusableResult, match="structure 1"):
        structures.read(structure_set([(0, 0, 0), (value, 0, 0), (0, 5, 0)]))


def test_a_mask_that_is_turned_round_is_no_lesion() -> None:
    whole = Delivered(None, extent=Extent(np.ones(GRID.shape, np.uint8), (0, 0, 0), AFFINE))
    with pytest.raises(vendor.UnusableResult, match="larger than 150 mm"):
        vendor.place(whole, GRID)


@pytest.mark.parametrize("place", [(float("nan"), 0.0, 0.0), (1e300, 0.0, 0.0), (-1e18, 0.0, 0.0)])
def test_a_place_far_out_or_nowhere_is_refused(place: tuple[float, float, float]) -> None:
    with pytest.raises(vendor.UnusableResult, match="outside"):
        vendor.place(Delivered(0.5, centre_mm=place, diameter_mm=5.0), GRID)


def test_a_lesion_that_is_there_twice_is_refused() -> None:
    mask = np.ones((3, 3, 3), np.uint8)

    def read(*offsets: tuple[int, int, int]) -> vendor.Read:
        parts = [Segment("1.5", n, Extent(mask, each, AFFINE)) for n, each in enumerate(offsets)]
        return vendor.Read("1.3", frozenset(), segments=tuple(parts))

    assert len(vendor.combine([read((4, 4, 4), (9, 9, 9))]).lesions) == 2
    with pytest.raises(vendor.UnusableResult, match="a lesion is there twice"):
        vendor.combine([read((4, 4, 4), (4, 4, 4))])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (f"{HEADER}C01,1,2,3,5,0.5\nC01,1,2,3,5,0.7\n", "line 3 has the lesion of line 2 again"),
        (f"{HEADER}C01,10,5,20,3,30,1,5,0,8\n", "line 2 has more fields"),  # decimal commas
        ("case;x_mm;y_mm;z_mm;diameter_mm\nC01;1;2;3;4\n", "commas part them"),
        (f"x_mm,{HEADER}1,C01,1,2,3,5,0.5\n", "the column x_mm twice"),
        (f"{HEADER}JANE-DOE,1,2,3,5,0.5\nJANE-DOE,,,,,\n", "line 3 says there is none"),
    ],
)
def test_a_careless_table_is_refused_by_its_line(table: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(table)
    with pytest.raises(vendor.UnusableResult, match=words) as refused:
        tables.read(path)
    assert "JANE" not in str(refused.value)  # the name may be a patient's


def test_equal_lesions_of_two_cases_are_two(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(f"{HEADER}C01,1,2,3,5,0.5\nC02,1,2,3,5,0.5\n=C(),1,2,3,5,0.5\n")
    assert list(tables.read(path)) == ["C01", "C02", "=C()"]  # a formula is only a name here


def test_what_is_told_of_a_file_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reads it holds the masks of up to 500 files in memory."""
    path = tmp_path / "structures.dcm"
    read = structures.read(structure_set(square(0.0), square(1.0)))
    monkeypatch.setattr("inference.vendor.reading.read_file", lambda _path: read)
    assert command.main(["vendor", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == read.to_json()
    monkeypatch.setattr(command, "VENDOR_CHARACTERS", 100)
    assert command.main(["vendor", str(path)]) == 0
    assert "more voxels than all lesions" in json.loads(capsys.readouterr().out)["problem"]
