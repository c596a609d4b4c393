"""Results of another maker's AI: SEG, SR and tables, as makers write them, come back as lesions."""

import json
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from highdicom import sr
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from inference import export, vendor
from inference.lesions import Extent, Lesion
from inference.phantom import PhantomCase
from inference.vendor import tables
from inference.vendor.reading import read_file
from inference.vendor.structures import read as read_structures

MAKER = export.Algorithm("acme-detect", "3.1")


@pytest.fixture(scope="module")
def grid(case: PhantomCase) -> vendor.Grid:
    t1c = case.series["t1c"]
    z, y, x = t1c.voxels.shape
    return vendor.Grid(t1c.affine, (z, y, x))


@pytest.fixture(scope="module")
def lesions(case: PhantomCase, grid: vendor.Grid) -> list[Lesion]:
    return [
        Lesion(each.mask, each.offset, grid.affine, 0.9 - number / 10)
        for number, each in enumerate(case.lesions)
    ]


@pytest.fixture(scope="module")
def delivered(
    lesions: list[Lesion], written: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A Segmentation with a segment a lesion, and the report that measures it."""
    folder = tmp_path_factory.mktemp("delivered")
    seg = export.segmentation(lesions, written["t1c"], algorithm=MAKER)
    report = export.measurement_report(lesions, written["t1c"], seg, algorithm=MAKER)
    found = {"seg": folder / "seg.dcm", "sr": folder / "sr.dcm"}
    seg.save_as(found["seg"])
    report.save_as(found["sr"])
    return found


def _same(placed: Extent, lesion: Extent) -> bool:
    return placed.offset == lesion.offset and np.array_equal(placed.mask, lesion.mask)


def test_a_segmentation_and_its_report_give_the_lesions_back_to_the_voxel(
    delivered: dict[str, Path], lesions: list[Lesion], grid: vendor.Grid
) -> None:
    result = vendor.combine([read_file(path) for path in delivered.values()])
    assert [each.probability for each in result.lesions] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    for found, lesion in zip(result.lesions, lesions, strict=True):
        assert _same(vendor.place(found, grid), lesion)


def test_a_segmentation_alone_gives_lesions_without_a_probability(
    delivered: dict[str, Path], lesions: list[Lesion], grid: vendor.Grid
) -> None:
    result = vendor.combine([read_file(delivered["seg"])])
    assert {each.probability for each in result.lesions} == {None}
    placed = [vendor.place(each, grid) for each in result.lesions]
    assert sum(each.mask.sum() for each in placed) == sum(each.mask.sum() for each in lesions)


def test_one_segment_for_all_lesions_is_split_where_they_do_not_touch(
    lesions: list[Lesion], written: dict[str, list[Path]], grid: vendor.Grid, tmp_path: Path
) -> None:
    whole = _whole(lesions, grid)
    path = _segmentation(whole, written["t1c"], tmp_path)
    result = vendor.combine([read_file(path)])
    assert len(result.lesions) == len(lesions)
    placed = [vendor.place(each, grid) for each in result.lesions]
    for lesion in lesions:
        assert any(_same(each, lesion) for each in placed)


def test_a_fractional_segmentation_is_cut_at_one_half(
    lesions: list[Lesion], written: dict[str, list[Path]], grid: vendor.Grid, tmp_path: Path
) -> None:
    whole = _whole(lesions, grid).astype(np.float64)
    faint = np.where(whole > 0, 0.9, 0.3)
    path = _segmentation(faint, written["t1c"], tmp_path, fractional=True)
    assert len(read_file(path).segments) == len(lesions)


def test_a_report_with_places_alone_gives_balls(
    lesions: list[Lesion], written: dict[str, list[Path]], grid: vendor.Grid, tmp_path: Path
) -> None:
    path = tmp_path / "points.dcm"
    _points_report(lesions, written["t1c"]).save_as(path)
    read = read_file(path)
    result = vendor.combine([read])
    source = pydicom.dcmread(written["t1c"][0])
    assert result.study_uid == source.StudyInstanceUID
    assert read.frames_of_reference == {source.FrameOfReferenceUID}
    for found, lesion in zip(result.lesions, lesions, strict=True):
        placed = vendor.place(found, grid)
        assert found.diameter_mm == pytest.approx(lesion.diameter_mm, abs=0.01)
        assert np.linalg.norm(np.subtract(placed.centroid_mm, lesion.centroid_mm)) < 1
        assert found.probability == pytest.approx(lesion.probability)


def test_voxels_on_another_grid_lie_at_the_same_place(
    lesions: list[Lesion], grid: vendor.Grid
) -> None:
    """Turned by 90 degrees with voxels of 0.5 mm: as a maker may resample."""
    lesion = max(lesions, key=lambda each: int(each.mask.sum()))
    fine = np.zeros((4, 4))
    fine[:3, :3] = np.array([[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0.5]])
    fine[:3, 3] = np.array(lesion.centroid_mm) - 20
    fine[3, 3] = 1
    index = np.stack(np.meshgrid(*[np.arange(80)] * 3, indexing="ij"), axis=-1)
    at = (index @ fine[:3, :3].T + fine[:3, 3]) @ np.linalg.inv(grid.affine)[:3, :3].T
    at += np.linalg.inv(grid.affine)[:3, 3]
    whole = _whole([lesion], grid)
    mask = whole[tuple(np.rint(at).astype(int).reshape(-1, 3).T)].reshape(80, 80, 80)
    moved = vendor.place(vendor.Delivered(0.5, extent=Extent(mask, (0, 0, 0), fine)), grid)
    assert np.linalg.norm(np.subtract(moved.centroid_mm, lesion.centroid_mm)) < 0.5
    assert moved.volume_mm3 == pytest.approx(lesion.volume_mm3, rel=0.15)


def test_an_rt_structure_set_gives_its_gross_tumour_volumes(
    lesions: list[Lesion], written: dict[str, list[Path]], grid: vendor.Grid, tmp_path: Path
) -> None:
    """As planning of radiosurgery draws them; brain and eyes in the same file are no lesions."""
    path = _structures(lesions, written["t1c"], tmp_path)
    read = read_file(path)
    assert len(read.segments) == len(lesions)
    result = vendor.combine([read])
    found = sorted((vendor.place(each, grid) for each in result.lesions), key=_volume)
    for placed, lesion in zip(found, sorted(lesions, key=_volume), strict=True):
        assert np.linalg.norm(np.subtract(placed.centroid_mm, lesion.centroid_mm)) < 1
        assert placed.volume_mm3 == pytest.approx(lesion.volume_mm3, rel=0.35)


def test_a_real_structure_set_without_lesions_says_how_to_name_them() -> None:
    """From pydicom's test files: an outline of the patient and two isocentres."""
    source = get_testdata_file("rtstruct.dcm", download=False)
    structures = pydicom.dcmread(source, force=True)
    with pytest.raises(vendor.UnusableResult, match="set the type GTV"):
        read_structures(structures)


def test_what_lies_outside_the_series_is_refused(grid: vendor.Grid) -> None:
    away = vendor.Delivered(0.5, centre_mm=(900.0, 0.0, 0.0), diameter_mm=8.0)
    with pytest.raises(vendor.UnusableResult, match="outside"):
        vendor.place(away, grid)


def test_a_report_without_its_segmentation_says_what_is_missing(
    delivered: dict[str, Path],
) -> None:
    with pytest.raises(vendor.UnusableResult, match="deliver both together"):
        vendor.combine([read_file(delivered["sr"])])


def test_results_of_two_examinations_are_not_mixed(delivered: dict[str, Path]) -> None:
    read = read_file(delivered["seg"])
    other = replace(read, study_uid=str(generate_uid()))
    assert len(vendor.by_examination([read, other])) == 2
    with pytest.raises(vendor.UnusableResult, match="several examinations"):
        vendor.combine([read, other])


def test_what_is_read_survives_the_pipe_between_processes(delivered: dict[str, Path]) -> None:
    for path in delivered.values():
        read = read_file(path)
        back = vendor.Read.from_json(json.loads(json.dumps(read.to_json())))
        assert back.measured == read.measured
        assert back.study_uid == read.study_uid
        for one, other in zip(back.segments, read.segments, strict=True):
            assert _same(one.extent, other.extent)
            assert np.allclose(one.extent.affine, other.extent.affine)


@pytest.mark.parametrize("what", ["image", "text", "cut off"])
def test_other_files_are_refused_in_words_that_quote_nothing(
    what: str, delivered: dict[str, Path], written: dict[str, list[Path]], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    data = {
        "image": written["t1c"][0].read_bytes(),
        "text": b"DOE^JANE has a lesion",
        "cut off": delivered["seg"].read_bytes()[:3000],
    }[what]
    path.write_bytes(data)
    with pytest.raises(vendor.UnusableResult) as refused:
        read_file(path)
    assert "SYNTHETIC" not in str(refused.value)
    assert "JANE" not in str(refused.value)


def test_a_table_is_read_by_case_and_an_empty_row_says_nothing_was_found(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(
        "case,x_mm,y_mm,z_mm,diameter_mm,probability\n"
        "C01,10,-20.5,30,6,0.8\nC01,0,0,0,4,\nC02,,,,,\n"
    )
    found = tables.read(path)
    assert [each.probability for each in found["C01"]] == [0.8, None]
    assert list(found["C01"][0].centre_mm) == [10, -20.5, 30]
    assert found["C02"] == ()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("C01,10,20,30,0,0.5", "line 2: the diameter is 0 mm"),
        ("C01,ten,20,30,5,0.5", "line 2: x_mm is no number"),
        ("C01,nan,20,30,5,0.5", "line 2: x_mm is no number"),
        ("C01,10,20,30,5,80", "line 2: the probability is 80"),
        (",10,20,30,5,0.5", "line 2 names no case"),
        ("C01,1,2,3,5,0.5\nC01,,,,,", "says there is none"),
    ],
)
def test_a_wrong_line_of_a_table_is_named(row: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(f"case,x_mm,y_mm,z_mm,diameter_mm,probability\n{row}\n")
    with pytest.raises(vendor.UnusableResult, match=words):
        tables.read(path)


def _whole(
    lesions: list[Lesion], grid: vendor.Grid
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    whole = np.zeros(grid.shape, np.uint8)
    for each in lesions:
        z, y, x = (slice(o, o + n) for o, n in zip(each.offset, each.mask.shape, strict=True))
        whole[z, y, x] |= each.mask
    return whole


def _segmentation(
    pixels: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]",
    sources: list[Path],
    folder: Path,
    *,
    fractional: bool = False,
) -> Path:
    """As another maker would write it: one segment, another manufacturer, other UIDs."""
    kind = hd.seg.SegmentationTypeValues
    seg = hd.seg.Segmentation(
        source_images=[pydicom.dcmread(path) for path in sources],
        pixel_array=pixels,
        segmentation_type=kind.FRACTIONAL if fractional else kind.BINARY,
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=1,
                segment_label="Lesions",
                segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                segmented_property_type=codes.SCT.Lesion,
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                algorithm_identification=MAKER.identification,
            )
        ],
        series_instance_uid=generate_uid(),
        series_number=77,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Acme",
        manufacturer_model_name="Detect",
        software_versions="3.1",
        device_serial_number="7",
    )
    path = folder / "acme.dcm"
    seg.save_as(path)
    return path


