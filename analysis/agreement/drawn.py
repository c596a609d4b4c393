"""What readers drew of lesions against the reference standard: overlap, lesion by lesion.

Of each mark that localises a lesion (LL) and was drawn: Dice's coefficient (Dice, Ecology 1945;
26:297-302), Hausdorff distance at 95 % and surface Dice (`masks.compare_masks`), volumes. The
comparison is made on the grid that the reader drew on, over a box that holds both. A lesion of the
standard without voxels of its own is taken for the sphere of its diameter, and said to be one: no
reader overlaps a sphere wholly. One that lies between the slices, without a voxel on that grid,
is counted and in no mean: nobody could have drawn it right.
"""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.agreement.masks import Overlap, compare_masks
from analysis.extents import Floats, Lesion, Mask
from analysis.results import finite
from analysis.tables import DataError, need_columns, numbers

MARKS = ("reader", "modality", "case", "mark", "lesion", "drawn_on", "drawn")
TRUTH = ("case", "lesion", "x_mm", "y_mm", "z_mm", "diameter_mm")
AXES = ("column", "row", "frame")  # one step along each, and the first voxel's centre, in mm
GRIDS = (
    "series",
    *(f"{axis}_{of}" for axis in (*AXES, "origin") for of in ("x_mm", "y_mm", "z_mm")),
)
VOXELS, SPHERE = "voxels", "sphere"
CHANGED = "sphere, grid changed"  # voxels were drawn, on a grid that the series no longer has
OF_MARK = ("reader", "modality", "case", "mark", "lesion")
COLUMNS = (
    *OF_MARK, "reference", "dice", "hd95_mm", "surface_dice", "volume_drawn_mm3",
    "volume_reference_mm3",
)  # fmt: skip
_TEXT = re.compile(r"\d{1,5}(,\d{1,5}){5}:\d{1,8}(,\d{1,8})*")
_HALF = 0.5
_FLAT = 1e-6  # of a grid's voxel, against one with right angles


@dataclass(frozen=True, eq=False)
class Drawn:
    """A row a drawn mark on a lesion, and the means of them by modality.

    Attributes
    ----------
    rows : DataFrame
        reader, modality, case, mark, lesion, reference (voxels, sphere, or
        "sphere, grid changed": voxels were drawn where the series lay otherwise), dice, hd95_mm,
        surface_dice, volume_drawn_mm3, volume_reference_mm3 (of its own voxels or sphere). dice,
        hd95_mm and surface_dice are NaN where the lesion has no voxel on the drawing's grid.
    """

    rows: pd.DataFrame
    tolerance_mm: float

    def to_json(self) -> dict[str, Any]:
        """Counts and means: of each reader's lesions first, then over readers."""
        found: dict[str, Any] = {"tolerance_mm": self.tolerance_mm, "modalities": {}}
        for modality, drawn in self.rows.groupby("modality", sort=True, observed=True):
            part = drawn[drawn["dice"].notna()]
            of_readers = part.groupby("reader", observed=True)
            found["modalities"][str(modality)] = {
                "readers": int(part["reader"].nunique()),
                "lesions": len(part),
                "too_small": len(drawn) - len(part),
                "spheres": int((part["reference"] != VOXELS).sum()),
                "grid_changed": int((part["reference"] == CHANGED).sum()),
                "dice": finite(float(of_readers["dice"].mean().mean())),
                "dice_median": finite(float(part["dice"].median())),
                "hd95_mm": finite(float(of_readers["hd95_mm"].mean().mean())),
                "surface_dice": finite(float(of_readers["surface_dice"].mean().mean())),
                "volume_ratio": finite(_geometric_mean(part)),
            }
        return found

    def statement(self) -> str:
        """The means in words; empty where nothing was drawn."""
        parts = [_words(name, each) for name, each in self.to_json()["modalities"].items()]
        return f"What was drawn, against the reference standard: {'; '.join(parts)}." * bool(parts)


