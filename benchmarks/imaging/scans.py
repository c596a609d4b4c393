"""Series to measure with: DICOM files of one head, as a scanner would send them."""

from pathlib import Path

import numpy as np
from pydicom.uid import generate_uid

from tests import dicom

SIZE = 256
ROLES = ("T1 MPRAGE post KM", "T1 MPRAGE", "T2 TSE", "FLAIR")


def source(folder: Path, slices: int, size: int = SIZE) -> Path:
    """Four series of one head, `slices` frames of `size` x `size` pixels each (uint16)."""
    study, rng = generate_uid(prefix=None), np.random.default_rng(1)
    grid = np.hypot(*np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j])
    for role in ROLES:
        uids = (study, generate_uid(prefix=None))
        for number in range(1, slices + 1):
            pixels = (700 * (grid < 0.8) + rng.rayleigh(30, grid.shape)).astype(np.uint16)
            data = dicom.image(
                number=number, position=(0.0, 0.0, float(number)), pixels=pixels, uids=uids,
                SeriesDescription=role,
            )  # fmt: skip
            dicom.save(data, folder / f"{uids[1][-8:]}-{number:04d}.dcm")
    return folder
