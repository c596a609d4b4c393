"""Part of a phantom's head, as a folder to send: what pages need of an examination, soon done."""

import shutil
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import generate_uid

from readerstudy.demo import phantoms

# To either side of the largest lesion, or of the middle of a head without one: of each series four
# slices of seven. Taking in, proposing and drawing cost in proportion.
HALF_MM = 50.0


def part_of_head(order: phantoms.Order, to: Path, half_mm: float = HALF_MM) -> Path:
    """Copy those slices of a phantom that is made, in their own series; answers the folder."""
    whole = phantoms.folder_of(order) / "dicom"
    lesions = phantoms.truth_of(order)
    largest = max(lesions, key=lambda each: each["diameter_mm"], default=None)
    made = to / f"head-{order.seed}-{order.study_date}"
    for series in sorted(whole.iterdir()):
        (made / series.name).mkdir(parents=True)
        heights = {path: _height_mm(path) for path in sorted(series.iterdir())}
        middle = largest["centroid_mm"][2] if largest else np.median(list(heights.values()))
        for path, height in heights.items():
            if abs(height - middle) <= half_mm:
                shutil.copyfile(path, made / series.name / path.name)
    return made


def of_another_patient(head: Path, to: Path) -> Path:
    """Copy a head under another name and other UIDs; answers the folder.

    Pages need examinations, not heads: a phantom takes ten seconds, this half of one.
    """
    for path in sorted(each for each in head.rglob("*") if each.is_file()):
        data = dcmread(path)
        data.PatientID = data.PatientName = f"{data.PatientID}-AGAIN"
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
                     "FrameOfReferenceUID"):  # fmt: skip
            setattr(data, name, generate_uid(entropy_srcs=["again", str(data[name].value)]))
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        made = to / head.name / path.relative_to(head)
        made.parent.mkdir(parents=True, exist_ok=True)
        data.save_as(made)
    return to / head.name


def _height_mm(path: Path) -> float:
    """Of a slice, towards the head (LPS); the phantoms' slices are axial, but for a few degrees."""
    return float(dcmread(path, specific_tags=["ImagePositionPatient"]).ImagePositionPatient[2])
