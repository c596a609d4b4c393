"""ROC curves: readers thin, their average thick."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.figures.style import FAINT, Theme, label, legend, looks, sheet
from analysis.fom.levels import roc_points
from analysis.tables import DataError

Floats = NDArray[np.float64]


def roc_figure(data: Dataset, *, control: str | None = None, theme: Theme = "light") -> Figure:
    """Empirical curves of every reader and, thick, their vertical average in each modality."""
    figure, (axis,) = sheet(3.5, 3.4, theme=theme)
    axis.plot([0, 1], [0, 1], color=FAINT[theme], linewidth=0.6, zorder=0)
    for name, look in looks(data.modalities, control).items():
        curves = reader_curves(data, name)
        for x, y in curves:
            axis.plot(x, y, color=look.colour, linestyle=look.dash, linewidth=0.7, alpha=0.65)
        x, y = vertical_average(curves)
        axis.plot(x, y, color=look.colour, linestyle=look.dash, linewidth=2, label=name)
    _unit_square(axis)
    label(axis, "False-positive fraction", "True-positive fraction", theme=theme)
    legend(axis, theme=theme, place="lower right")
    return figure


def reader_curves(data: Dataset, modality: str) -> list[tuple[Floats, Floats]]:
    """(FPF, TPF) of each reader who rated both classes in the modality."""
    i = data.modalities.index(modality)
    found = []
    for j in range(len(data.readers)):
        ratings, read = data.ratings[i, j], data.read[i, j]
        positive, negative = ratings[read & data.truth], ratings[read & ~data.truth]
        if positive.size and negative.size:
            levels = np.unique(np.concatenate([positive, negative]))[::-1]
            fpf, tpf = roc_points(_counts(positive, levels), _counts(negative, levels))
            found.append((fpf[0], tpf[0]))
    return found


def _counts(ratings: Floats, levels: Floats) -> Floats:
    """How many ratings each level has."""
    order = np.sort(ratings)
    high, low = np.searchsorted(order, levels, "right"), np.searchsorted(order, levels, "left")
    return np.asarray(high - low, dtype=float)


def vertical_average(
    curves: list[tuple[Floats, Floats]], points: int = 201
) -> tuple[Floats, Floats]:
    """Mean TPF at each FPF; at a vertical step of a curve its upper end.

    Raises
    ------
    DataError
        Without a curve.
    """
    if not curves:
        raise DataError("No reader rated both classes: there is no ROC curve to average.")
    x = np.linspace(0, 1, points)
    heights = []
    for fpf, tpf in curves:
        last = np.r_[np.diff(fpf) > 0, True]
        heights.append(np.interp(x, fpf[last], tpf[last]))
    return np.r_[0.0, x], np.r_[0.0, np.mean(heights, axis=0)]


def _unit_square(axis: Axes) -> None:
    axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(-0.01, 1.01)
    axis.set_aspect("equal")