def drawn_lesions(
    marks: pd.DataFrame, truth: pd.DataFrame, grids: pd.DataFrame, *, tolerance_mm: float = 1.0
) -> Drawn:
    """Compare every drawn mark that localises a lesion with that lesion.

    Parameters
    ----------
    marks : DataFrame
        reader, modality, case, mark, lesion (above 0: a lesion's number), drawn_on (a series),
        drawn ("column,row,frame,columns,rows,frames:run,run,..."; columns run fastest, runs
        outside and inside by turns; empty where nothing was drawn).
    truth : DataFrame
        case, lesion, x_mm, y_mm, z_mm, diameter_mm; where known drawn_on, drawn (a series and no
        voxels: it was drawn on a grid that the series no longer has).
    grids : DataFrame
        series and its geometry in LPS millimetres: one step along columns (column_x_mm, ...),
        rows and frames, and the first voxel's centre (origin_x_mm, ...).
    tolerance_mm : float
        Of the surface Dice.

    Raises
    ------
    DataError
        For missing columns, a drawing that is none, or one on a grid or lesion that is not there.
    """
    for table, columns, name in ((marks, MARKS, "marks"), (truth, TRUTH, "truth")):
        need_columns(table, columns, name)
    need_columns(grids, GRIDS, "grids")
    affines = {str(row["series"]): _affine(row) for row in _records(grids)}
    lesions = _lesions(truth, affines)
    hit = marks[_is_drawn(marks["drawn"]) & (numbers(marks["lesion"], "lesion") > 0)]
    changed = _changed(truth)
    rows = [_row(mark, lesions, affines, tolerance_mm, changed) for mark in _records(hit)]
    return Drawn(pd.DataFrame(rows, columns=list(COLUMNS)), tolerance_mm)


def compare_drawing(drawn: Mask, reference: Lesion, *, tolerance_mm: float = 1.0) -> Overlap:
    """Compare a drawing with a lesion, on the drawing's grid.

    Parameters
    ----------
    drawn : Mask
        Voxels (X, Y, Z) and their affine.
    reference : Lesion
        Its mask where it has one (nearest voxel on the drawing's grid), else its sphere.

    Raises
    ------
    DataError
        For a reference without mask and diameter.
    """
    low, high = _reach(drawn, reference)
    first = np.minimum(low, 0)
    size = np.maximum(high, drawn.voxels.shape) - first
    mine = np.zeros(size, dtype=bool)
    mine[tuple(slice(-a, n - a) for a, n in zip(first, drawn.voxels.shape, strict=True))] = (
        drawn.voxels
    )
    index = np.indices(tuple(size)).reshape(3, -1).T + first
    points = index @ drawn.affine[:3, :3].T + drawn.affine[:3, 3]
    theirs = _holds(reference, points).reshape(tuple(size))
    spacing = [float(each) for each in np.linalg.norm(drawn.affine[:3, :3], axis=0)]
    return compare_masks(mine, theirs, spacing_mm=spacing, tolerance_mm=tolerance_mm)


def read_drawing(text: str, affine: Floats) -> Mask:
    """The voxels that a drawing's text names, with the affine of their box.

    Raises
    ------
    DataError
        For a text that is none.
    """
    if not _TEXT.fullmatch(text):
        raise DataError(f"{text[:40]!r} is no drawing")
    head, tail = text.split(":")
    numbers_ = [int(each) for each in head.split(",")]
    runs = [int(each) for each in tail.split(",")]
    first, (columns, rows, frames) = np.array(numbers_[:3], dtype=float), numbers_[3:]
    if not sum(runs[1::2]):
        raise DataError(f"{text[:40]!r} names no voxel")
    if sum(runs) != columns * rows * frames:
        raise DataError(f"a drawing's runs name {sum(runs)} voxels, not {columns * rows * frames}")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    voxels = flat.reshape(frames, rows, columns).transpose(2, 1, 0)  # x runs fastest in the text
    moved = affine.copy()
    moved[:3, 3] = affine[:3, :3] @ first + affine[:3, 3]
    return Mask(voxels, moved)


def _words(name: str, each: Mapping[str, Any]) -> str:
    left = f"{each['too_small']} too small for the grid they were drawn on"
    if not each["lesions"]:
        return f"{name}: none compared, {left}"
    said = (
        f"{name}: Dice {each['dice']:.3f} (median {each['dice_median']:.3f}) over"
        f" {each['lesions']} drawn lesions of {each['readers']} readers"
    )
    if each["too_small"]:
        said += f" ({left} and left out)"
    if count := each["grid_changed"]:
        said += f" ({count} against a sphere: the series changed after the standard was drawn)"
    return said


def _geometric_mean(part: pd.DataFrame) -> float:
    """Of the volumes drawn over those of the standard."""
    ratio = part["volume_drawn_mm3"] / part["volume_reference_mm3"]
    return float(np.exp(np.log(ratio).mean()))


def _is_drawn(texts: "pd.Series[Any]") -> "pd.Series[bool]":
    return texts.notna() & (texts.astype(str) != "")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _affine(row: Mapping[str, Any]) -> Floats:
    columns = [[float(row[f"{axis}_{of}"]) for of in ("x_mm", "y_mm", "z_mm")]
               for axis in (*AXES, "origin")]  # fmt: skip
    affine = np.eye(4)
    affine[:3, :] = np.array(columns).T
    return affine


