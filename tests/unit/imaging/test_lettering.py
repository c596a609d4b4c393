"""Text burned into pixels without an attribute: found by its strokes, anatomy is left alone."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.data import get_testdata_files
from scipy import ndimage

from readerstudy.imaging import lettering

NAME = "DOE^JANE 1953-02-11"
Slices = list[NDArray[Any]]


def heads(seed: int = 0, count: int = 5, dtype: str = "uint16") -> Slices:
    """Slices that differ as a head's do: smooth structures, noise, dark air around."""
    rng = np.random.default_rng(seed)
    made = []
    row, column = np.mgrid[:224, :192]
    for number in range(count):
        inside = ((row - 112) / (60 + 8 * number)) ** 2 + ((column - 96) / 70) ** 2 < 1
        tissue = 700 + 250 * ndimage.gaussian_filter(rng.standard_normal((224, 192)), 4) * 8
        values = np.abs(np.where(inside, tissue, 0) + 12 * rng.standard_normal((224, 192)))
        made.append((values / (8 if dtype == "uint8" else 1)).clip(0, np.iinfo(dtype).max))
    return [each.astype(dtype) for each in made]


def written(
    slices: Slices, *, size: int, at: tuple[int, int], share: float = 1.0, smooth: bool = True
) -> Slices:
    """The same with text in each; `share` of the largest value."""
    picture = Image.new("L", slices[0].shape[::-1], 0)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "L" if smooth else "1"
    pen.text(at, NAME, fill=255, font=ImageFont.load_default(size))
    cover = np.asarray(picture) / 255.0
    value = share * max(int(each.max()) for each in slices)
    return [(each * (1 - cover) + value * cover).round().astype(each.dtype) for each in slices]


@pytest.mark.fault("E7")
@pytest.mark.parametrize("at", [(4, 4), (20, 110)], ids=["in a corner", "over the head"])
@pytest.mark.parametrize("size", [12, 16, 24, 36])
@pytest.mark.parametrize("smooth", [True, False])
def test_c10_text_at_one_place_in_all_slices_is_found(
    at: tuple[int, int], size: int, *, smooth: bool
) -> None:
    is_faint = smooth and size < 16 and at != (4, 4)  # half as bright, it is not told from a head
    for share in (1.0,) if is_faint else (1.0, 0.5):
        slices = written(heads(), size=size, at=at, share=share, smooth=smooth)
        assert lettering.shows_text(slices), share


@pytest.mark.parametrize("size", [10, 16, 24])
def test_c10_text_in_a_single_slice_and_down_a_side_is_found(size: int) -> None:
    one = written(heads(count=1), size=size, at=(4, 4), smooth=False)
    assert lettering.shows_text(one)
    turned = [np.rot90(each) for each in written(heads(), size=size, at=(4, 4), smooth=False)]
    assert lettering.shows_text(turned)


def looked_through(slices: Slices) -> bool:
    """As a series is looked at when it is packed."""
    chosen = lettering.sampled(len(slices))
    rest = [each for number, each in enumerate(slices) if number not in chosen]
    return lettering.shows_text([slices[each] for each in chosen], iter(rest))


