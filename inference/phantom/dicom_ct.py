"""A phantom's CT as DICOM CT Image Storage: Hounsfield units behind a rescale."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from inference.phantom.planes import decimal, plane_of, uid_of
from inference.volume import Volume

_INTERCEPT = -1024  # stored 0
_SCANNERS = {  # a CT by the maker of the case's MR: manufacturer, model, software, kernel
    "SIEMENS": ("SIEMENS", "SOMATOM Definition AS", "syngo CT VA48A", "H31s"),
    "GE": ("GE MEDICAL SYSTEMS", "Revolution CT", "revo_ct_21b.32", "STANDARD"),
    "PHILIPS": ("Philips", "iCT 256", "4.1.6", "UB"),
}
_OF_MR = ("MagneticFieldStrength", "ImagingFrequency")


def write_ct(
    volume: Volume, folder: Path, *, study: Dataset, vendor: str, number: int
) -> list[Path]:
    """Write a CT into a folder, one file a slice, from the lowest to the highest.

    Parameters
    ----------
    volume
        Hounsfield units.
    study
        What all series of the examination share, its frame of reference among it.
    vendor
        SIEMENS, GE or PHILIPS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = np.clip(np.round(volume.voxels - _INTERCEPT), 0, 4095).astype("<u2")
    common = _series(study, vendor, number)
    common.update(_acquisition(volume, vendor))
    paths = []
    for index, plane in enumerate(stored):
        path = folder / f"IM{index + 1:04d}.dcm"
        made = plane_of(common, volume, index, plane.tobytes(), CTImageStorage)
        made.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _series(study: Dataset, vendor: str, number: int) -> Dataset:
    """Attributes of the series (PS3.3 C.7.3, C.7.5)."""
    maker, model, software, _ = _SCANNERS[vendor]
    ds = Dataset()
    ds.update(study)
    for name in _OF_MR:
        if name in ds:
            delattr(ds, name)
    ds.Manufacturer, ds.ManufacturerModelName, ds.SoftwareVersions = maker, model, software
    ds.Modality, ds.BodyPartExamined, ds.PatientPosition = "CT", "HEAD", "HFS"
    ds.SeriesInstanceUID = uid_of(study.StudyInstanceUID, "ct")
    ds.SeriesNumber, ds.AcquisitionNumber = str(number), str(number)
    ds.SeriesDescription = ds.ProtocolName = "SYNTHETIC head with contrast 1.25"
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = study.StudyDate
    ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "095000"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]  # CT has terms of its own for a fourth value
    ds.ContrastBolusAgent, ds.ContrastBolusVolume = "Iohexol", "80"
    ds.ContrastBolusRoute = "IV"
    return ds


def _acquisition(volume: Volume, vendor: str) -> Dataset:
    """Attributes of the CT Image module (PS3.3 C.8.2.1)."""
    ds = Dataset()
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = str(_INTERCEPT), "1", "HU"
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime, ds.ScanOptions = "120", "300", "1000", "HELICAL"
    ds.ConvolutionKernel, ds.GantryDetectorTilt = _SCANNERS[vendor][3], "0"
    ds.SliceThickness = decimal(float(volume.spacing_mm[0]))
    ds.WindowCenter, ds.WindowWidth = "40", "80"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds
