"""What the figures of lesions show where data are few."""

import numpy as np
import pandas as pd

from analysis.figures import froc_figure, size_figure
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.lesions import by_size

TRUTH = pd.DataFrame(
    {
        "case": [1, 2, 3, 4],
        "truth": [1, 1, 0, 0],
        "lesion": [1, 1, 0, 0],
        "diameter_mm": [2.0, 8.0, None, None],
    }
)
# A found one lesion and made no false mark; B found both and made one.
MARKS = pd.DataFrame(
    {
        "reader": ["A", "B", "B", "B"],
        "modality": ["m"] * 4,
        "case": [1, 1, 2, 3],
        "lesion": [1, 1, 1, 0],
        "rating": [50, 60, 70, 40],
    }
)


def test_the_average_is_seen_though_a_reader_made_no_false_mark() -> None:
    axis = froc_figure(FrocData.from_tables(MARKS, TRUTH)).axes[0]
    average = next(line for line in axis.lines if line.get_label() == "m")
    x, y = map(np.asarray, average.get_data())
    assert (x.max(), y[-1]) == (0, 0.75)
    assert average.get_marker() not in ("None", None)


def test_the_average_is_a_line_where_every_reader_made_a_false_mark() -> None:
    more = pd.concat([MARKS, MARKS.iloc[[3]].assign(reader="A")])
    axis = froc_figure(FrocData.from_tables(more, TRUTH)).axes[0]
    average = next(line for line in axis.lines if line.get_label() == "m")
    assert np.max(average.get_xdata()) > 0
    assert average.get_marker() in ("None", None)


def test_the_legend_of_sizes_covers_no_data() -> None:
    figure = size_figure(by_size(FrocData.from_tables(MARKS, TRUTH)))
    figure.draw_without_rendering()
    axis = figure.axes[0]
    legend = axis.get_legend()
    assert legend is not None
    assert not legend.get_window_extent().overlaps(axis.get_window_extent().padded(-1))
