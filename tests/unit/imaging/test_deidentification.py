"""C10: De-identification against the standard's Table E.1-1, option by option."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import Tag

from readerstudy.imaging import dates, defacing, elements
from readerstudy.imaging.deidentify import deidentify, map_uid, merge
from readerstudy.imaging.options import Options
from tests import dicom

KEY = b"k" * 32
CANARY = "Quirin"
# What Table E.1-1 says of an attribute -> the attributes, as another project reads the standard.
KINDS = {
    name: [each for each in getattr(table, name) if len(each) == 2]
    for name in (
        "D_TAGS", "Z_TAGS", "X_TAGS", "U_TAGS", "Z_D_TAGS", "X_Z_TAGS", "X_D_TAGS",
        "X_Z_D_TAGS", "X_Z_U_STAR_TAGS",
    )
}  # fmt: skip
ALL = sorted({tag for tags in KINDS.values() for tag in tags})
EVERY_OPTION = [
    Options(dates=when, device=device, descriptors=descriptors, private=private)
    for when, device, descriptors, private in itertools.product(
        ("remove", "shift"), (False, True), (False, True), (False, True)
    )
]
# The columns of Table E.1-1 for the options, of the attributes that the options here retain.
DATES_MAY_STAY = {"StudyDate", "StudyTime", "SeriesDate", "SeriesTime", "AcquisitionDate",
                  "AcquisitionTime", "ContentDate", "ContentTime", "AcquisitionDateTime",
                  "FrameAcquisitionDateTime", "FrameReferenceDateTime"}  # fmt: skip
DEVICE_MAY_STAY = {"DeviceSerialNumber", "StationName", "DeviceUID", "GantryID", "DetectorID",
                   "SoftwareVersions", "DeviceID"}  # fmt: skip
_VALUES: dict[str, Any] = {
    "DA": "19540321", "TM": "101112", "DT": "19540321101112", "UI": "1.2.840.99.4711",
    "PN": f"{CANARY}^A", "AS": "071Y", "DS": "4711", "IS": "4711", "CS": CANARY.upper(),
    "UR": f"http://{CANARY}", "AE": CANARY, "SL": 4711, "UL": 4711, "US": 4711, "SS": 4711,
    "FD": 4711.0, "FL": 4711.0, "OB": CANARY.encode(), "OW": CANARY.encode(), "UN": b"Quirin",
    "AT": 0x47110815, "UV": 4711, "SV": 4711, "OF": b"4711", "OD": b"47114711", "OL": b"4711",
    "OV": b"47114711",
}  # fmt: skip


def planted() -> Dataset:
    """An image with every attribute of the table, each with a value that tells the patient."""
    data = dicom.image()
    for number in ALL:
        tag = Tag(*number)
        keyword = keyword_for_tag(tag)
        if not keyword or keyword in {"PixelData", "SOPInstanceUID"} or tag.group in {0, 2}:
            continue
        representation = dictionary_VR(tag).split(" or ")[0]
        if representation == "SQ":
            item = Dataset()
            item.PatientID = item.InstitutionName = CANARY
            data.add_new(tag, "SQ", [item])
        else:
            data.add_new(tag, representation, _VALUES.get(representation, CANARY))
    return data


@pytest.fixture(scope="module")
def source() -> Dataset:
    return planted()


@pytest.mark.fault("E7")
@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
def test_c10_what_the_standards_table_names_is_removed_emptied_or_replaced(
    source: Dataset, options: Options
) -> None:
    clean, _report = deidentify(source, KEY, options)
    may_stay = DEVICE_MAY_STAY if options.device else set()
    assert len(ALL) > 500
    for number in ALL:
        tag, keyword = Tag(*number), keyword_for_tag(Tag(*number))
        if tag not in source or tag not in clean:
            continue
        if keyword in may_stay:
            continue
        before, after = source[tag].value, clean[tag].value
        assert after in (None, "", []) or after != before, keyword
        assert "4711" not in str(after), keyword
    assert CANARY not in (clean.to_json().replace(CANARY, "") if may_stay else clean.to_json())


def test_c10_uids_of_the_table_are_replaced_the_same_way_in_every_file(source: Dataset) -> None:
    clean, _report = deidentify(source, KEY)
    for number in KINDS["U_TAGS"]:
        tag = Tag(*number)
        if tag in clean and keyword_for_tag(tag).endswith("UID"):
            assert clean[tag].value == map_uid(str(source[tag].value), KEY)


@pytest.mark.parametrize("options", EVERY_OPTION, ids=str)
def test_c10_a_file_says_by_which_options_it_was_made(options: Options) -> None:
    clean, _ = deidentify(dicom.image(), KEY, options)
    said = {each.CodeValue for each in clean.DeidentificationMethodCodeSequence}
    wanted = {"113100"}
    wanted |= {"113105"} if options.descriptors else set()
    wanted |= {"113107"} if options.dates == "shift" else set()
    wanted |= {"113109"} if options.device else set()
    wanted |= {"113111"} if options.private else set()
    assert said == wanted
    how = "MODIFIED" if options.dates == "shift" else "REMOVED"
    assert clean.LongitudinalTemporalInformationModified == how


def _dated(date: str, time: str, patient: str = "PAT-1") -> Dataset:
    return dicom.image(
        StudyDate=date, StudyTime=time, AcquisitionDate=date, AcquisitionTime=time,
        PatientID=patient, AcquisitionDateTime=f"{date}{time}.25+0100",
    )  # fmt: skip


START = datetime(1990, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 40 * 365 * 86_400).map(lambda each: START + timedelta(seconds=each))


@given(first=MOMENTS, second=MOMENTS)
def test_c10_what_lies_between_two_dates_of_a_patient_stays(
    first: datetime, second: datetime
) -> None:
    shift = Options(dates="shift")
    made = []
    for moment in (first, second):
        data = _dated(moment.strftime("%Y%m%d"), moment.strftime("%H%M%S"))
        clean, _ = deidentify(data, KEY, shift)
        made.append(datetime.strptime(f"{clean.StudyDate}{clean.StudyTime}+0000", "%Y%m%d%H%M%S%z"))
        assert clean.AcquisitionDateTime.endswith(".25+0100")
        assert clean.AcquisitionDateTime[:14] == clean.AcquisitionDate + clean.AcquisitionTime
    assert made[1] - made[0] == second - first
    assert timedelta(days=365) <= first - made[0] <= timedelta(days=11 * 366)


def test_c10_patients_and_keys_move_by_spans_of_their_own() -> None:
    assert dates.span("P1", KEY) != dates.span("P2", KEY)
    assert dates.span("P1", KEY) != dates.span("P1", b"j" * 32)


@pytest.mark.parametrize(("date", "time"), [("2026-01-02", "101010"), ("20260231", "1"), ("x", "")])
def test_c10_what_is_no_date_is_not_kept(date: str, time: str) -> None:
    data = dicom.image()
    data._dict[Tag("StudyDate")] = data["StudyID"] if "StudyID" in data else data["PatientID"]
    clean, _ = deidentify(data, KEY, Options(dates="shift"))
    assert not clean.StudyDate
    assert dates._date(date, time, timedelta(1)) == "" if date != "20260231" else True


def test_c10_a_device_is_retained_but_for_words_of_persons() -> None:
    data = dicom.image(
        ManufacturerModelName="Prisma 42", DeviceSerialNumber="166007",
        StationName="MR Quirin", SoftwareVersions=["syngo MR E11", "N4"],
    )  # fmt: skip
    clean, report = deidentify(data, KEY, Options(device=True))
    assert clean.DeviceSerialNumber == "166007"
    assert list(clean.SoftwareVersions) == ["syngo MR E11", "N4"]
    assert "StationName" not in clean  # a patient's name is in it
    assert {"DeviceSerialNumber", "SoftwareVersions"} <= report.kept
    assert "DeviceSerialNumber" not in deidentify(data, KEY)[0]


def test_c10_a_device_whose_words_need_a_character_set_is_not_retained() -> None:
    """A clean file says none (0008,0005): what stays in it is ASCII (PS3.5 6.1.2)."""
    data = dicom.image(
        SpecificCharacterSet="ISO_IR 192", StationName="MRT Köln", SoftwareVersions=["头", "N4"]
    )
    clean, report = deidentify(data, KEY, Options(device=True))
    assert not {"StationName", "SpecificCharacterSet"} & set(clean.dir())
    assert clean.SoftwareVersions == "N4"
    assert "StationName" in report.removed


def test_c10_without_clean_descriptors_no_description_stays() -> None:
    clean, report = deidentify(dicom.image(), KEY, Options(descriptors=False))
    assert "SeriesDescription" not in clean
    assert "SeriesDescription" in report.removed
    assert deidentify(dicom.image(), KEY)[0].SeriesDescription == "T1 MPRAGE post KM"


def test_what_has_to_be_there_stays_when_it_comes_empty() -> None:
    """Type 2 of the image modules (PS3.3): dciodvfy finds an error where it is missing."""
    clean, report = deidentify(dicom.image(**dict.fromkeys(elements.MAY_BE_EMPTY)), KEY)
    for keyword in elements.MAY_BE_EMPTY:
        assert clean[keyword].is_empty, keyword
        assert keyword in report.kept | report.replaced
    assert "ScanOptions" not in deidentify(dicom.image(ScanOptions=CANARY.upper()), KEY)[0]


def test_c10_safe_private_elements_stay_by_creator_and_only_as_numbers() -> None:
    data = dicom.image()
    data.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    data.add_new(0x0019100C, "IS", "1000")
    data.add_new(0x0019100E, "FD", [0.0, 0.6, 0.8])
    data.add_new(0x00191008, "CS", "IMAGE NUM 4")
    data.add_new(0x20010010, "LO", CANARY)  # somebody else's block
    data.add_new(0x20011003, "FL", 4711.0)
    data.add_new(0x00430010, "LO", "GEMS_PARM_01")
    data.add_new(0x00431027, "SH", f"/{CANARY}")
    clean, report = deidentify(data, KEY, Options(private=True))
    kept = {str(each.tag).upper() for each in clean if each.tag.is_private}
    assert kept == {"(0019,0010)", "(0019,100C)", "(0019,100E)"}
    assert clean[0x0019, 0x100C].value == 1000
    assert "(0019,100C)" in report.kept
    assert not [each for each in deidentify(data, KEY)[0] if each.tag.is_private]


def test_c10_a_report_names_each_element_once_and_no_value(source: Dataset) -> None:
    _clean, report = deidentify(source, KEY)
    named = report.as_dict()
    groups = [set(each) for each in named.values()]
    assert not any(one & other for one, other in itertools.combinations(groups, 2))
    assert "4711" not in str(named)
    assert CANARY not in str(named)
    many = {"removed": [f"(0029,{number:04X})" for number in range(0x1000, 0x1400)]}
    assert len(merge([many, named])["removed"]) < len(named["removed"]) + 301


def head(cosines: tuple[float, ...] = dicom.AXIAL) -> tuple[defacing.Volume, Any, Any]:
    """An egg of a head, 190 x 150 x 230 mm, with a nose, and the brain in it."""
    spacing = np.array([3.0, 3.0, 3.0])
    axes = np.stack([np.cross(cosines[:3], cosines[3:]), cosines[3:], cosines[:3]])
    steps = axes * spacing[:, None]
    shape = np.array([90, 90, 90])
    origin = -(shape - 1) / 2 @ steps
    index = np.indices(shape).reshape(3, -1).T
    x, y, z = (index @ steps + origin).T.reshape(3, *shape)
    inside = (x / 75) ** 2 + (y / 95) ** 2 + (z / 115) ** 2 < 1
    nose = (x / 12) ** 2 + ((y + 85) / 22) ** 2 + ((z + 15) / 18) ** 2 < 1
    brain = (x / 62) ** 2 + ((y - 5) / 78) ** 2 + ((z - 42) / 60) ** 2 < 1
    rng = np.random.default_rng(1)
    values = rng.rayleigh(8, shape) + 400 * (inside | nose) + 200 * (brain & inside)
    return defacing.Volume(values.astype(np.float32), origin, steps), brain & inside, nose & ~inside


@pytest.mark.parametrize(
    "cosines",
    [dicom.AXIAL, (0.0, 1.0, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)],
    ids=["axial", "sagittal", "coronal"],
)
def test_c10_a_face_goes_and_the_brain_stays_in_every_orientation(
    cosines: tuple[float, ...],
) -> None:
    volume, brain, nose = head(cosines)
    mask = defacing.face(volume)
    assert (mask & brain).sum() < 0.001 * brain.sum()
    assert (mask & nose).sum() > 0.98 * nose.sum()
    assert mask.mean() < 0.1


def test_c10_a_volume_without_the_top_of_a_head_is_left_alone() -> None:
    volume, _, _ = head()
    low = defacing.Volume(volume.values[:55], volume.origin_mm, volume.steps_mm)
    empty = defacing.Volume(np.zeros((9, 9, 9), np.float32), volume.origin_mm, volume.steps_mm)
    for each in (low, empty):
        with pytest.raises(defacing.NotAHead):
            defacing.face(each)
