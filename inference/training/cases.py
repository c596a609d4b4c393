"""Training cases: phantoms brought to the network's grid, kept in a cache folder."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference import phantom
from inference.phantom.lesions import MEDIAN_MM, MIN_DIAMETER_MM, SMALLEST_MM
from inference.phantom.shifts import Shift, any_machine, shift_of
from inference.preprocess import CLIP, ROLES, prepare, reference_of, resample_labels

TRAINING_SEEDS = range(1_000, 2_000)
VALIDATION_SEEDS = range(20_000, 20_024)  # temperature and threshold
TEST_SEEDS = range(30_000, 30_100)  # the bench: nothing is chosen on it
_LABELS, _TRUTH = "labels.npy", "truth.json"
PLAN = 2  # of `PLANS`, the usual one
_EMPTY, _VARIED = {0, 5}, {3, 5, 8, 9}  # last digits of seeds
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
    """How a training phantom is made: how many metastases of which median size, which machine.

    `dry` is the share of metastases without oedema whatever their size, `at_vessels` how many
    small ones there are at vessels besides, `smallest_mm` the least size of the others
    (`phantom.make_case`).
    """

    lesions: int
    median_mm: float
    machine: Shift
    dry: float = 0.0
    at_vessels: int = 0
    smallest_mm: float = MIN_DIAMETER_MM


@dataclass(frozen=True)
class Mixture:
    """What the training phantoms of a plan are, besides the two of ten without metastases.

    Attributes
    ----------
    crowded
        Last digits of the seeds whose phantoms hold forty metastases, most of them small.
    several
        How many metastases of which median size in mm the others hold; None: as the bench.
    dry
        Share of the others' metastases without oedema.
    at_vessels
        How many small ones at vessels the others hold besides.
    smallest_mm
        Of the metastases in all of them.
    """

    crowded: frozenset[int]
    several: tuple[int, float] | None = None
    dry: float = 0.0
    at_vessels: int = 0
    smallest_mm: float = MIN_DIAMETER_MM


# A number is part of a case's name in the cache: another mixture gets another number. By plan 2
# large metastases nearly all had oedema, and what learnt from them was blind on T1c alone.
PLANS = {
    2: Mixture(frozenset({1, 2, 3, 6, 7, 8})),
    3: Mixture(frozenset({1, 2, 8}), several=(14, 8.0), dry=0.5),
    4: Mixture(frozenset({1, 2, 8}), several=(14, 8.0), dry=0.5, at_vessels=6),
    5: Mixture(frozenset({1, 2, 3, 6, 7, 8}), smallest_mm=SMALLEST_MM),
}


def plan(seed: int, number: int = PLAN) -> Plan:
    """What the training phantom of a seed is: crowded, ordinary or without metastases.

    By plan 2 six of ten hold forty metastases, most of them small, which a detector needs to see
    most often; two are like those of the bench, two hold none. By plan 3 three are crowded, and
    five hold fourteen, large ones among them, half of them without oedema; by plan 4 these five
    hold six small ones at vessels too. By plan 5, else as plan 2, the smallest are of 1.5 mm, not
    2: a fifth of the crowd is smaller than 2.

    Four of ten come from machines of a wider range than the bench's. Calibration and bench have
    phantoms of their own distribution (`lesion_count`), so that the crowd moves no measured figure
    or probability.
    """
    kind, mixture = seed % 10, PLANS[number]
    machine = shift_of("none")
    if kind in _VARIED:
        machine = any_machine(np.random.default_rng([seed, 8]))
    if kind in mixture.crowded:
        return Plan(_CROWD, _CROWD_MEDIAN_MM, machine, smallest_mm=mixture.smallest_mm)
    if kind in _EMPTY:
        return Plan(0, MEDIAN_MM, machine)
    several, median_mm = mixture.several or (lesion_count(seed), MEDIAN_MM)
    return Plan(several, median_mm, machine, mixture.dry, mixture.at_vessels, mixture.smallest_mm)


def folder_of(cache: Path, roles: tuple[str, ...]) -> Path:
    """Where cases of these channels lie: of MR in the cache itself."""
    return cache if roles == ROLES else cache / "-".join(roles)


def path_of(folder: Path, seed: int, number: int = PLAN) -> Path:
    """Folder of a seed's case by a plan in the cache."""
    return folder / f"v{phantom.VERSION}-plan{number}-{seed}"


def encode(voxels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Normalised intensities to bytes: steps of 0.08 robust standard deviations."""
    low, high = CLIP
    return np.round((voxels - low) * (255 / (high - low))).astype(np.uint8)


def decode(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bytes back to normalised intensities."""
    low, high = CLIP
    return stored.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)


def make(seed: int, folder: Path, roles: tuple[str, ...] = ROLES, number: int = PLAN) -> Path:
    """Make and store a case by a plan with these channels, unless it is there already."""
    make_each(seed, {roles: folder}, number)
    return path_of(folder, seed, number)


def make_each(seed: int, folders: Mapping[tuple[str, ...], Path], number: int = PLAN) -> None:
    """Store a case in a folder for each set of channels, all of one phantom, which is dear."""
    missing = {
        roles: path
        for roles, folder in folders.items()
        if not (path := path_of(folder, seed, number)).exists()
    }
    if not missing:
        return
    how = plan(seed, number)
    case = phantom.make_case(
        seed,
        n_lesions=how.lesions,
        sizes=phantom.Sizes(how.median_mm, how.smallest_mm),
        shift=how.machine,
        with_ct=any("ct" in roles for roles in missing),  # MR is the same with and without
        dry=how.dry,
        besides=phantom.Besides(at_vessels=how.at_vessels),
    )
    for roles, path in missing.items():
        _store(case, path, roles)


def _store(case: phantom.PhantomCase, path: Path, roles: tuple[str, ...]) -> None:
    """Write what a training reads of a phantom, whole or not at all."""
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


def available(folder: Path, seeds: Sequence[int], number: int = PLAN) -> Iterator[Path]:
    """Cached cases of these seeds by a plan, in the seeds' order."""
    yield from (path for seed in seeds if (path := path_of(folder, seed, number)).exists())


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
        shift=how,
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
