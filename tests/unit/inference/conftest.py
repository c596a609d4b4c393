"""What the tests share: one phantom (making it takes seconds), and the DICOM validator."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from inference import phantom
from inference.phantom import PhantomCase
from inference.volume import Volume
from tests.templates import of_all_workers

SEED = 91_000  # not a training, validation, test or demonstration seed
MadeOnce = Callable[[str, Callable[[], Any]], Any]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """Of several processes that test at once, one makes what has the name, the others wait."""
    shared = of_all_workers(tmp_path_factory)

    def made(name: str, make: Callable[[], Any]) -> Any:
        file = shared / f"{name}.pickle"
        with FileLock(f"{file}.lock"):
            if not file.exists():
                file.write_bytes(pickle.dumps(make()))
        return pickle.loads(file.read_bytes())

    return made


@pytest.fixture(scope="session")
def case(made_once: MadeOnce) -> PhantomCase:
    found: PhantomCase = made_once("phantom", lambda: phantom.make_case(SEED, n_lesions=4))
    return found


@pytest.fixture(scope="session")
def written(
    case: PhantomCase, made_once: MadeOnce, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Path]]:
    def write() -> dict[str, list[Path]]:
        folder, of = tmp_path_factory.mktemp("phantom"), f"SYNTHETIC-{SEED}"
        return phantom.write_dicom(case, folder, patient_id=of, study_date="20260102")

    found: dict[str, list[Path]] = made_once("written", write)
    return found


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
