"""Proposals as DICOM: Segmentation (binary) and Structured Report (TID 1500).

Both copy patient and study attributes from their sources: build them from de-identified files only.
"""

import datetime as dt
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid
from pydicom.valuerep import DA, TM

from inference.classify.coded import coded
from inference.lesions import Lesion
from inference.sources import Sources, masks_in, sources_of, study_time

MANUFACTURER = "Readerstudy"
METASTASIS = Code("128462008", "SCT", "Metastatic neoplasm")
ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
BRAIN = Code("12738006", "SCT", "Brain")
_PROCEDURES = {
    "MR": Code("24590-2", "LN", "MR Brain"),
    "CT": Code("24725-4", "LN", "CT Head"),
}
DIAMETER = Code("81827009", "SCT", "Diameter")
_PROBABILITY = Code("111047", "DCM", "Probability of cancer")
_PRESENCE = Code("705057003", "SCT", "Presence")


@dataclass(frozen=True)
class Algorithm:
    """What made the proposals: written into both objects."""

    name: str
    version: str
    weights_sha256: str = ""

    @property
    def identification(self) -> hd.AlgorithmIdentificationSequence:
        """The Algorithm Identification Sequence (PS3.3 10.16)."""
        return hd.AlgorithmIdentificationSequence(
            name=self.name,
            version=self.version,
            family=codes.cid7162.ArtificialIntelligence,
            parameters={"weights_sha256": self.weights_sha256} if self.weights_sha256 else None,
        )


class NothingToExport(ValueError):
    """There is no lesion: a Segmentation needs at least one segment (PS3.3 C.8.20.2)."""


