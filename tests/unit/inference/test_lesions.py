"""Lesions measure and outline themselves in patient millimetres, on oblique grids too."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from inference.geometry import longest_axial_diameter_mm
from inference.lesions import Lesion


def ball(diameter_mm: float, spacing: tuple[float, float, float]) -> np.ndarray:
    half = [int(diameter_mm / s) + 2 for s in spacing]
    z, y, x = np.ogrid[tuple(slice(-h, h + 1) for h in half)]
    at = ((z * spacing[0]) ** 2 + (y * spacing[1]) ** 2 + (x * spacing[2]) ** 2) ** 0.5
    return (at <= diameter_mm / 2).astype(np.uint8)


def lesion(
    mask: np.ndarray, spacing: tuple[float, float, float] = (1.5, 0.8, 0.6), turn: float = 25
) -> Lesion:
    axes = Rotation.from_euler("xyz", (turn, -turn / 2, 10), degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = axes[:, [2, 1, 0]] * spacing
    affine[:3, 3] = (-80, -90, 30)
    return Lesion(mask, (11, 20, 30), affine, 0.83, 0.04, {"short": "x"})


@pytest.mark.parametrize("diameter_mm", [4.0, 8.0, 15.0, 30.0])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.5, 0.8, 0.8), (5.0, 0.5, 0.5)])
def test_diameter_of_a_ball_is_right_within_half_a_voxel(
    diameter_mm: float, spacing: tuple[float, float, float]
) -> None:
    found = longest_axial_diameter_mm(ball(diameter_mm, spacing), np.array(spacing))
    assert found == pytest.approx(diameter_mm, abs=0.6 * spacing[1])


def test_diameter_does_not_run_across_slices() -> None:
    column = np.ones((30, 3, 3), np.uint8)
    assert longest_axial_diameter_mm(column, np.ones(3)) == pytest.approx(3 * 2**0.5 - 1)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        longest_axial_diameter_mm(np.zeros((2, 2, 2), np.uint8), np.ones(3))


def test_centroid_and_volume_follow_the_affine() -> None:
    one = lesion(ball(9, (1.5, 0.8, 0.6)))
    points = np.argwhere(one.mask) + one.offset
    expected = (one.affine @ np.column_stack([points, np.ones(len(points))]).T).T[:, :3].mean(0)
    assert one.centroid_mm == pytest.approx(expected)
    assert one.volume_mm3 == pytest.approx(4.19 * 4.5**3, rel=0.08)


def test_contours_lie_in_their_slices_and_enclose_the_mask() -> None:
    one = lesion(ball(9, (1.5, 0.8, 0.6)))
    lines = one.contours_mm()
    assert len(lines) == int(one.mask.any((1, 2)).sum())
    inverse = np.linalg.inv(one.affine)
    for line in lines:
        index = np.array(line) @ inverse[:3, :3].T + inverse[:3, 3] - one.offset
        assert line[0] == line[-1]
        assert np.ptp(index[:, 0]) < 0.05
        z = round(index[0, 0])
        y, x = index[:, 1], index[:, 2]
        area = 0.5 * abs(np.dot(y[:-1], x[1:]) - np.dot(x[:-1], y[1:]))
        assert area == pytest.approx(one.mask[z].sum(), rel=0.15, abs=2)


def test_a_hole_and_two_pieces_have_their_own_contours() -> None:
    plane = np.zeros((1, 12, 24), np.uint8)
    plane[0, 1:11, 1:11] = 1
    plane[0, 4:8, 4:8] = 0
    plane[0, 3:9, 14:20] = 1
    assert len(lesion(plane).contours_mm()) == 3


def test_json_has_no_array_and_comes_back() -> None:
    one = lesion(ball(5, (1.5, 0.8, 0.6)))
    back = json.loads(json.dumps(one.to_json()))
    assert back["probability"] == 0.83
    assert back["centroid_mm"] == pytest.approx(one.centroid_mm, abs=0.01)
    assert back["contours_mm"] == one.contours_mm()
