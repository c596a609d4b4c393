"""One slice of a written series, in its place in the patient."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from inference.phantom.fields import Points
from inference.volume import Volume


def uid_of(*parts: object) -> str:
    """The same parts give the same UID (generate_uid joins its sources without a separator)."""
    return str(generate_uid(entropy_srcs=["|".join(map(str, ("readerstudy-phantom", *parts)))]))


def plane_of(common: Dataset, volume: Volume, index: int, pixels: bytes, sop_class: str) -> Dataset:
    """One slice in its place, with its file meta information."""
    ds = Dataset()
    ds.update(common)
    _, ds.Rows, ds.Columns = volume.voxels.shape
    _, between_rows, between_columns = volume.spacing_mm
    ds.PixelSpacing = [decimal(between_rows), decimal(between_columns)]
    along_row, along_column = (volume.affine[:3, c] / volume.spacing_mm[c] for c in (2, 1))
    ds.ImageOrientationPatient = [decimal(v) for v in (*along_row, *along_column)]
    position: Points = volume.to_mm(np.array([float(index), 0.0, 0.0]))
    normal = volume.affine[:3, 0] / volume.spacing_mm[0]
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = uid_of(common.SeriesInstanceUID, index)
    ds.InstanceNumber = str(index + 1)
    ds.ImagePositionPatient = [decimal(v) for v in position]
    ds.SliceLocation = decimal(float(position @ normal))
    ds.PixelData = pixels
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def decimal(value: float) -> str:
    """A decimal string (VR DS: 16 characters at most)."""
    text = f"{value:.8f}".rstrip("0").rstrip(".")
    text = "0" if text in {"-0", ""} else text
    return text[:16]
