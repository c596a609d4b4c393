"""Reading times: distributions by modality, and the ratios with their intervals."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from analysis.figures.style import FAINT, FONT_PT, INK, Look, Theme, label, legend, looks, sheet

if TYPE_CHECKING:
    from analysis.times.result import TimeResult


def time_figure(result: "TimeResult", *, theme: Theme = "light") -> Figure:
    """Observed times (log scale) at the left, ratios by group at the right."""
    figure, (left, right) = sheet(7.2, 3.0, panels=2, theme=theme, ratios=(1.2, 1))
    styles = looks(list(result.seconds), next(iter(result.seconds)))
    for name, look in styles.items():
        _density(left, np.log10(result.seconds[name]), name, look)
    left.set_yticks([])
    left.spines["left"].set_visible(False)
    ticks = [each for each in (1, 3, 10, 30, 100, 300, 1000, 3000) if _inside(result, each)]
    left.set_xticks(np.log10(ticks), [str(each) for each in ticks])
    label(left, "Active reading time (s)", "Reads", theme=theme)
    legend(left, theme=theme, place="upper left")
    _ratios(right, result, theme)
    return figure


def _inside(result: "TimeResult", tick: float) -> bool:
    low = min(min(each) for each in result.seconds.values())
    high = max(max(each) for each in result.seconds.values())
    return low / 1.5 <= tick <= high * 1.5


def _density(axis: Axes, values: np.ndarray, name: str, look: Look) -> None:
    """A smoothed density; a line at the one value where there is no spread."""
    if values.size < 2 or np.ptp(values) == 0:
        axis.axvline(values[0], color=look.colour, linestyle=look.dash, label=name)
        return
    grid = np.linspace(values.min() - 0.2, values.max() + 0.2, 200)
    height = stats.gaussian_kde(values)(grid)
    axis.plot(grid, height, color=look.colour, linestyle=look.dash, label=name)
    axis.fill_between(grid, height, color=look.colour, alpha=0.15, linewidth=0)


def _ratios(axis: Axes, result: "TimeResult", theme: Theme) -> None:
    several = len(result.seconds) > 2
    rows = list(reversed(result.ratios))
    axis.axvline(1, color=FAINT[theme], linewidth=0.8)
    styles = looks(list(result.seconds), next(iter(result.seconds)))
    for place, each in enumerate(rows):
        look = styles[each.modality_b]
        axis.plot([each.ci_low, each.ci_high], [place, place], color=look.colour, linewidth=1.2)
        axis.plot(each.ratio, place, look.marker, color=look.colour, markersize=5)
        axis.annotate(
            f"{each.ratio:.2f} ({each.ci_low:.2f}, {each.ci_high:.2f})",
            (1.02, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=FONT_PT - 1.5, color=INK[theme],
        )  # fmt: skip
    names = [f"{r.modality_b} / {r.modality_a}, {r.group}" if several else r.group for r in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    first = result.ratios[0]
    words = "Ratio of times" if several else f"Time ratio {first.modality_b} / {first.modality_a}"
    label(axis, words, "", theme=theme)