def stack(seed: int = 0, count: int = 24) -> Slices:
    """A head that widens and narrows again, as slices show it from below to above."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:224, :192]
    made = []
    for share in np.sin(np.linspace(0.3, np.pi - 0.1, count)):
        inside = ((row - 112) / (80 * share)) ** 2 + ((column - 96) / (66 * share)) ** 2 < 1
        tissue = 700 + 250 * ndimage.gaussian_filter(rng.standard_normal((224, 192)), 4) * 8
        values = np.abs(np.where(inside, tissue, 0) + 12 * rng.standard_normal((224, 192)))
        made.append(values.astype(np.uint16))
    return made


@pytest.mark.fault("E7")
@pytest.mark.parametrize("size", [12, 16, 24])
@pytest.mark.parametrize("number", [0, 7, 23], ids=["the first", "one between", "the last"])
def test_c10_text_beside_the_head_in_one_slice_of_many_is_found(number: int, size: int) -> None:
    slices = stack()
    assert not looked_through(slices)
    slices[number : number + 1] = written(slices[number : number + 1], size=size, at=(4, 4))
    assert looked_through(slices)


def test_c10_text_beside_the_head_at_another_place_in_some_slices_is_found() -> None:
    slices = stack()
    for number, row in ((4, 4), (9, 40), (17, 190)):
        slices[number : number + 1] = written(slices[number : number + 1], size=12, at=(4, row))
    assert looked_through(slices)


@pytest.mark.fault("E7")
@pytest.mark.parametrize(("size", "smooth"), [(8, False), (12, False), (20, True), (36, True)])
@pytest.mark.parametrize("number", [0, 11, 17])
def test_c10_text_over_the_head_in_one_slice_of_many_is_found(
    number: int, size: int, *, smooth: bool
) -> None:
    for dtype in ("uint16", "int16"):
        slices = [each.astype(dtype) - (dtype == "int16") * 1000 for each in stack()]
        assert not looked_through(slices)
        slices[number : number + 1] = written(
            slices[number : number + 1], size=size, at=(30, 95), smooth=smooth
        )
        assert looked_through(slices), dtype


def test_c10_text_over_the_head_at_another_place_in_each_slice_is_found() -> None:
    slices = stack(count=9)
    for number, each in enumerate(slices):
        (slices[number],) = written([each], size=14, at=(10 + 5 * number, 60 + 9 * number),
                                    smooth=False)  # fmt: skip
    assert looked_through(slices)


@pytest.mark.parametrize("dtype", ["uint16", "uint8"])
@pytest.mark.parametrize("seed", range(6))
def test_slices_without_text_are_left_alone(seed: int, dtype: str) -> None:
    slices = heads(seed, dtype=dtype)
    assert not lettering.shows_text(slices)
    assert not lettering.shows_text(slices[2:3])
    padded = [np.pad(each, ((20, 20), (30, 30)), constant_values=3) for each in slices]
    assert not lettering.shows_text(padded)
    assert not looked_through(stack(seed))
    flat = [np.full((64, 64), number, np.uint16) for number in range(5)]
    assert not lettering.shows_text(flat)


@pytest.mark.parametrize("count", [12, 24, 44])
def test_a_scalp_that_flickers_above_the_faintest_brightness_is_no_text(count: int) -> None:
    """T2: fluid is by far the brightest, scalp lies near a fifth of it; the stack ends inside."""
    rng = np.random.default_rng(count)
    row, column = np.mgrid[:224, :192]
    away = np.hypot((row - 112) / 90, (column - 96) / 75)
    still = np.select([away < 0.8, away < 1], [1000, 90 + 120 * row / 224], 10)
    slices = [
        np.abs(still + 22 * rng.standard_normal(still.shape)).astype("uint16") for _ in range(count)
    ]
    assert not looked_through(slices)
    one = written(slices[:1], size=14, at=(4, 4))  # what is beside that head is found all the same
    assert looked_through([*slices[:5], *one, *slices[6:]])


def test_real_images_without_text_are_left_alone() -> None:
    """pydicom's MR and CT files; of all its greyscale files one, of ultrasound, shows letters."""
    alarms, looked = [], 0
    for name in get_testdata_files():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                data = pydicom.dcmread(name)
                pixels = data.pixel_array
            except Exception:  # noqa: BLE001 -- broken on purpose, or no image
                continue
        if data.get("SamplesPerPixel") != 1:
            continue
        looked += 1
        frames = pixels if data.get("NumberOfFrames", 1) > 1 else pixels[None]
        if looked_through(list(frames)):
            alarms.append(Path(name).name)
    assert looked > 40
    assert alarms == ["examples_palette.dcm"]


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [0]), (2, [0, 1]), (5, [0, 1, 2, 3, 4]), (161, [0, 40, 80, 120, 160])]
)
def test_slices_looked_at_are_spread_over_the_series(count: int, chosen: list[int]) -> None:
    assert lettering.sampled(count) == chosen
