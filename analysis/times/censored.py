"""Reading times of which some were cut off: a Cox model of finishing.

A read that was stopped (by a limit, a power cut, a withdrawn reader) says only that finishing
would have taken longer. The hazard ratio compares how fast reads finish: above 1 is faster. Each
reader has a baseline of his own (strata); the standard errors allow for repeated cases (cluster).
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

from analysis.tables import DataError, codes, need_columns, numbers
from analysis.times.design import usable
from analysis.times.outliers import NONE


@dataclass(frozen=True)
class HazardRatio:
    """Rate of finishing in modality b over that in modality a."""

    modality_a: str
    modality_b: str
    ratio: float
    ci_low: float
    ci_high: float
    std_error: float
    statistic: float
    p_value: float
    n_reads: int
    n_censored: int

    def to_json(self) -> dict[str, Any]:
        """The ratio as plain values."""
        return asdict(self)


def hazard_ratios(
    table: pd.DataFrame,
    *,
    reference: str | None = None,
    outliers: str = NONE,
    alpha: float = 0.05,
) -> list[HazardRatio]:
    """Compare every modality with the reference by a Cox model stratified by reader.

    Parameters
    ----------
    table : DataFrame
        reader, modality, case, a time, censored (1: the read was cut off at that time);
        period where known.
    reference : str, optional
        The modality in the denominator; the first in order when left out.
    outliers : str
        As in `analysis.reading_time`.
    alpha : float
        Intervals are two-sided 1 - alpha.

    Raises
    ------
    DataError
        When a column is missing, or no read of a modality was finished.

    Notes
    -----
    Efron's treatment of ties; sandwich covariance clustered by case (Lin and Wei, J Am Stat Assoc
    1989; 84:1074-1078). Only readers who read in several modalities say anything.
    """
    need_columns(table, ("censored",))
    kept, _ = usable(table, outliers)
    censored = numbers(kept["censored"], "censored")
    if not np.isin(censored, (0.0, 1.0)).all():
        raise DataError("censored must be 0 (finished) or 1 (cut off)")
    modality, names = codes(kept["modality"])
    first = 0 if reference is None else _place(names, reference)
    others = [i for i in range(len(names)) if i != first]
    for i in range(len(names)):
        if not (censored[modality == i] == 0).any():
            raise DataError(f"no read in modality {names[i]} was finished")
    columns = [(modality == i).astype(float) for i in others]
    if "period" in kept and len(kept["period"].unique()) > 1:
        period = codes(kept["period"])[0]
        columns += [(period == p).astype(float) for p in range(1, int(period.max()) + 1)]
    found = PHReg(
        kept["seconds"].to_numpy(dtype=float),
        np.column_stack(columns),
        status=1 - censored,
        strata=codes(kept["reader"])[0],
        ties="efron",
    ).fit(groups=codes(kept["case"])[0])
    counts = len(kept), int(censored.sum())
    z = float(stats.norm.isf(alpha / 2))
    return [
        _ratio((names[first], names[i]), float(found.params[c]), float(found.bse[c]), z, counts)
        for c, i in enumerate(others)
    ]


def _place(names: tuple[str, ...], name: str) -> int:
    if name not in names:
        raise DataError(f"no read is in modality {name!r}: there are {', '.join(names)}")
    return names.index(name)


def _ratio(
    pair: tuple[str, str], value: float, error: float, z: float, counts: tuple[int, int]
) -> HazardRatio:
    statistic = value / error if error > 0 else math.copysign(math.inf, value)
    return HazardRatio(
        *pair,
        ratio=math.exp(value),
        ci_low=math.exp(value - z * error),
        ci_high=math.exp(value + z * error),
        std_error=error,
        statistic=statistic,
        p_value=float(2 * stats.norm.sf(abs(statistic))),
        n_reads=counts[0],
        n_censored=counts[1],
    )
