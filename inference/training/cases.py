"""Training cases: phantoms brought to the network's grid, kept in a cache folder."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference import phantom
from inference.phantom.lesions import MEDIAN_MM
from inference.phantom.shifts import Shift, any_machine, shift_of
from inference.preprocess import CLIP, ROLES, prepare, reference_of, resample_labels

TRAINING_SEEDS = range(1_000, 1_200)
VALIDATION_SEEDS = range(20_000, 20_024)  # temperature and threshold
TEST_SEEDS = range(30_000, 30_100)  # the bench: never looked at before
_LABELS, _TRUTH = "labels.npy", "truth.json"
PLAN = 2  # changes when `plan` gives a seed another phantom
_EMPTY, _CROWDED, _VARIED = {0, 5}, {1, 2, 3, 6, 7, 8}, {3, 5, 8, 9}  # last digits of seeds
_CROWD, _CROWD_MEDIAN_MM = 40, 3.4


@dataclass(frozen=True)
class TrainingCase:
    """Channels (4, z, y, x; see `decode`), lesion numbers (z, y, x), vessels, lesion table."""

    seed: int
    voxels: NDArray[np.uint8]  # mapped from disk: only the patches that are read are in memory
    labels: NDArray[np.uint8]
    vessels: NDArray[np.int32]  # (n, 3) voxels
    lesions: NDArray[np.float32]  # (n, 5): number, diameter mm, centre z, y, x


def lesion_count(seed: int) -> int:
    """How many metastases the case of a seed is asked for: a fifth of the cases has none."""
    if seed % 5 == 0:
        return 0
    rng = np.random.default_rng([seed, 7])
    return int(np.clip(rng.lognormal(1.5, 0.8), 1, 24))


@dataclass(frozen=True)
class Plan:
    """How a training phantom is made: how many metastases of which median size, which machine."""

    lesions: int
    median_mm: float
    machine: Shift


def plan(seed: int) -> Plan:
    """What the training phantom of a seed is: crowded, ordinary or without metastases.

    Six of ten hold forty metastases, most of them small, which a detector needs to see most often;
    two are like those of the bench, two hold none. Four of ten come from machines of a wider range
    than the bench's. Calibration and bench have phantoms of their own distribution
    (`lesion_count`), so that the crowd moves no measured figure or probability.
    """
    kind = seed % 10
    machine = shift_of("none")
    if kind in _VARIED:
        machine = any_machine(np.random.default_rng([seed, 8]))
    if kind in _CROWDED:
        return Plan(_CROWD, _CROWD_MEDIAN_MM, machine)
    return Plan(0 if kind in _EMPTY else lesion_count(seed), MEDIAN_MM, machine)


def path_of(folder: Path, seed: int) -> Path:
    """Folder of a seed's case in the cache."""
    return folder / f"v{phantom.VERSION}-plan{PLAN}-{seed}"


def encode(voxels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Normalised intensities to bytes: steps of 0.08 robust standard deviations."""
    low, high = CLIP
    return np.round((voxels - low) * (255 / (high - low))).astype(np.uint8)


def decode(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes back to normalised intensities."""
    low, high = CLIP
    return stored.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)


def make(seed: int, folder: Path, roles: tuple[str, ...] = ROLES) -> Path:
    """Make and store a case with these channels, unless it is there already."""
    path = path_of(folder, seed)
    if path.exists():
        return path
    how = plan(seed)
    case = phantom.make_case(
        seed,
        n_lesions=how.lesions,
        median_mm=how.median_mm,
        slice_mm=how.machine.slice_mm,
        dose=how.machine.dose,
        alter=how.machine.alter,
        with_ct="ct" in roles,
    )
    ready = prepare(case.series, (reference_of(roles),), roles)
    z, y, x = ready.voxels.shape[1:]
    t1c = case.series["t1c"].affine
    labels = resample_labels(case.labels, t1c, ready.affine, (z, y, x))
    vessels = resample_labels(case.vessels.astype(np.uint8), t1c, ready.affine, (z, y, x))
    numbers = [each.id for each in case.lesions if each.id in set(np.unique(labels).tolist())]
    diameters = {each.id: each.diameter_mm for each in case.lesions}
    centres = ndimage.center_of_mass(labels > 0, labels, numbers)
    rows = [(n, diameters[n], *centre) for n, centre in zip(numbers, centres, strict=True)]
    part = path.with_name(f"{path.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    np.save(part / "voxels.npy", encode(ready.voxels))
    np.save(part / "labels.npy", labels)
    np.savez(
        part / "tables.npz",
        vessels=np.argwhere(vessels)[::5].astype(np.int32),
        lesions=np.array(rows, np.float32).reshape(-1, 5),
        affine=ready.affine,
    )
    part.replace(path)
    return path


def load(path: Path) -> TrainingCase:
    """Read a case from the cache."""
    with np.load(path / "tables.npz") as tables:
        return TrainingCase(
            int(path.name.rpartition("-")[2]),
            np.load(path / "voxels.npy", mmap_mode="r"),
            np.load(path / "labels.npy", mmap_mode="r"),
            tables["vessels"],
            tables["lesions"],
        )


def available(folder: Path, seeds: Sequence[int]) -> Iterator[Path]:
    """Cached cases of these seeds, in the seeds' order."""
    yield from (path for seed in seeds if (path := path_of(folder, seed)).exists())


@dataclass(frozen=True)
class Examination:
    """A phantom as DICOM files with its truth, for calibration and the bench."""

    seed: int
    series: dict[str, list[Path]]
    labels: NDArray[np.uint8]  # on the grid of T1c
    lesions: list[dict[str, Any]]  # id, kind, diameter_mm, volume_mm3, centroid_mm


def make_examination(
    seed: int, folder: Path, shift: str = "none", roles: tuple[str, ...] = ROLES
) -> Path:
    """Write a phantom's DICOM files and truth, unless they are there already; CT too where asked.

    Raises
    ------
    ValueError
        For a shift that is not one of `inference.phantom.shifts`.
    """
    how = shift_of(shift)
    kind = ("ct-" if "ct" in roles else "") + ("" if shift == "none" else f"{shift}-")
    path = folder / f"examination-v{phantom.VERSION}-{kind}{seed}"
    if path.exists():
        return path
    case = phantom.make_case(
        seed,
        n_lesions=lesion_count(seed),
        slice_mm=how.slice_mm,
        dose=how.dose,
        alter=how.alter,
        with_ct="ct" in roles,
    )
    part = path.with_name(f"{path.name}.part")
    phantom.write_dicom(case, part, patient_id=f"SYNTHETIC-{seed}", study_date="20260101")
    np.save(part / _LABELS, case.labels)
    names = ("id", "kind", "diameter_mm", "volume_mm3", "centroid_mm")
    rows = [{name: getattr(each, name) for name in names} for each in case.lesions]
    (part / _TRUTH).write_text(json.dumps({"scanner": case.scanner.vendor, "lesions": rows}))
    part.replace(path)
    return path


def load_examination(path: Path) -> Examination:
    """Find the files of a written phantom and read its truth."""
    series = {each.name: sorted(each.iterdir()) for each in path.iterdir() if each.is_dir()}
    truth = json.loads((path / _TRUTH).read_text())
    seed = int(path.name.rpartition("-")[2])
    return Examination(seed, series, np.load(path / _LABELS), truth["lesions"])
