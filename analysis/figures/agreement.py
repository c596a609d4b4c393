"""Bland and Altman's plot: differences against means, with the limits of agreement."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.figures.style import CONTROL, FAINT, FONT_PT, INK, PALETTE, Theme, label, sheet


def bland_altman_figure(
    means: NDArray[np.float64],
    differences: NDArray[np.float64],
    lines: Mapping[str, tuple[float, float, float]],
    *,
    theme: Theme = "light",
) -> Figure:
    """Differences of pairs against their means.

    Parameters
    ----------
    means, differences : (n,) arrays
    lines : mapping of words to (value, low, high)
        Mean and limits with their intervals, drawn as lines with bands.
    theme : {"light", "dark"}
    """
    figure, (axis,) = sheet(4.6, 3.2, theme=theme)
    axis.axhline(0, color=FAINT[theme], linewidth=0.6)
    for place, (words, (value, low, high)) in enumerate(lines.items()):
        colour = CONTROL.colour if place == 0 else PALETTE[4].colour
        axis.axhspan(low, high, color=colour, alpha=0.12, linewidth=0)
        axis.axhline(
            value, color=colour, linewidth=1.0, linestyle="solid" if place == 0 else "dashed"
        )
        axis.annotate(
            f"{words} {value:.3g}", (1.01, value), xycoords=("axes fraction", "data"),
            va="center", fontsize=FONT_PT - 1.5, color=INK[theme],
        )  # fmt: skip
    axis.plot(means, differences, "o", color=INK[theme], markersize=3, alpha=0.6, linewidth=0)
    label(axis, "Mean of the two", "Second minus first", theme=theme)
    return figure
