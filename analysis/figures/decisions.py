"""What readers did with right and with wrong proposals."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from analysis.figures.style import FONT_PT, INK, Theme, label, legend, sheet

# Taken, rejected, undecided: told apart by lightness and hatching as well as by hue.
PARTS = (
    ("taken", "#0072b2", ""),
    ("rejected", "#e69f00", "//"),
    ("undecided", "#9aa0a6", ".."),
)


def decisions_figure(
    proposals: Mapping[str, Mapping[str, Any]], *, theme: Theme = "light"
) -> Figure:
    """Shares of right and of wrong proposals taken (accepted or edited), rejected, left undecided.

    Parameters
    ----------
    proposals : mapping
        By modality, as from `analysis.times.decisions.decision_effects`.
    theme : {"light", "dark"}
    """
    rows = [
        (f"{kind} proposals" + (f", {name}" if len(proposals) > 1 else ""), counts)
        for name, each in proposals.items()
        for kind, counts in (("right", _counts(each, "true")), ("wrong", _counts(each, "false")))
    ]
    figure, (axis,) = sheet(4.6, 1.0 + 0.4 * len(rows), theme=theme)
    for place, (_, counts) in enumerate(reversed(rows)):
        left, total = 0.0, max(sum(counts), 1)
        for (name, colour, hatch), count in zip(PARTS, counts, strict=True):
            axis.barh(
                place, count / total, left=left, height=0.6, color=colour, hatch=hatch,
                edgecolor=INK[theme], linewidth=0.4, label=name if place == 0 else None,
            )  # fmt: skip
            left += count / total
        axis.annotate(
            f"n = {sum(counts)}", (1.02, place), xycoords=("axes fraction", "data"),
            va="center", fontsize=FONT_PT - 1.5, color=INK[theme],
        )  # fmt: skip
    axis.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
    axis.set_xlim(0, 1)
    axis.set_ylim(-1.4, len(rows) - 0.4)
    axis.tick_params(axis="y", length=0)
    label(axis, "Share of proposals", "", theme=theme)
    legend(axis, theme=theme, place="lower right", columns=3)
    return figure


def _counts(each: Mapping[str, Any], kind: str) -> tuple[int, int, int]:
    taken, rejected = each[f"{kind}_taken"], each[f"{kind}_rejected"]
    events = int(taken["events"]), int(rejected["events"])
    return (*events, int(taken["units"]) - sum(events))
