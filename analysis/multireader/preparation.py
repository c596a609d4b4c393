"""From a study's reads to those that can be analysed, with a sentence for each that cannot."""

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.multireader.designs import Design, Reads
from analysis.tables import DataError

Flags = NDArray[np.bool_]
MIN_PER_CLASS = 2
BY_DESIGN = (Design.CASES_IN_READERS, Design.CASES_IN_MODALITIES, Design.SPLIT_PLOT)


def prepare(dataset: Dataset, *, method: str, missing: str) -> tuple[Dataset, list[str]]:
    """Leave out what has no estimate and say what was left out or is missing.

    Parameters
    ----------
    dataset
        The study.
    method
        ``or`` and ``dbm`` weigh readers equally and need every reader in every modality, unless
        the readers of the modalities are different people; ``ustat`` takes any pattern.
    missing
        ``use`` or ``complete-cases``.

    Returns
    -------
    The study to analyse and the warnings.

    Raises
    ------
    DataError
        When nothing is left to compare.
    """
    warnings: list[str] = []
    if missing == "complete-cases":
        dataset = _complete_cases(dataset, warnings)
    elif missing != "use":
        raise DataError(f"missing is {missing!r}; it must be use or complete-cases")
    dataset = _without_thin_curves(dataset, warnings)
    if method != "ustat":
        dataset = _without_partial_readers(dataset, warnings)
    dataset = _without_absent(dataset, warnings)
    _tell_missing(dataset, method, warnings)
    _tell_degenerate(dataset, warnings)
    return dataset, warnings


def _complete_cases(dataset: Dataset, warnings: list[str]) -> Dataset:
    everywhere = np.asarray(dataset.read.all(axis=(0, 1)))
    if everywhere.all():
        return dataset
    if not everywhere.any():
        raise DataError("no case was read by every reader in every modality; use missing='use'")
    warnings.append(
        f"{int((~everywhere).sum())} of {everywhere.size} cases left out: not read by every "
        "reader in every modality"
    )
    return dataset.take(cases=everywhere)


def _without_thin_curves(dataset: Dataset, warnings: list[str]) -> Dataset:
    """Drop a reader's reads in a modality with fewer than 2 cases of a class (as iMRMC does)."""
    read, truth = dataset.read, dataset.truth
    n1, n0 = read[:, :, truth].sum(axis=2), read[:, :, ~truth].sum(axis=2)
    thin = (n1 + n0 > 0) & (np.minimum(n1, n0) < MIN_PER_CLASS)
    if not thin.any():
        return dataset
    for i, j in np.argwhere(thin):
        warnings.append(
            f"reader {dataset.readers[j]} left out of modality {dataset.modalities[i]}: read "
            f"{n1[i, j]} with and {n0[i, j]} without disease, needs {MIN_PER_CLASS} of each"
        )
    return _masked(dataset, thin[:, :, None])


def _without_partial_readers(dataset: Dataset, warnings: list[str]) -> Dataset:
    """Keep readers of all modalities, unless each reader has one modality (parallel arms)."""
    present = dataset.read.any(axis=2)
    modalities = present.sum(axis=0)
    whole = modalities == present.shape[0]
    parallel = (modalities <= 1).all() and (present.sum(axis=1) >= 2).all()
    if (whole | (modalities == 0)).all() or parallel:
        return dataset
    if not whole.any():
        raise DataError(
            "no reader read in every modality, and the modalities' readers are not all different "
            "people: use method 'ustat', which takes any pattern"
        )
    names = [name for name, keep in zip(dataset.readers, whole, strict=True) if not keep]
    warnings.append(
        f"left out, not in every modality: reader {', '.join(names)}; method 'ustat' would use "
        "their reads"
    )
    return _masked(dataset, ~whole[None, :, None])


def _without_absent(dataset: Dataset, warnings: list[str]) -> Dataset:
    """Drop readers and cases without reads; refuse a modality without."""
    read = dataset.read
    empty = ~np.asarray(read.any(axis=(1, 2)))
    if empty.any():
        names = [name for name, gone in zip(dataset.modalities, empty, strict=True) if gone]
        raise DataError(
            f"modality {', '.join(names)} has no reader with {MIN_PER_CLASS} cases of each class"
        )
    cases = np.asarray(read.any(axis=(0, 1)))
    if not cases.all():
        warnings.append(f"{int((~cases).sum())} cases left out: no read of them is used")
    return dataset.take(readers=np.asarray(read.any(axis=(0, 2))), cases=cases)


def _tell_missing(dataset: Dataset, method: str, warnings: list[str]) -> None:
    """Say how many reads of present curves are missing, unless the design explains them."""
    present = dataset.read.any(axis=2)
    possible = int(present.sum()) * len(dataset.cases)
    made = int(dataset.read.sum())
    if made == possible or Reads(dataset.read).design() in BY_DESIGN:
        return
    how = (
        "each reader's AUC counts with the reader's pairs of cases"
        if method == "ustat"
        else "each reader's figure of merit uses the cases the reader read, readers count equally"
    )
    warnings.append(f"{possible - made} of {possible} reads were not made: {how}")


def _tell_degenerate(dataset: Dataset, warnings: list[str]) -> None:
    """Name readers whose ratings are constant or separate the classes perfectly."""
    low1, high1 = _range(dataset.ratings[:, :, dataset.truth])
    low0, high0 = _range(dataset.ratings[:, :, ~dataset.truth])
    flat = (np.fmin(low0, low1) == np.fmax(high0, high1)) & ~np.isnan(low0) & ~np.isnan(low1)
    kinds = {
        "constant ratings; the AUC is 0.5 without variance": flat,
        "perfect separation; the AUC is 1 without variance": low1 > high0,
        "perfect separation the wrong way round; are the ratings reversed?": high1 < low0,
    }
    for i, modality in enumerate(dataset.modalities):
        for words, found in kinds.items():
            names = [dataset.readers[j] for j in np.flatnonzero(found[i])]
            if names:
                who = "reader" if len(names) == 1 else "readers"
                warnings.append(f"{who} {', '.join(names)}, modality {modality}: {words}")


def _range(ratings: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(I, J) lowest and highest rating; NaN where nothing was read."""
    return np.fmin.reduce(ratings, axis=2), np.fmax.reduce(ratings, axis=2)


def _masked(dataset: Dataset, gone: Flags) -> Dataset:
    """The study with some reads taken out; `gone` broadcasts to (I, J, K)."""
    return Dataset(
        np.where(gone, np.nan, dataset.ratings),
        dataset.truth.copy(),
        dataset.modalities,
        dataset.readers,
        dataset.cases,
    )
