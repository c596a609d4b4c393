"""The one way from results to `analysis`, and of marks to DICOM."""

from analysis.version import VERSION
from readerstudy.results.bridge.objects import drawings_as_dicom, marks_as_dicom
from readerstudy.results.bridge.planning import (
    Planned,
    pilot_variances,
    planned_foms,
    power,
    power_figure,
    published_names,
)
from readerstudy.results.bridge.reports import (
    Lesion,
    Localisation,
    Outcome,
    analyse,
    formats,
    localise,
)

__all__ = [
    "VERSION",
    "Lesion",
    "Localisation",
    "Outcome",
    "Planned",
    "analyse",
    "drawings_as_dicom",
    "formats",
    "localise",
    "marks_as_dicom",
    "pilot_variances",
    "planned_foms",
    "power",
    "power_figure",
    "published_names",
]
