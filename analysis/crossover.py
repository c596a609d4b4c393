"""Period, carry-over and modality effects of a two-period crossover, readers as units.

Jones and Kenward, *Design and Analysis of Cross-Over Trials* (2nd ed., 2003), section 2.3; Hills
and Armitage, Br J Clin Pharmacol 1979; 8:7-20. A test of carry-over has little power with few
readers and is no reason to leave the second period out (Freeman, Stat Med 1989; 8:1421-1432).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.tables import DataError, need_columns

Floats = NDArray[np.float64]
COLUMNS = ("reader", "modality", "period", "value")


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect with its t test; the interval has level 1 - alpha."""

    estimate: float
    std_error: float
    df: int
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Crossover:
    """Effects in a two-period crossover.

    Attributes
    ----------
    modalities : (a, b)
        Control first.
    modality : Effect
        b - a, free of the period effect.
    period : Effect
        Second period - first.
    carry_over : Effect
        Difference of the readers' sums: sequence ab - sequence ba.
    means : tuple of dict
        sequence, period, modality, mean over readers, number of readers.
    """

    modalities: tuple[str, str]
    modality: Effect
    period: Effect
    carry_over: Effect
    means: tuple[dict[str, Any], ...]
    n_readers: int
    alpha: float

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return asdict(self)


def crossover(table: pd.DataFrame, *, control: str | None = None, alpha: float = 0.05) -> Crossover:
    """Separate modality, period and carry-over.

    Parameters
    ----------
    table : DataFrame
        reader, modality, period, value: one row a reader and period, as a figure of merit or a
        mean log time.
    control : str, optional
        The modality that the other is compared with; the first in order when left out.

    Returns
    -------
    Crossover

    Raises
    ------
    DataError
        For other than two modalities and two periods, a reader with other than one value in each,
        or fewer than two readers in a sequence.
    """
    need_columns(table, COLUMNS, "crossover")
    wide, order = _wide(table, control)
    a, _ = order
    is_ab = wide["first"] == a
    d = (wide["value_1"] - wide["value_2"]).to_numpy(dtype=float)
    total = (wide["value_1"] + wide["value_2"]).to_numpy(dtype=float)
    groups = is_ab.to_numpy()
    if min(groups.sum(), (~groups).sum()) < 2:
        raise DataError("a crossover needs two readers at least in each sequence of modalities")
    difference = _difference(d[~groups], d[groups], alpha, half=True)
    period = _sum(d[groups], d[~groups], alpha)
    carry = _difference(total[groups], total[~groups], alpha)
    return Crossover(order, difference, period, carry, _means(wide, order), len(wide), alpha)


def _wide(table: pd.DataFrame, control: str | None) -> tuple[pd.DataFrame, tuple[str, str]]:
    """A row a reader: first modality, value in period 1 and in period 2."""
    table = table.assign(modality=table["modality"].astype(str))
    modalities, periods = sorted(set(table["modality"])), sorted(set(table["period"]))
    if len(modalities) != 2 or len(periods) != 2:
        raise DataError("a crossover has two modalities and two periods")
    if control is not None and control not in modalities:
        raise DataError(f"there is no modality {control}")
    a = control or modalities[0]
    b = next(each for each in modalities if each != a)
    sizes = table.groupby("reader").agg(
        rows=("value", "size"), modalities=("modality", "nunique"), periods=("period", "nunique")
    )
    if not (sizes == 2).all().all() or not np.isfinite(table["value"].astype(float)).all():
        wrong = sizes.index[~(sizes == 2).all(axis=1)]
        name = wrong[0] if len(wrong) else "a reader"
        raise DataError(f"{name} has no single value in each period and modality")
    parts = {
        number: table[table["period"] == period].set_index("reader")
        for number, period in enumerate(periods, start=1)
    }
    wide = pd.DataFrame(
        {
            "first": parts[1]["modality"],
            "value_1": parts[1]["value"].astype(float),
            "value_2": parts[2]["value"].astype(float),
        }
    )
    return wide.sort_index(), (a, b)


def _means(wide: pd.DataFrame, order: tuple[str, str]) -> tuple[dict[str, Any], ...]:
    a, b = order
    found = []
    for first, second in ((a, b), (b, a)):
        rows = wide[wide["first"] == first]
        for period, modality in ((1, first), (2, second)):
            found.append(
                {
                    "sequence": f"{first}{second}",
                    "period": period,
                    "modality": modality,
                    "mean": float(rows[f"value_{period}"].mean()),
                    "readers": len(rows),
                }
            )
    return tuple(found)


def _pooled(x: Floats, y: Floats) -> tuple[float, int]:
    """Standard error of a difference (or sum) of two means, and its degrees of freedom."""
    df = len(x) + len(y) - 2
    variance = (x.var(ddof=1) * (len(x) - 1) + y.var(ddof=1) * (len(y) - 1)) / df
    return float(np.sqrt(variance * (1 / len(x) + 1 / len(y)))), df


def _difference(x: Floats, y: Floats, alpha: float, *, half: bool = False) -> Effect:
    error, df = _pooled(x, y)
    scale = 0.5 if half else 1.0
    return _effect(scale * float(x.mean() - y.mean()), scale * error, df, alpha)


def _sum(x: Floats, y: Floats, alpha: float) -> Effect:
    """Second period less first, of differences first less second."""
    error, df = _pooled(x, y)
    return _effect(-0.5 * float(x.mean() + y.mean()), 0.5 * error, df, alpha)


def _effect(estimate: float, error: float, df: int, alpha: float) -> Effect:
    """With no spread at all the test is 1 at an effect of 0 and 0 elsewhere, as its limit."""
    if error > 0:
        statistic = estimate / error
        p_value = float(2 * stats.t.sf(abs(statistic), df))
    else:
        statistic = float(np.sign(estimate)) * float("inf") if estimate else 0.0
        p_value = 0.0 if estimate else 1.0
    reach = float(stats.t.isf(alpha / 2, df)) * error
    return Effect(estimate, error, df, statistic, p_value, estimate - reach, estimate + reach)
