"""The one way from the platform to `inference`; torch is imported only when a detector runs."""

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import inference
from inference import vendor
from inference.vendor import Read as VendorRead
from inference.vendor import Result as VendorResult
from inference.vendor import UnusableResult, tables

if TYPE_CHECKING:
    from pydicom import Dataset

    from inference.metrics import CaseScore, Statistic

__all__ = [
    "Counted",
    "Found",
    "UnusableResult",
    "VendorRead",
    "VendorResult",
    "as_dicom",
    "card",
    "combine_vendor",
    "default_detector",
    "detect",
    "known_detectors",
    "place_vendor",
    "read_vendor",
    "read_vendor_table",
    "stand_alone",
]
ROOT = Path(inference.__file__).resolve().parents[1]
START_SECONDS, SECONDS_PER_FILE = 60, 20  # a process that reads files of others


@dataclass(frozen=True)
class Found:
    """A lesion as the platform keeps it."""

    centroid_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float
    probability: float | None  # None where a vendor gave none
    uncertainty: float | None
    contours_mm: list[list[list[float]]]
    explanation: dict[str, Any]
    heat_map: dict[str, Any] | None = None  # method, shares, levels; as `ProposalHeatMap` has them
    # Of one that was drawn elsewhere, not stated by place and diameter: the first voxel (column,
    # row, frame) on the T1c's grid and the box [frame, row, column].
    voxels: tuple[tuple[int, int, int], NDArray[np.bool_]] | None = field(
        default=None, compare=False
    )


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


def _point(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


@lru_cache(maxsize=2)
def _loaded(detector: str) -> Any:
    return inference.load_detector(detector)


def detect(detector: str, paths: Mapping[str, Sequence[Path]]) -> tuple[str, list[Found]]:
    """Run a detector on an examination.

    Parameters
    ----------
    detector : str
        "name@version".
    paths : mapping
        Series role -> its DICOM files.

    Returns
    -------
    weights_sha256 : str
        Of the weights that ran.
    found : list of Found
        By falling probability.
    """
    model = _loaded(detector)
    lesions = model.detect(inference.read_examination(paths))
    found = [
        Found(
            centroid_mm=_point(each.centroid_mm),
            diameter_mm=float(each.diameter_mm),
            volume_mm3=float(each.volume_mm3),
            probability=float(each.probability),
            uncertainty=None if each.uncertainty is None else float(each.uncertainty),
            contours_mm=[
                [list(map(float, point)) for point in line] for line in each.contours_mm()
            ],
            explanation=dict(each.explanation),
            heat_map=None if each.heat is None else each.heat.to_json(),
        )
        for each in lesions
    ]
    found.sort(key=lambda each: -(each.probability or 0))
    return str(model.weights_sha256), found


@dataclass(frozen=True)
class Counted:
    """A detector on one case with a reference standard.

    `hits`: of each true lesion its diameter in mm and the probability of the proposal that found
    it (None: not found); `false`: probabilities of the proposals that found nothing.
    """

    hits: Sequence[tuple[float, float | None]]
    false: Sequence[float]


def stand_alone(cases: Sequence[Counted], *, has_probabilities: bool) -> dict[str, Any]:
    """What a detector did by itself: found by size, false positives, FROC, calibration.

    Returns
    -------
    dict
        `sensitivity`: size -> (lesions, value, interval); `false_positives`: (value, interval);
        with probabilities also `froc` (rate -> sensitivity), `calibration_error` and
        `reliability` (rows of proposals, mean probability, share that was right). Intervals are
        bootstraps over cases; None where there is nothing to count.
    """
    from inference import metrics

    scores = [_scored(each) for each in cases]
    sizes = ((0.0, float("inf")), *metrics.SIZES_MM)
    found: dict[str, Any] = {
        "sensitivity": {
            size: (
                sum(int(((c.diameters_mm >= size[0]) & (c.diameters_mm < size[1])).sum())
                    for c in scores),
                *_estimate(scores, partial(_share_found, low=size[0], high=size[1])),
            )
            for size in sizes
        },
        "false_positives": _estimate(
            scores, lambda some: metrics.false_positives_per_case(some, 0.0)
        ),
    }  # fmt: skip
    if has_probabilities:
        rates = (0.125, 0.25, 0.5, 1, 2)
        found["froc"] = {
            rate: metrics.sensitivity(
                scores, max(metrics.threshold_at(scores, rate), 0.0), 0, float("inf")
            )
            for rate in rates
        }
        found |= _calibration(scores)
    return found


def _scored(case: Counted) -> "CaseScore":
    from inference.metrics import CaseScore

    diameters = np.array([diameter for diameter, _ in case.hits], dtype=np.float64)
    hits = [-np.inf if p is None else p for _, p in case.hits]
    return CaseScore(
        diameters,
        np.array(hits, dtype=np.float64),
        np.zeros(len(hits)),
        np.array(case.false, dtype=np.float64),
    )


def _share_found(cases: "Sequence[CaseScore]", low: float, high: float) -> float:
    from inference import metrics

    return metrics.sensitivity(cases, 0.0, low, high)


def _estimate(
    cases: "Sequence[CaseScore]", statistic: "Statistic"
) -> tuple[float | None, tuple[float, float] | None]:
    from inference import metrics

    value = statistic(cases)
    if not np.isfinite(value):
        return None, None
    return value, metrics.interval(cases, statistic, draws=500)


def _calibration(cases: "Sequence[CaseScore]") -> dict[str, Any]:
    """Calibration error over ten bins, and the bins themselves."""
    from inference import metrics

    true = np.concatenate([c.hits[np.isfinite(c.hits)] for c in cases])
    false = np.concatenate([c.false_scores for c in cases])
    p = np.concatenate([true, false])
    is_right = np.arange(len(p)) < len(true)
    error = metrics.calibration_error(p, is_right) if len(p) else None
    return {"calibration_error": error, "reliability": metrics.reliability(p, is_right)}


def read_vendor(paths: Sequence[Path]) -> list[VendorRead | str]:
    """Read SEG and SR files of another maker's AI, in a process that may be killed.

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
    """Delivered lesions on the T1c series of their examination, by falling probability.

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

    Where it found nothing, an SR says so; where nothing that it found lies on T1c, there is none.

    Parameters
    ----------
    geometry, paths : mapping, sequence of Path
        Of the T1c series, and its de-identified files, one a frame.
    """
    from inference import export
    from inference.outlines import lesion_of

    name, _, version = detector.partition("@")
    algorithm = export.Algorithm(name, version or "0", weights_sha256)
    if not found:
        absent = export.absence_report(paths, algorithm=algorithm, observed_at=moment)
        return [("SR", absent)]
    grid = _grid(geometry)
    placed = [
        lesion_of(
            each.contours_mm, each.centroid_mm, each.diameter_mm,
            probability=math.nan if each.probability is None else each.probability,
            affine=grid.affine, shape=grid.shape,
        )
        for each in found
    ]  # fmt: skip
    lesions = [each for each in placed if each is not None]
    if not lesions:
        return []
    seg = export.segmentation(lesions, paths, algorithm=algorithm)
    report = export.measurement_report(lesions, paths, seg, algorithm=algorithm, observed_at=moment)
    return [("SEG", seg), ("SR", report)]
