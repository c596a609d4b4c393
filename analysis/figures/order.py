"""Order of reads: what the periods did, and how time changes with practice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from analysis.figures.style import FAINT, Look, Theme, label, legend, looks, sheet

ROOM = 1.6  # factor above and below the ratios that the axis shows

if TYPE_CHECKING:
    from analysis.crossover import Crossover
    from analysis.report.order import Order
    from analysis.times.learning import Step


def order_figure(order: "Order", *, control: str, words: str, theme: Theme = "light") -> Figure:
    """Means by period, relative time along the reader's order, and along the sittings.

    Parallel lines at the left: neither carry-over nor any other interaction of modality and
    period. A panel without data is left out.
    """
    panels = sum((order.accuracy is not None, bool(order.learning), bool(order.fatigue)))
    figure, axes = sheet((3.8, 7.2, 9.6)[panels - 1], 3.0, panels=panels, theme=theme)
    left = list(axes)
    if order.accuracy is not None:
        _periods(left.pop(0), order.accuracy, words, control, theme)
    if order.learning:
        _learning(left.pop(0), order.learning, control, ("Place in the reader's order", theme))
    if order.fatigue:
        _learning(left.pop(0), order.fatigue, control, ("Place in the sitting", theme))
    return figure


def _periods(axis: Axes, found: "Crossover", words: str, control: str, theme: Theme) -> None:
    """Groups-by-periods plot (Jones and Kenward, section 2.2): a line joins a modality's means."""
    for modality, look in looks(list(found.modalities), control).items():
        rows = sorted(
            (each for each in found.means if each["modality"] == modality),
            key=lambda each: each["period"],
        )
        axis.plot(
            [each["period"] for each in rows], [each["mean"] for each in rows],
            color=look.colour, linestyle=look.dash, marker=look.marker, markersize=6,
            label=modality,
        )  # fmt: skip
    axis.set_xlim(0.6, 2.4)
    axis.set_xticks([1, 2])
    axis.yaxis.set_major_locator(MaxNLocator(5))
    label(axis, "Period", words, theme=theme)
    legend(axis, theme=theme, place="above")


def _learning(
    axis: Axes, steps: "Sequence[Step]", control: str, look_at: tuple[str, Theme]
) -> None:
    words, theme = look_at
    names = list(dict.fromkeys(each.modality for each in steps))
    styles = looks(names, control if control in names else names[0])
    axis.axhline(1, color=FAINT[theme], linewidth=0.8)
    for name, look in styles.items():
        _curve(axis, [each for each in steps if each.modality == name], name, look)
    axis.set_yscale("log")
    ratios = [each.ratio for each in steps]
    axis.set_ylim(min(ratios) / ROOM, max(ratios) * ROOM)  # a step of two reads has no useful end
    axis.yaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:.2g}"))
    label(axis, words, "Time / reader's mean", theme=theme)
    legend(axis, theme=theme, place="above")


def _curve(axis: Axes, steps: "Sequence[Step]", name: str, look: Look) -> None:
    middle = [(each.first + each.last) / 2 for each in steps]
    ratio = np.array([each.ratio for each in steps])
    low = np.array([np.nan if each.ci_low is None else each.ci_low for each in steps])
    high = np.array([np.nan if each.ci_high is None else each.ci_high for each in steps])
    axis.plot(middle, ratio, color=look.colour, linestyle=look.dash, marker=look.marker,
              markersize=3, label=name)  # fmt: skip
    axis.fill_between(middle, low, high, color=look.colour, alpha=0.15, linewidth=0)
