"""What the tests share: one phantom (making it takes seconds), and the DICOM validator."""

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from inference import phantom
from inference.phantom import PhantomCase

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
def dicom_problems() -> Callable[[Path], list[str]]:
    """Errors and warnings of dciodvfy; without it the tests are skipped loudly, in CI they fail."""
    if shutil.which("dciodvfy") is None:
        line = "NOT RUN: dciodvfy is missing; install dicom3tools to check DICOM conformance"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{line}; CI must run them all", pytrace=False)
        pytest.skip(line)

    def problems(path: Path) -> list[str]:
        done = subprocess.run(
            ["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False
        )
        lines = done.stderr.splitlines()
        assert lines, f"dciodvfy did not read {path}"
        return [line for line in lines if line.startswith(("Error", "Warning"))]

    return problems


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Toy networks on small volumes wait for each other on many threads more than they compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
