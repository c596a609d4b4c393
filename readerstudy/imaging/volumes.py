"""A packed series as a volume in the patient's millimetres."""

import numpy as np

from readerstudy.imaging import packs, store
from readerstudy.imaging.defacing import Volume
from readerstudy.imaging.models import Series


def volume_of(series: Series) -> Volume:
    """The series' stored values in the order of its frames, out of its pack."""
    geometry = series.geometry or {}
    path = store.pack_path(series)
    values = np.stack(
        [packs.frame(path, number, geometry) for number in range(geometry["frames"])]
    ).astype(np.float32)
    positions = np.array(geometry["positions_mm"], float)
    rows_mm, columns_mm = geometry["pixel_spacing_mm"]
    across = np.cross(geometry["row_cosine"], geometry["column_cosine"])
    count = len(positions)
    # One frame has no next one to tell the step: then it is as far as the slice is thick.
    alone = across * geometry["spacing_mm"]
    between = (positions[-1] - positions[0]) / (count - 1) if count > 1 else alone
    steps = np.stack(
        [
            between,
            np.multiply(geometry["column_cosine"], rows_mm),
            np.multiply(geometry["row_cosine"], columns_mm),
        ]
    )
    return Volume(values, positions[0], steps)
