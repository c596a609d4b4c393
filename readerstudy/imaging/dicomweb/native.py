"""Data sets as XML: the Native DICOM Model (PS3.19 A.1), made from their JSON (PS3.18 F). Pure."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

from pydicom.datadict import keyword_for_tag

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# By a name's components, in their order (PS3.5 6.2.1.1).
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
# What XML 1.0 (2.2) cannot hold, even escaped; in DICOM it is an escape that nobody decoded.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PRIVATE_BLOCK = 0x1000


def document(data: Mapping[str, Any]) -> bytes:
    """A data set as a document of its own, in UTF-8.

    Parameters
    ----------
    data
        The data set as DICOM JSON: by tag, each with `vr` and `Value`, `BulkDataURI`,
        `InlineBinary` or nothing.
    """
    root = Tree.Element("NativeDicomModel", {"xmlns": NAMESPACE, _SPACE: "preserve"})
    _fill(root, data)
    made: bytes = Tree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return made.replace(b"\r", b"&#13;")  # a bare one is read as a line feed (XML 1.0, 2.11)


def _fill(parent: Tree.Element, data: Mapping[str, Any]) -> None:
    for tag, element in sorted(data.items()):
        vr = element["vr"]
        about = {"tag": tag, "vr": vr}
        if keyword := keyword_for_tag(tag):
            about["keyword"] = keyword
        if creator := _creator(tag, data):  # the number of its block says nothing then
            about |= {"tag": f"{tag[:4]}00{tag[6:]}", "privateCreator": creator}
        made = Tree.SubElement(parent, "DicomAttribute", about)
        if uri := element.get("BulkDataURI"):
            Tree.SubElement(made, "BulkData", {"uri": _text(uri)})
        elif binary := element.get("InlineBinary"):
            Tree.SubElement(made, "InlineBinary").text = binary
        for number, value in enumerate(element.get("Value", ()), start=1):
            _add(made, vr, {"number": str(number)}, value)


def _creator(tag: str, data: Mapping[str, Any]) -> str:
    """Who has reserved the block of a private element (PS3.5 7.8.1); "" for what is not private."""
    group, number = tag[:4], int(tag[4:], 16)
    if int(group, 16) % 2 == 0 or number < _PRIVATE_BLOCK:
        return ""
    values = data.get(f"{group}00{number >> 8:02X}", {}).get("Value") or [""]
    return _text(values[0])


def _add(made: Tree.Element, vr: str, number: dict[str, str], value: Any) -> None:
    """One value; of an empty one among others only the number."""
    if vr == "SQ":
        _fill(Tree.SubElement(made, "Item", number), value or {})
    elif vr == "PN":
        if any((each or "").strip("^") for each in (value or {}).values()):
            _name(Tree.SubElement(made, "PersonName", number), value)
    else:
        Tree.SubElement(made, "Value", number).text = "" if value is None else _text(value)


def _name(made: Tree.Element, value: Mapping[str, str]) -> None:
    for group in _GROUPS:
        if not (text := value.get(group)):
            continue
        inside = Tree.SubElement(made, group)
        # A sixth component is against PS3.5 6.2: it stays with the fifth, as it was written, so
        # that nothing of a name is lost and who joins the parts by "^" has the name that came.
        parts = text.rstrip("^").split("^", len(_COMPONENTS) - 1)
        for component, part in zip(_COMPONENTS, parts, strict=False):
            if part:
                Tree.SubElement(inside, component).text = _text(part)


def _text(value: Any) -> str:
    return _FORBIDDEN.sub("", str(value))
