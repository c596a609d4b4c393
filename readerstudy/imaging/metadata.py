"""Instances' attributes as DICOM JSON (PS3.18 F), with a mark where an address will be. Pure."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydicom
from pydicom import DataElement, Dataset

# What follows is the path under the DICOMweb service. In JSON a quote within a value is escaped:
# no value can look like this mark.
BULK_MARK = '"BulkDataURI":"@/'
_PIXELS = 0x7FE00010


def text(paths: Iterable[Path]) -> bytes:
    """The files' data sets without pixels as a JSON list."""
    return text_of(pydicom.dcmread(path, stop_before_pixels=True) for path in paths)


def text_of(files: Iterable[Dataset]) -> bytes:
    """Data sets without pixels as a JSON list; an element that files share is written once."""
    known: dict[int, tuple[DataElement, str]] = {}  # with the element, whose id lives as it does
    return ("[" + ",".join(_text(each, known) for each in files) + "]").encode()


def _text(file: Dataset, known: dict[int, tuple[DataElement, str]]) -> str:
    members = []
    for element in file:
        if id(element) not in known:
            known[id(element)] = (element, _member(element.tag, _json(element)))
        members.append(known[id(element)][1])
    return "{" + ",".join([*members, _member(_PIXELS, _reference(file))]) + "}"


def _member(tag: int, value: dict[str, Any]) -> str:
    return f'"{tag:08X}":{json.dumps(value, separators=(",", ":"))}'


def _json(element: DataElement) -> dict[str, Any]:
    made: dict[str, Any] = element.to_json_dict(None, 0)
    return made


def document(file: Dataset) -> dict[str, Any]:
    """One data set; its pixel data as a reference."""
    made: dict[str, Any] = file.to_json_dict()
    return made | {f"{_PIXELS:08X}": _reference(file)}


def place_of_pixels(study: str, series: str, instance: str) -> str:
    """Where an instance's pixel data is had, below the DICOMweb service, by its UIDs."""
    return f"studies/{study}/series/{series}/instances/{instance}/bulkdata/{_PIXELS:08X}"


def _reference(file: Dataset) -> dict[str, Any]:
    path = place_of_pixels(file.StudyInstanceUID, file.SeriesInstanceUID, file.SOPInstanceUID)
    representation = "OW" if int(file.get("BitsAllocated", 16)) > 8 else "OB"  # noqa: PLR2004
    return {"vr": representation, "BulkDataURI": f"@/{path}"}
