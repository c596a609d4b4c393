"""FROC curves and lesion sensitivity by size."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.style import FONT_PT, INK, Theme, label, legend, looks, sheet
from analysis.freeresponse.curves import CurveKind, average_curve, has_curve, reader_curve
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.lesions import SizeBin

X_NAMES = {
    "froc": "False positives per case",
    "afroc": "Share of healthy cases with a false positive",
    "wafroc": "Share of healthy cases with a false positive",
}


def froc_figure(
    data: FrocData,
    *,
    kind: CurveKind = "froc",
    control: str | None = None,
    theme: Theme = "light",
) -> Figure:
    """Curves of every reader and, thick, their average in each modality.

    Who has read no case with a lesion there (or for AFROC no healthy one) has none, and counts in
    no average. Where a reader made no false mark the average is one point, drawn as a marker.
    """
    figure, (axis,) = sheet(3.5, 3.0, theme=theme)
    for name, look in looks(data.modalities, control).items():
        curves = [
            reader_curve(data, name, reader, kind)
            for reader in data.readers
            if has_curve(data, name, reader, kind)
        ]
        colour, dash = look.colour, look.dash
        for curve in curves:
            axis.plot(curve.x, curve.y, color=colour, linestyle=dash, linewidth=0.7, alpha=0.65)
        if curves:
            mean = average_curve(curves)
            marker = look.marker if mean.x[-1] == 0 else None
            axis.plot(
                mean.x, mean.y, color=colour, linestyle=dash, linewidth=2, label=name,
                marker=marker, markersize=6, markevery=[-1],
            )  # fmt: skip
    axis.set_ylim(-0.01, 1.01)
    axis.set_xlim(left=-0.01)
    weighted = " (weighted)" if kind == "wafroc" else ""
    label(axis, X_NAMES[kind], f"Share of lesions found{weighted}", theme=theme)
    legend(axis, theme=theme, place="lower right")
    return figure


def size_figure(
    bins: Sequence[SizeBin], *, control: str | None = None, theme: Theme = "light"
) -> Figure:
    """Lesion sensitivity by diameter with intervals; under each range its number of lesions."""
    figure, (axis,) = sheet(4.2, 3.0, theme=theme)
    modalities = list(dict.fromkeys(each.modality for each in bins))
    names = list(dict.fromkeys(each.label for each in bins))
    counts = {each.label: each.lesions for each in bins}
    width = 0.8 / max(len(modalities), 1)
    for place, (name, look) in enumerate(looks(modalities, control).items()):
        mine = [each for each in bins if each.modality == name and each.estimate is not None]
        x = [names.index(each.label) + (place - (len(modalities) - 1) / 2) * width for each in mine]
        y = np.array([each.estimate for each in mine], dtype=float)
        low = np.array([each.ci_low for each in mine], dtype=float)
        high = np.array([each.ci_high for each in mine], dtype=float)
        axis.errorbar(
            x, y, yerr=np.abs(np.stack([y - low, high - y])) if mine else None,
            fmt=look.marker, color=look.colour, markersize=4, linewidth=1, capsize=2, label=name,
        )  # fmt: skip
    axis.set_xticks(range(len(names)), [f"{name}\nn = {counts[name]}" for name in names])
    axis.set_ylim(-0.02, 1.02)
    label(axis, "Lesion diameter", "Share of lesions found", theme=theme)
    if not bins:
        axis.text(0.5, 0.5, "No diameters known", ha="center", color=INK[theme], fontsize=FONT_PT)
    legend(axis, theme=theme, place="above")
    return figure
