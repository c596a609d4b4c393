"""ROC curves: readers thin, their average thick."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.dataset import Dataset
from analysis.figures.style import FAINT, Theme, label, legend, looks, sheet
from analysis.fom.averages import Curve, vertical
from analysis.fom.levels import RatingLevels, roc_points


def roc_figure(data: Dataset, *, control: str | None = None, theme: Theme = "light") -> Figure:
    """Empirical curves of every reader and, thick, their vertical average in each modality."""
    groups = {}
    for name in data.modalities:
        curves = reader_curves(data, name)
        groups[name] = curves, [vertical(curves)]
    return curves_figure(groups, control=control, theme=theme)


def curves_figure(
    groups: Mapping[str, tuple[Sequence[Curve], Sequence[Curve]]],
    *,
    control: str | None = None,
    theme: Theme = "light",
) -> Figure:
    """Curves by modality: (those drawn thin, those drawn thick)."""
    figure, (axis,) = sheet(3.5, 3.4, theme=theme)
    axis.plot([0, 1], [0, 1], color=FAINT[theme], linewidth=0.6, zorder=0)
    for name, look in looks(list(groups), control).items():
        thin, thick = groups[name]
        for x, y in thin:
            axis.plot(x, y, color=look.colour, linestyle=look.dash, linewidth=0.7, alpha=0.65)
        for x, y in thick:
            axis.plot(x, y, color=look.colour, linestyle=look.dash, linewidth=2, label=name)
    _unit_square(axis)
    label(axis, "False-positive fraction", "True-positive fraction", theme=theme)
    legend(axis, theme=theme, place="lower right")
    return figure


def reader_curves(data: Dataset, modality: str) -> list[Curve]:
    """(FPF, TPF) of each reader who rated both classes in the modality."""
    found = []
    for ratings in data.ratings[data.modalities.index(modality)]:
        positive, negative = RatingLevels.of(ratings, data.truth).counts()
        if positive.any() and negative.any():
            fpf, tpf = roc_points(positive, negative)
            found.append((fpf[0], tpf[0]))
    return found


def _unit_square(axis: Axes) -> None:
    axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(-0.01, 1.01)
    axis.set_aspect("equal")
