"""Columns of tidy tables: names as codes, numbers as floats, errors that name the row."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Names = tuple[str, ...]


class DataError(ValueError):
    """Input that cannot be analysed; the text names the row and says what is wrong."""


def need_columns(table: pd.DataFrame, names: Sequence[str], what: str = "the table") -> None:
    """Raise DataError unless `table` is a table with every column of `names`, each once."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(f"{what} is a {type(table).__name__}; give a pandas DataFrame")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(f"{what} has two columns called {twice[0]}; keep one")
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise DataError(
            f"{what} has no column {', '.join(missing)}; it needs {', '.join(names)} "
            f"and has {', '.join(map(str, table.columns))}"
        )


def check_alpha(alpha: float) -> None:
    """Raise DataError unless intervals of level 1 - alpha exist."""
    if not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha}; it must lie between 0 and 1")


def check_seed(seed: int) -> None:
    """Raise DataError for a seed that no generator takes."""
    if seed < 0:
        raise DataError(f"seed is {seed}; it must be 0 or above")


def check_modality(name: str | None, names: Sequence[str]) -> None:
    """Raise DataError for the name of a modality that no row has; None is any."""
    if name is not None and name not in names:
        raise DataError(f"no read is in modality {name!r}: there are {', '.join(names)}")


def first_bad(bad: NDArray[np.bool_]) -> int | None:
    """Index of the first True, or None."""
    return int(np.argmax(bad)) if bad.any() else None


def codes(column: pd.Series) -> tuple[NDArray[np.intp], Names]:
    """Code a column of names: (code of each row, names in order).

    Names are text; whole numbers become their digits. They are sorted by value when all are
    numbers, otherwise by their text with digits by value ("R2" before "R10"). A categorical
    column keeps its order, without categories that no row has.

    Raises
    ------
    DataError
        For a row without a name.
    """
    row = first_bad(column.isna().to_numpy())
    if row is not None:
        raise DataError(f"row {row + 1}: no {column.name}")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.remove_unused_categories()
        return column.cat.codes.to_numpy().astype(np.intp), _texts(column.cat.categories)
    code, values = pd.factorize(column)
    texts = _texts(values)
    if len(set(texts)) < len(texts):  # 1 and "1" in one column are one name
        code, merged = pd.factorize(np.array(texts, dtype=object)[code])
        texts = _texts(list(merged))
    order = sorted(range(len(texts)), key=lambda at: _order(texts[at]))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank[code], tuple(texts[at] for at in order)


def numbers(column: pd.Series, name: str) -> NDArray[np.float64]:
    """A column as float64 (NaN where empty), or a DataError that names the first bad row."""
    if column.dtype.kind in "iufb":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    value = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    row = first_bad(np.isnan(value) & column.notna().to_numpy())
    if row is not None:
        raise DataError(f"row {row + 1}: {name} {column.iloc[row]!r} is not a number")
    return value


def _texts(values: Sequence[object] | pd.Index) -> Names:
    """Names as text; 3.0 is read as 3 (a column of whole numbers that had gaps)."""
    return tuple(
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in values
    )


def _order(text: str) -> tuple[float, tuple[tuple[int, int, str], ...], str]:
    """Sort key: plain numbers first by value, then text with its digits by value."""
    try:
        value = float(text)
    except ValueError:
        value = np.inf
    parts = re.findall(r"\d+|\D+", text) if value == np.inf else []
    return (
        value if not np.isnan(value) else np.inf,
        tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts),
        text,
    )
