"""SEG and SR: accepted by dciodvfy, exact masks, references that hold."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom import dcmread

from inference import export, vendor
from inference.lesions import Lesion
from inference.phantom import PhantomCase
from inference.reader_report import ReaderMark, reader_report
from inference.reader_segmentation import Drawing, reader_segmentation
from inference.sources import Sources, read_sources
from inference.vendor.reading import read_file

ALGORITHM = export.Algorithm("space-to-depth", "1", "ab" * 32)


@pytest.fixture(scope="module")
def lesions(case: PhantomCase) -> list[Lesion]:
    affine = case.series["t1c"].affine
    return [Lesion(each.mask, each.offset, affine, 0.9, 0.02) for each in case.lesions]


KIND = {
    "tumour": {"metastasis": 0.75, "glioblastoma": 0.25},
    "primary": {"lung": 0.4, "breast": 0.3, "melanoma": 0.2, "other": 0.1},
    "treated": {"necrosis": 0.45, "recurrence": 0.55},
}


def test_a_lesions_kind_is_reported_in_codes_of_our_own_beside_the_probability_of_cancer(
    lesions: list[Lesion],
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    said = {"head": "lesion-kind@1", "sha256": 64 * "a", "probabilities": KIND}
    told = [replace(lesions[0], classification=said)]
    seg = export.segmentation(told, written["t1c"], algorithm=ALGORITHM)
    path = tmp_path / "sr.dcm"
    export.measurement_report(told, written["t1c"], seg, algorithm=ALGORITHM).save_as(path)
    problems = dicom_problems(path)  # it knows no private scheme, of which PS3.16 8.2 speaks
    assert [each for each in problems if "defined term = <99READERSTUDY>" not in each] == []
    (group,) = hd.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    values = {each.name.meaning: each.value for each in group.get_measurements()}
    assert values["Probability of cancer"] == pytest.approx(90)
    assert values["Probability of glioblastoma"] == pytest.approx(25)
    assert values["Probability of primary lung, if metastasis"] == pytest.approx(40)
    assert len(values) == 3 + 8
    said_by = {each.value for each in dcmread(path).iterall() if each.keyword == "TextValue"}
    assert {"lesion-kind", "learnt from synthetic lesions only", f"sha256 {64 * 'a'}"} <= said_by
    (delivered,) = read_file(path).measured  # who reads it takes none of them for the probability
    assert delivered.probability == pytest.approx(0.9)


@pytest.fixture(scope="module")
def seg(lesions: list[Lesion], written: dict[str, list[Path]]) -> hd.seg.Segmentation:
    return export.segmentation(lesions, written["t1c"], algorithm=ALGORITHM)


@pytest.mark.parametrize("what", ["seg", "sr"])
def test_dciodvfy_has_nothing_to_say(
    what: str,
    lesions: list[Lesion],
    seg: hd.seg.Segmentation,
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    report = export.measurement_report(lesions, written["t1c"], seg, algorithm=ALGORITHM)
    path = tmp_path / "out.dcm"
    (seg if what == "seg" else report).save_as(path)
    assert dicom_problems(path) == []


def test_masks_come_back_exactly_on_their_slices(
    lesions: list[Lesion], seg: hd.seg.Segmentation, written: dict[str, list[Path]], tmp_path: Path
) -> None:
    seg.save_as(tmp_path / "seg.dcm")
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in written["t1c"]]
    back = hd.seg.segread(tmp_path / "seg.dcm").get_pixels_by_source_instance(uids)
    for number, lesion in enumerate(lesions):
        whole = np.zeros(back.shape[:3], np.uint8)
        z, y, x = (slice(o, o + n) for o, n in zip(lesion.offset, lesion.mask.shape, strict=True))
        whole[z, y, x] = lesion.mask
        assert np.array_equal(back[..., number], whole)


def boxes(count: int, affine: np.ndarray, *, step: int = 8) -> list[Lesion]:
    """Cubes of five voxels, so many voxels apart, in slices all over the head."""
    return [
        Lesion(
            np.ones((5, 5, 5), np.uint8),
            (10 + 7 * n % 100, 10 + step * (n % 20), 10 + step * (n // 20)),
            affine,
            0.5,
        )
        for n in range(count)
    ]


def test_a_segmentation_of_200_proposals_takes_no_gigabytes(
    lesions: list[Lesion], written: dict[str, list[Path]]
) -> None:
    sources = read_sources(written["t1c"])
    many = boxes(200, lesions[0].affine)
    tracemalloc.start()
    try:
        made = export.segmentation(many, sources, algorithm=ALGORITHM)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.NumberOfFrames == 5 * len(many)
    one = len(sources.images) * int(sources.images[0].Rows) * int(sources.images[0].Columns)
    assert peak < 25 * one  # a byte a voxel and proposal alone is 200


def test_masks_that_share_voxels_are_each_whole(
    lesions: list[Lesion], written: dict[str, list[Path]]
) -> None:
    two = boxes(2, lesions[0].affine, step=3)
    two[1] = replace(two[1], offset=(two[0].offset[0], *two[1].offset[1:]))
    assert two[0].offset != two[1].offset
    seg = export.segmentation(two, written["t1c"], algorithm=ALGORITHM)
    by_segment = np.zeros(3, int)
    frames = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    for frame, group in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        by_segment[number] += int(frame.sum())
    assert by_segment.tolist() == [0, 125, 125]


@pytest.mark.parametrize("planes", [slice(1, 2), slice(None)])
def test_a_segmentations_spacing_is_the_series_where_no_header_says_it(
    planes: slice, lesions: list[Lesion], written: dict[str, list[Path]]
) -> None:
    """It is taken from the places of all planes, not of those that hold a lesion."""
    read = read_sources(written["t1c"])
    images = [pydicom.Dataset(each) for each in read.images]
    for each in images:
        del each["SpacingBetweenSlices"]
    told = replace(lesions[0], mask=lesions[0].mask[planes])
    seg = export.segmentation([told], Sources(tuple(images)), algorithm=ALGORITHM)
    (measures,) = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    there = [np.array(each.ImagePositionPatient, float) for each in read.images[:2]]
    assert float(measures.SpacingBetweenSlices) == pytest.approx(
        np.linalg.norm(there[1] - there[0])
    )


def comparable(made: pydicom.Dataset) -> list[str]:
    """What an object says, less times, the dimensions' own UID and the order of references."""
    copy = pydicom.Dataset(made)
    for name in ("InstanceCreationTime", "ContentTime", "ContributingEquipmentSequence"):
        del copy[name]
    (referenced,) = copy.ReferencedSeriesSequence
    for holder, name in ((copy, "SourceImageSequence"), (referenced, "ReferencedInstanceSequence")):
        holder[name].value = sorted(holder[name].value, key=lambda r: r.ReferencedSOPInstanceUID)
    copy["PixelData"].VR = "OB"  # which saving says
    pixels = copy.PixelData.hex()
    return [pixels, *(each for each in str(copy).splitlines() if "(0020,9164)" not in each)]


