"""Write a phantom as four DICOM MR series, with headers as three vendors write them, and its CT.

Every file says that it is synthetic: ImageType (0008,0008) value 4 (of CT the Series Description
(0008,103E) instead), Patient's Name (0010,0010), Image Comments (0020,4000), Study Description
(0008,1030).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from inference.phantom.case import VERSION, PhantomCase
from inference.phantom.dicom_ct import write_ct
from inference.phantom.planes import plane_of, uid_of
from inference.phantom.scanner import Protocol
from inference.volume import Volume

_STORED_WHITE = 600.0  # stored value of white matter; 12 bits leave room for fat and vessels


@dataclass(frozen=True)
class Vendor:
    """How a manufacturer names itself and its series."""

    manufacturer: str
    models: dict[float, str]  # by field strength
    software: str
    names: dict[str, tuple[str, str]]  # role -> description as 3-D, as 2-D stack
    agent: str


VENDORS = {
    "SIEMENS": Vendor(
        "SIEMENS",
        {0.55: "MAGNETOM Free.Max", 1.5: "Aera", 3.0: "Skyra"},
        "syngo MR E11",
        {
            "t1c": ("t1_mprage_tra_iso_KM", "t1_se_tra_KM"),
            "t1": ("t1_mprage_tra_iso", "t1_se_tra"),
            "t2": ("t2_space_tra_iso", "t2_tse_tra"),
            "flair": ("t2_space_dark-fluid_tra_iso", "t2_tirm_tra_dark-fluid"),
        },
        "Dotarem",
    ),
    "GE": Vendor(
        "GE MEDICAL SYSTEMS",
        {1.5: "Optima MR450w", 3.0: "DISCOVERY MR750"},
        "DV26.0_R03",
        {
            "t1c": ("Ax T1 BRAVO +C", "Ax T1 SE +C"),
            "t1": ("Ax T1 BRAVO", "Ax T1 SE"),
            "t2": ("Ax T2 CUBE", "Ax T2 FRFSE"),
            "flair": ("Ax T2 FLAIR CUBE", "Ax T2 FLAIR"),
        },
        "Gadavist",
    ),
    "PHILIPS": Vendor(
        "Philips Medical Systems",
        {1.5: "Achieva", 3.0: "Ingenia"},
        "5.3.1",
        {
            "t1c": ("3D T1 TFE GADO", "T1W SE GADO"),
            "t1": ("3D T1 TFE", "T1W SE"),
            "t2": ("3D VISTA T2", "T2W TSE"),
            "flair": ("3D VISTA FLAIR", "FLAIR longTR"),
        },
        "Prohance",
    ),
}
_SERIES = ("t1", "t2", "flair", "t1c")  # order of acquisition: contrast comes last


def write_dicom(
    case: PhantomCase, folder: Path, *, patient_id: str, study_date: str
) -> dict[str, list[Path]]:
    """Write the case, explicit little endian, one folder a series.

    Parameters
    ----------
    folder
        Made if missing; holds `t1c/`, `t1/`, `t2/`, `flair/` afterwards, and `ct/` of a case that
        has one (CT Image Storage in Hounsfield units, in the same frame of reference).
    study_date
        YYYYMMDD.

    Returns
    -------
    dict
        Role -> files, from the lowest slice to the highest. Writing the same case for the same
        patient twice gives the same bytes.
    """
    study = _study(case, patient_id, study_date)
    written = {
        role: _write_series(case, role, number, folder / role, study)
        for number, role in enumerate(_SERIES, start=1)
    }
    if "ct" in case.series:
        written["ct"] = write_ct(
            case.series["ct"], folder / "ct", study=study, vendor=case.scanner.vendor, number=5
        )
    return written


def _study(case: PhantomCase, patient_id: str, study_date: str) -> Dataset:
    """Attributes that all series share (PS3.3 C.7.1, C.7.2, C.7.5)."""
    vendor, rng = VENDORS[case.scanner.vendor], np.random.default_rng([case.seed, 11])
    age = int(rng.integers(38, 86))
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.StudyDate, ds.StudyTime = study_date, "101500"
    ds.AccessionNumber, ds.StudyID = f"SYN{case.seed % 10**10}", "1"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "SYNTHETIC MR brain with contrast"
    ds.PatientName, ds.PatientID = "SYNTHETIC^PHANTOM", patient_id
    ds.PatientBirthDate, ds.PatientAge = f"{int(study_date[:4]) - age}0101", f"{age:03d}Y"
    ds.PatientSex = str(rng.choice(["F", "M"]))
    ds.PatientWeight = f"{rng.uniform(50, 105):.0f}"
    ds.StudyInstanceUID = uid_of(VERSION, case.seed, patient_id, study_date)
    ds.FrameOfReferenceUID = uid_of(ds.StudyInstanceUID, "frame")
    ds.PositionReferenceIndicator = ""
    ds.Manufacturer = vendor.manufacturer
    ds.ManufacturerModelName = vendor.models[case.scanner.field_tesla]
    ds.SoftwareVersions = vendor.software
    ds.DeviceSerialNumber = "SYNTHETIC"
    ds.InstitutionName = "Synthetic"
    ds.MagneticFieldStrength = f"{case.scanner.field_tesla:g}"
    ds.ImagingFrequency = f"{42.577 * case.scanner.field_tesla:.3f}"
    ds.ImageComments = (
        f"SYNTHETIC phantom, seed {case.seed}, version {VERSION}: not a patient, not for diagnosis"
    )
    return ds


def _write_series(
    case: PhantomCase, role: str, number: int, folder: Path, study: Dataset
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    volume, protocol = case.series[role], case.scanner.protocols[role]
    stored = np.clip(np.round(volume.voxels * _STORED_WHITE), 0, 4095).astype("<u2")
    common = _series(case, role, number, study)
    common.update(_acquisition(protocol, volume))
    inside = stored[stored > _STORED_WHITE * 0.15]
    low, high = np.percentile(inside, (1, 99.5)) if len(inside) else (0, 4095)
    common.WindowCenter, common.WindowWidth = f"{(low + high) / 2:.0f}", f"{high - low:.0f}"
    paths = []
    for index, plane in enumerate(stored):
        path = folder / f"IM{index + 1:04d}.dcm"
        made = plane_of(common, volume, index, plane.tobytes(), MRImageStorage)
        made.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _series(case: PhantomCase, role: str, number: int, study: Dataset) -> Dataset:
    """Attributes of one series (PS3.3 C.7.3, C.7.6.4)."""
    vendor, protocol = VENDORS[case.scanner.vendor], case.scanner.protocols[role]
    ds = Dataset()
    ds.update(study)
    ds.Modality, ds.BodyPartExamined, ds.PatientPosition = "MR", "BRAIN", "HFS"
    ds.SeriesInstanceUID = uid_of(study.StudyInstanceUID, role)
    ds.SeriesNumber, ds.AcquisitionNumber = str(number), str(number)
    ds.SeriesDescription = vendor.names[role][0 if protocol.is_3d else 1]
    ds.ProtocolName = ds.SeriesDescription
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = study.StudyDate
    ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = f"10{15 + 6 * number:02d}00"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER", "SYNTHETIC"]
    if role == "t1c":
        ds.ContrastBolusAgent = vendor.agent
        ds.ContrastBolusVolume = f"{0.2 * float(study.PatientWeight):.1f}"
        ds.ContrastBolusRoute = "IV"
    return ds


def _acquisition(protocol: Protocol, volume: Volume) -> Dataset:
    """Attributes of the MR Image module (PS3.3 C.8.3.1)."""
    sequence, ds = protocol.sequence, Dataset()
    gradient = sequence.kind == "mprage"
    ds.ScanningSequence = {"mprage": ["GR", "IR"], "spin_echo": "SE"}.get(
        sequence.kind, ["SE", "IR"]
    )
    ds.SequenceVariant = ["SK", "SP", "MP"] if gradient else "SK"
    ds.ScanOptions = ""
    ds.MRAcquisitionType = "3D" if protocol.is_3d else "2D"
    ds.RepetitionTime, ds.EchoTime = f"{sequence.repetition_ms:.1f}", f"{sequence.echo_ms:.2f}"
    if sequence.inversion_ms is not None:
        ds.InversionTime = f"{sequence.inversion_ms:.0f}"
    ds.FlipAngle = f"{sequence.flip_deg:.0f}"
    ds.EchoTrainLength = "1" if sequence.echo_ms < 20 else "16"
    ds.NumberOfAverages, ds.EchoNumbers, ds.ImagedNucleus = "1", "1", "1H"
    ds.PixelBandwidth, ds.VariableFlipAngleFlag = "200", "N"
    ds.InPlanePhaseEncodingDirection = "COL"
    ds.SliceThickness = f"{protocol.thickness_mm:.2f}"
    ds.SpacingBetweenSlices = f"{protocol.spacing_mm:.2f}"
    _, rows, columns = volume.voxels.shape
    ds.AcquisitionMatrix = [0, columns, rows, 0]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds
