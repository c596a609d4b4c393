"""What the cores draw for pages: the reliability diagram of a card, pictures of known lesions."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Bins = Sequence[Mapping[str, Any]]


def reliability_figure(bins: Bins, theme: Literal["light", "dark"]) -> bytes:
    """The reliability diagram of a card's bins (`inference.training.summary`) as SVG."""
    from analysis.figures import svg
    from analysis.figures.reliability import reliability_figure as draw

    return svg(draw(bins, theme=theme))


def known_rows(alike: Mapping[str, Any]) -> list[int]:
    """The rows of known lesions that an explanation compares with, the nearest first.

    None where it is of another table than the shipped one, or of before rows were kept.
    """
    from inference import known_table

    table = alike.get("table")
    return list(alike["rows"]) if table and table == known_table.digest() else []


def known_lesion(row: int) -> tuple[str, float, bytes]:
    """A known lesion's kind ("false": it was no lesion), diameter in mm, and picture as PNG."""
    from inference import known_table
    from inference.explain import pictures

    told = known_table.rows()[row]
    return told["kind"], float(told["diameter_mm"]), pictures.png(row)
