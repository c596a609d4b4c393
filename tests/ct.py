"""A small head of CT, its DICOM, and a detector that finds what is bright in it."""

import hashlib
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from inference import detector as detectors
from inference.detector import Card
from inference.phantom.dicom_ct import write_ct
from inference.preprocess import reference_of
from inference.volume import Volume

AXIAL = np.array([[0, 0, 4.0, -66], [0, 4.0, 0, -74], [4.0, 0, 0, -66], [0, 0, 0, 1]])  # LPS
WORDS = {"banner": "Finds what is bright in a made head. Not a medical device."}
LESION_MM = np.array([14.0, -10.0, 18.0])
LESION = {"centroid_mm": LESION_MM.tolist(), "diameter_mm": 16.0, "kind": ""}


def head_hu(
    affine: NDArray[np.float64] = AXIAL, *, is_diseased: bool = True
) -> NDArray[np.float32]:
    """A head of 4 mm voxels: skull, brain, one lesion of 16 mm at `LESION_MM`."""
    index = np.moveaxis(np.indices((34, 38, 34)), 0, -1)
    mm = index @ affine[:3, :3].T + affine[:3, 3]
    radius = np.linalg.norm(mm / (55, 62, 55), axis=-1)
    hu = np.where(radius < 1, 1000.0, -1000.0)
    hu[radius < 0.9] = 32
    if is_diseased:
        hu[np.linalg.norm(mm - LESION_MM, axis=-1) < 8] = 90
    return (hu + np.random.default_rng(2).normal(0, 4, hu.shape)).astype(np.float32)


def study(uid: str = "1.2.3.4") -> Dataset:
    """What the series of a written phantom share; it needs no head to be made for."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20260102", "101500", "S1", "1"
    ds.PatientName, ds.PatientID = "SYNTHETIC^PHANTOM", f"SYNTHETIC-{uid[-9:]}"
    ds.PatientBirthDate, ds.PatientSex, ds.ReferringPhysicianName = "19600101", "F", ""
    ds.StudyInstanceUID, ds.FrameOfReferenceUID = uid, f"{uid}.5"
    ds.PositionReferenceIndicator, ds.MagneticFieldStrength = "", "3"
    return ds


def written(
    folder: Path,
    affine: NDArray[np.float64] = AXIAL,
    *,
    uid: str = "1.2.3.4",
    is_diseased: bool = True,
) -> list[Path]:
    """Its slices, in a study of this UID."""
    volume = Volume(head_hu(affine, is_diseased=is_diseased), affine, "ct")
    return write_ct(volume, folder, study=study(uid), vendor="GE", number=5)


class Bright(torch.nn.Module):
    """What is brighter than brain and no bone, in its last channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of its channels (B, C, D, H, W): (B, 1, D, H, W)."""
        value = x[:, -1:]
        return torch.where(value < 11, 3 * (value - 4), torch.full_like(value, -9.0))


def brought(folder: Path, roles: tuple[str, ...], name: str) -> None:
    """A detector of these series in a folder, as a site would bring it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.pt"
    with warnings.catch_warnings():  # torch would rather have torch.export; sites have what
        warnings.simplefilter("ignore", DeprecationWarning)  # they have
        torch.jit.script(Bright()).save(path)  # type: ignore[no-untyped-call]
    point = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    options = {"roles": list(roles), "opinions": "once"}
    needs = (reference_of(roles),)
    card = Card(name, "1", "torchscript", path.name, digest, needs, point, dict(WORDS), options)
    detectors.write_card(replace(card, folder=str(folder)), folder)
