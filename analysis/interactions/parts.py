"""Figures of merit in one part of a study, with what each case does to them.

A part is a set of cases, or of lesions. Its figures of merit come with scaled jackknife deviations
over the whole study's cases, so that the covariance between two parts (which may share cases: all
healthy cases, or the other lesions of a case) is the sum of products of their deviations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.fom.registry import NAMES as ROC_FOMS
from analysis.fom.registry import parse
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import evaluate
from analysis.freeresponse.named import NAMES as FROC_FOMS
from analysis.freeresponse.named import fom_named
from analysis.multireader.estimation import Job, Options, left_out
from analysis.multireader.preparation import prepare
from analysis.tables import DataError, Names, need_columns, numbers

Floats = NDArray[np.float64]
KEYS = ("reader", "modality", "case")
ACCURACY = "accuracy"


@dataclass(frozen=True, eq=False)
class Tables:
    """A study's tables; names of readers, modalities and cases are text."""

    reads: pd.DataFrame
    marks: pd.DataFrame | None = None
    truth: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """Figures of merit of a part.

    Attributes
    ----------
    foms : (I, J) array
        NaN where a reader has none.
    deviations : (I, J, K) array
        0 for cases outside the part; products add up to jackknife covariances.
    n_cases : int
    n_lesions : int or None
    warnings : tuple of str
    """

    foms: Floats
    deviations: Floats
    n_cases: int
    n_lesions: int | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """A figure of merit: its name in sentences, and how a part's tables become a `Part`."""

    label: str
    of: Callable[[Tables, tuple[Names, Names, Names]], Part]
    higher_is_better: bool = True


def is_of_marks(fom: str, *, has_marks: bool = False) -> bool:
    """Whether a figure of merit is of marks (FROC) and not of the cases' ratings (ROC).

    "sensitivity" is both: with marks at hand and no option (threshold) it is that of lesions.
    """
    name, _, options = fom.partition(":")
    of_ratings = name.lower() in ROC_FOMS and not (has_marks and not options)
    return name.lower() in FROC_FOMS and not of_ratings


def measure(fom: str, *, of_marks: bool) -> Measure:
    """The figure of merit of that name, of marks (`analysis.froc`) or ratings (`analysis.mrmc`).

    And accuracy:threshold=50, the share of right calls, which a part of one class has too.

    Raises
    ------
    DataError
        For an unknown name.
    """
    if of_marks:
        chosen = fom_named(fom)
        return Measure(
            chosen.title, lambda tables, names: _of_marks(tables, names, fom),
            chosen.higher_is_better,
        )  # fmt: skip
    name, _, option = fom.partition(":")
    if name == ACCURACY:
        threshold = _threshold(option)
        return Measure("share of right calls", lambda t, names: _of_calls(t, names, threshold))
    return Measure(parse(fom).label, lambda tables, names: _of_ratings(tables, names, fom))


def _threshold(option: str) -> float:
    key, _, value = option.partition("=")
    try:
        if key == "threshold":
            return float(value)
    except ValueError:
        pass
    raise DataError("accuracy needs a threshold of positive calls, as accuracy:threshold=50")


def _of_calls(tables: Tables, names: tuple[Names, Names, Names], threshold: float) -> Part:
    need_columns(tables.reads, ("truth", "rating"), "reads")
    rated = tables.reads[tables.reads["rating"].notna()]
    if rated.duplicated(list(KEYS)).any():
        raise DataError("a read is there twice")
    i, j, k = (
        pd.Index(known).get_indexer(pd.Index(rated[key].astype(str)))
        for known, key in zip(names, ("modality", "reader", "case"), strict=True)
    )
    positive = numbers(rated["rating"], "rating") >= threshold
    right = np.full(tuple(len(each) for each in names), np.nan)
    right[i, j, k] = positive == (numbers(rated["truth"], "truth") == 1)
    made = ~np.isnan(right)
    number = made.sum(axis=2)
    K = int(made.any(axis=(0, 1)).sum())
    if number.max(initial=0) < 2:
        raise DataError("fewer than two cases")
    enough = number > 1
    whole = np.where(made, right, 0.0).sum(axis=2) / np.maximum(number, 1)
    foms = np.where(enough, whole, np.nan)
    # Without a case it is (sum - right) / (n - 1), off the whole by (share - right) / (n - 1).
    apart = np.where(made, foms[:, :, None] - right, 0.0) / np.maximum(number - 1, 1)[:, :, None]
    scaled = np.where(enough[:, :, None], apart, 0.0) * np.sqrt((K - 1) / K)
    return Part(foms, scaled, K, None)


def _of_ratings(tables: Tables, names: tuple[Names, Names, Names], fom: str) -> Part:
    rated = tables.reads[tables.reads["rating"].notna()]
    dataset, warnings = prepare(Dataset.from_table(rated), method="or", missing="use")
    job = Job(dataset, parse(fom), "jackknife", "readers+cases", 0.05, Options(), warnings)
    present = np.asarray(dataset.read.any(axis=2))
    values, without = left_out(job, job.curves[present.ravel()])
    place = _Place(names, (dataset.modalities, dataset.readers, dataset.cases))
    return place.part(present, values, without, None, tuple(warnings))


def _of_marks(tables: Tables, names: tuple[Names, Names, Names], fom: str) -> Part:
    if tables.marks is None or tables.truth is None:
        raise DataError(f"{fom} is of marks: give the tables of marks and of lesions")
    data = FrocData.from_tables(
        tables.marks, tables.truth, tables.reads[list(KEYS)].drop_duplicates()
    )
    chosen = fom_named(fom)
    foms, without, _ = evaluate(data, chosen)
    kept = chosen.cases(data)
    cases = tuple(name for name, keep in zip(data.cases, kept, strict=True) if keep)
    place = _Place(names, (data.modalities, data.readers, cases))
    present = ~np.isnan(foms)
    return place.part(present, foms[present], without, len(data.lesion_id), data.warnings)


@dataclass(frozen=True)
class _Place:
    """Where a part's modalities, readers and cases stand in the study."""

    names: tuple[Names, Names, Names]
    own: tuple[Names, Names, Names]

    def part(
        self,
        present: NDArray[np.bool_],
        values: Floats,
        without: Floats,
        n_lesions: int | None,
        warnings: tuple[str, ...],
    ) -> Part:
        """Put a part's (R,) values and (R, K') leave-one-outs into the study's shape."""
        i, j, k = (
            np.array([known.index(name) for name in mine], dtype=np.intp)
            for known, mine in zip(self.names, self.own, strict=True)
        )
        shape = tuple(len(each) for each in self.names)
        a, b = (axis[at] for axis, at in zip((i, j), np.nonzero(present), strict=True))
        foms = np.full(shape[:2], np.nan)
        foms[a, b] = values
        number = without.shape[1]
        scaled = (without - without.mean(axis=1, keepdims=True)) * np.sqrt((number - 1) / number)
        deviations = np.zeros(shape)
        deviations[a[:, None], b[:, None], k[None, :]] = scaled
        return Part(foms, deviations, number, n_lesions, warnings)
