"""`analysis.subgroups`: the effect of AI by a factor of readers, cases or lesions.

Each reader's own difference between two modalities is taken at each level, with its error's
covariance from the case jackknife; then the levels are compared as Obuchowski and Rockette compare
modalities. Where the factor divides readers they are nested in levels (Hillis, Stat Med 2014;
33:330-360), and what the cases do to all readers alike cancels; where it divides cases or lesions
readers cross levels.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.estimates import comparison
from analysis.freeresponse.lesions import SIZE_EDGES_MM, labels
from analysis.interactions.parts import KEYS, Measure, Part, Tables, is_of_marks, measure
from analysis.interactions.result import Interaction, Kind, Level, Subgroups
from analysis.multireader.nested import parallel_arms
from analysis.multireader.obuchowski_rockette import Inference, Random, obuchowski_rockette
from analysis.tables import DataError, Names, codes, need_columns, numbers

Floats = NDArray[np.float64]
SIZE = "size"


def subgroups(  # noqa: PLR0913  the choices of an analysis, all named
    reads: pd.DataFrame,
    by: str,
    *,
    marks: pd.DataFrame | None = None,
    truth: pd.DataFrame | None = None,
    fom: str = "auc",
    control: str | None = None,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    edges_mm: Sequence[float] = SIZE_EDGES_MM,
) -> Subgroups:
    """Compare modalities at each level of a factor, and the levels with each other.

    Parameters
    ----------
    reads : DataFrame
        reader, modality, case; truth and rating where the figure of merit is of ratings; the
        factor's column.
    by : str
        A column of `reads` with one value a reader (experience, site) or one a case (scanner); a
        column of `truth` with one value a lesion; or "size": lesions by `edges_mm` of diameter_mm
        of `truth` (cases by their largest, where the figure of merit is of ratings).
    marks, truth : DataFrame, optional
        As for `analysis.froc`, where the figure of merit is of marks.
    fom : str
        Any of `analysis.mrmc` or `analysis.froc`.
    control : str, optional
        The modality that is taken off; the first in order when left out.
    random : {"readers+cases", "readers", "cases"}
    alpha : float
        Intervals are two-sided 1 - alpha.

    Returns
    -------
    Subgroups

    Raises
    ------
    DataError
        When the factor varies within readers and within cases, has one level, or a level cannot
        be analysed (the text says which and why).

    Notes
    -----
    A healthy case without a value of the factor counts at every level (a healthy case has no
    lesion size). Tests of interaction have little power: absence of evidence is no evidence.
    """
    need_columns(reads, KEYS, "reads")
    tables = Tables(_as_text(reads), None if marks is None else _as_text(marks), truth)
    of_marks = is_of_marks(fom, has_marks=marks is not None)
    kind = _kind(tables, by, of_marks=of_marks)
    chosen = measure(fom, of_marks=of_marks)
    arms, readers, cases = (codes(reads[name])[1] for name in ("modality", "reader", "case"))
    first = arms[0] if control is None else control
    if first not in arms:
        raise DataError(f"no read is in modality {first!r}: there are {', '.join(arms)}")
    if len(arms) < 2:
        raise DataError(f"one modality only ({first}): there is nothing to compare")
    study = _Study(tables, by, chosen, (arms, readers, cases), random, alpha)
    found = study.of_readers if kind == "reader" else study.of_parts
    if list(edges_mm) != sorted(set(edges_mm)) or min(edges_mm, default=1) <= 0:
        raise DataError("edges of sizes are diameters above 0 mm, each larger than the one before")
    levels, tests, warnings = found(kind, first, tuple(edges_mm))
    return Subgroups(
        by=by,
        kind=kind,
        fom=fom,
        label=chosen.label,
        random=random,
        levels=levels,
        interactions=tests,
        alpha=alpha,
        higher_is_better=chosen.higher_is_better,
        warnings=warnings,
    )


Found = tuple[tuple[Level, ...], tuple[Interaction, ...], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class _Study:
    tables: Tables
    by: str
    measure: Measure
    names: tuple[Names, Names, Names]
    random: Random
    alpha: float

    def of_readers(self, _kind: Kind, control: str, _edges: tuple[float, ...]) -> Found:
        """Levels that divide the readers."""
        whole = self.measure.of(self.tables, self.names)
        arms, readers, _ = self.names
        value = self.tables.reads.dropna(subset=[self.by]).drop_duplicates("reader")
        group = dict(zip(value["reader"], value[self.by].astype(str), strict=True))
        names = codes(value[self.by])[1]
        warnings = list(whole.warnings)
        levels: list[Level] = []
        tests: list[Interaction] = []
        base = arms.index(control)
        for i in (each for each in range(len(arms)) if each != base):
            own = whole.foms[i] - whole.foms[base]
            here = np.array(
                [[group.get(reader) == name for reader in readers] for name in names]
            ) & np.isfinite(own)
            kept = here.any(axis=1)
            if kept.sum() < 2:
                raise DataError(
                    f"{self.by}: readers of one level only read in both {control} and {arms[i]}"
                )
            rows = here[kept]
            foms = np.where(rows, own, np.nan)
            deviations = np.where(rows[:, :, None], whole.deviations[i] - whole.deviations[base], 0)
            random = self._possible(rows, warnings)
            found = parallel_arms(foms, _covariance(deviations), random=random, alpha=self.alpha)
            shown = [name for name, keep in zip(names, kept, strict=True) if keep]
            parts = [whole] * len(shown)
            levels += self._levels(shown, (arms[i], control), found, parts, rows.sum(axis=1))
            tests.append(_interaction(arms[i], found, len(shown)))
        return tuple(levels), tuple(tests), tuple(dict.fromkeys(warnings))

    def _possible(self, rows: NDArray[np.bool_], warnings: list[str]) -> Random:
        sizes = rows.sum(axis=1)
        if (sizes == 1).any():
            warnings.append(
                f"a level of {self.by} has one reader: its interval is about this reader only"
            )
        if sizes.max() == 1 and self.random != "cases":
            warnings.append(f"every level of {self.by} has one reader: readers are taken as fixed")
            return "cases"
        return self.random

    def of_parts(self, kind: Kind, control: str, edges_mm: tuple[float, ...]) -> Found:
        """Levels that divide cases or lesions; the same readers read all of them."""
        names: list[str] = []
        parts: list[Part] = []
        warnings: list[str] = []
        for name, tables in _split(self.tables, self.by, kind, edges_mm, warnings):
            try:
                part = self.measure.of(tables, self.names)
            except DataError as error:
                warnings.append(f"{self.by}, level {name}, left out: {error}")
                continue
            names.append(name)
            parts.append(part)
            warnings += [f"{name}: {words}" for words in part.warnings]
        if len(names) < 2:
            why = "".join(f"; {words}" for words in warnings)
            raise DataError(f"{self.by} has fewer than two levels that can be compared{why}")
        arms, readers, _ = self.names
        levels: list[Level] = []
        tests: list[Interaction] = []
        base = arms.index(control)
        for i in (each for each in range(len(arms)) if each != base):
            foms = np.stack([each.foms[i] - each.foms[base] for each in parts])
            kept = np.isfinite(foms).all(axis=0)
            if not kept.any():
                raise DataError(f"no reader has a figure of merit at every level of {self.by}")
            out = [name for name, keep in zip(readers, kept, strict=True) if not keep]
            if out:
                warnings.append(f"left out, not at every level: reader {', '.join(out)}")
            deviations = np.stack(
                [(each.deviations[i] - each.deviations[base])[kept] for each in parts]
            )
            found = obuchowski_rockette(
                foms[:, kept], _covariance(deviations), random=self.random, alpha=self.alpha
            )
            warnings += found.warnings
            counts = np.full(len(names), int(kept.sum()))
            levels += self._levels(names, (arms[i], control), found, parts, counts)
            tests.append(_interaction(arms[i], found, len(names)))
        return tuple(levels), tuple(tests), tuple(dict.fromkeys(warnings))

    def _levels(
        self,
        names: Sequence[str],
        pair: tuple[str, str],
        found: Inference,
        parts: Sequence[Part],
        readers: NDArray[np.intp],
    ) -> Iterator[Level]:
        for name, one, part, number in zip(names, found.modalities, parts, readers, strict=True):
            test = comparison((0, 1), one.estimate, one.std_error, one.df, self.alpha)
            yield Level(
                name, *pair, int(number), part.n_cases, part.n_lesions,
                estimate=test.estimate, std_error=test.std_error, df=test.df,
                ci_low=test.ci_low, ci_high=test.ci_high, p_value=test.p_value,
            )  # fmt: skip


def _covariance(deviations: Floats) -> Floats:
    """(L, J, L, J) from (L, J, K)."""
    L, J, K = deviations.shape
    flat = deviations.reshape(L * J, K)
    return np.asarray(flat @ flat.T).reshape(L, J, L, J)


def _interaction(test: str, found: Inference, levels: int) -> Interaction:
    equal = found.test
    return Interaction(test, levels, equal.statistic, equal.df1, equal.df2, equal.p_value)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Names of reader, modality and case as text."""
    found = {}
    for name in KEYS:
        need_columns(table, [name])
        code, names = codes(table[name])
        found[name] = np.array(names, dtype=object)[code]
    return table.assign(**found)


