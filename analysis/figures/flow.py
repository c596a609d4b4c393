"""The flow of readers and reads, drawn as the CONSORT diagram is."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.figures.style import FAINT, FONT_PT, INK, PAGE_IN, Theme, sheet
from analysis.flow import ArmFlow, Flow

ROWS = (0.9, 0.56, 0.16)  # heights of the three rows of boxes, from below


def flow_figure(
    flow: Flow, names: dict[str, str] | None = None, *, theme: Theme = "light"
) -> Figure:
    """Enrolment above, a column for each arm: allocated, what was lost and why, analysed.

    Parameters
    ----------
    flow : Flow
    names : dict, optional
        Arm -> its name for people.
    theme : {"light", "dark"}
    """
    figure, (axis,) = sheet(PAGE_IN, 3.6, theme=theme)
    axis.set_axis_off()
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.02)
    withdrew = f"\n{flow.readers_withdrawn} withdrew" if flow.readers_withdrawn else ""
    top = _box(axis, 0.5, ROWS[0], f"{flow.readers} readers, {flow.cases} cases{withdrew}", theme)
    for place, arm in enumerate(flow.arms):
        x = (place + 0.5) / len(flow.arms)
        name = (names or {}).get(arm.modality, f"Arm {arm.modality}")
        words = f"{name}\n{arm.allocated} reads allocated\nto {arm.readers} readers"
        allocated = _box(axis, x, ROWS[1], words, theme)
        said = "\n".join((*_lost(arm), f"{arm.analysed} analysed"))
        _arrow(axis, top, allocated, theme)
        _arrow(axis, allocated, _box(axis, x, ROWS[2], said, theme), theme)
    return figure


def _lost(arm: ArmFlow) -> list[str]:
    parts = (
        (arm.voided, "voided"),
        (arm.withdrawn, "withdrawn"),
        (arm.opened, "not signed"),
        (arm.not_read, "not read"),
    )
    return [f"{count} {words}" for count, words in parts if count]


def _box(axis: Axes, x: float, y: float, words: str, theme: Theme) -> Text:
    return axis.text(
        x, y, words, ha="center", va="center", fontsize=FONT_PT, color=INK[theme], linespacing=1.4,
        bbox={"boxstyle": "square,pad=0.6", "fill": False, "edgecolor": FAINT[theme],
              "linewidth": 0.8},
    )  # fmt: skip


def _arrow(axis: Axes, start: Text, end: Text, theme: Theme) -> None:
    """From box to box, however many lines they have."""
    style = {
        "arrowstyle": "-|>", "color": FAINT[theme], "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0,
        "patchA": start.get_bbox_patch(), "patchB": end.get_bbox_patch(),
    }  # fmt: skip
    axis.annotate("", xy=end.get_position(), xytext=start.get_position(), arrowprops=style)