def test_headers_that_were_read_once_serve_both_objects(
    lesions: list[Lesion], seg: hd.seg.Segmentation, written: dict[str, list[Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    read = read_sources(written["t1c"][::-1])
    report = export.measurement_report(lesions, written["t1c"], seg, algorithm=ALGORITHM)
    monkeypatch.setattr(pydicom, "dcmread", lambda *_path, **_how: pytest.fail("read again"))
    again = export.segmentation(lesions, read, algorithm=ALGORITHM)
    assert comparable(again) == comparable(seg)
    told = export.measurement_report(lesions, read, seg, algorithm=ALGORITHM)
    assert told.SOPInstanceUID == report.SOPInstanceUID
    assert str(told.ContentSequence) == str(report.ContentSequence)


def test_the_order_of_files_does_not_matter(
    lesions: list[Lesion], seg: hd.seg.Segmentation, written: dict[str, list[Path]]
) -> None:
    shuffled = export.segmentation(lesions, written["t1c"][::-1], algorithm=ALGORITHM)
    assert shuffled.SOPInstanceUID == seg.SOPInstanceUID
    assert shuffled.PixelData == seg.PixelData


def test_the_report_measures_each_segment(
    lesions: list[Lesion], seg: hd.seg.Segmentation, written: dict[str, list[Path]], tmp_path: Path
) -> None:
    report = export.measurement_report(lesions, written["t1c"], seg, algorithm=ALGORITHM)
    report.save_as(tmp_path / "sr.dcm")
    groups = hd.sr.srread(tmp_path / "sr.dcm").content.get_volumetric_roi_measurement_groups()
    assert len(groups) == len(lesions)
    for group, lesion in zip(groups, lesions, strict=True):
        values = {each.name.meaning: each.value for each in group.get_measurements()}
        assert values["Volume"] == pytest.approx(lesion.volume_mm3, abs=0.01)
        assert values["Diameter"] == pytest.approx(lesion.diameter_mm, abs=0.01)
        assert values["Probability of cancer"] == pytest.approx(90)


def test_patient_of_the_source_is_kept_and_the_maker_named(seg: hd.seg.Segmentation) -> None:
    assert seg.PatientID.startswith("SYNTHETIC")
    assert seg.Manufacturer == "Readerstudy"
    assert seg.SegmentSequence[0].SegmentAlgorithmType == "AUTOMATIC"


def test_nothing_to_export_is_said(written: dict[str, list[Path]]) -> None:
    with pytest.raises(export.NothingToExport, match="no lesion"):
        export.segmentation([], written["t1c"])


def test_a_mask_of_another_series_is_refused(
    lesions: list[Lesion], written: dict[str, list[Path]]
) -> None:
    far = Lesion(lesions[0].mask, (10_000, 0, 0), lesions[0].affine, 0.5)
    with pytest.raises(ValueError, match="pass the files that it was drawn on"):
        export.segmentation([far], written["t1c"])


def test_a_single_lesion_is_reported_too(
    lesions: list[Lesion],
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    """A Segmentation of one segment names it once for all its frames."""
    one = export.segmentation(lesions[:1], written["t1c"])
    report = export.measurement_report(lesions[:1], written["t1c"], one)
    report.save_as(tmp_path / "sr.dcm")
    assert dicom_problems(tmp_path / "sr.dcm") == []
    assert one.SOPInstanceUID in str(report)


def test_report_and_segmentation_must_agree(
    lesions: list[Lesion], seg: hd.seg.Segmentation, written: dict[str, list[Path]]
) -> None:
    with pytest.raises(ValueError, match="give the same lesions to both"):
        export.measurement_report(lesions[:1], written["t1c"], seg)


@pytest.mark.parametrize("who", ["detector", "reader"])
def test_a_result_without_a_lesion_is_a_report_that_says_absent(
    who: str,
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    moment, path = datetime(2026, 1, 2, 12, 30), tmp_path / "sr.dcm"  # noqa: DTZ001 -- DICOM local time
    report = (
        export.absence_report(written["t1c"], algorithm=ALGORITHM, observed_at=moment)
        if who == "detector"
        else reader_report([], written["t1c"], reader="R01", key="read", observed_at=moment)
    )
    report.save_as(path)
    assert dicom_problems(path) == []
    (group,) = hd.sr.srread(path).content.get_image_measurement_groups()
    (said,) = group.get_qualitative_evaluations()
    assert group.finding_type.meaning == "Metastatic neoplasm"
    assert (said.name.meaning, said.value.meaning) == ("Presence", "Absent")
    assert (str(report.ContentDate), str(report.ContentTime)) == ("20260102", "123000")
    read = read_file(path)  # and another's software, which is what ours is to a PACS, reads none
    assert isinstance(read, vendor.Read)
    assert (read.is_report, read.measured) == (True, ())


@pytest.mark.parametrize(("rating", "levels", "unit"), [(80.0, 0, "%"), (4.0, 5, "{of_5}")])
def test_r3_a_readers_rating_leaves_with_its_scale(
    rating: float,
    levels: int,
    unit: str,
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    moment, path = datetime(2026, 1, 2, 12, 30), tmp_path / "sr.dcm"  # noqa: DTZ001 -- DICOM local time
    mark = ReaderMark(1, (0.0, 0.0, 0.0), None, rating, levels=levels)
    report = reader_report([mark], written["t1c"], reader="R01", key="read", observed_at=moment)
    report.save_as(path)
    assert dicom_problems(path) == []
    (group,) = hd.sr.srread(path).content.get_planar_roi_measurement_groups()
    (certainty,) = group.get_measurements()
    assert (certainty.value, certainty.unit.value) == (rating, unit)


def test_what_a_reader_drew_is_a_segmentation_with_the_marks_of_the_report(
    lesions: list[Lesion],
    written: dict[str, list[Path]],
    tmp_path: Path,
    dicom_problems: Callable[[Path], list[str]],
) -> None:
    moment = datetime(2026, 1, 2, 12, 30)  # noqa: DTZ001  DICOM local time
    told = {"reader": "R01", "key": "read"}
    drawn = [
        Drawing(number, each.offset, each.mask) for number, each in enumerate(lesions[:2], start=3)
    ]
    seg = reader_segmentation(drawn, written["t1c"][::-1], **told, drawn_at=moment)
    path = tmp_path / "seg.dcm"
    seg.save_as(path)
    assert dicom_problems(path) == []
    read = hd.seg.segread(path)
    uids = [pydicom.dcmread(each).SOPInstanceUID for each in written["t1c"]]
    back = read.get_pixels_by_source_instance(uids)
    for number, each in enumerate(lesions[:2]):
        whole = np.zeros(back.shape[:3], np.uint8)
        z, y, x = (slice(o, o + n) for o, n in zip(each.offset, each.mask.shape, strict=True))
        whole[z, y, x] = each.mask
        assert np.array_equal(back[..., number], whole)
    assert {each.SegmentAlgorithmType for each in read.SegmentSequence} == {"MANUAL"}
    assert [each.SegmentLabel for each in read.SegmentSequence] == ["Mark 3", "Mark 4"]
    assert (str(read.ContentCreatorName), str(read.ContentDate)) == ("R01^", "20260102")
    marks = [ReaderMark(each, (0.0, 0.0, 0.0), None, 50.0) for each in (3, 4)]
    reader_report(marks, written["t1c"], **told, observed_at=moment).save_as(path)
    groups = hd.sr.srread(path).content.get_planar_roi_measurement_groups()
    assert [each.TrackingUID for each in read.SegmentSequence] == [
        str(each.tracking_uid) for each in groups
    ]
    again = reader_segmentation(drawn, written["t1c"], **told, drawn_at=moment)
    assert again.SOPInstanceUID == seg.SOPInstanceUID
    with pytest.raises(export.NothingToExport):
        reader_segmentation([], written["t1c"], **told, drawn_at=moment)
    outside = Drawing(1, (len(written["t1c"]) - 1, 0, 0), np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="does not fit"):
        reader_segmentation([outside], written["t1c"], **told, drawn_at=moment)
