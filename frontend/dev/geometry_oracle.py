# ruff: noqa: INP001 -- a script beside the program it checks, no package
"""Numbers for the geometry tests, made with NumPy from DICOM's formula, not from our code.

    python frontend/dev/geometry_oracle.py > frontend/src/geometry/oracle/oblique.json

PS3.3 C.7.6.2.1.1 as one 4x4 affine: columns are row cosine * column spacing, column cosine * row
spacing, frame step, first position. Its inverse gives voxels from patient millimetres (LPS).
"""

import json
import sys

import numpy as np


def main() -> None:
    """Write two oblique series, random voxels, their patient points and places in each other."""
    rng = np.random.default_rng(20261123)
    series = [_series(rng, (0.9, 1.1), 1.2, 40), _series(rng, (0.5, 0.7), 4.4, 9)]
    cases = []
    for affine, _ in series:
        for _ in range(20):
            voxel = rng.uniform([0, 0, 0], [63, 47, 8])
            point = (affine @ [*voxel, 1.0])[:3]
            places = [(np.linalg.inv(other) @ [*point, 1.0])[:3].tolist() for other, _ in series]
            cases.append({"point_mm": point.tolist(), "voxels": places})
    json.dump({"series": [each for _, each in series], "cases": cases}, sys.stdout, indent=1)


def _series(
    rng: np.random.Generator, spacing: tuple[float, float], step: float, frames: int
) -> tuple[np.ndarray, dict[str, object]]:
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    row, column = rotation[:, 0], rotation[:, 1]
    normal = np.cross(row, column)
    origin = rng.uniform(-100, 100, 3)
    between_rows, between_columns = spacing
    affine = np.eye(4)
    affine[:3] = np.column_stack(
        [row * between_columns, column * between_rows, normal * step, origin]
    )
    geometry = {
        "rows": 48,
        "columns": 64,
        "row_cosine": row.tolist(),
        "column_cosine": column.tolist(),
        "positions_mm": [(origin + normal * step * frame).tolist() for frame in range(frames)],
        "pixel_spacing_mm": list(spacing),
        "spacing_mm": step,
    }
    return affine, geometry


if __name__ == "__main__":
    main()
