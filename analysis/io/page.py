"""A result as one self-contained HTML page: statement, figure, tables, numbers as JSON."""

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

from analysis.figures import svg
from analysis.labels import heading
from analysis.results import to_json_text
from analysis.version import VERSION

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border-bottom:1px solid #ccc;"
    "padding:.2rem .6rem;text-align:right;vertical-align:top}"
    "th{font-weight:600;max-width:9rem}svg{max-width:100%;height:auto}"
    "h2{font-size:1.1rem;margin:1.5rem 0 0}footer{color:#666;font-size:.85rem;margin:2rem 0}"
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
    return sheet(
        title,
        [result.statement()],
        figures=(result.plot(), *figures),
        tables={"": result.frame()} if tables is None else tables,
        numbers=result.to_json(),
    )


def sheet(
    title: str,
    paragraphs: Sequence[str],
    *,
    figures: Iterable["Figure"],
    tables: Mapping[str, "pd.DataFrame"],
    numbers: Mapping[str, Any],
) -> str:
    """Return a page of paragraphs, figures, tables by heading, and all numbers folded away."""
    words = "".join(f"<p>{html.escape(each)}</p>" for each in paragraphs)
    drawings = "".join(_drawing(each) for each in figures)
    shown = "".join(_table(name, table) for name, table in tables.items() if not table.empty)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}'
        f"</title><style>{STYLE}</style><h1>{html.escape(title)}</h1>{words}{drawings}{shown}"
        "<details><summary>All numbers</summary><pre>"
        f"{html.escape(to_json_text(numbers))}</pre></details>"
        f"<footer>Made by analysis {VERSION} of Readerstudy.</footer></html>\n"
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


def _table(name: str, table: "pd.DataFrame") -> str:
    """The table with headings and cells in words; columns that hold nothing are left out."""
    shown = table.dropna(axis=1, how="all").map(_cell).rename(columns=heading)
    rows = shown.to_html(
        index=False, border=0, na_rep="", float_format=lambda x: f"{x:.4g}", justify="right"
    )
    return (f"<h2>{html.escape(name)}</h2>" if name else "") + rows


def _cell(value: Any) -> Any:
    """Yes and no, and lists in one line; numbers stay numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return value