def _volume(extent: Extent) -> float:
    return extent.volume_mm3


def _structures(lesions: list[Lesion], sources: list[Path], folder: Path) -> Path:
    """Contours of each lesion's slices, as a planning system writes them."""
    source = pydicom.dcmread(sources[0])
    data = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    data.SOPInstanceUID = generate_uid()
    data.StudyInstanceUID = source.StudyInstanceUID
    data.Modality = "RTSTRUCT"
    names = ["Brain", *(f"GTV {n}" for n in range(1, len(lesions) + 1))]
    data.StructureSetROISequence = [
        _item(ROINumber=n, ROIName=name, ReferencedFrameOfReferenceUID=source.FrameOfReferenceUID)
        for n, name in enumerate(names)
    ]
    data.RTROIObservationsSequence = [
        _item(ReferencedROINumber=n, RTROIInterpretedType="GTV" if n else "ORGAN")
        for n in range(len(names))
    ]
    data.ROIContourSequence = [
        _item(
            ReferencedROINumber=n,
            ContourSequence=[
                _item(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(line),
                    ContourData=[round(value, 3) for point in line for value in point],
                )
                for line in _axial(lesion)
            ],
        )
        for n, lesion in enumerate(lesions, start=1)
    ]
    path = folder / "structures.dcm"
    data.save_as(path, enforce_file_format=True)
    return path


