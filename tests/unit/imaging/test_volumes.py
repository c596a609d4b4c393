"""A packed series as a volume: how far one frame lies from the next."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from readerstudy.imaging import packs, store, volumes
from readerstudy.imaging.models import Series

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("positions", "step"), [([[0, 0, 7]], 5.0), ([[0, 0, 7], [0, 0, 9]], 2.0)])
def test_a_single_frame_is_as_deep_as_its_slice_is_thick(
    monkeypatch: pytest.MonkeyPatch, positions: list[list[float]], step: float
) -> None:
    geometry = {
        "frames": len(positions), "positions_mm": positions, "spacing_mm": 5.0,
        "pixel_spacing_mm": [0.5, 0.25], "row_cosine": [1, 0, 0], "column_cosine": [0, 1, 0],
    }  # fmt: skip
    monkeypatch.setattr(store, "pack_path", lambda _series: Path("pack"))
    monkeypatch.setattr(packs, "frame", lambda *_: np.zeros((4, 6)))
    made = volumes.volume_of(cast("Series", SimpleNamespace(geometry=geometry)))
    expected: Any = [[0, 0, step], [0, 0.5, 0], [0.25, 0, 0]]
    assert np.allclose(made.steps_mm, expected)
