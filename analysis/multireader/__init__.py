"""Inference for multi-reader multi-case studies from figures of merit of any kind."""

from analysis.multireader.obuchowski_rockette import Inference, obuchowski_rockette

__all__ = ["Inference", "obuchowski_rockette"]
