"""Instances' attributes as DICOM JSON (PS3.18 F), with a mark where an address will be. Pure."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydicom
from pydicom import Dataset

# What follows is the path under the DICOMweb service. In JSON a quote within a value is escaped:
# no value can look like this mark.
BULK_MARK = '"BulkDataURI":"@/'
_PIXELS = "7FE00010"


def text(paths: Iterable[Path]) -> bytes:
    """The files' data sets without pixels as a JSON list."""
    return text_of(pydicom.dcmread(path, stop_before_pixels=True) for path in paths)


def text_of(files: Iterable[Dataset]) -> bytes:
    """Data sets without pixels as a JSON list."""
    return json.dumps(list(map(document, files)), separators=(",", ":")).encode()


def document(file: Dataset) -> dict[str, Any]:
    """One data set; its pixel data as a reference."""
    made: dict[str, Any] = file.to_json_dict()
    path = (
        f"studies/{file.StudyInstanceUID}/series/{file.SeriesInstanceUID}"
        f"/instances/{file.SOPInstanceUID}/bulkdata/{_PIXELS}"
    )
    representation = "OW" if int(file.get("BitsAllocated", 16)) > 8 else "OB"  # noqa: PLR2004
    return made | {_PIXELS: {"vr": representation, "BulkDataURI": f"@/{path}"}}
