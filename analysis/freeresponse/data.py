"""Free-response data as arrays: marks of I modalities and J readers on K cases with L lesions."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.tables import DataError, Names, codes, need_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

UNMARKED = -np.inf  # ties with itself as 1/2 (Chakraborty 2017, section 13.3)
WEIGHT_ROUNDING = 1e-3
MARKS = ("reader", "modality", "case", "lesion", "rating")
TRUTH = ("case", "truth", "lesion")


@dataclass(frozen=True)
class FrocData:
    """Scored marks and the reference standard, as arrays.

    Attributes
    ----------
    modalities, readers, cases : tuple of str
        Names of the I modalities, J readers and K cases.
    truth : (K,) array of bool
        True where the case has disease.
    was_read : (I, J, K) array of bool
        Which reads exist.
    lesion_case : (L,) array of int
        The case of each lesion, as an index.
    lesion_id : tuple of str
        The lesion's number in its case.
    weight : (L,) array
        Those of a case add up to 1.
    diameter_mm : (L,) array
        NaN where unknown.
    ll : (I, J, L) array
        Rating of the mark on each lesion; minus infinity where nobody marked it.
    nl_max : (I, J, K) array
        Highest rating of a non-lesion localisation; minus infinity without one.
    nl_index : (3, M) array of int
        Modality, reader and case of each of the M non-lesion localisations.
    nl_rating : (M,) array
        Their ratings.
    warnings : tuple of str
        What was done to make the data usable.
    """

    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    truth: Bools
    was_read: Bools
    lesion_case: Ints
    lesion_id: tuple[str, ...]
    weight: Floats
    diameter_mm: Floats
    ll: Floats
    nl_max: Floats
    nl_index: Ints
    nl_rating: Floats
    warnings: tuple[str, ...] = ()

    @property
    def nl_count(self) -> Floats:
        """Number of non-lesion localisations, (I, J, K)."""
        count = np.zeros(self.nl_max.shape)
        np.add.at(count, tuple(self.nl_index), 1.0)
        return count

    def telling(self, words: tuple[str, ...]) -> "FrocData":
        """The same with more warnings."""
        return replace(self, warnings=(*self.warnings, *words))

    @property
    def shape(self) -> tuple[int, int, int]:
        """I, J, K."""
        return len(self.modalities), len(self.readers), len(self.cases)

    def with_readers(self, kept: Bools) -> "FrocData":
        """The study of some of the readers, (J,) bool."""
        place = np.cumsum(kept) - 1
        mine = kept[self.nl_index[1]]
        index = self.nl_index[:, mine].copy()
        index[1] = place[index[1]]
        return replace(
            self,
            readers=tuple(name for name, keep in zip(self.readers, kept, strict=True) if keep),
            was_read=self.was_read[:, kept],
            ll=self.ll[:, kept],
            nl_max=self.nl_max[:, kept],
            nl_index=index,
            nl_rating=self.nl_rating[mine],
        )

    @classmethod
    def from_tables(
        cls, marks: pd.DataFrame, truth: pd.DataFrame, reads: pd.DataFrame | None = None
    ) -> "FrocData":
        """Check the tables and turn them into arrays.

        Parameters
        ----------
        marks : DataFrame
            A row a mark: reader, modality, case, lesion (0: non-lesion localisation; otherwise
            the lesion's number; empty or -1: a duplicate that counts as neither), rating.
        truth : DataFrame
            A row a lesion: case, truth (0 or 1), lesion, and if known weight and diameter_mm; one
            row with lesion 0 for a case without lesions.
        reads : DataFrame, optional
            reader, modality, case of every read made. Without it every reader is taken to have
            read every case in every modality: a case without marks cannot be told from a case
            that was not read.

        Raises
        ------
        DataError
            With the table's row and what to do about it.
        """
        need_columns(marks, MARKS, "marks")
        cases = _cases(truth)
        lesions = _lesions(truth, cases)
        made = marks if reads is None else reads
        need_columns(made, MARKS[:3], "reads")
        modalities, readers = (
            codes(pd.concat([made[name], marks[name]]))[1] for name in ("modality", "reader")
        )
        if not modalities or not readers:
            raise DataError("marks: the table has no rows, so nothing says who read what.")
        names = (modalities, readers, tuple(cases.index))
        found = _filled(marks, cases, lesions, (modalities, readers, _reads(reads, names)))
        found = found.telling(_altered_weights(truth))
        return found if reads is not None else found.telling(_unmarked(found))


def row_error(table: str, row: int, what: str) -> DataError:
    """An error that names a table's row as a person counts it, from 1, without the heading."""
    return DataError(f"{table}, row {row + 1}: {what}.")


def places(column: pd.Series, known: Names, table: str) -> Ints:
    """Places of a column's values in the list of known names.

    Raises
    ------
    DataError
        With the first row whose value is not known.
    """
    code, names = codes(column)
    place = pd.Index(known).get_indexer(pd.Index(names))[code] if names else code
    bad = np.flatnonzero(place < 0)
    if bad.size:
        row = int(bad[0])
        raise row_error(table, row, f"{column.name} {column.iloc[row]} is not in the truth table")
    return np.asarray(place, dtype=np.intp)


def _cases(truth: pd.DataFrame) -> pd.Series:
    """Truth by case, the cases in natural order."""
    need_columns(truth, TRUTH, "truth")
    if truth.empty:
        raise DataError("truth: the table has no rows.")
    status = pd.to_numeric(truth["truth"], errors="coerce")
    bad = np.flatnonzero(~status.isin([0, 1]))
    if bad.size:
        raise row_error("truth", int(bad[0]), "truth is not 0 or 1")
    code, names = codes(truth["case"])
    table = pd.DataFrame(
        {"case": np.array(names, dtype=object)[code], "truth": status.to_numpy(dtype=int)}
    )
    firsts = table.drop_duplicates("case").set_index("case")["truth"]
    other = np.flatnonzero(table["truth"] != table["case"].map(firsts))
    if other.size:
        row = int(other[0])
        raise row_error("truth", row, f"case {table['case'].iloc[row]} has two truths: keep one")
    ordered = firsts.loc[list(names)]
    if ordered.sum() < 2 or (1 - ordered).sum() < 2:
        raise DataError(
            f"truth: {int(ordered.sum())} cases with and {int((1 - ordered).sum())} without "
            "disease: an analysis needs two of each at least."
        )
    return ordered


def _lesions(truth: pd.DataFrame, cases: pd.Series) -> pd.DataFrame:
    """One row a lesion: case, lesion, weight (adds up to 1 in a case), diameter_mm."""
    code, names = codes(truth["case"])
    table = truth.assign(case=np.array(names, dtype=object)[code])
    number = pd.to_numeric(table["lesion"], errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~((number >= 0) & (number == np.floor(number))))
    if bad.size:
        words = "lesion is no whole number from 0: give 0 for a case without lesions"
        raise row_error("truth", int(bad[0]), words)
    columns = {name: _measure(table, name) for name in ("weight", "diameter_mm")}
    table = table.assign(lesion=number.astype(int).astype(str), **columns, row=range(len(table)))
    found = table[number > 0]
    twice = np.flatnonzero(found.duplicated(["case", "lesion"]))
    if twice.size:
        one = found.iloc[twice[0]]
        words = f"lesion {one['lesion']} of case {one['case']} is there twice"
        raise row_error("truth", int(one["row"]), words)
    _same_truth(found, cases)
    found = found[["case", "lesion", *columns]].reset_index(drop=True)
    found["weight"] = _weights(found)
    order = pd.Series({case: place for place, case in enumerate(cases.index)})
    return found.assign(place=order.loc[found["case"]].to_numpy()).sort_values(
        ["place"], kind="stable"
    )


def _measure(table: pd.DataFrame, name: str) -> Floats:
    """Weight or diameter of each row, NaN where empty; not negative."""
    if name not in table:
        return np.full(len(table), np.nan)
    value = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    strange = np.isnan(value) & table[name].notna().to_numpy() | np.isinf(value) | (value < 0)
    if strange.any():
        row = int(np.argmax(strange))
        raise row_error("truth", row, f"{name} {table[name].iloc[row]} is no number from 0")
    return value


def _same_truth(lesions: pd.DataFrame, cases: pd.Series) -> None:
    healthy = lesions["case"].map(cases).eq(0)
    if healthy.any():
        one = lesions[healthy].iloc[0]
        words = f"case {one['case']} is without disease (truth 0) but has a lesion"
        raise row_error("truth", int(one["row"]), words)
    without = cases.index[(cases == 1) & ~cases.index.isin(lesions["case"])]
    if len(without):
        raise DataError(
            f"truth: case {without[0]} has disease (truth 1) but no lesion: "
            "give its lesions, or leave it out of the analysis of marks."
        )


def _weights(lesions: pd.DataFrame) -> pd.Series:
    """Weights made to add up to 1 in a case; equal where none are given."""
    given = lesions["weight"]
    total = given.groupby(lesions["case"]).transform("sum")
    number = given.groupby(lesions["case"]).transform("size")
    whole = given.notna().groupby(lesions["case"]).transform("all") & (total > 0)
    near = (total - 1).abs() < WEIGHT_ROUNDING
    return pd.Series(
        np.where(whole & near, given, np.where(whole, given / total, 1 / number)), lesions.index
    )


def _altered_weights(truth: pd.DataFrame) -> tuple[str, ...]:
    """Say of how many cases the weights given were not used as they are."""
    found = truth[pd.to_numeric(truth["lesion"]) > 0]
    given = _measure(found, "weight")
    if not np.nansum(given):  # none, or 0 throughout, which is RJafroc's "equal"
        return ()
    by_case = pd.DataFrame({"case": found["case"].astype(str), "weight": given}).groupby("case")
    some = by_case["weight"].count() < by_case["weight"].size()
    scaled = ~some & ((by_case["weight"].sum() - 1).abs() >= WEIGHT_ROUNDING)
    words = {
        f"lesions without a weight in {some.sum()} cases: all lesions of such a case weigh the "
        "same.": some,
        f"lesion weights of {scaled.sum()} cases did not add up to 1 and were scaled.": scaled,
    }
    return tuple(text for text, which in words.items() if which.any())


def _reads(
    reads: pd.DataFrame | None,
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
) -> Bools:
    shape = tuple(len(each) for each in names)
    if reads is None:
        return np.ones(shape, dtype=bool)
    index = [
        places(reads[column], known, "reads")
        for column, known in zip(("modality", "reader", "case"), names, strict=True)
    ]
    was_read = np.zeros(shape, dtype=bool)
    was_read[tuple(index)] = True
    return was_read


def _filled(
    marks: pd.DataFrame,
    cases: pd.Series,
    lesions: pd.DataFrame,
    rest: tuple[tuple[str, ...], tuple[str, ...], Bools],
) -> FrocData:
    modalities, readers, was_read = rest
    rating = pd.to_numeric(marks["rating"], errors="coerce").to_numpy(dtype=float)
    bad = np.flatnonzero(~np.isfinite(rating))
    if bad.size:
        raise row_error("marks", int(bad[0]), "the rating is not a finite number")
    names = tuple(cases.index)
    where = np.stack(
        [
            places(marks["modality"], modalities, "marks"),
            places(marks["reader"], readers, "marks"),
            places(marks["case"], names, "marks"),
        ]
    )
    unread = np.flatnonzero(~was_read[tuple(where)])
    if unread.size:
        raise row_error("marks", int(unread[0]), "the mark belongs to a read that is not in reads")
    number = _numbers(marks["lesion"])
    ll, warnings = _lesion_ratings((marks, number), lesions, where, rating, was_read.shape[:2])
    is_nl, is_ll = number == 0, number > 0
    nl_max = np.full(was_read.shape, UNMARKED)
    np.maximum.at(nl_max, tuple(where[:, is_nl]), rating[is_nl])
    skipped = int((~is_nl & ~is_ll).sum())
    if skipped:
        warnings += (f"{skipped} duplicate marks count as neither LL nor NL.",)
    return FrocData(
        modalities=modalities, readers=readers, cases=names,
        truth=cases.to_numpy() == 1, was_read=was_read,
        lesion_case=lesions["place"].to_numpy(dtype=np.intp),
        lesion_id=tuple(lesions["lesion"]),
        weight=lesions["weight"].to_numpy(dtype=float),
        diameter_mm=lesions["diameter_mm"].to_numpy(dtype=float),
        ll=ll, nl_max=nl_max, nl_index=where[:, is_nl], nl_rating=rating[is_nl],
        warnings=warnings,
    )  # fmt: skip


def _numbers(lesion: pd.Series) -> Ints:
    """The lesion of each mark: 0 none, -1 (or empty) a duplicate that counts as neither."""
    value = pd.to_numeric(lesion, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    whole = (value >= -1) & (value == np.floor(value))
    bad = np.flatnonzero(~whole & lesion.notna().to_numpy())
    if bad.size:
        row = int(bad[0])
        words = f"lesion {lesion.iloc[row]} is no lesion's number, nor 0 for none, nor empty"
        raise row_error("marks", row, words)
    return np.where(np.isnan(value), -1, value).astype(np.intp)


def _unmarked(data: FrocData) -> tuple[str, ...]:
    """Who has no mark at all in a modality; without a table of reads that may be no read at all."""
    marked = np.asarray(np.isfinite(data.ll).any(axis=2) | np.isfinite(data.nl_max).any(axis=2))
    found = []
    for i, modality in enumerate(data.modalities):
        silent = [data.readers[j] for j in np.flatnonzero(~marked[i])]
        if silent:
            found.append(
                f"Modality {modality}: no mark at all by reader {', '.join(silent)}; taken as read "
                "without a mark: give the reads made if it was not read."
            )
    return tuple(found)


def _lesion_ratings(
    marks: tuple[pd.DataFrame, Ints],
    lesions: pd.DataFrame,
    where: Ints,
    rating: Floats,
    shape: tuple[int, ...],
) -> tuple[Floats, tuple[str, ...]]:
    """Ratings on lesions, (I, J, L); the highest where a lesion has several marks."""
    keys = {
        key: place for place, key in enumerate(zip(lesions["case"], lesions["lesion"], strict=True))
    }
    table, number = marks
    is_ll = number > 0
    code, names = codes(table["case"])
    case, text = np.array(names, dtype=object)[code], number.astype(str)
    place = np.array([keys.get((case[i], text[i]), -1) for i in np.flatnonzero(is_ll)], np.intp)
    if (place < 0).any():
        row = int(np.flatnonzero(is_ll)[np.flatnonzero(place < 0)[0]])
        raise row_error("marks", row, f"case {case[row]} has no lesion {text[row]} in truth")
    ll = np.full((*shape, len(lesions)), UNMARKED)
    index = (where[0, is_ll], where[1, is_ll], place)
    np.maximum.at(ll, index, rating[is_ll])
    spare = int(is_ll.sum() - np.isfinite(ll).sum())
    words = f"{spare} further marks on a lesion already marked: the highest rating counts."
    return ll, ((words,) if spare else ())
