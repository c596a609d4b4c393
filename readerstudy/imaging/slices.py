"""Single slices of a packed series as pictures, for pages without the reading room's program."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from PIL import Image

from readerstudy.imaging import packs, rendering, selectors, store
from readerstudy.imaging.models import Examination
from readerstudy.web.problems import Unknown

MAX_WIDTH = 100_000.0


def stacks(examination: Examination) -> list[dict[str, Any]]:
    """What a page needs to show an examination's series and to find places in them (LPS, mm)."""
    names = ("rows", "columns", "row_cosine", "column_cosine", "pixel_spacing_mm", "positions_mm")
    return [
        {
            "id": each["id"],
            "name": each["role"].upper(),
            "window": each["geometry"]["window"],
            **{name: each["geometry"][name] for name in names},
        }
        for each in selectors.series_for_packet(examination)
    ]


def picture(
    examinations: Collection[UUID],
    series_id: UUID,
    number: int,
    window: tuple[float, float] | None,
) -> bytes:
    """One slice as a PNG, in the window (centre, width) or the series' own.

    Raises
    ------
    Unknown
        404 for a series of none of the examinations, or a slice that is not there.
    """
    series = selectors.series(series_id)
    if series is None or series.examination_id not in examinations or not series.pack_sha256:
        raise Unknown
    geometry = series.geometry or {}
    if number >= geometry["frames"]:
        raise Unknown
    try:
        path = store.pack_path(series)
    except FileNotFoundError:
        raise Unknown from None
    if not path.is_file():
        raise Unknown
    if window is not None and not 0 < window[1] <= MAX_WIDTH:
        raise Unknown
    stored = packs.frame(path, number, geometry)
    return rendering.encoded(Image.fromarray(rendering.grey(stored, geometry, window)), "PNG")
