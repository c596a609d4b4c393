"""Figures of merit of ROC data, one rating a case."""

from analysis.fom.registry import FigureOfMerit, parse

__all__ = ["FigureOfMerit", "parse"]