@contextmanager
def pseudonyms() -> Iterator[None]:
    """A pseudonym has one component, as it should: highdicom warns of such names."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*single component", category=UserWarning)
        yield


@pseudonyms()
def segmentation(
    lesions: Sequence[Lesion],
    source_paths: Sequence[Path] | Sources,
    *,
    algorithm: Algorithm | None = None,
) -> hd.seg.Segmentation:
    """Return a binary Segmentation, one segment a lesion, on the frames of a series.

    Parameters
    ----------
    lesions
        With masks on the grid of the source series.
    source_paths
        The files of that series, de-identified; or what `read_sources` made of them.

    Raises
    ------
    NothingToExport
        Without lesions.
    ValueError
        If a mask does not fit the source series.
    """
    if not lesions:
        raise NothingToExport("no lesion: a DICOM Segmentation needs one; store the empty result")
    sources = sources_of(source_paths).images
    made_by = algorithm or Algorithm("readerstudy-inference", "0")
    pixels = masks_in(sources, [(each.mask, each.offset) for each in lesions])
    entropy = _entropy(sources, made_by, [each.centroid_mm for each in lesions])
    return hd.seg.Segmentation(
        source_images=sources,  # all of them: the spacing between slices is taken from their places
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, made_by, entropy) for number in range(1, len(lesions) + 1)
        ],
        series_instance_uid=_uid(entropy, "seg-series"),
        series_number=900,
        sop_instance_uid=_uid(entropy, "seg"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=made_by.name,
        software_versions=made_by.version,
        device_serial_number="1",
        content_label="PROPOSALS",
        content_description="Lesions proposed by a detector; research use only",
        series_description=f"Proposals of {made_by.name} {made_by.version}",
        omit_empty_frames=True,
    )


@pseudonyms()
def measurement_report(
    lesions: Sequence[Lesion],
    source_paths: Sequence[Path] | Sources,
    seg: hd.seg.Segmentation,
    *,
    algorithm: Algorithm | None = None,
    observed_at: dt.datetime | None = None,
) -> sr.Comprehensive3DSR:
    """Return a measurement report (TID 1500): volume, diameter, probability of each lesion.

    What kind of lesion it is taken for, where that is said, are further percentages, named by codes
    of our own (`inference.classify.coded`): the standard has none for them.

    Parameters
    ----------
    seg
        The segmentation of the same lesions in the same order; the report refers to its segments.
    observed_at
        When the detector ran; None: the study's date and time.

    Raises
    ------
    NothingToExport
        Without lesions.
    ValueError
        If the segmentation has another number of segments.
    """
    if not lesions:
        raise NothingToExport("no lesion: there is nothing to report")
    if len(seg.SegmentSequence) != len(lesions):
        count = len(seg.SegmentSequence)
        raise ValueError(f"{len(lesions)} lesions, {count} segments: give the same lesions to both")
    sources = sources_of(source_paths).images
    made_by = algorithm or Algorithm("readerstudy-inference", "0")
    entropy = _entropy(sources, made_by, [seg.SOPInstanceUID])
    return close(
        [_group(number, each, seg, made_by) for number, each in enumerate(lesions, start=1)],
        [*sources, seg],
        label=_label(made_by, entropy),
        observed_by=_observed_by(made_by, entropy),
        observed_at=observed_at or study_time(sources[0]),
    )


@pseudonyms()
def absence_report(
    source_paths: Sequence[Path],
    *,
    algorithm: Algorithm,
    observed_at: dt.datetime | None = None,
) -> sr.Comprehensive3DSR:
    """Return the report of a run that found no lesion: a metastasis is said to be absent.

    Parameters
    ----------
    source_paths
        The files of that series, de-identified.
    observed_at
        When the detector ran; None: the study's date and time.
    """
    sources = [pydicom.dcmread(path, stop_before_pixels=True) for path in source_paths]
    entropy = _entropy(sources, algorithm, "none found")
    return close(
        [none_found(_uid(entropy, "absence"))],
        sources,
        label=_label(algorithm, entropy),
        observed_by=_observed_by(algorithm, entropy),
        observed_at=observed_at or study_time(sources[0]),
    )


def none_found(tracking_uid: str) -> sr.MeasurementsAndQualitativeEvaluations:
    """A group (TID 1501) that says: metastasis, in the brain, absent (CID 240)."""
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=tracking_uid, identifier="none-found"),
        finding_type=METASTASIS,
        finding_sites=[sr.FindingSite(anatomic_location=BRAIN)],
        qualitative_evaluations=[sr.QualitativeEvaluation(_PRESENCE, codes.SCT.Absent)],
    )


@dataclass(frozen=True)
class Label:
    """What a report is known by, and what its series is called."""

    sop_uid: str
    series_uid: str
    series_number: int
    description: str


def close(
    groups: Sequence[Any],
    evidence: Sequence[Dataset],
    *,
    label: Label,
    observed_by: sr.ObservationContext,
    observed_at: dt.datetime,
) -> sr.Comprehensive3DSR:
    """Close a measurement report (TID 1500) of the brain: complete, neither final nor verified.

    Parameters
    ----------
    groups
        Measurement groups (TID 1410, 1411, 1501), at least one.
    evidence
        What they were made from.
    observed_at
        Content date and time, as they stand.
    """
    report = sr.MeasurementReport(
        observation_context=observed_by,
        procedure_reported=_PROCEDURES["CT" if evidence[0].Modality == "CT" else "MR"],
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    document = sr.Comprehensive3DSR(
        evidence=evidence,
        content=report[0],
        series_instance_uid=label.series_uid,
        series_number=label.series_number,
        sop_instance_uid=label.sop_uid,
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=label.description,
    )
    document.ContentDate, document.ContentTime = DA(observed_at.date()), TM(observed_at.time())
    return document


def _label(algorithm: Algorithm, entropy: str) -> Label:
    return Label(
        sop_uid=_uid(entropy, "sr"),
        series_uid=_uid(entropy, "sr-series"),
        series_number=901,
        description=f"Proposals of {algorithm.name} {algorithm.version}",
    )


def _description(number: int, algorithm: Algorithm, entropy: str) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"Proposal {number}",
        segmented_property_category=ABNORMAL,
        segmented_property_type=METASTASIS,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm.identification,
        anatomic_regions=[BRAIN],
        tracking_uid=_uid(entropy, f"lesion-{number}"),
        tracking_id=f"proposal-{number}",
    )


def _observed_by(algorithm: Algorithm, entropy: str) -> sr.ObservationContext:
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=_uid(entropy, "device"),
        name=f"{algorithm.name} {algorithm.version}"[:64],
        manufacturer_name=MANUFACTURER,
        model_name=algorithm.name,
    )
    context = sr.ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=device
    )
    return sr.ObservationContext(observer_device_context=context)


def _group(
    number: int, lesion: Lesion, seg: hd.seg.Segmentation, algorithm: Algorithm
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    """One lesion (TID 1411)."""
    description = seg.SegmentSequence[number - 1]
    values: list[tuple[Any, float, Any]] = [
        (codes.SCT.Volume, lesion.volume_mm3, codes.UCUM.CubicMillimeter),
        (DIAMETER, lesion.diameter_mm, codes.UCUM.Millimeter),
        (_PROBABILITY, 100 * lesion.probability, codes.UCUM.Percent),
    ]
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=description.TrackingUID, identifier=description.TrackingID
        ),
        referenced_segment=referenced_segment(seg, number),
        finding_type=METASTASIS,
        finding_sites=[sr.FindingSite(anatomic_location=BRAIN)],
        algorithm_id=sr.AlgorithmIdentification(name=algorithm.name, version=algorithm.version),
        measurements=[
            sr.Measurement(name=name, value=round(value, 2), unit=unit)
            for name, value, unit in values
            if np.isfinite(value)  # another maker's AI may give no probability
        ]
        + _kinds(lesion),
    )


def _kinds(lesion: Lesion) -> list[sr.Measurement]:
    """What kind of lesion it is taken for: of a head of its own, which the report names."""
    said = lesion.classification
    if not said:
        return []
    name, _, version = said["head"].partition("@")
    learnt = ["learnt from synthetic lesions only", f"sha256 {said['sha256']}"]
    head = sr.AlgorithmIdentification(name=name, version=version, parameters=learnt)
    return [
        sr.Measurement(
            name=code, value=round(100 * p, 2), unit=codes.UCUM.Percent, algorithm_id=head
        )
        for code, p in coded(said)
    ]


def referenced_segment(seg: hd.seg.Segmentation, number: int) -> sr.ReferencedSegment:
    """Refer to a segment and the images that it was drawn on.

    highdicom's own way looks in every frame for its segment; a Segmentation of a single segment
    says it once for all frames (PS3.3 C.7.6.16.2, shared), and then finds none (highdicom 0.28).
    """
    frames = seg.PerFrameFunctionalGroupsSequence
    if "SegmentIdentificationSequence" in frames[0]:
        return sr.ReferencedSegment.from_segmentation(seg, segment_number=number)
    sources = {
        image.ReferencedSOPInstanceUID: image.ReferencedSOPClassUID
        for frame in frames
        for derivation in frame.DerivationImageSequence
        for image in derivation.SourceImageSequence
    }
    images = [sr.SourceImageForSegmentation(kind, uid) for uid, kind in sources.items()]
    return sr.ReferencedSegment(seg.SOPClassUID, seg.SOPInstanceUID, number, source_images=images)


def _entropy(sources: Sequence[Dataset], algorithm: Algorithm, rest: object) -> str:
    """Same input, same UIDs: a run that is repeated makes no second object."""
    series = sources[0].SeriesInstanceUID
    return f"{series}|{algorithm.name}|{algorithm.version}|{algorithm.weights_sha256}|{rest}"


def _uid(entropy: str, what: str) -> str:
    return str(generate_uid(entropy_srcs=[f"readerstudy-export|{entropy}|{what}"]))