def _lesions(truth: pd.DataFrame, affines: Mapping[str, Floats]) -> dict[tuple[str, int], Lesion]:
    found = {}
    for row in _records(truth[numbers(truth["lesion"], "lesion") > 0]):
        text = row.get("drawn")
        mask = None
        if isinstance(text, str) and text:
            mask = read_drawing(text, _grid(affines, row["drawn_on"]))
        centroid = (float(row["x_mm"]), float(row["y_mm"]), float(row["z_mm"]))
        name = str(row["case"]), int(row["lesion"])
        found[name] = Lesion(str(name[1]), centroid, float(row["diameter_mm"]), mask)
    return found


def _changed(truth: pd.DataFrame) -> set[tuple[str, int]]:
    """Lesions whose voxels were drawn on a grid that their series no longer has."""
    if not {"drawn_on", "drawn"} <= set(truth.columns):
        return set()
    rows = truth[_is_drawn(truth["drawn_on"]) & ~_is_drawn(truth["drawn"])]
    return {(str(row["case"]), int(row["lesion"])) for row in _records(rows)}


def _grid(affines: Mapping[str, Floats], series: Any) -> Floats:
    if str(series) not in affines:
        raise DataError(f"grids: there is none of the series {series}")
    affine = affines[str(series)]
    steps = affine[:3, :3]
    size = np.prod(np.linalg.norm(steps, axis=0))
    if not (np.isfinite(affine).all() and abs(np.linalg.det(steps)) > _FLAT * size):
        raise DataError(f"grids: the series {series} has no volume: its steps lie in one plane")
    return affine


def _row(
    mark: Mapping[str, Any],
    lesions: Mapping[tuple[str, int], Lesion],
    affines: Mapping[str, Floats],
    tolerance_mm: float,
    changed: Collection[tuple[str, int]],
) -> dict[str, Any]:
    name = str(mark["case"]), int(mark["lesion"])
    if name not in lesions:
        raise DataError(f"truth: case {name[0]} has no lesion {name[1]}")
    lesion = lesions[name]
    drawing = read_drawing(str(mark["drawn"]), _grid(affines, mark["drawn_on"]))
    overlap = compare_drawing(drawing, lesion, tolerance_mm=tolerance_mm)
    reference = CHANGED if name in changed else SPHERE
    is_there = overlap.volume_b_mm3 > 0  # not between the slices of the drawing's grid
    found = (overlap.dice, overlap.hd95_mm, overlap.surface_dice)
    dice, hd95, surface = found if is_there else (math.nan,) * 3
    return {
        **{column: mark[column] for column in OF_MARK},
        "reference": reference if lesion.mask is None else VOXELS,
        "dice": dice,
        "hd95_mm": hd95,
        "surface_dice": surface,
        "volume_drawn_mm3": overlap.volume_a_mm3,
        "volume_reference_mm3": _volume(lesion),
    }


def _volume(lesion: Lesion) -> float:
    """Of its own voxels, or of its sphere (mm3)."""
    if lesion.mask is not None:
        return float(lesion.mask.voxels.sum()) * lesion.mask.voxel_mm3
    return math.pi / 6 * (lesion.diameter_mm or 0.0) ** 3


def _reach(drawn: Mask, reference: Lesion) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """The box (first, past the last) on the drawing's grid that holds the reference."""
    inverse = np.linalg.inv(drawn.affine)
    if reference.mask is not None:
        ends = np.array(np.nonzero(reference.mask.voxels))
        low, high = ends.min(axis=1) - _HALF, ends.max(axis=1) + _HALF
        corners = low + np.array(list(np.ndindex(2, 2, 2))) * (high - low)
        points = corners @ reference.mask.affine[:3, :3].T + reference.mask.affine[:3, 3]
    elif reference.diameter_mm is not None:
        # Along each axis of the grid a sphere reaches its radius times the inverse's row.
        middle = inverse[:3, :3] @ reference.centroid_mm + inverse[:3, 3]
        reach = np.linalg.norm(inverse[:3, :3], axis=1) * reference.diameter_mm / 2
        return np.floor(middle - reach).astype(int), np.ceil(middle + reach).astype(int) + 1
    else:
        raise DataError(f"lesion {reference.id} has neither voxels nor a diameter")
    index = points @ inverse[:3, :3].T + inverse[:3, 3]
    return np.floor(index.min(axis=0)).astype(int), np.ceil(index.max(axis=0)).astype(int) + 1


def _holds(reference: Lesion, points: Floats) -> NDArray[np.bool_]:
    if reference.mask is not None:
        return reference.mask.contains(points)
    assert reference.diameter_mm is not None  # noqa: S101  `_reach` refused it before
    away = np.linalg.norm(points - np.asarray(reference.centroid_mm), axis=1)
    return np.asarray(away <= reference.diameter_mm / 2, dtype=bool)
