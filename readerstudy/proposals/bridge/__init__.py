"""The one way from the platform to `inference`; torch is imported only when a detector runs."""

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import inference
from inference import vendor
from inference.detector import Note, Used, unheard
from inference.vendor import Read as VendorRead
from inference.vendor import Result as VendorResult
from inference.vendor import UnusableResult, masks, tables
from readerstudy.proposals.bridge.drawn import known_lesion, known_rows, reliability_figure
from readerstudy.proposals.bridge.found import Detected, Found, found_of
from readerstudy.proposals.bridge.standalone import Counted, stand_alone

if TYPE_CHECKING:
    from pydicom import Dataset

    from inference.lesions import Lesion
    from inference.volume import Affine

__all__ = [
    "Counted",
    "Detected",
    "Found",
    "Head",
    "UnusableResult",
    "Used",
    "VendorRead",
    "VendorResult",
    "as_dicom",
    "card",
    "combine_vendor",
    "default_detector",
    "detect",
    "is_on_grid",
    "is_vendor_image",
    "kinds_head",
    "known_detectors",
    "known_lesion",
    "known_rows",
    "named_vendor",
    "needs",
    "place_vendor",
    "read_vendor",
    "read_vendor_table",
    "reliability_figure",
    "stand_alone",
    "tell_kinds",
]
ROOT = Path(inference.__file__).resolve().parents[1]
START_SECONDS, SECONDS_PER_FILE = 60, 20  # a process that reads files of others


def default_detector() -> str:
    """The detector that comes with the platform, by value: "name@version"."""
    return str(inference.default_detector())


def known_detectors() -> list[str]:
    """Every detector that can run here, by value."""
    return [str(name) for name in inference.detector_names()]


def card(detector: str) -> dict[str, Any]:
    """The detector's model card: banner, training data, measured performance, limits.

    Raises
    ------
    KeyError
        For a detector that is not known here.
    """
    return dict(inference.detector_card(detector))


def needs(detector: str) -> tuple[str, ...]:
    """The roles of series without which a detector refuses, by its card."""
    return tuple(card(detector).get("needs", ()))


@lru_cache(maxsize=2)
def _loaded(detector: str) -> Any:
    return inference.load_detector(detector)


def detect(
    detector: str,
    paths: Mapping[str, Sequence[Path]],
    *,
    halvings: int = 0,
    note: Note = unheard,
) -> Detected:
    """Run a detector on an examination.

    Parameters
    ----------
    detector : str
        "name@version".
    paths : mapping
        Series role -> its DICOM files.
    halvings : int
        How often its windows are halved before it begins, where memory is known to lack.
    note : callable
        Told what the detector is at, once it has read the files: "network", "explaining".

    Raises
    ------
    inference.preprocess.UnusableExamination
        Among others where its proposals would lie on a series that is not in the place of T1c:
        marks and the reference standard are in T1c's.
    ValueError
        For answers that cannot be kept: probabilities that are none, numbers that JSON has not.
    """
    from inference.detector import detect as find
    from inference.detector import grid_role
    from inference.preprocess import require_same_place

    model = _loaded(detector)
    examination = inference.read_examination(paths)
    role = grid_role(model)
    require_same_place(examination, role, "t1c")
    lesions, used = find(model, examination, halvings=halvings, note=note)
    found = [found_of(each) for each in lesions]
    found.sort(key=lambda each: -(each.probability or 0))
    return Detected(str(model.weights_sha256), found, role, used)


@dataclass(frozen=True)
class Head:
    """What tells kinds of lesion, by value."""

    name: str  # "name@version"
    sha256: str
    lacks: tuple[str, ...] = ()  # roles of the series without which it could say nothing


def kinds_head() -> Head:
    """The head that tells kinds of lesion; `ValueError` where its file is damaged."""
    from inference.classify.shipped import shipped

    head = shipped()
    return Head(head.value, head.sha256)


