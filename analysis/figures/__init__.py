"""Results as figures: matplotlib `Figure` objects and their bytes as SVG and PNG."""

from analysis.figures.decisions import decisions_figure
from analysis.figures.differences import ForestRow, forest_figure, slope_figure
from analysis.figures.flow import flow_figure
from analysis.figures.froc import froc_figure, size_figure
from analysis.figures.order import order_figure
from analysis.figures.reliability import reliability_figure
from analysis.figures.roc import roc_figure
from analysis.figures.style import Theme, png, svg
from analysis.figures.times import time_figure

__all__ = [
    "ForestRow",
    "Theme",
    "decisions_figure",
    "flow_figure",
    "forest_figure",
    "froc_figure",
    "order_figure",
    "png",
    "reliability_figure",
    "roc_figure",
    "size_figure",
    "slope_figure",
    "svg",
    "time_figure",
]
