"""Rules, fixed beforehand, for times that are left out; the table itself is never changed.

none            every time counts
limits:2..1800  times below 2 s or above 1800 s are left out (either end may be empty)
sd:3            times further than 3 standard deviations (log scale) from the mean of their
reader and modality are left out, once, without computing the mean anew
"""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.tables import DataError

NONE = "none"


def inside(kept: pd.DataFrame, rule: str) -> NDArray[np.bool_]:
    """Which rows of a table of reads with `seconds` (see `usable`) a rule leaves in.

    Raises
    ------
    DataError
        For an unknown rule.
    """
    name, _, value = rule.strip().partition(":")
    if name == NONE and not value:
        return np.ones(len(kept), dtype=bool)
    try:
        if name == "limits":
            low, high = value.split("..")
            ends = float(low) if low else 0.0, float(high) if high else math.inf
            return np.asarray(kept["seconds"].between(*ends), dtype=bool)
        if name == "sd" and float(value) > 0:
            return _near(kept, float(value))
    except ValueError:
        pass
    raise DataError(f"outliers {rule!r}: use none, limits:2..1800 (seconds) or sd:3")


def _near(kept: pd.DataFrame, most: float) -> NDArray[np.bool_]:
    log_s = pd.Series(np.log(kept["seconds"].to_numpy(dtype=float)), kept.index)
    cells = log_s.groupby([kept["reader"].astype(str), kept["modality"].astype(str)])
    off = (log_s - cells.transform("mean")).abs()
    spread = cells.transform("std").fillna(0.0)
    return np.asarray((off <= most * spread) | (spread == 0), dtype=bool)
