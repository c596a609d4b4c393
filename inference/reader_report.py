"""A reader's marks as a structured report (TID 1500): points in the patient with their ratings.

It copies patient and study attributes from its sources: build it from de-identified files only.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from highdicom import sr
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from inference import export
from inference.export import BRAIN, DIAMETER, METASTASIS

_CERTAINTY = Code("111012", "DCM", "Certainty of Finding")


@dataclass(frozen=True)
class ReaderMark:
    """One mark: LPS mm in a frame of reference (empty: that of the first source).

    The rating is 0-100, or with `levels` of an ordinal scale the level's number, from 1.
    """

    number: int
    place_mm: tuple[float, float, float]
    diameter_mm: float | None
    rating: float | None
    frame: str = ""
    levels: int = 0


@export.pseudonyms()
def reader_report(
    marks: Sequence[ReaderMark],
    source_paths: Sequence[Path],
    *,
    reader: str,
    key: str,
    observed_at: dt.datetime,
) -> sr.Comprehensive3DSR:
    """Return the report of one read.

    Parameters
    ----------
    marks
        None at all: the report says that a metastasis is absent.
    reader
        The reader's code in the study, never a name.
    key
        Of the read: the same read gives the same UIDs.
    """
    sources = [pydicom.dcmread(path, stop_before_pixels=True) for path in source_paths]
    frame = str(sources[0].FrameOfReferenceUID)
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=f"{reader}^"),
    )
    groups = [_group(each, frame, key) for each in marks]
    return export.close(
        groups or [export.none_found(uid_of(key, "absence"))],
        sources,
        label=export.Label(uid_of(key, "report"), uid_of(key, "series"), 902, f"Marks of {reader}"),
        observed_by=sr.ObservationContext(observer_person_context=observer),
        observed_at=observed_at,
    )


def _group(mark: ReaderMark, frame: str, key: str) -> Any:
    """One mark (TID 1410): its point, diameter and certainty."""
    values = [
        (DIAMETER, mark.diameter_mm, codes.UCUM.Millimeter),
        (_CERTAINTY, mark.rating, _of(mark.levels) if mark.levels else codes.UCUM.Percent),
    ]
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=uid_of(key, f"mark-{mark.number}"), identifier=f"mark-{mark.number}"
        ),
        referenced_region=sr.ImageRegion3D(
            graphic_type=sr.GraphicTypeValues3D.POINT,
            graphic_data=np.array([mark.place_mm], float),
            frame_of_reference_uid=mark.frame or frame,
        ),
        finding_type=METASTASIS,
        finding_sites=[sr.FindingSite(anatomic_location=BRAIN)],
        measurements=[
            sr.Measurement(name=name, value=round(value, 2), unit=unit)
            for name, value, unit in values
            if value is not None
        ],
    )


def _of(levels: int) -> Code:
    """A level of so many: a UCUM annotation of the unity (section 6: no space within braces)."""
    return Code(f"{{of_{levels}}}", "UCUM", f"of {levels} levels")


def uid_of(key: str, what: str) -> str:
    """The UID of what is made of a read: the same each time."""
    return str(generate_uid(entropy_srcs=[f"readerstudy-marks|{key}|{what}"]))
