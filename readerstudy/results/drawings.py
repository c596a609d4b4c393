"""What was drawn, by readers and for the reference standard, as tables hold it."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from readerstudy.imaging.models import Series
from readerstudy.reads.models import Mark, Read
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from readerstudy.truth.selectors import is_displaced

Row = dict[str, Any]


def cells(mask: dict[str, str] | None) -> Row:
    """What was drawn, and on which series' grid; both empty where nothing was."""
    kept = mask or {}
    return {"drawn_on": kept.get("series", ""), "drawn": kept.get("voxels", "")}


def cells_of_standard(mask: dict[str, str] | None) -> Row:
    """As `cells`; without the voxels where the series lies otherwise than when they were drawn."""
    found = cells(mask)
    series = None
    if mask and mask.get("grid"):  # else it was drawn before grids were kept: nothing to compare
        series = Series.objects.filter(pk=mask["series"]).only("geometry").first()
    if is_displaced(mask, series.geometry if series else None):
        found["drawn"] = ""
    return found


def grids(reads: Sequence[Read], standards: Sequence[ReferenceStandard]) -> Iterator[Row]:
    """The series that anything was drawn on, by readers or for the standard, and their geometry."""
    marks = Mark.objects.filter(read__in=reads, is_removed=False)
    lesions = TruthLesion.objects.filter(standard__in=standards)
    drawn = [*marks.values_list("mask", flat=True), *lesions.values_list("mask", flat=True)]
    ids = {each["series"] for each in drawn if each}
    codes = {each.case.examination_id: each.case.code for each in standards}
    found = Series.objects.filter(pk__in=ids, examination__in=list(codes))
    for each in sorted(found, key=lambda one: (codes[one.examination_id], one.role, str(one.pk))):
        geometry: dict[str, Any] = each.geometry or {}  # of a series that was drawn on: there
        yield {
            "series": str(each.pk),
            "case": codes[each.examination_id],
            "role": each.role,
            **{name: geometry[name] for name in ("columns", "rows", "frames")},
            **_steps(geometry),
        }


def _steps(geometry: dict[str, Any]) -> Row:
    """One step along each axis of a series' grid and its first voxel's centre (LPS, mm)."""
    between_rows, between_columns = geometry["pixel_spacing_mm"]
    places = geometry["positions_mm"]
    first, last = places[0], places[-1]
    if len(places) > 1:
        between = [(b - a) / (len(places) - 1) for a, b in zip(first, last, strict=True)]
    else:  # its own thickness, across the slice: a step of nothing would be no grid
        normal = np.cross(geometry["row_cosine"], geometry["column_cosine"])
        between = (normal * geometry["spacing_mm"]).tolist()
    vectors = {
        "column": [each * between_columns for each in geometry["row_cosine"]],
        "row": [each * between_rows for each in geometry["column_cosine"]],
        "frame": between,
        "origin": first,
    }
    return {
        f"{axis}_{of}_mm": float(value)
        for axis, vector in vectors.items()
        for of, value in zip("xyz", vector, strict=True)
    }
