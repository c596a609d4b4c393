"""The grids of what was drawn, as the frozen tables hold them."""

from typing import Any

import numpy as np
import pytest

from readerstudy.imaging.models import Series
from readerstudy.results import drawings
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from tests import factories
from tests.cast import People

ONE_VOXEL = "1,1,0,1,1,1:0,1"


@pytest.fixture
def standard(people: People) -> ReferenceStandard:
    """A draft's standard of one lesion."""
    factories.draft_study(people, n_training=0)
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
