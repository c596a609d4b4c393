"""Data sets as XML, held against what dcmtk makes of the same files."""

import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_charset_files, get_testdata_file

from readerstudy.imaging import metadata
from readerstudy.imaging.dicomweb import native
from tests import dicom

NS = f"{{{native.NAMESPACE}}}"
NUMBERS = {"DS", "FD", "FL", "IS", "SL", "SS", "UL", "US"}
FILES = [
    "CT_small.dcm", "MR_small.dcm", "nested_priv_SQ.dcm",
    "reportsi.dcm", "chrGerm.dcm", "chrFren.dcm",
]  # fmt: skip


def told(root: Tree.Element) -> dict[str, Any]:
    """A model's elements by tag: their VR, keyword, creator and values, numbers as numbers."""
    return {
        each.attrib["tag"]: (
            each.attrib["vr"],
            each.attrib.get("keyword"),
            each.attrib.get("privateCreator"),
            *values(each),
        )
        for each in root
    }


def values(element: Tree.Element) -> list[Any]:
    """Empty values, binary ones and bulk data apart."""
    found: list[Any] = []
    for each in element:
        number = each.attrib.get("number")
        if each.tag == f"{NS}Item":
            found.append((number, told(each)))
        elif each.tag == f"{NS}PersonName":
            parts = [(part.tag.removeprefix(NS), (part.text or "").strip()) for part in each.iter()]
            found.append((number, [part for part in parts if part[1]]))
        elif each.tag == f"{NS}Value":
            text = (each.text or "").strip()
            is_number = element.attrib["vr"] in NUMBERS and text
            found.append((number, pytest.approx(float(text), rel=1e-6) if is_number else text))
    return found


def ours(data: Dataset) -> dict[str, Any]:
    document = metadata.document(data)
    return told(Tree.fromstring(native.document(document)))


def test_the_model_of_a_data_set_is_in_order_and_says_what_json_says() -> None:
    data = dicom.image(SpecificCharacterSet="ISO_IR 192", ImageComments="a < b & c\x1b")
    data.PatientName = "Zhang^Wei^^Dr=张^伟=ちょう"
    root = Tree.fromstring(native.document(metadata.document(data)))
    tags = [each.attrib["tag"] for each in root if "keyword" in each.attrib]
    assert tags == sorted(tags)
    found = told(root)
    assert found["00204000"] == ("LT", "ImageComments", None, ("1", "a < b & c"))
    ((_, name),) = found["00100010"][3:]
    assert name == [
        ("FamilyName", "Zhang"), ("GivenName", "Wei"), ("NamePrefix", "Dr"),
        ("FamilyName", "张"), ("GivenName", "伟"), ("FamilyName", "ちょう"),
    ]  # fmt: skip
    (pixels,) = root.findall(f"{NS}DicomAttribute[@tag='7FE00010']/{NS}BulkData")
    assert pixels.attrib["uri"].endswith("/bulkdata/7FE00010")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("A^B^C^D^E^F^G", ["A", "B", "C", "D", "E^F^G"]),
        ("A^^^^^F", ["A", "^F"]),
        ("A^B^^^^^", ["A", "B"]),
    ],
)
def test_components_of_a_name_beyond_five_stay_with_the_fifth(name: str, parts: list[str]) -> None:
    """Five there may be (PS3.5 6.2); dcmtk's dcm2xml keeps further ones so, too."""
    document = native.document({"00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}})
    ((_, told_parts),) = told(Tree.fromstring(document))["00100010"][3:]
    assert [text for _, text in told_parts] == parts


def test_an_empty_value_among_others_keeps_its_number() -> None:
    data = {"00081030": {"vr": "LO"}, "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "M"]}}
    found = told(Tree.fromstring(native.document(data)))
    assert found["00080008"][3:] == (("1", "ORIGINAL"), ("2", ""), ("3", "M"))
    assert found["00081030"] == ("LO", "StudyDescription", None)


def test_lines_end_in_xml_as_they_do_in_the_file() -> None:
    """A reader of XML takes a bare CR LF for LF (XML 1.0, 2.11); text of DICOM has CR LF."""
    data = dicom.image(ImageComments="one\r\ntwo\rthree")
    found = ours(data)
    assert found["00204000"] == ("LT", "ImageComments", None, ("1", "one\r\ntwo\rthree"))


def test_a_private_element_names_who_reserved_its_block() -> None:
    data = Dataset()
    block = data.private_block(0x0019, "A MAKER", create=True)
    block.add_new(0x02, "LO", "said")
    found = told(Tree.fromstring(native.document(data.to_json_dict())))
    assert found["00190002"] == ("LO", None, "A MAKER", ("1", "said"))
    assert found["00190010"] == ("LO", None, None, ("1", "A MAKER"))


@pytest.mark.dcmtk
@pytest.mark.parametrize("name", FILES)
def test_the_model_says_what_dcmtk_says(name: str, tmp_path: Path) -> None:
    source = get_testdata_file(name, download=False) or get_charset_files(name)[0]
    data = pydicom.dcmread(source)
    for each in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        if each not in data:
            setattr(data, each, "1.2.3")
    path = tmp_path / "plain.dcm"
    data.save_as(path, enforce_file_format=False)
    made = subprocess.run(
        ["dcm2xml", "--native-format", "--use-xml-namespace", "--load-short", "--quiet", str(path)],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    theirs = told(Tree.fromstring(made))
    found = ours(data)
    for each in (found, theirs):
        each.pop("7FE00010", None)  # ours is an address
    assert len(theirs) > 2
    assert found == theirs
