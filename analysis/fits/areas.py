"""Areas under fitted curves, many at a time, as figures of merit."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.fits.binormal import Binormal, fit_binormal
from analysis.fits.contaminated import Contaminated, fit_contaminated
from analysis.fits.likelihood import Fit, Model, categories, is_degenerate, start_of
from analysis.fits.many import fit_many

Floats = NDArray[np.float64]
FEWEST = 4  # tables of one size from which fitting them together pays


def binormal_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of binormal fits to (D, L) counts; the empirical area where there is no fit."""
    return _areas(Binormal(), fit_binormal, positive, negative)


def contaminated_area(positive: Floats, negative: Floats) -> Floats:
    """(D,) areas of contaminated binormal fits to (D, L) counts."""
    return _areas(Contaminated(), fit_contaminated, positive, negative)


def _areas(
    model: Model, fit_it: Callable[[Floats, Floats], Fit], positive: Floats, negative: Floats
) -> Floats:
    """Fit each distinct set of joined categories once, those of one size together.

    Leaving out any of several cases of one category is one fit, also where the ratings are all
    different and only joined to categories.
    """
    tables: dict[bytes, tuple[Floats, Floats]] = {}
    keys = []
    for counts in zip(positive, negative, strict=True):
        joined = categories(*counts)
        keys.append(np.concatenate(joined).tobytes())
        tables.setdefault(keys[-1], joined)
    with threadpool_limits(1):  # the matrices are tiny: waking threads for them takes longer
        known = _together(model, tables)
        for key, joined in tables.items():
            if math.isnan(known.get(key, math.nan)):
                known[key] = fit_it(*joined).auc
    return np.array([known[key] for key in keys])


def _together(model: Model, tables: dict[bytes, tuple[Floats, Floats]]) -> dict[bytes, float]:
    """Areas of the tables that can be fitted many at a time; NaN for those that did not rest."""
    groups: dict[int, list[bytes]] = {}
    for key, (positive, negative) in tables.items():
        if not is_degenerate(positive, negative):
            groups.setdefault(positive.size, []).append(key)
    found: dict[bytes, float] = {}
    for group in groups.values():
        if len(group) >= FEWEST:
            positive, negative = (np.array([tables[key][side] for key in group]) for side in (0, 1))
            start = np.array([start_of(model, *tables[key]) for key in group])
            unknowns, rested = fit_many(model, start, positive, negative)
            for key, each, good in zip(group, unknowns, rested, strict=True):
                found[key] = model.auc(each[:2])[0] if good else math.nan
    return found
