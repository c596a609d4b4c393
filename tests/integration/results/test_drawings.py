"""The grids of what was drawn, as the frozen tables hold them."""

from typing import Any

import numpy as np
import pytest

from readerstudy.imaging.geometry import grid_digest
from readerstudy.imaging.models import Series
from readerstudy.results import drawings
from readerstudy.results.freeze import gather
from readerstudy.studies.readiness import missing
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from tests import factories, kept
from tests.cast import People

ONE_VOXEL = "1,1,0,1,1,1:0,1"


@pytest.fixture
def standard(people: People) -> ReferenceStandard:
    """A draft's standard of one lesion."""
    kept.draft_study(people, n_training=0)
    return ReferenceStandard.objects.filter(status="diseased").order_by("case__code")[0]


def _drawn(standard: ReferenceStandard, **geometry: Any) -> Series:
    series = Series.objects.get(examination=standard.case.examination_id, role="t1c")
    series.geometry = {**factories.GEOMETRY, **geometry}
    series.save(update_fields=["geometry"])
    mask = {"series": str(series.pk), "voxels": ONE_VOXEL}
    TruthLesion.objects.filter(standard=standard).update(mask=mask)
    return series


def test_a_series_of_one_slice_has_its_thickness_as_its_step(standard: ReferenceStandard) -> None:
    """A step of nothing would be a grid without volume: no analysis could use what was drawn."""
    _drawn(standard, frames=1, positions_mm=[[3, 4, 5]], row_cosine=[0, 1, 0],
           column_cosine=[0, 0, -1], spacing_mm=5.0)  # fmt: skip
    (row,) = drawings.grids([], [standard])
    step = [row[f"frame_{axis}_mm"] for axis in "xyz"]
    assert np.allclose(step, [-5, 0, 0])


def test_voxels_count_only_on_the_grid_that_they_were_drawn_on(standard: ReferenceStandard) -> None:
    """A slice before the others shifts every frame: the voxels would lie elsewhere, unsaid."""
    series = _drawn(standard)
    mask = {"series": str(series.pk), "voxels": ONE_VOXEL}
    bound = {**mask, "grid": grid_digest(factories.GEOMETRY)}
    there = {"drawn_on": str(series.pk), "drawn": ONE_VOXEL}
    assert drawings.cells_of_standard(bound) == there
    _drawn(standard, dtype="int16")  # other pixels in the same place, as after defacing
    assert drawings.cells_of_standard(bound) == there
    _drawn(standard, frames=3, positions_mm=[[0, 0, -1], [0, 0, 0], [0, 0, 1]])
    assert drawings.cells_of_standard(bound) == {**there, "drawn": ""}
    assert drawings.cells_of_standard(mask) == there  # kept before grids were
    for stored, is_there in ((mask, True), (bound, False)):
        TruthLesion.objects.filter(standard=standard).update(mask=stored)
        said = [each.words for each in missing(standard.case.study) if "grid" in each.code]
        assert [standard.case.code in each for each in said] == ([] if is_there else [True])
        tables = {each.name: each for each in gather(standard.case.study)}
        assert (ONE_VOXEL in str(tables["truth"])) is is_there
