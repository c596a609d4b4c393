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

    None where their table is not shipped, or the explanation is of before rows were kept.
    """
    from inference import known_table

    return list(alike["rows"]) if known_table.of_digest(alike.get("table", "")) else []


def known_lesion(table: str, row: int) -> tuple[str, float, bytes]:
    """A known lesion's kind ("false": it was no lesion), diameter in mm, and picture as PNG.

    Raises
    ------
    KeyError
        For a table that is not shipped.
    """
    from inference import known_table
    from inference.explain import pictures

    if (at := known_table.of_digest(table)) is None:
        raise KeyError(table)
    told = known_table.rows(at)[row]
    return told["kind"], float(told["diameter_mm"]), pictures.png(at, row)
