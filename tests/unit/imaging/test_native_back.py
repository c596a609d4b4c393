"""Data sets as XML, read back: what DICOM JSON says of every file that pydicom ships is in it."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import pydicom
import pytest
from pydicom.data.data_manager import DATA_ROOT

from readerstudy.imaging.dicomweb import native

NS = f"{{{native.NAMESPACE}}}"
NAME = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
# pydicom cannot say badVR.dcm as JSON: a number in it is none.
FILES = sorted(each for each in Path(DATA_ROOT).rglob("*.dcm") if each.name != "badVR.dcm")


def read(root: Tree.Element) -> dict[str, Any]:
    """DICOM JSON of a model; private elements back in the block that their creator reserved."""
    blocks: dict[tuple[str, str], str] = {}
    found: dict[str, Any] = {}
    for each in root:
        tag, creator = each.attrib["tag"], each.attrib.get("privateCreator")
        values = [
            value(one) for one in each if one.tag not in {f"{NS}BulkData", f"{NS}InlineBinary"}
        ]
        if creator is not None:
            tag = f"{tag[:4]}{blocks[tag[:4], creator]}{tag[6:]}"
        elif int(tag[3], 16) % 2 and tag[4:6] == "00" and values:
            blocks.setdefault((tag[:4], str(values[0])), tag[6:])
        made = {"vr": each.attrib["vr"]} | ({"Value": values} if values else {})
        if binary := each.findtext(f"{NS}InlineBinary"):
            made["InlineBinary"] = binary
        found[tag] = made
    return found


def value(one: Tree.Element) -> Any:
    if one.tag == f"{NS}Item":
        return read(one)
    if one.tag == f"{NS}PersonName":
        return {group.tag.removeprefix(NS): name(group) for group in one}
    return one.text or ""


def name(group: Tree.Element) -> str:
    return "^".join(group.findtext(f"{NS}{each}") or "" for each in NAME).rstrip("^")


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON with what XML writes alike: numbers as text, nothing for what is empty."""
    found: dict[str, Any] = {}
    for tag, element in data.items():
        values = [one(element["vr"], each) for each in element.get("Value", ())]
        values = [each for each in values if element["vr"] != "PN" or each]
        made = {"vr": element["vr"]} | ({"Value": values} if values else {})
        if element.get("InlineBinary"):
            made["InlineBinary"] = element["InlineBinary"]
        found[tag] = made
    return found


def one(vr: str, each: Any) -> Any:
    if vr == "SQ":
        return plain(each or {})
    if vr == "PN":
        groups = {group: text.rstrip("^") for group, text in (each or {}).items()}
        return {group: text for group, text in groups.items() if text}
    return "" if each is None else str(each)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")
def test_what_json_says_is_in_the_model(path: Path) -> None:
    data = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    said = data.to_json_dict()
    assert read(Tree.fromstring(native.document(said))) == plain(said)
