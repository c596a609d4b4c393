"""The figure of an MRMC result: readers by modality, and the differences with their intervals."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import FAINT, INK, PAGE_IN, Look, Theme, label, looks, sheet
from analysis.results import MrmcResult
from analysis.words import level_text


def plot(result: MrmcResult, theme: Theme = "light") -> Figure:
    """Draw the result at page width; nothing global of matplotlib is touched."""
    panels = 2 if result.differences else 1
    figure, axes = sheet(PAGE_IN if panels == 2 else PAGE_IN / 2, panels=panels, theme=theme)
    _readers(axes[0], result, theme)
    if result.differences:
        _forest(axes[1], result, theme)
    return figure


def _readers(axis: Axes, result: MrmcResult, theme: Theme) -> None:
    """A thin line a reader, each modality's mean with its interval thick."""
    place = {name: at for at, name in enumerate(result.modality_names)}
    for reader in result.readers:
        own = [each for each in result.foms if each.reader == reader]
        points = sorted((place[each.modality], each.estimate) for each in own)
        if points:
            x, y = zip(*points, strict=True)
            axis.plot(x, y, color=FAINT[theme], linewidth=0.8, marker=".", markersize=3)
    styles = looks(result.modality_names)
    for name, mean in zip(result.modality_names, result.modalities, strict=True):
        _interval(axis, place[name], (mean.estimate, mean.ci_low, mean.ci_high), styles[name])
    axis.set_xticks(range(len(place)), list(place))
    axis.set_xlim(-0.5, len(place) - 0.5)
    label(axis, "", result.label, theme=theme)


def _interval(axis: Axes, x: float, values: tuple[float, float, float], look: Look) -> None:
    """A mean with its interval."""
    mean, low, high = values
    axis.plot([x, x], [low, high], color=look.colour, linestyle=look.dash, linewidth=1.8)
    axis.plot(x, mean, look.marker, color=look.colour, markersize=6)


def _forest(axis: Axes, result: MrmcResult, theme: Theme) -> None:
    """Differences with intervals, zero, and each margin that was tested."""
    names = result.modality_names
    at = np.arange(len(result.differences))[::-1]
    axis.axvline(0, color=FAINT[theme], linewidth=0.8)
    for margin in sorted({each.margin for each in result.margins}):
        for side in (-margin, margin):
            axis.axvline(side, color=FAINT[theme], linewidth=0.8, linestyle="dashed")
    for y, each in zip(at, result.differences, strict=True):
        axis.plot([each.ci_low, each.ci_high], [y, y], color=INK[theme], linewidth=1.4)
        axis.plot(each.estimate, y, "s", color=INK[theme], markersize=5)
    ticks = [f"{names[each.a]} - {names[each.b]}" for each in result.differences]
    axis.set_yticks(at, ticks)
    axis.set_ylim(-0.6, len(ticks) - 0.4)
    label(axis, f"Difference in {result.label} ({level_text(result.alpha)})", "", theme=theme)
