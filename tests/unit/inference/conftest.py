"""What the tests share: one phantom (making it takes seconds), and the DICOM validator."""

import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from inference import phantom
from inference.phantom import PhantomCase
from inference.volume import Volume

SEED = 91_000  # not a training, validation, test or demonstration seed


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> PhantomCase:
    """A phantom; of several processes that test at once, one makes it and the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = shared / "phantom.pickle"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            made.write_bytes(pickle.dumps(phantom.make_case(SEED, n_lesions=4)))
    found: PhantomCase = pickle.loads(made.read_bytes())
    return found


@pytest.fixture(scope="session")
def written(case: PhantomCase, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("phantom")
    return phantom.write_dicom(case, folder, patient_id=f"SYNTHETIC-{SEED}", study_date="20260102")


@pytest.fixture(scope="session")
def around_the_largest(case: PhantomCase) -> dict[str, Volume]:
    """A piece of the head about the largest lesion: enough to propose on, soon done."""
    largest = max(case.lesions, key=lambda each: each.volume_mm3)
    return {role: _about(volume, largest.centroid_mm) for role, volume in case.series.items()}


def _about(volume: Volume, centre_mm: tuple[float, float, float], half_mm: float = 48) -> Volume:
    at, spacing = volume.to_index(np.array(centre_mm)), np.array(volume.spacing_mm)
    low = np.maximum(np.floor(at - half_mm / spacing), 0).astype(int)
    high = np.ceil(at + half_mm / spacing).astype(int)
    affine = volume.affine.copy()
    affine[:3, 3] = volume.to_mm(low.astype(float))
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    return replace(volume, voxels=volume.voxels[z, y, x], affine=affine)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Toy networks on small volumes wait for each other on many threads more than they compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
