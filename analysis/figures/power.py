"""Power against the number of cases."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from analysis.figures.style import FAINT, PALETTE, Theme, label, legend, sheet

if TYPE_CHECKING:
    from analysis.planning.study import PowerResult


def power_figure(result: "PowerResult", *, theme: Theme = "light") -> Figure:
    """A line for each number of readers; the usual target of 80 % is marked."""
    figure, (axis,) = sheet(3.8, 3.0, theme=theme)
    axis.axhline(0.8, color=FAINT[theme], linewidth=0.6)
    for place, readers in enumerate(dict.fromkeys(row.readers for row in result.rows)):
        look = PALETTE[place % len(PALETTE)]
        rows = [row for row in result.rows if row.readers == readers]
        axis.plot(
            [row.cases for row in rows], [row.power for row in rows],
            color=look.colour, linestyle=look.dash, marker=look.marker, markersize=3,
            label=f"{readers} readers",
        )  # fmt: skip
    axis.set_ylim(0, 1.01)
    label(axis, "Cases", "Power", theme=theme)
    legend(axis, theme=theme, place="lower right")
    return figure
