"""Read one delivered file."""

import logging
import warnings
from pathlib import Path

import highdicom as hd
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from inference.vendor import masks, reports, segmentations, structures
from inference.vendor.values import Read, UnusableResult

SEGMENTATIONS = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}
REPORTS = {
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
}
STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
MAX_BYTES = 256 * 1024**2


def read_file(path: Path) -> Read:
    """Read a Segmentation, a measurement report, an RT Structure Set or a NIfTI mask.

    Nothing of the file is quoted in errors or warnings: it may name a patient.

    Raises
    ------
    UnusableResult
        For anything else, and for what cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UnusableResult(f"it is larger than {MAX_BYTES // 1024**2} MiB")
    logging.getLogger("pydicom").disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with path.open("rb") as file:
                head = file.read(352)
            return masks.read(path) if masks.is_mask(head) else _read(path, _sop_class(path))
        except UnusableResult:
            raise
        except Exception as wrong:  # whatever a file of others does, it is one file
            raise UnusableResult(
                "it cannot be read: it is cut off or breaks its standard"
            ) from wrong


def _sop_class(path: Path) -> str:
    """By the meta information alone: reading on would inflate a deflated bomb (fault E3)."""
    try:
        meta = pydicom.filereader.read_file_meta_info(path)
    except InvalidDicomError as wrong:
        raise UnusableResult("it is no DICOM file") from wrong
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        raise UnusableResult("it is deflated: deliver it uncompressed")
    return str(meta.get("MediaStorageSOPClassUID", ""))


def _read(path: Path, sop_class: str) -> Read:
    if sop_class in SEGMENTATIONS:
        return segmentations.read(hd.seg.segread(path))
    if sop_class in REPORTS:
        return reports.read(hd.sr.srread(path))
    if sop_class == STRUCTURES:
        return structures.read(pydicom.dcmread(path))
    raise UnusableResult("it is no DICOM Segmentation, structured report or RT Structure Set")
