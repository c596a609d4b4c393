"""Frames as pictures: what is bright in the image is bright on the screen."""

import numpy as np
import pytest

from readerstudy.imaging import rendering

STORED = np.array([[0, 100], [200, 300]], np.uint16)


def shown(photometric: str, **more: object) -> list[int]:
    geometry = {"rescale": (1.0, 0.0), "window": (150.0, 300.0), "photometric": photometric}
    return rendering.grey(STORED, geometry | more).ravel().tolist()


def test_monochrome1_is_shown_inverted() -> None:
    assert shown("MONOCHROME2") == [0, 85, 170, 255]
    assert shown("MONOCHROME1") == [255, 170, 85, 0]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_window_is_in_rescaled_values(photometric: str) -> None:
    moved = shown(photometric, rescale=(2.0, -1000.0), window=(-700.0, 600.0))
    assert moved == shown(photometric)


def test_what_is_below_or_above_the_window_is_black_or_white() -> None:
    assert shown("MONOCHROME2", window=(150.0, 1.0)) == [0, 0, 255, 255]
