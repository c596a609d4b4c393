"""How times change with practice (order in the study) and within a sitting (fatigue)."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.tables import DataError, codes, numbers
from analysis.times.design import usable
from analysis.times.reml import Floats, Ints


@dataclass(frozen=True)
class Step:
    """Time in one stretch of the order, relative to each reader's own geometric mean.

    `ratio` is the geometric mean over readers; the interval has readers as units, and is None
    for fewer than two.
    """

    modality: str
    first: int
    last: int
    reads: int
    ratio: float
    ci_low: float | None
    ci_high: float | None

    def to_json(self) -> dict[str, Any]:
        """The step as plain values."""
        return asdict(self)


def learning_curve(table: pd.DataFrame, *, steps: int = 6, alpha: float = 0.05) -> list[Step]:
    """Relative time along each reader's order, by modality.

    Parameters
    ----------
    table : DataFrame
        reader, modality, case, a time, order.
    steps : int
        Stretches of about equally many places.

    Raises
    ------
    DataError
        Without order, or for fewer than one step.
    """
    return _curve(table, "order", steps, alpha)


def fatigue_curve(table: pd.DataFrame, *, steps: int = 4, alpha: float = 0.05) -> list[Step]:
    """Relative time along the sittings: the place of a read in its reader's session.

    Parameters
    ----------
    table : DataFrame
        reader, modality, case, a time, order, session.
    steps : int
        Stretches of about equally many places.
    """
    if "session" not in table.columns or "order" not in table.columns:
        raise DataError("fatigue needs the columns session and order")
    ordered = table.assign(order=numbers(table["order"], "order"))
    place = ordered.groupby(["reader", "session"])["order"].rank(method="first")
    return _curve(ordered.assign(place=place), "place", steps, alpha)


def _curve(table: pd.DataFrame, column: str, steps: int, alpha: float) -> list[Step]:
    if column not in table.columns:
        raise DataError(f"the table has no column {column}")
    if steps < 1:
        raise DataError("a curve has one step at least")
    kept, _ = usable(table)
    place = numbers(kept[column], column)
    reader, readers = codes(kept["reader"])
    modality, modalities = codes(kept["modality"])
    relative = _relative(np.log(kept["seconds"].to_numpy(dtype=float)), reader, modality)
    edges = np.unique(np.quantile(place, np.linspace(0, 1, steps + 1)).round())
    step = np.clip(np.searchsorted(edges, place, "right") - 1, 0, max(len(edges) - 2, 0))
    found = []
    for i, name in enumerate(modalities):
        for s in range(int(step.max()) + 1):
            here = (modality == i) & (step == s)
            if here.any():
                ends = int(place[here].min()), int(place[here].max())
                means = _by_reader(relative[here], reader[here], len(readers))
                found.append(_step(name, ends, int(here.sum()), means, alpha))
    return found


def _relative(log_s: Floats, reader: Ints, modality: Ints) -> Floats:
    """Log times less the reader's mean in the modality."""
    cell = reader * (int(modality.max()) + 1) + modality
    means = np.bincount(cell, log_s) / np.maximum(np.bincount(cell), 1)
    return np.asarray(log_s - means[cell], dtype=float)


def _by_reader(values: Floats, reader: Ints, number: int) -> Floats:
    counts = np.bincount(reader, minlength=number)
    sums = np.bincount(reader, values, minlength=number)
    return np.asarray(sums[counts > 0] / counts[counts > 0], dtype=float)


def _step(name: str, ends: tuple[int, int], reads: int, means: Floats, alpha: float) -> Step:
    middle = float(means.mean())
    ratio = float(np.exp(middle))
    if len(means) < 2:
        return Step(name, *ends, reads, ratio, None, None)
    error = float(means.std(ddof=1) / np.sqrt(len(means)))
    half = float(stats.t.isf(alpha / 2, len(means) - 1)) * error
    return Step(
        name, *ends, reads, ratio, float(np.exp(middle - half)), float(np.exp(middle + half))
    )