def _kind(tables: Tables, by: str, *, of_marks: bool) -> Kind:
    reads, truth = tables.reads, tables.truth
    if by in reads:
        known = reads.dropna(subset=[by])
        if known.empty:
            raise DataError(f"no read has a value of {by}")
        if len(known[by].astype(str).unique()) == 1:
            raise DataError(f"{by} has one level only ({known[by].iloc[0]})")
        if known[by].astype(str).groupby(known["reader"]).nunique().max() <= 1:
            return "reader"
        if known[by].astype(str).groupby(known["case"]).nunique().max() <= 1:
            return "case"
        raise DataError(
            f"{by} varies within readers and within cases: give one value a reader or one a case"
        )
    if truth is not None and (by in truth or (by == SIZE and "diameter_mm" in truth)):
        return "lesion" if of_marks else "case"
    raise DataError(f"neither the reads nor the lesions have a column {by}")


def _split(
    tables: Tables, by: str, kind: Kind, edges_mm: tuple[float, ...], warnings: list[str]
) -> Iterator[tuple[str, Tables]]:
    if kind == "lesion":
        yield from _by_lesion(tables, by, edges_mm, warnings)
    else:
        yield from _by_case(tables, by, edges_mm, warnings)


def _by_case(
    tables: Tables, by: str, edges_mm: tuple[float, ...], warnings: list[str]
) -> Iterator[tuple[str, Tables]]:
    reads = tables.reads
    if by in reads:
        value = reads.dropna(subset=[by]).drop_duplicates("case").set_index("case")[by]
        code, names = codes(value)
        level = pd.Series(np.array(names, dtype=object)[code], value.index)
    else:
        level, names = _largest(tables, by, edges_mm)
    mine = reads["case"].map(level)
    shared = mine.isna() & reads["case"].map(_healthy(tables)).astype(bool)
    _tell_out(int(reads.loc[mine.isna() & ~shared, "case"].nunique()), "cases", by, warnings)
    for name in names:
        kept = set(reads.loc[(mine == name) | shared, "case"])
        yield name, _of_cases(tables, kept)


