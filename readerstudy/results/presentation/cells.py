"""The cells of tables: numbers as papers print them, which remember what they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from readerstudy.accounts.models import Experience
from readerstudy.results import tables

Tree = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
SMALL_P = 0.001


class Cell(str):
    """Words for the screen, and the numbers they stand for: one, or an estimate with its ends."""

    __slots__ = ("numbers",)
    numbers: tuple[float | None, ...]

    def __new__(cls, words: str, *numbers: Any) -> Self:
        """Words, and the numbers that a file has in their place."""
        made = super().__new__(cls, words)
        made.numbers = tuple(None if each is None else float(each) for each in numbers)
        return made


@dataclass(frozen=True)
class Table:
    """A table of the report; the first `lead` columns are words, the others numbers."""

    title: str
    words: str
    head: list[str]
    rows: list[list[str]]
    lead: int = 1


def value(number: Any, digits: int = 3) -> str:
    """A number with a true minus sign; a dash for none."""
    if number is None:
        return Cell(DASH, None)
    text = f"{float(number):.{digits}f}"
    return Cell(text.replace("-", MINUS) if float(text) else text.lstrip("-"), number)


def interval(estimate: Tree, digits: int = 3) -> str:
    """An estimate with its interval, as "0.812 (0.766 to 0.858)"."""
    middle = estimate.get("estimate", estimate.get("ratio"))
    low, high = estimate.get("ci_low"), estimate.get("ci_high")
    words = str(value(middle, digits))
    if low is not None and high is not None:
        words += f" ({value(low, digits)} to {value(high, digits)})"
    return Cell(words, middle, low, high)


def primary_fom(numbers: Tree) -> str:
    """The primary figure of merit within a sentence: words lose their capital, AUC keeps it."""
    label = str(numbers.get("primary", {}).get("label") or "AUC")
    return label[0].lower() + label[1:] if label[1:2].islower() else label


def pair(each: Tree, among: Iterable[Tree]) -> str:
    """Which arms a comparison is of, ", B - A", where there are several; nothing for one alone."""
    several = len({one["test"] for one in among}) > 1
    return f", {each['test']} {MINUS} {each['reference']}" if several else ""


def scope(analysis: Tree) -> str:
    """What an analysis generalises to, as it was made, and the level of its intervals."""
    level = f"{100 * (1 - (analysis.get('alpha') or 0.05)):g} % intervals"
    random = {
        "readers+cases": "readers and cases random",
        "readers": "readers random, cases as they are",
        "cases": "cases random, readers as they are",
    }.get(analysis.get("random") or "", "")
    return f"{level}; {random}" if random else level


def group_name(level: str) -> str:
    """A group of readers by the words of the readers' page; others as the data name them."""
    return str(dict(Experience.choices).get(level, level))


def count_words(number: int, noun: str) -> str:
    """A number with its noun: "1 reader", "5 readers"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def p_value(number: Any) -> str:
    """A p value as papers print it."""
    if number is None:
        return Cell(DASH, None)
    return Cell(f"< {SMALL_P}" if number < SMALL_P else f"{number:.3f}", number)


def as_file(name: str, table: Table) -> bytes:
    """The table as CSV: numbers in full, an interval's ends in columns of their own."""
    counts = [_count(row[place] for row in table.rows) for place in range(len(table.head))]
    head = [
        f"{column}{end}"
        for column, count in zip(table.head, counts, strict=True)
        for end in ("", ", low", ", high")[:count]
    ]
    rows: list[tuple[Any, ...]] = []
    for row in table.rows:
        named = [row[0] or (rows[-1][0] if rows else ""), *row[1:]]  # said once on the screen
        cells = [_spread(cell, count) for cell, count in zip(named, counts, strict=True)]
        rows.append(tuple(each for spread in cells for each in spread))
    return tables.Table(name, tuple(head), tuple(rows)).csv()


def _count(column: Iterable[str]) -> int:
    return max((len(cell.numbers) for cell in column if isinstance(cell, Cell)), default=1)


def _spread(cell: str, count: int) -> list[Any]:
    found = list(cell.numbers) if isinstance(cell, Cell) else [str(cell)]
    return [*found, *[None] * (count - len(found))]
