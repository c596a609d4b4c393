"""The one way from the platform to `inference`; torch is imported only when a detector runs."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import inference
from inference import vendor
from inference.vendor import Read as VendorRead
from inference.vendor import Result as VendorResult
from inference.vendor import UnusableResult, tables

__all__ = [
    "Found",
    "UnusableResult",
    "VendorRead",
    "VendorResult",
    "card",
    "combine_vendor",
    "default_detector",
    "detect",
    "known_detectors",
    "place_vendor",
    "read_vendor",
    "read_vendor_table",
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
        )
        for each in lesions
    ]
    found.sort(key=lambda each: -(each.probability or 0))
    return str(model.weights_sha256), found


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
    placed = [_found(vendor.place(each, grid), words) for each in lesions]
    return sorted(placed, key=lambda each: -(each.probability or 0))


def _found(placed: vendor.Placed, words: str) -> Found:
    return Found(
        centroid_mm=placed.centroid_mm,
        diameter_mm=placed.diameter_mm,
        volume_mm3=placed.volume_mm3,
        probability=placed.probability,
        uncertainty=None,
        contours_mm=placed.contours_mm(),
        explanation={"short": words, "full": words},
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
