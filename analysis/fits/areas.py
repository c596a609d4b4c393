"""Areas under fitted curves, many at a time, as figures of merit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.fits.binormal import fit_binormal
from analysis.fits.contaminated import fit_contaminated
from analysis.fits.likelihood import Fit, categories

Floats = NDArray[np.float64]


def binormal_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of binormal fits to (D, L) counts; the empirical area where there is no fit."""
    return _areas(fit_binormal, positive, negative)


def contaminated_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of contaminated binormal fits to (D, L) counts."""
    return _areas(fit_contaminated, positive, negative)


def _areas(fit_it: Callable[[Floats, Floats], Fit], positive: Floats, negative: Floats) -> Floats:
    """Fit each distinct set of joined categories once.

    Leaving out any of several cases of one category is one fit, also where the ratings are all
    different and only joined to categories.
    """
    known: dict[bytes, float] = {}
    found = np.empty(len(positive))
    with threadpool_limits(1):  # the matrices are tiny: waking threads for them takes longer
        for at, counts in enumerate(zip(positive, negative, strict=True)):
            joined = categories(*counts)
            key = np.concatenate(joined).tobytes()
            if key not in known:
                known[key] = fit_it(*joined).auc
            found[at] = known[key]
    return found
