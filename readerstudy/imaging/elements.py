"""Which elements of a DICOM file stay, which are replaced, and how their values are cleaned. Pure.

An allow-list: what is not named here is removed. A value that stays is rebuilt from what it must
be by its value representation (PS3.5 section 6.2), so that a name in the place of a number, a
free text behind a false representation, or an odd code goes, even under a name that stays. Free
texts are not kept as they are: `vocabulary` answers words of ours for them.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from pydicom import DataElement
from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag
from pydicom.uid import UID

from readerstudy.imaging import vocabulary

NUMBERS = vocabulary.words(
    """
    ContrastBolusVolume SliceThickness KVP RepetitionTime EchoTime InversionTime NumberOfAverages
    ImagingFrequency EchoNumbers MagneticFieldStrength SpacingBetweenSlices
    NumberOfPhaseEncodingSteps EchoTrainLength PercentSampling PercentPhaseFieldOfView
    PixelBandwidth FlipAngle GantryDetectorTilt XRayTubeCurrent ExposureTime AcquisitionMatrix
    SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient ImageOrientationPatient
    SliceLocation SamplesPerPixel Rows Columns PixelSpacing BitsAllocated BitsStored HighBit
    PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue
    WindowCenter WindowWidth RescaleIntercept RescaleSlope LossyImageCompressionRatio
    NumberOfFrames InStackPositionNumber DimensionIndexValues FrameAcquisitionNumber
    TemporalPositionIndex EffectiveEchoTime InversionTimes DimensionIndexPointer
    FunctionalGroupPointer
    """
)
CODES = vocabulary.words(
    """
    ImageType Modality BodyPartExamined ScanningSequence SequenceVariant ScanOptions
    MRAcquisitionType AngioFlag InPlanePhaseEncodingDirection PatientPosition
    PhotometricInterpretation LossyImageCompression LossyImageCompressionMethod
    PresentationLUTShape BurnedInAnnotation RecognizableVisualFeatures ComplexImageComponent
    AcquisitionContrast PixelPresentation VolumetricProperties VolumeBasedCalculationTechnique
    ContentQualification ResonantNucleus KSpaceFiltering ApplicableSafetyStandardAgency FrameType
    FrameLaterality InversionRecovery EchoPulseSequence
    """
)
SEQUENCES = vocabulary.words(
    """
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PlanePositionSequence
    PlaneOrientationSequence PixelMeasuresSequence PixelValueTransformationSequence
    FrameVOILUTSequence FrameContentSequence MRTimingAndRelatedParametersSequence MREchoSequence
    MRModifierSequence MRImageFrameTypeSequence CTImageFrameTypeSequence FrameAnatomySequence
    DimensionOrganizationSequence DimensionIndexSequence
    """
)
CODED = frozenset(["AnatomicRegionSequence", "ContrastBolusAgentSequence"])
TEXTS: dict[str, Callable[[str], str]] = {
    "Manufacturer": vocabulary.vendor,
    "ManufacturerModelName": vocabulary.model,
    "ContrastBolusAgent": vocabulary.agent,
    "ContrastBolusRoute": vocabulary.route,
    "SeriesDescription": vocabulary.description,
    "ConvolutionKernel": vocabulary.kernel,
    "SequenceName": vocabulary.sequence_name,
    "ImagedNucleus": vocabulary.nucleus,
    "RescaleType": vocabulary.rescale_type,
    "StackID": vocabulary.stack,
}
# Replaced by a keyed hash; the class of an object is public and stays.
UIDS = vocabulary.words(
    """
    SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID DimensionOrganizationUID
    """
)
PUBLIC_UIDS = frozenset(["SOPClassUID"])
PIXELS = "PixelData"
# Type 2 of the image modules (PS3.3): they must be there, and are empty.
EMPTY = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate",
    "PatientSex", "StudyID", "PositionReferenceIndicator",
)  # fmt: skip
# Type 2 too, where they say something: one that comes empty stays, and is empty.
MAY_BE_EMPTY = vocabulary.words(
    """
    ScanOptions RepetitionTime EchoTime EchoTrainLength InversionTime KVP AcquisitionNumber
    SeriesNumber InstanceNumber SliceThickness PatientPosition Manufacturer
    """
)
# Of `TEXTS`, those that Table E.1-1 removes: kept under Clean Descriptors only.
DESCRIPTORS = frozenset(["SeriesDescription", "ContrastBolusAgent"])
# Retain Device Identity (PS3.15 E.3.9): as the device wrote them, but for words of persons.
DEVICE = vocabulary.words(
    """
    Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName DeviceID
    DeviceUID GantryID DetectorID
    """
)
REPLACED = UIDS | TEXTS.keys() | {"PatientName", "PatientID"}
ALL = NUMBERS | CODES | SEQUENCES | CODED | PUBLIC_UIDS | REPLACED | {PIXELS}

_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")
_PLAIN = re.compile(r"[\w .,:;/()+*#&-]{1,64}", re.ASCII)  # no character set is said of a file
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d{1,11}")
_MAX_DECIMAL = 16
_MAX_VALUES = 100_000


def number(element: DataElement, keyword: str) -> DataElement | None:
    """The element with its numbers, or None when it does not hold numbers."""
    representation = dictionary_VR(keyword)
    if element.VR not in representation.split(" or "):
        return None
    values = [_numeric(each, element.VR) for each in _values(element)]
    if any(each is None for each in values):
        return None
    return _element(element.tag, element.VR, values)


def _numeric(value: Any, representation: str) -> Any:
    if representation in {"DS", "IS"}:
        text = str(value).strip()
        pattern, limit = (_DECIMAL, _MAX_DECIMAL) if representation == "DS" else (_INTEGER, 12)
        return text if len(text) <= limit and pattern.fullmatch(text) else None
    return value if isinstance(value, int | float) else None


def code(element: DataElement, identifying: Iterable[str]) -> DataElement | None:
    """The element with those of its codes that are codes, and none that names the patient."""
    if element.VR != "CS":
        return None
    names = frozenset(identifying)
    values = [str(each).strip() for each in _values(element)]
    kept = [
        each if _CODE.fullmatch(each) and not names & set(each.split()) else "" for each in values
    ]
    return _element(element.tag, "CS", kept) if any(kept) else None


def text(element: DataElement, keyword: str) -> DataElement | None:
    """The element with a text of ours for its free text, or None when there is none."""
    cleaned = TEXTS[keyword](" ".join(map(str, _values(element)))[:1000])
    return _element(element.tag, dictionary_VR(keyword), [cleaned]) if cleaned else None


def device(element: DataElement, keyword: str, identifying: Iterable[str]) -> DataElement | None:
    """The element as the device wrote it, unless a word of it names a person."""
    names = frozenset(identifying)
    representation = dictionary_VR(keyword)
    values = [str(each).strip() for each in _values(element)[:16]]
    kept = [
        each
        for each in values
        if _PLAIN.fullmatch(each) and not names & set(re.split(r"[\W_]+", each.upper()))
    ]
    if representation == "UI":
        kept = [each for each in kept if UID(each).is_valid]
    return _element(element.tag, representation, kept) if kept else None


def _values(element: DataElement) -> list[Any]:
    value = element.value
    if value is None or value == "":
        return []
    is_several = not isinstance(value, str | bytes) and hasattr(value, "__iter__")
    return list(value)[:_MAX_VALUES] if is_several else [value]


def _element(tag: BaseTag, representation: str, values: list[Any]) -> DataElement:
    value = values[0] if len(values) == 1 else values or None
    return DataElement(tag, representation, value)