def _largest(
    tables: Tables, by: str, edges_mm: tuple[float, ...]
) -> tuple["pd.Series[str]", tuple[str, ...]]:
    """The level of each case's largest lesion, or its one value of a column of the lesions."""
    lesions = _lesions(tables)
    if by in lesions:
        if lesions.groupby("case")[by].nunique().max() > 1:
            raise DataError(f"{by} varies within cases: use a figure of merit of marks")
        level = lesions.dropna(subset=[by]).drop_duplicates("case").set_index("case")[by]
        return level.astype(str), codes(level)[1]
    largest = lesions.assign(mm=numbers(lesions["diameter_mm"], "diameter_mm"))
    return _binned(largest.groupby("case")["mm"].max(), edges_mm)


def _binned(
    mm: "pd.Series[float]", edges_mm: tuple[float, ...]
) -> tuple["pd.Series[str]", tuple[str, ...]]:
    text = labels(edges_mm)
    level = pd.Series(None, index=mm.index, dtype=object)
    for name, (low, high) in zip(text, pairwise([0.0, *edges_mm, math.inf]), strict=True):
        level[(mm >= low) & (mm < high)] = name
    return level, tuple(name for name in text if (level == name).any())


def _lesions(tables: Tables) -> pd.DataFrame:
    assert tables.truth is not None  # noqa: S101  `_kind` asked first
    truth = tables.truth
    code, names = codes(truth["case"])
    named = truth.assign(case=np.array(names, dtype=object)[code])
    return named[numbers(named["lesion"], "lesion") > 0]


