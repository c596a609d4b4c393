"""Reliability diagram: how often a probability was right (DeGroot, Fienberg 1983)."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from analysis.figures.style import CONTROL, FAINT, FONT_PT, INK, Theme, label, sheet


def reliability_figure(bins: Sequence[Mapping[str, Any]], *, theme: Theme = "light") -> Figure:
    """Share right against mean probability of each bin, with its interval and count.

    Parameters
    ----------
    bins : sequence of mapping
        Of each bin that is not empty `n`, `probability` (mean), `share` (right) and `interval`.
    theme : {"light", "dark"}
    """
    figure, (axis,) = sheet(4.2, 3.4, theme=theme)
    axis.plot([0, 1], [0, 1], color=FAINT[theme], linewidth=0.8, linestyle="dotted")
    at = [float(each["probability"]) for each in bins]
    share = [float(each["share"]) for each in bins]
    # By the limits of rounding an interval may end a hair inside its own estimate.
    below = [max(s - float(each["interval"][0]), 0) for s, each in zip(share, bins, strict=True)]
    above = [max(float(each["interval"][1]) - s, 0) for s, each in zip(share, bins, strict=True)]
    axis.errorbar(
        at, share, yerr=[below, above], color=CONTROL.colour, marker=CONTROL.marker,
        markersize=4, linewidth=1.2, elinewidth=0.8, capsize=2,
    )  # fmt: skip
    # Counts stand in a row above: beside their points they would lie on bars and line.
    for place, each in zip(at, bins, strict=True):
        axis.annotate(
            str(each["n"]), (place, 1.06), ha="center", va="bottom", annotation_clip=False,
            fontsize=FONT_PT - 1.5, color=INK[theme],
        )  # fmt: skip
    axis.annotate(
        "n =", (-0.02, 1.06), ha="right", va="bottom", annotation_clip=False,
        fontsize=FONT_PT - 1.5, color=INK[theme],
    )  # fmt: skip
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.03)
    label(axis, "Probability that the detector gave", "Share that were lesions", theme=theme)
    return figure
