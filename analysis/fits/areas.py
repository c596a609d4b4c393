"""Areas under fitted curves, many at a time, as figures of merit."""

import numpy as np
from numpy.typing import NDArray

from analysis.fits.binormal import fit_binormal
from analysis.fits.contaminated import fit_contaminated

Floats = NDArray[np.float64]


def binormal_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of binormal fits to (D, L) counts; the empirical area where there is no fit."""
    return np.array([fit_binormal(p, n).auc for p, n in zip(positive, negative, strict=True)])


def contaminated_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of contaminated binormal fits to (D, L) counts."""
    return np.array([fit_contaminated(p, n).auc for p, n in zip(positive, negative, strict=True)])