def _healthy(tables: Tables) -> "pd.Series[bool]":
    table = tables.reads if "truth" in tables.reads else tables.truth
    if table is None:
        raise DataError("neither the reads nor the lesions say the cases' truth")
    code, names = codes(table["case"])
    truth = pd.Series(numbers(table["truth"], "truth") == 0, np.array(names, dtype=object)[code])
    return truth[~truth.index.duplicated()]


def _of_cases(tables: Tables, kept: set[str]) -> Tables:
    reads = tables.reads[tables.reads["case"].isin(kept)].reset_index(drop=True)
    if tables.marks is None or tables.truth is None:
        return replace(tables, reads=reads)
    code, names = codes(tables.truth["case"])
    of = pd.Series(np.array(names, dtype=object)[code], tables.truth.index)
    return Tables(
        reads,
        tables.marks[tables.marks["case"].isin(kept)].reset_index(drop=True),
        tables.truth[of.isin(kept)].reset_index(drop=True),
    )


def _by_lesion(
    tables: Tables, by: str, edges_mm: tuple[float, ...], warnings: list[str]
) -> Iterator[tuple[str, Tables]]:
    if tables.marks is None or tables.truth is None:
        raise DataError("give the tables of marks and of lesions")
    lesions = _lesions(tables)
    if by in lesions:
        known = lesions.dropna(subset=[by])
        code, names = codes(known[by])
        level = pd.Series(np.array(names, dtype=object)[code], known.index)
    else:
        mm = pd.Series(numbers(lesions["diameter_mm"], "diameter_mm"), lesions.index)
        level, names = _binned(mm, edges_mm)
    level = level.reindex(lesions.index)
    _tell_out(int(level.isna().sum()), "lesions", by, warnings)
    key = lesions["case"].astype(str) + "\0" + lesions["lesion"].astype(int).astype(str)
    number = pd.to_numeric(tables.marks["lesion"], errors="coerce").fillna(-1).astype(int)
    mark_key = tables.marks["case"].astype(str) + "\0" + number.astype(str)
    for name in names:
        mine = level == name
        out = lesions.index[~mine]
        kept = Tables(
            tables.reads,
            tables.marks[(number == 0) | mark_key.isin(set(key[mine]))],
            tables.truth.drop(index=out),
        )
        code, cases = codes(kept.truth["case"])  # type: ignore[index]
        yield name, _of_cases(kept, set(cases))


def _tell_out(number: int, what: str, by: str, warnings: list[str]) -> None:
    if number:
        warnings.append(f"{number} {what} without a value of {by} left out")
