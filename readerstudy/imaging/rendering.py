"""Frames as pictures: windowed to eight bits. Pure."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from readerstudy.imaging.defacing import Mask, Volume

SIDE_PX = 320
Values = NDArray[np.float64]


def _linear(values: Values, centre: float, width: float) -> Values:
    """PS3.3 C.11.2.1.2.1; a width of 1 is a threshold."""
    step = np.where(values > centre - 0.5, 1.0, 0.0)
    return step if width <= 1 else (values - (centre - 0.5)) / (width - 1) + 0.5


def _linear_exact(values: Values, centre: float, width: float) -> Values:
    """PS3.3 C.11.2.1.3.2."""
    return (values - centre) / width + 0.5


def _sigmoid(values: Values, centre: float, width: float) -> Values:
    """PS3.3 C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w)), without an overflow."""
    return (np.tanh(2 * (values - centre) / width) + 1) / 2


EXACT = "linear-exact"
FUNCTIONS = {"linear": _linear, EXACT: _linear_exact, "sigmoid": _sigmoid}


def grey(
    stored: NDArray[Any],
    geometry: Mapping[str, Any],
    window: tuple[float, float] | None = None,
    *,
    function: str = EXACT,
) -> NDArray[np.uint8]:
    """A frame's stored values as they look through a window.

    Parameters
    ----------
    stored : (rows, columns) integers
        Before rescale.
    geometry : mapping
        Of the series: `rescale`, `window`, `photometric`.
    window : (centre, width), optional
        In rescaled values; the series' own when left out.
    function : str
        A key of `FUNCTIONS`.

    Notes
    -----
    MONOCHROME1 is shown inverted (PS3.3 C.7.6.3.1.2).
    """
    slope, intercept = geometry["rescale"]
    values = stored.astype(np.float64) * slope + intercept
    shown = FUNCTIONS[function](values, *(window or geometry["window"]))
    shown = 1.0 - shown if geometry["photometric"] == "MONOCHROME1" else shown
    grey: NDArray[np.uint8] = np.rint(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8)
    return grey


def encoded(image: Image.Image, kind: str, *, quality: int = 90) -> bytes:
    """The picture as PNG or JPEG (`kind`: "PNG", "JPEG")."""
    out = BytesIO()
    image.save(out, format=kind, **({"quality": quality} if kind == "JPEG" else {}))
    return out.getvalue()


def side_view(volume: Volume, mask: Mask) -> bytes:
    """The middle sagittal plane, head up, nose to the left, with the mask in red: a PNG."""
    from scipy.optimize import linear_sum_assignment  # slow to load

    axis, coordinate = linear_sum_assignment(-np.abs(volume.steps_mm))
    along = dict(zip(axis.tolist(), coordinate.tolist(), strict=True))
    order = [number for number in range(3) if along[number] != 0]
    across = next(number for number in range(3) if along[number] == 0)
    middle = volume.values.shape[across] // 2
    plane, red = np.take(volume.values, middle, across), np.take(mask, middle, across)
    down, forth = order
    if along[down] != 2:  # noqa: PLR2004 -- rows of the picture go down the body
        plane, red, down, forth = plane.T, red.T, forth, down
    if volume.steps_mm[down, 2] > 0:
        plane, red = plane[::-1], red[::-1]
    if volume.steps_mm[forth, 1] < 0:
        plane, red = plane[:, ::-1], red[:, ::-1]
    top = max(float(np.percentile(plane, 99.5)), 1e-6)
    shades = np.clip(plane / top, 0, 1)[..., None] * np.full(3, 255.0)
    shades[red] = shades[red] * 0.5 + np.array([127.0, 0.0, 0.0])
    spacing = np.linalg.norm(volume.steps_mm, axis=1)
    height = plane.shape[0] * spacing[down]
    width = plane.shape[1] * spacing[forth]
    scale = SIDE_PX / max(height, width)
    image = Image.fromarray(shades.astype(np.uint8))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return encoded(image.resize(size), "PNG")