def _axial(lesion: Lesion) -> list[list[list[float]]]:
    """The lesion's contours with each in one plane, as of an axial acquisition."""
    lines = lesion.contours_mm()
    heights = [float(np.mean([point[2] for point in line])) for line in lines]
    return [
        [[x, y, round(height, 1)] for x, y, _z in line]
        for line, height in zip(lines, heights, strict=True)
    ]


def _item(**values: object) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _points_report(lesions: list[Lesion], sources: list[Path]) -> sr.Comprehensive3DSR:
    images = [pydicom.dcmread(path) for path in sources]
    frame = images[0].FrameOfReferenceUID
    groups = [
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(), identifier=f"L{number}"),
            referenced_region=sr.ImageRegion3D(
                graphic_type=sr.GraphicTypeValues3D.POINT,
                graphic_data=np.array([each.centroid_mm]),
                frame_of_reference_uid=frame,
            ),
            measurements=[
                sr.Measurement(
                    name=codes.SCT.Diameter,
                    value=round(each.diameter_mm, 2),
                    unit=codes.UCUM.Millimeter,
                ),
                sr.Measurement(
                    name=codes.DCM.CertaintyOfFinding,
                    value=round(100 * each.probability, 1),
                    unit=codes.UCUM.Percent,
                ),
            ],
        )
        for number, each in enumerate(lesions)
    ]
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(uid=generate_uid()),
    )
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return sr.Comprehensive3DSR(
        evidence=images,
        content=report[0],
        series_instance_uid=generate_uid(),
        series_number=78,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Acme",
    )