def tell_kinds(
    found: Sequence[Found], paths: Mapping[str, Sequence[Path]], *, grid_role: str
) -> tuple[Head, list[Found]]:
    """What kind of lesion each may be, and the head that was asked.

    Parameters
    ----------
    found : sequence of Found
        As `detect` gave them.
    paths : mapping
        Series role -> its DICOM files.
    grid_role : str
        Of the series in whose slices they are outlined, as `Detected` has it.
    """
    from inference.classify import classified
    from inference.preprocess import ROLES, prepare

    head = kinds_head()
    lacks = tuple(role for role in ROLES if not paths.get(role))
    if lacks or not found:
        return replace(head, lacks=lacks), list(found)
    examination = inference.read_examination({role: paths[role] for role in {*ROLES, grid_role}})
    outlined = examination[grid_role]
    ready = prepare(examination)
    slices, rows, columns = outlined.voxels.shape
    told = []
    for each in found:
        lesion = _lesion(each, outlined.affine, (slices, rows, columns))
        said = {} if lesion is None else classified(lesion, ready).classification
        told.append(replace(each, classification=said))
    return head, told


def _lesion(found: Found, affine: "Affine", shape: tuple[int, int, int]) -> "Lesion | None":
    """What the platform keeps of a lesion, on a grid; None where it lies outside."""
    from inference.outlines import lesion_of

    lesion = lesion_of(
        found.contours_mm, found.centroid_mm, found.diameter_mm,
        probability=math.nan if found.probability is None else found.probability,
        affine=affine, shape=shape,
    )  # fmt: skip
    return lesion and replace(lesion, classification=found.classification)


def read_vendor(paths: Sequence[Path]) -> list[VendorRead | str]:
    """Read files of another maker's AI that are no table, in a process that may be killed.

    Returns
    -------
    list
        For each file what it says, or in words why it cannot be used. A file that kills or hangs
        the process costs itself alone.
    """
    found: list[VendorRead | str] = []
    while len(found) < len(paths):
        found += _read_apart(paths[len(found) :])
    return found


