"""Differences between modalities: forest with the margin, and each reader's slope."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import FAINT, FONT_PT, INK, PALETTE, Theme, label, looks, sheet

HARMED = "#d55e00"
BETTER = PALETTE[0].colour


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot; `weight` makes it bold."""

    name: str
    estimate: float
    ci_low: float
    ci_high: float
    weight: bool = False


def forest_figure(
    rows: Sequence[ForestRow],
    *,
    margin: float | None = None,
    words: str = "Difference",
    theme: Theme = "light",
) -> Figure:
    """Differences with intervals, zero, and the margin of non-inferiority if there is one."""
    figure, (axis,) = sheet(4.6, 0.9 + 0.26 * max(len(rows), 1), theme=theme)
    axis.axvline(0, color=FAINT[theme], linewidth=0.8)
    if margin:
        axis.axvline(-margin, color=HARMED, linewidth=0.8, linestyle="dashed")
        axis.text(
            -margin, 1.0, f"margin -{margin:g}", transform=axis.get_xaxis_transform(),
            fontsize=FONT_PT - 2, color=HARMED, ha="center", va="bottom",
        )  # fmt: skip
    for place, row in enumerate(reversed(rows)):
        colour = PALETTE[1].colour if row.weight else BETTER
        axis.plot([row.ci_low, row.ci_high], [place, place], color=colour, linewidth=1.2)
        axis.plot(row.estimate, place, "D" if row.weight else "s", color=colour, markersize=5)
        text = f"{row.estimate:+z.3f} ({row.ci_low:+z.3f}, {row.ci_high:+z.3f})"
        axis.annotate(
            text, (1.02, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=FONT_PT - 1.5, color=INK[theme],
        )  # fmt: skip
    axis.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    label(axis, words, "", theme=theme)
    return figure


def slope_figure(
    foms: Sequence[tuple[str, float, float]],
    modalities: tuple[str, str],
    *,
    words: str,
    higher_is_better: bool = True,
    theme: Theme = "light",
) -> Figure:
    """Each reader's figure of merit in two modalities; readers who did worse are marked."""
    figure, (axis,) = sheet(3.2, 3.4, theme=theme)
    styles = looks(modalities, modalities[0])
    for _, before, after in sorted(foms, key=lambda each: each[2]):
        worse = after < before if higher_is_better else after > before
        axis.plot(
            [0, 1], [before, after], color=HARMED if worse else FAINT[theme],
            linestyle="dashed" if worse else "solid", linewidth=1.2 if worse else 0.8,
        )  # fmt: skip
        for x, (value, look) in enumerate(zip((before, after), styles.values(), strict=True)):
            axis.plot(x, value, look.marker, color=look.colour, markersize=4)
    _names(axis, foms, theme)
    axis.set_xticks([0, 1], list(modalities))
    axis.set_xlim(-0.15, 1.45)
    label(axis, "", words, theme=theme)
    return figure


def _names(axis: Axes, foms: Sequence[tuple[str, float, float]], theme: Theme) -> None:
    """Readers' names at the right, pushed apart so that none covers another."""
    if not foms:
        return
    low, high = axis.get_ylim()
    gap = (high - low) / 20  # of what is shown: readers may all be alike
    last = -float("inf")
    for name, before, after in sorted(foms, key=lambda each: each[2]):
        place = max(after, last + gap)
        last = place
        axis.annotate(
            f"{name} ({after - before:+z.3f})", (1, after), xytext=(1.06, place),
            fontsize=FONT_PT - 2, color=INK[theme], va="center",
        )  # fmt: skip
