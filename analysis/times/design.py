"""From a tidy table of reading times to a mixed model's response, fixed effects and factors."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.tables import DataError, Names, codes, need_columns, numbers
from analysis.times.outliers import NONE, inside
from analysis.times.reml import Floats, Ints

Key = tuple[str, str] | None

NAMES = ("reader", "modality", "case")
TIME_COLUMNS = {"active_s": 1.0, "seconds": 1.0, "time": 1.0, "active_ms": 1e-3}
MAX_SHARE_OUT = 0.5
MIN_LEFT = 2  # degrees of freedom; with one an interval is six times as long as with many


@dataclass(frozen=True, eq=False)
class Term:
    """A fixed effect: its columns, and for each a label and what it stands for.

    A key (arm, experience) says of which arm and level a column is, "" for any; None marks what
    adjusted means average out (period, sequence, order).
    """

    name: str
    labels: tuple[str, ...]
    columns: Floats
    keys: tuple[Key, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """A mixed model's data.

    Attributes
    ----------
    log_s : (n,) array
        Natural logarithm of active seconds.
    X : (n, p) array
        Fixed effects: an intercept, then the terms that can be told apart.
    labels, keys : tuple
        Of the columns of X (see `Term`).
    factors : dict of str to (n,) array of int
        Random factors.
    modality, experience : (codes, names)
        Of each row; experience (or what is in its place) has one level when the table has none.
    by : str
        What is in the place of experience.
    stratum : (name, df) or None
        The random factor that arms are compared against, and the degrees of freedom that its
        levels leave; None where every read stands for itself.
    dropped : tuple of str
        What was left out and why.
    """

    log_s: Floats
    X: Floats
    labels: tuple[str, ...]
    keys: tuple[Key, ...]
    factors: dict[str, Ints]
    modality: tuple[Ints, Names]
    experience: tuple[Ints, Names]
    readers: Names
    cases: Names
    stratum: tuple[str, int] | None = None
    dropped: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    by: str = "experience"


def seconds_of(table: pd.DataFrame) -> Floats:
    """Active time in seconds from the first of active_s, seconds, time, active_ms.

    Raises
    ------
    DataError
        Without such a column, or for a negative time, naming its row.
    """
    column = next((name for name in TIME_COLUMNS if name in table.columns), None)
    if column is None:
        raise DataError(f"the table has no time: give one of {', '.join(TIME_COLUMNS)}")
    seconds = numbers(table[column], column) * TIME_COLUMNS[column]
    negative = np.flatnonzero(seconds < 0)
    if negative.size:
        raise DataError(f"row {negative[0] + 1}: {column} is below 0")
    return seconds


def usable(table: pd.DataFrame, outliers: str = NONE) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows with a time above 0 that the rule for outliers leaves in, and what was left out.

    Raises
    ------
    DataError
        When a column is missing, more than half of the rows have no time, or the rule is unknown.
    """
    need_columns(table, NAMES)
    seconds = seconds_of(table)
    good = np.isfinite(seconds) & (seconds > 0)
    if not len(table) or good.mean() < 1 - MAX_SHARE_OUT:
        raise DataError(
            f"{int((~good).sum())} of {len(table)} reads have no active time above 0: "
            "there is too little to compare"
        )
    kept = table[good].assign(seconds=seconds[good])
    out = int((~good).sum())
    words = f"{out} of {len(table)} reads without an active time above 0 were left out."
    said = (words,) if out else ()
    near = inside(kept, outliers)
    if near.all():
        return kept, said
    words = f"{int((~near).sum())} of {len(kept)} times were left out by the rule {outliers}."
    return kept[near], (*said, words)


def design_of(
    table: pd.DataFrame,
    reference: str | None = None,
    *,
    by: str = "experience",
    outliers: str = NONE,
) -> Design:
    """Fixed effects and random factors of a table of reads with a time (see `usable`).

    Terms: arm, period, sequence, experience (or the column `by` in its place), arm x experience,
    log of the reading order. A term
    without variation, or one that the terms before it already say, is left out and named.
    """
    table, noted = usable(table, outliers)
    modality = _levels(table, "modality", first=reference)
    experience = _levels(table, by)
    reader, case = codes(table["reader"]), codes(table["case"])
    if len(modality[1]) < 2:
        raise DataError(f"one modality only ({modality[1][0]}): there is nothing to compare")
    kept, dropped = _independent(_terms(table, modality, (by, experience)))
    factors = _factors(reader[0], case[0], modality[0])
    kept, words = _affordable(factors, kept, f"arm x {by}")
    dropped += words
    if len(reader[1]) == 1:
        dropped += ("One reader: the conclusion is about this reader only.",)
    return Design(
        log_s=np.log(table["seconds"].to_numpy(dtype=float)),
        X=np.hstack([term.columns for term in kept]),
        labels=tuple(label for term in kept for label in term.labels),
        keys=tuple(key for term in kept for key in term.keys),
        factors=factors,
        modality=modality,
        experience=experience,
        readers=reader[1],
        cases=case[1],
        stratum=_stratum(factors, kept),
        dropped=(*noted, *dropped),
        terms=tuple(term.name for term in kept),
        by=by,
    )