def _read_apart(paths: Sequence[Path]) -> list[VendorRead | str]:
    """What one process read before it ended; at least the first file's outcome."""
    command = [sys.executable, "-m", "inference", "vendor", "--limited", *map(str, paths)]
    limit = START_SECONDS + SECONDS_PER_FILE * len(paths)
    try:
        done = subprocess.run(  # noqa: S603 -- our own program; the names are ours
            command, cwd=ROOT, capture_output=True, timeout=limit, check=False
        )
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    lines = [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
    found = [each.get("problem") or vendor.Read.from_json(each) for each in lines]
    if len(found) < len(paths):
        found.append("reading it took too long or too much memory")
    return found


def is_vendor_image(path: Path) -> bool:
    """Whether a file is DICOM or NIfTI, by its first bytes; all else is taken for a table."""
    with path.open("rb") as file:
        head = file.read(352)
    return head[128:132] == b"DICM" or masks.is_mask(head)


def named_vendor(read: VendorRead | str, name: str) -> VendorRead:
    """What a file says, about the examination that a NIfTI mask's name says.

    Raises
    ------
    inference.vendor.UnusableResult
        With the words of a file that was not read, or for a mask whose name says nothing.
    """
    if isinstance(read, str):
        raise UnusableResult(read)
    if read.study_uid or read.grid is None:
        return read
    examination = masks.name_of(name)
    if not examination:
        raise UnusableResult(
            "name a NIfTI mask by its case's code or Study Instance UID, as C01.nii.gz"
        )
    return replace(read, study_uid=examination)


def is_on_grid(result: VendorResult, geometry: Mapping[str, Any]) -> bool:
    """Whether what names no frame of reference has the voxels of a packed series."""
    return result.grid is None or vendor.is_same(result.grid, _grid(geometry))


def read_vendor_table(path: Path) -> dict[str, VendorResult]:
    """Read a table of lesions by case; `UnusableResult` names a wrong line."""
    none: frozenset[str] = frozenset()
    return {name: VendorResult(name, none, each) for name, each in tables.read(path).items()}


def combine_vendor(
    reads: Iterable[VendorRead],
) -> dict[str, VendorResult | str]:
    """What the files say of each examination (by Study Instance UID), or why that is unusable."""
    found: dict[str, VendorResult | str] = {}
    for uid, files in vendor.by_examination(reads).items():
        try:
            found[uid] = vendor.combine(files)
        except vendor.UnusableResult as wrong:
            found[uid] = str(wrong)
    return found


def place_vendor(
    lesions: Iterable[vendor.Delivered], geometry: Mapping[str, Any], words: str
) -> list[Found]:
    """Delivered lesions on a series of their examination, by falling probability.

    Parameters
    ----------
    geometry : mapping
        Of the series, as `imaging.Series.geometry` has it.
    words : str
        What readers are told of each: where it comes from.

    Raises
    ------
    inference.vendor.UnusableResult
        When a lesion lies outside the series.
    """
    grid = _grid(geometry)
    placed = [
        _found(vendor.place(each, grid), words, is_drawn=each.extent is not None)
        for each in lesions
    ]
    return sorted(placed, key=lambda each: -(each.probability or 0))


def _found(placed: vendor.Placed, words: str, *, is_drawn: bool) -> Found:
    z, y, x = placed.offset
    return Found(
        centroid_mm=placed.centroid_mm,
        diameter_mm=placed.diameter_mm,
        volume_mm3=placed.volume_mm3,
        probability=placed.probability,
        uncertainty=None,
        contours_mm=placed.contours_mm(),
        explanation={"short": words, "full": words},
        voxels=((x, y, z), placed.mask.astype(bool)) if is_drawn else None,
    )


def _grid(geometry: Mapping[str, Any]) -> vendor.Grid:
    """The grid of a packed series: index (slice, row, column) -> LPS mm."""
    positions = np.array(geometry["positions_mm"], float)
    between_rows, between_columns = geometry["pixel_spacing_mm"]
    affine = np.eye(4)
    affine[:3, 0] = (positions[-1] - positions[0]) / max(len(positions) - 1, 1)
    affine[:3, 1] = np.array(geometry["column_cosine"]) * between_rows
    affine[:3, 2] = np.array(geometry["row_cosine"]) * between_columns
    affine[:3, 3] = positions[0]
    return vendor.Grid(affine, (len(positions), geometry["rows"], geometry["columns"]))


def as_dicom(
    found: Sequence[Found],
    geometry: Mapping[str, Any],
    paths: Sequence[Path],
    *,
    detector: str,
    weights_sha256: str,
    moment: datetime,
) -> list[tuple[str, "Dataset"]]:
    """What a detector found, as ("SEG", ...) and ("SR", ...).

    Where it found nothing, an SR says so; where nothing that it found lies on the series, there is
    none.

    Parameters
    ----------
    geometry, paths : mapping, sequence of Path
        Of the series that the lesions are outlined on, and its de-identified files, one a frame.
    """
    from inference import export
    from inference.sources import read_sources

    name, _, version = detector.partition("@")
    algorithm = export.Algorithm(name, version or "0", weights_sha256)
    if not found:
        absent = export.absence_report(paths, algorithm=algorithm, observed_at=moment)
        return [("SR", absent)]
    grid = _grid(geometry)
    placed = [_lesion(each, grid.affine, grid.shape) for each in found]
    lesions = [each for each in placed if each is not None]
    if not lesions:
        return []
    read = read_sources(paths)
    seg = export.segmentation(lesions, read, algorithm=algorithm)
    report = export.measurement_report(lesions, read, seg, algorithm=algorithm, observed_at=moment)
    return [("SEG", seg), ("SR", report)]
