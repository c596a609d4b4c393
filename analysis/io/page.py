"""A result as one self-contained HTML page: statement, figure, tables, numbers as JSON."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

from analysis.figures import svg
from analysis.results import to_json_text

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border-bottom:1px solid #ccc;"
    "padding:.2rem .6rem;text-align:right}svg{max-width:100%;height:auto}"
    "h2{font-size:1.1rem;margin:1.5rem 0 0}"
)


class Shown(Protocol):
    """What a page needs of a result."""

    def statement(self) -> str:
        """The result in words."""

    def plot(self) -> "Figure":
        """The result as a figure."""

    def frame(self) -> "pd.DataFrame":
        """The result as a table."""

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""


def page(
    result: Shown,
    title: str = "Analysis of a reader study",
    *,
    figures: Sequence["Figure"] = (),
    tables: Mapping[str, "pd.DataFrame"] | None = None,
) -> str:
    """Return the page; the same result gives the same bytes.

    Parameters
    ----------
    result
        Its statement, figure and numbers are on every page.
    title
        Of the page.
    figures
        More figures, after the result's own.
    tables
        Tables by their heading; the result's own `frame` when None. Empty ones are left out.
    """
    drawings = "".join(_drawing(each) for each in (result.plot(), *figures))
    shown = {"": result.frame()} if tables is None else tables
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}'
        f"</title><style>{STYLE}</style><h1>{html.escape(title)}</h1>"
        f"<p>{html.escape(result.statement())}</p>{drawings}"
        f"{''.join(_table(name, table) for name, table in shown.items() if not table.empty)}"
        f"<details><summary>All numbers</summary><pre>"
        f"{html.escape(to_json_text(result.to_json()))}</pre></details></html>\n"
    )


def write_page(
    result: Shown,
    path: Path,
    title: str = "Analysis of a reader study",
    *,
    figures: Sequence["Figure"] = (),
    tables: Mapping[str, "pd.DataFrame"] | None = None,
) -> None:
    """Write the page."""
    path.write_text(page(result, title, figures=figures, tables=tables), encoding="utf-8")


def _drawing(figure: "Figure") -> str:
    drawing = svg(figure).decode()
    return drawing[drawing.index("<svg") :]


def _table(heading: str, table: "pd.DataFrame") -> str:
    rows = table.to_html(
        index=False, border=0, na_rep="", float_format=lambda x: f"{x:.4g}", justify="right"
    )
    return (f"<h2>{html.escape(heading)}</h2>" if heading else "") + rows