def _affordable(
    factors: dict[str, Ints], terms: list[Term], name: str
) -> tuple[list[Term], tuple[str, ...]]:
    """Leave an interaction out that would use up the readers that arms are compared over.

    With a reader or two a level the interaction is those readers: what is left says nothing about
    others, and the comparison of arms, for which there were readers enough, goes with it.
    """
    without = [term for term in terms if term.name != name]
    left, spare = _stratum(factors, terms), _stratum(factors, without)
    if left is None or spare is None or left[1] >= min(MIN_LEFT, spare[1]):
        return terms, ()
    return without, (f"No effect of {name} in the model: there are too few readers for it.",)


def _stratum(factors: dict[str, Ints], terms: list[Term]) -> tuple[str, int] | None:
    """The levels that arms are compared over, less what the effects between them take.

    As in an analysis of variance of the levels' means: reader x arm in a crossed design (the
    readers' own levels are taken too), reader where each reads in one arm. The order of reads
    differs within levels and takes none.
    """
    crossed = "reader x arm" in factors
    name = "reader x arm" if crossed else "reader"
    if name not in factors:
        return None
    level = factors[name]
    count = np.bincount(level)
    columns = [term.columns for term in terms if term.name != "order"]
    if crossed:
        columns.append(np.eye(int(factors["reader"].max()) + 1)[factors["reader"]])
    X = np.hstack(columns)
    means = np.zeros((len(count), X.shape[1]))
    np.add.at(means, level, X)
    return name, len(count) - int(np.linalg.matrix_rank(means / count[:, None]))


def _levels(table: pd.DataFrame, name: str, first: str | None = None) -> tuple[Ints, Names]:
    if name not in table.columns or table[name].isna().all():
        return np.zeros(len(table), dtype=np.intp), ("all",)
    code, names = codes(table[name])
    if first is None or first not in names:
        return code, names
    order = [first, *(each for each in names if each != first)]
    place = np.array([order.index(each) for each in names], dtype=np.intp)
    return place[code], tuple(order)


def _terms(
    table: pd.DataFrame, modality: tuple[Ints, Names], factor: tuple[str, tuple[Ints, Names]]
) -> list[Term]:
    by, experience = factor
    arm = _against_first("arm", modality)
    level = replace(_sum_to_zero(by, experience), keys=_cells("", experience))
    both = np.hstack(
        [a[:, None] * level.columns for a in arm.columns.T] or [np.empty((len(table), 0))]
    )
    labels = tuple(f"{a} x {b}" for a in arm.labels for b in level.labels)
    keys = tuple(key for a in modality[1][1:] for key in _cells(a, experience))
    ones = np.ones((len(table), 1))
    terms = [Term("intercept", ("intercept",), ones, (("", ""),)), arm]
    terms += [_sum_to_zero(name, _levels(table, name)) for name in ("period", "sequence")]
    terms += [level, Term(f"arm x {by}", labels, both, keys)]
    if "order" in table.columns:
        order = numbers(table["order"], "order")
        if (order < 1).any() or np.isnan(order).any():
            raise DataError("order must be the place in the reader's own order, from 1")
        logged = np.log(order)
        terms.append(Term("order", ("log order",), (logged - logged.mean())[:, None], (None,)))
    return terms


def _against_first(name: str, levels: tuple[Ints, Names]) -> Term:
    code, names = levels
    columns = (code[:, None] == np.arange(1, len(names))).astype(float)
    labels = tuple(f"{name} {each}" for each in names[1:])
    return Term(name, labels, columns, tuple((each, "") for each in names[1:]))


def _sum_to_zero(name: str, levels: tuple[Ints, Names]) -> Term:
    """Columns whose effects add up to 0 over the levels: 0 is then their plain average."""
    code, names = levels
    columns = (code[:, None] == np.arange(len(names) - 1)).astype(float)
    columns -= (code == len(names) - 1)[:, None]
    labels = tuple(f"{name} {each}" for each in names[:-1])
    return Term(name, labels, columns, (None,) * len(labels))


def _cells(arm: str, levels: tuple[Ints, Names]) -> tuple[Key, ...]:
    return tuple((arm, each) for each in levels[1][:-1])


def _independent(terms: list[Term]) -> tuple[list[Term], tuple[str, ...]]:
    """Keep the terms in turn whose columns add to the rank; say which do not, and why."""
    kept: list[Term] = []
    dropped: list[str] = []
    X = np.empty((len(terms[0].columns), 0))
    for term in terms:
        wide = np.hstack([X, term.columns])
        gain = np.linalg.matrix_rank(wide) - X.shape[1]
        if term.columns.shape[1] and gain == term.columns.shape[1]:
            X = wide
            kept.append(term)
        elif term.name == "arm":
            raise DataError("the modalities cannot be told apart in this table")
        elif term.columns.shape[1] == 0 or np.ptp(term.columns, axis=0).max() == 0:
            dropped.append(f"No effect of {term.name} in the model: it does not vary.")
        else:
            dropped.append(
                f"No effect of {term.name} in the model: it cannot be told from "
                f"{', '.join(each.name for each in kept[1:])}."
            )
    return kept, tuple(dropped)


def _factors(reader: Ints, case: Ints, modality: Ints) -> dict[str, Ints]:
    """Reader and case, and reader x arm where readers read in several arms, several times each.

    Without the last the readers' own differences between arms would count as noise of single
    reads, and an interval would be too short for a conclusion about other readers.
    """
    factors = {"case": case, "reader": reader}
    both, inverse = np.unique(np.stack([reader, modality]), axis=1, return_inverse=True)
    if 1 < len(np.unique(reader)) < both.shape[1] < len(reader):
        factors["reader x arm"] = np.asarray(inverse, dtype=np.intp).ravel()
    return {name: level for name, level in factors.items() if level.max() > 0}
