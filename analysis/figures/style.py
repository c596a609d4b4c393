"""How every figure looks: colour-blind safe, publication size, light or dark, the same bytes.

Figures are made without pyplot, so that nothing global changes and threads do not meet. Control
is blue with a full line, the first AI arm orange and dashed; further arms follow the palette of
Okabe and Ito (2008), each with a line style of its own.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
Place = Literal["above", "best", "lower right", "lower left", "upper left"]

COLUMN_IN = 3.5  # a journal's column, inches
PAGE_IN = 7.2  # its page
FONT_PT = 8.0


@dataclass(frozen=True)
class Look:
    """Colour and line style of a modality."""

    colour: str
    dash: str
    marker: str


CONTROL = Look("#0072b2", "solid", "o")
PALETTE = (
    CONTROL,
    Look("#e69f00", "dashed", "s"),
    Look("#009e73", "dashdot", "^"),
    Look("#cc79a7", "dotted", "D"),
    Look("#d55e00", "solid", "v"),
    Look("#56b4e9", "dashed", "P"),
)
INK = MappingProxyType({"light": "#1a1a1a", "dark": "#e8e8e8"})
PAPER = MappingProxyType({"light": "#ffffff", "dark": "#14171a"})
FAINT = MappingProxyType({"light": "#8a8a8a", "dark": "#8f979e"})


def looks(modalities: Sequence[str], control: str | None = None) -> dict[str, Look]:
    """The look of each modality: the control arm is blue whatever its place."""
    first = control if control in modalities else (modalities[0] if modalities else None)
    others = [name for name in modalities if name != first]
    rest = PALETTE[1:]
    found = {} if first is None else {first: CONTROL}
    return found | {name: rest[i % len(rest)] for i, name in enumerate(others)}


def sheet(
    width_in: float = COLUMN_IN,
    height_in: float = 3.2,
    *,
    panels: int = 1,
    theme: Theme = "light",
    ratios: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with its panels side by side, in the theme's colours."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor=PAPER[theme])
    FigureCanvasAgg(figure)
    axes = [
        axis
        for row in figure.subplots(
            1, panels, squeeze=False, gridspec_kw={"width_ratios": list(ratios or [1] * panels)}
        )
        for axis in row
    ]
    for axis in axes:
        _dress(axis, theme)
    return figure, axes


def _dress(axis: Axes, theme: Theme) -> None:
    axis.set_facecolor(PAPER[theme])
    axis.tick_params(colors=INK[theme], labelsize=FONT_PT - 1, width=0.6)
    for side, spine in axis.spines.items():
        spine.set_color(FAINT[theme])
        spine.set_linewidth(0.6)
        spine.set_visible(side in {"left", "bottom"})


def label(axis: Axes, x: str, y: str, *, theme: Theme, title: str = "") -> None:
    """Name the axes."""
    axis.set_xlabel(x, fontsize=FONT_PT, color=INK[theme])
    axis.set_ylabel(y, fontsize=FONT_PT, color=INK[theme])
    if title:
        axis.set_title(title, fontsize=FONT_PT, color=INK[theme], loc="left")


def legend(axis: Axes, *, theme: Theme, place: Place = "best", columns: int = 1) -> None:
    """A frameless legend, where anything has a label; above, in one row, it covers no data."""
    if labels := axis.get_legend_handles_labels()[0]:
        is_above = place == "above"
        axis.legend(
            loc="lower left" if place == "above" else place,
            bbox_to_anchor=(0, 1) if is_above else None,
            fontsize=FONT_PT - 1,
            frameon=False,
            ncols=len(labels) if is_above else columns,
            labelcolor=INK[theme],
            handlelength=2.6,
        )


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all: each further drawing would move it by a hair."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def svg(figure: Figure) -> bytes:
    """The figure as SVG; the same figure gives the same bytes (no date, fixed ids)."""
    _settle(figure)
    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "readerstudy", "svg.fonttype": "none"}):
        figure.savefig(
            out, format="svg", metadata={"Date": None, "Creator": None}, facecolor="auto"
        )
    return out.getvalue()


def png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG."""
    _settle(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None}, facecolor="auto")
    return out.getvalue()
