"""Synthetic brain MRI with known metastases. Not patient data.

from inference import phantom
case = phantom.make_case(7, n_lesions=3)
paths = phantom.write_dicom(case, Path("out"), patient_id="SYN-7", study_date="20260101")
"""

from inference.phantom.case import (
    VERSION,
    Besides,
    PhantomCase,
    TruthLesion,
    make_case,
    make_earlier,
)
from inference.phantom.dicom import write_dicom
from inference.phantom.lesions import Sizes

__all__ = [
    "VERSION",
    "Besides",
    "PhantomCase",
    "Sizes",
    "TruthLesion",
    "make_case",
    "make_earlier",
    "write_dicom",
]
