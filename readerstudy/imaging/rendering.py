"""Frames as pictures: windowed to eight bits. Pure."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def grey(
    stored: NDArray[Any], geometry: Mapping[str, Any], window: tuple[float, float] | None = None
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

    Notes
    -----
    LINEAR_EXACT of PS3.3 C.11.2.1.3.2; MONOCHROME1 is shown inverted (C.7.6.3.1.2).
    """
    slope, intercept = geometry["rescale"]
    centre, width = window or geometry["window"]
    shown = (stored.astype(np.float64) * slope + intercept - centre) / width + 0.5
    shown = 1.0 - shown if geometry["photometric"] == "MONOCHROME1" else shown
    grey: NDArray[np.uint8] = np.rint(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8)
    return grey


def encoded(image: Image.Image, kind: str, *, quality: int = 90) -> bytes:
    """The picture as PNG or JPEG (`kind`: "PNG", "JPEG")."""
    out = BytesIO()
    image.save(out, format=kind, **({"quality": quality} if kind == "JPEG" else {}))
    return out.getvalue()
