"""A coefficient of agreement with its interval."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from analysis.figures import ForestRow, forest_figure
from analysis.figures.agreement import bland_altman_figure
from analysis.results import finite
from analysis.tables import DataError, codes, need_columns, numbers
from analysis.words import interval_text, level_text

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """A coefficient; `extra` holds what else the method gives."""

    name: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n_cases: int
    n_readers: int
    alpha: float = 0.05
    warnings: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """The result as plain values, without the pairs that the plot of limits shows."""
        tree = asdict(self)
        del tree["pairs"]
        return {name: finite(value) for name, value in tree.items()}

    def frame(self) -> pd.DataFrame:
        """The result as one row."""
        row = self.to_json()
        extra = row.pop("extra")
        return pd.DataFrame([{**row, **extra}])

    def plot(self) -> Figure:
        """The coefficient with its interval; limits of agreement as Bland and Altman's plot."""
        if self.pairs:
            return self._limits()
        row = ForestRow(self.name, self.estimate, self.ci_low, self.ci_high, weight=True)
        return forest_figure([row], words="Coefficient")

    def _limits(self) -> Figure:
        extra = self.extra
        lines = {"Mean": (self.estimate, self.ci_low, self.ci_high)}
        for name, words in (("upper", "Upper limit"), ("lower", "Lower limit")):
            lines[words] = (extra[name], extra[f"{name}_ci_low"], extra[f"{name}_ci_high"])
        means, differences = np.array(self.pairs).T
        return bland_altman_figure(means, differences, lines)

    def statement(self) -> str:
        """The result in a sentence."""
        if self.pairs:
            low, high = self.extra["lower"], self.extra["upper"]
            return (
                f"The mean difference, second minus first, was {self.estimate:.3f} "
                f"({level_text(self.alpha)} {interval_text(self.ci_low, self.ci_high)}) in "
                f"{self.n_cases} cases; {100 * (1 - self.alpha):g} % of differences are expected "
                f"between {low:.3f} and {high:.3f} (limits of agreement)."
            )
        return (
            f"{self.name} was {self.estimate:.3f} ({level_text(self.alpha)} "
            f"{interval_text(self.ci_low, self.ci_high)}) for {self.n_readers} readers and "
            f"{self.n_cases} cases."
        )


def matrix_of(table: pd.DataFrame, value: str = "rating") -> tuple[Floats, tuple[str, ...]]:
    """A tidy table (reader, case, value) as a (cases, readers) matrix, NaN where not rated.

    Raises
    ------
    DataError
        For a missing column, or a reader who rated a case twice, naming the row.
    """
    need_columns(table, ("reader", "case", value))
    reader, readers = codes(table["reader"])
    case, cases = codes(table["case"])
    twice = np.flatnonzero(pd.MultiIndex.from_arrays([reader, case]).duplicated())
    if twice.size:
        row = int(twice[0])
        raise DataError(
            f"row {row + 1}: reader {readers[reader[row]]} rated case {cases[case[row]]} twice; "
            "choose one modality"
        )
    matrix = np.full((len(cases), len(readers)), np.nan)
    matrix[case, reader] = numbers(table[value], value)
    return matrix, readers


def jackknifed(
    name: str,
    ratings: Floats,
    coefficient: Callable[[Floats], float],
    alpha: float,
    extra: dict[str, Any] | None = None,
) -> Agreement:
    """The coefficient of (cases, readers) ratings, its standard error by leaving out each case."""
    value = coefficient(ratings)
    n = len(ratings)
    warnings: tuple[str, ...] = ()
    if math.isnan(value):
        value, error = 1.0, 0.0
        warnings = ("All ratings are the same: agreement is complete and chance not defined.",)
    else:
        without = np.array([coefficient(np.delete(ratings, k, axis=0)) for k in range(n)])
        without = np.where(np.isnan(without), value, without)
        error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    half = float(stats.t.isf(alpha / 2, n - 1)) * error
    return Agreement(
        name, value, error, value - half, min(value + half, 1.0), n, ratings.shape[1], alpha,
        warnings, extra or {},
    )  # fmt: skip


def enough(ratings: Floats, cases: int = 3, readers: int = 2) -> Floats:
    """The ratings as floats, after checking that there are enough.

    Raises
    ------
    DataError
        For too few cases or readers.
    """
    matrix = np.asarray(ratings, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] < cases or matrix.shape[1] < readers:
        raise DataError(
            f"Ratings have shape {matrix.shape}: agreement needs {cases} cases (rows) and "
            f"{readers} readers (columns) at least."
        )
    return matrix


def complete(ratings: Floats) -> tuple[Floats, tuple[str, ...]]:
    """The cases that every reader rated, and what was left out."""
    whole = ~np.isnan(ratings).any(axis=1)
    out = int((~whole).sum())
    words = f"{out} of {len(ratings)} cases were left out: not every reader rated them."
    return ratings[whole], ((words,) if out else ())
