"""What a reader drew, as the browser writes it."""

import numpy as np
import pytest

from readerstudy.reads import masks


def test_runs_are_voxels_with_columns_fastest() -> None:
    mask = masks.parse("10,20,30,3,2,2:1,2,4,1,4")
    assert mask is not None
    assert (mask.first, mask.size) == ((10, 20, 30), (3, 2, 2))
    expected = np.array([[[0, 1, 1], [0, 0, 0]], [[0, 1, 0], [0, 0, 0]]], dtype=bool)
    np.testing.assert_array_equal(mask.voxels(), expected)


@pytest.mark.parametrize(
    "text",
    [
        "", "1,2,3:1", "1,2,3,2,2,1:1,2", "1,2,3,2,2,1:4", "1,2,3,2,2,1:1,0,3", "1,2,3,0,2,1:0",
        "-1,2,3,2,2,1:1,2,1", "1,2,3,300,1,1:0,300", "1,2,3,2,2,1:1,2,1\n", None, 7,
    ],
)  # fmt: skip
def test_what_is_no_mask_is_none(text: object) -> None:
    assert masks.parse(text) is None


def test_a_box_lies_in_a_grid_or_not() -> None:
    mask = masks.parse("1,2,3,2,2,1:1,2,1")
    assert mask is not None
    assert mask.lies_in({"columns": 3, "rows": 4, "frames": 4})
    assert not mask.lies_in({"columns": 2, "rows": 4, "frames": 4})
    assert not mask.lies_in({"columns": 3, "rows": 4, "frames": 3})
