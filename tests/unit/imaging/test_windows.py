"""R1: the window that a series opens with, and those beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from readerstudy.imaging import heads, packs
from readerstudy.imaging.geometry import stack
from readerstudy.imaging.packs import percentile_window
from readerstudy.imaging.services import packing
from tests import dicom

Head = Callable[[float], NDArray[np.uint16]]


@pytest.fixture
def head() -> Head:
    """Stored values of an MR: air about a head of 200 to 1200, a few vessels far brighter."""

    def made(share_of_air: float) -> NDArray[np.uint16]:
        count = 20_000
        air = np.zeros(round(count * share_of_air), np.uint16)
        tissue = np.linspace(200, 1200, count - len(air)).astype(np.uint16)
        return np.concatenate([air, tissue, np.full(20, 9000, np.uint16)])

    return made


def ends(window: tuple[float, float]) -> tuple[float, float]:
    return window[0] - window[1] / 2, window[0] + window[1] / 2


def test_r1_mr_opens_from_the_1st_to_the_99_5th_percentile_of_the_head(head: Head) -> None:
    """By NumPy on the head alone; a few vessels do not darken everything."""
    values = head(0.5)
    inside = values[values > 0]
    expected = (np.percentile(inside, 1), np.percentile(inside, 99.5))
    assert ends(percentile_window(values, (1.0, 0.0))) == pytest.approx(expected)


def test_r1_how_much_air_is_about_the_head_changes_its_window_little(head: Head) -> None:
    windows = [ends(percentile_window(head(share), (1.0, 0.0))) for share in (0.3, 0.5, 0.8)]
    assert windows == [pytest.approx((210, 1195), abs=15)] * 3


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, -1024.0), (0.25, 0.0), (1.0, -500.0)])
def test_r1_an_automatic_window_is_in_values_after_rescale(
    head: Head, slope: float, intercept: float
) -> None:
    centre, width = percentile_window(head(0.5), (1.0, 0.0))
    found = percentile_window(head(0.5), (slope, intercept))
    assert found == pytest.approx((centre * slope + intercept, width * slope))


def test_r1_dark_tissue_is_not_lost_where_most_is_bright() -> None:
    """The lower end stays below 35 % of the way up: liquor and oedema keep their contrast."""
    values = np.concatenate([np.zeros(100), np.linspace(900, 1000, 9900)]).astype(np.uint16)
    low, high = ends(percentile_window(values, (1.0, 0.0)))
    assert low == pytest.approx(0.35 * high, rel=1e-6)


def test_r1_an_empty_or_flat_image_has_a_window_all_the_same() -> None:
    for value in (0, 700):
        assert percentile_window(np.full(100, value, np.uint16), (1.0, 0.0)) == (value, 1.0)


def test_r1_mr_has_a_brighter_a_narrower_and_a_wider_window() -> None:
    told = packing._windows("MR", (600.0, 1000.0))
    assert told["window"] == [600.0, 1000.0]
    assert told["presets"] == {
        "auto": [600.0, 1000.0], "bright": [450.0, 750.0],
        "narrow": [600.0, 550.0], "wide": [720.0, 1500.0],
    }  # fmt: skip


def test_r1_ct_opens_in_the_brains_window_whatever_its_percentiles() -> None:
    told = packing._windows("CT", (350.0, 1316.0))
    assert told["window"] == [40, 80]
    assert told["presets"] == {
        "brain": [40, 80], "subdural": [75, 215], "bone": [600, 2800], "auto": [350.0, 1316.0],
    }  # fmt: skip


@pytest.mark.parametrize(("most", "each"), [(1 << 20, 192), (80, 15), (35, 7), (3, 1)])
def test_a_window_is_taken_from_no_more_values_however_long_the_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, each: int
) -> None:
    """What intake holds in memory does not grow with the examination."""
    monkeypatch.setattr(packs, "SAMPLES_PER_FRAME", 192)
    taken: list[int] = []

    def window(values: NDArray[np.generic], _rescale: tuple[float, float]) -> tuple[float, float]:
        taken.append(values.size)
        return 0.0, 1.0

    monkeypatch.setattr(packs, "SAMPLES", most)
    monkeypatch.setattr(packs, "percentile_window", window)
    files = heads.read(dicom.series(tmp_path, count=5))  # of 16 x 12
    packs.write(files, stack([file.data for file in files]), tmp_path / "raw.pack")
    assert taken == [5 * each]
    assert 5 * each <= max(most, 5)


@pytest.mark.parametrize("shape", [(256, 256), (512, 512), (90, 90), (240, 155)])
@pytest.mark.parametrize("frames", [300, 1024, 4096])
def test_of_a_long_series_every_column_is_sampled(shape: tuple[int, int], frames: int) -> None:
    """A step in time with the columns would see air alone."""
    step = packs._step(shape, frames)
    seen = np.arange(0, shape[0] * shape[1], step)
    assert len(seen) * frames <= packs.SAMPLES + frames
    assert len(set(seen % shape[1])) == min(len(seen), shape[1])
