"""What the index needs of a file. Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Header:
    """What the index needs of a file; nothing that identifies."""

    sop_class_uid: str
    sop_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    patient: str
    dicom_modality: str
    description: str
    series_number: int
    number: int
    frames: int
    pixel_offset: int
    frame_bytes: int
    role_hints: dict[str, Any]
    source_sha256: str
    sha256: str  # of the clean file
    bytes: int
    report: dict[str, list[str]]
    study_date: str = ""  # as it stays in the file, moved; empty where removed
    study_time: str = ""
    is_suspect: bool = False  # may show names in its pixels: a person must look first

    def as_dict(self) -> dict[str, Any]:
        """For the pipe between processes."""
        return dict(vars(self))
