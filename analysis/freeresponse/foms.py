"""Free-response figures of merit and what each becomes without one case, in closed form.

Every figure of merit here is a sum over pairs of (false-positive case, lesion) divided by the
number of pairs, or a ratio of counts. Removing a case takes its own terms out of numerator and
denominator, so the jackknife needs no recomputation: the whole of it costs one sort.

AFROC, wAFROC and their "1" variants: Chakraborty, *Observer Performance Methods for Diagnostic
Imaging* (CRC Press 2017), section 13.4; Chakraborty and Berbaum, Med Phys 2004; 31:2313-2330.
A case is removed with all its marks; the figures that use cases of one class only are
jackknifed over that class (as RJafroc does).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.freeresponse.data import FrocData
from analysis.multireader import covariance as covariances
from analysis.tables import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A figure of merit of one reader in one modality, and its leave-one-out values.

    Attributes
    ----------
    value : float
    without : (K,) array
        The value without each case; the value itself for a case that has no part in it.
    """

    value: float
    without: Floats


@dataclass(frozen=True)
class One:
    """One reader's marks in one modality: the cases read, their lesions and ratings.

    `fp` is the highest NL rating of each of the K cases; `counts` their number of NL; `ll` the
    ratings on the L lesions; `of` the lesions' cases; `nl` and `nl_of` the ratings and cases of
    the single NL.
    """

    truth: Bools
    was_read: Bools
    fp: Floats
    counts: Floats
    ll: Floats
    of: NDArray[np.intp]
    weight: Floats
    diameter_mm: Floats
    nl: Floats
    nl_of: NDArray[np.intp]


@dataclass(frozen=True)
class Fom:
    """A figure of merit: its computation, the cases it is jackknifed over, what is better.

    `over` is "all", "diseased" or "healthy"; `size_mm` narrows it to the cases with a lesion of a
    diameter from the first number to below the second.
    """

    key: str
    title: str
    compute: Callable[[One], Estimate]
    over: str = "all"
    higher_is_better: bool = True
    size_mm: tuple[float, float] | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of possible values: 0 to 1, without an end for counts of false positives."""
        return (0.0, np.inf if self.key in ("fp_per_case", "maxnlf") else 1.0)

    def cases(self, data: FrocData) -> Bools:
        """(K,) the cases that the figure of merit uses."""
        over = {"all": np.ones_like(data.truth), "diseased": data.truth, "healthy": ~data.truth}
        chosen = over[self.over]
        if self.size_mm is not None:
            chosen = chosen & False
            chosen[data.lesion_case[of_size(data.diameter_mm, self.size_mm)]] = True
        return chosen


def of_size(diameter_mm: Floats, size_mm: tuple[float, float]) -> Bools:
    """Which lesions have a diameter from the first number to below the second; not if unknown."""
    low, high = size_mm
    return np.asarray((diameter_mm >= low) & (diameter_mm < high))


def one(data: FrocData, i: int, j: int, counts: Floats) -> One:
    """The marks of reader j in modality i, unread cases marked as such."""
    mine = (data.nl_index[0] == i) & (data.nl_index[1] == j)
    return One(
        truth=data.truth,
        was_read=data.was_read[i, j],
        fp=data.nl_max[i, j],
        counts=counts[i, j],
        ll=data.ll[i, j],
        of=data.lesion_case,
        weight=data.weight,
        diameter_mm=data.diameter_mm,
        nl=data.nl_rating[mine],
        nl_of=data.nl_index[2, mine],
    )


def psi_sums(fp: Floats, ll: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Sums of psi (1 where the lesion is rated above, 1/2 where equal) over each side.

    Parameters
    ----------
    fp : (F,) array
        False-positive ratings.
    ll, weight : (L,) arrays
        Ratings and weights of lesions.

    Returns
    -------
    by_fp : (F,) array
        Weighted sum of psi over the lesions.
    by_lesion : (L,) array
        Sum of psi over the false positives, without weight.
    """
    order = np.argsort(ll, kind="stable")
    ranked, summed = ll[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    below = summed[np.searchsorted(ranked, fp, "left")]
    upto = summed[np.searchsorted(ranked, fp, "right")]
    by_fp = summed[-1] - (below + upto) / 2
    ranks = np.sort(fp)
    by_lesion = (np.searchsorted(ranks, ll, "left") + np.searchsorted(ranks, ll, "right")) / 2
    return np.asarray(by_fp), np.asarray(by_lesion, dtype=float)


def _afroc(marks: One, *, weighted: bool, all_cases: bool) -> Estimate:
    in_fp = marks.was_read & (all_cases | ~marks.truth)
    seen = marks.was_read[marks.of]
    of, ll = marks.of[seen], marks.ll[seen]
    weight = marks.weight[seen] if weighted else np.ones(len(of))
    return _paired(np.where(in_fp, marks.fp, np.nan), in_fp, (of, ll, weight))


def _paired(fp: Floats, in_fp: Bools, lesions: tuple[NDArray[np.intp], Floats, Floats]) -> Estimate:
    """The mean of psi over pairs and its leave-one-out values.

    `fp` and `in_fp` run over the K cases; the lesions bring their case, rating and weight.
    """
    of, ll, weight = lesions
    number = len(fp)
    by_fp = np.zeros(number)
    by_fp[in_fp], by_lesion = psi_sums(fp[in_fp], ll, weight)
    own = np.where(in_fp[of], (ll > fp[of]) + 0.5 * (ll == fp[of]), 0.0)
    by_case = np.bincount(of, weight * by_lesion, number)
    both = np.bincount(of, weight * own, number)
    total, mass = float(by_case.sum()), float(weight.sum())
    fps = int(in_fp.sum())
    left = total - by_fp - by_case + both
    pairs = (fps - in_fp) * (mass - np.bincount(of, weight, number))
    if fps < 2 or (pairs <= 1e-12).any():
        raise DataError(
            "A reader read fewer than two cases of a class in one modality: the figure of merit "
            "has no variance. Leave the reader out or add reads."
        )
    return Estimate(total / (fps * mass), left / pairs)


def _hr_auc(marks: One) -> Estimate:
    """Inferred ROC: a case's rating is its highest mark, LL or NL."""
    highest = marks.fp.copy()
    np.maximum.at(highest, marks.of, marks.ll)
    diseased = np.flatnonzero(marks.truth & marks.was_read)
    healthy = marks.was_read & ~marks.truth
    return _paired(highest, healthy, (diseased, highest[diseased], np.ones(len(diseased))))


def ratio(events: Floats, units: Floats) -> Estimate:
    """Events per unit, both summed over K cases, and the ratio without each case.

    Raises
    ------
    DataError
        When a single case holds all units, so that leaving it out leaves nothing.
    """
    total, mass = float(events.sum()), float(units.sum())
    if mass <= 0 or (units >= mass).any():
        raise DataError("All of the figure of merit rests on one case: it has no variance.")
    return Estimate(total / mass, (total - events) / (mass - units))


def _marked_cases(marks: One, *, diseased: bool) -> Estimate:
    """Share of a class of cases with any mark (diseased) or none (healthy)."""
    highest = marks.fp.copy()
    np.maximum.at(highest, marks.of, marks.ll)
    chosen = marks.was_read & (marks.truth == diseased)
    is_marked = np.isfinite(highest)
    right = is_marked if diseased else ~is_marked
    return ratio((chosen & right).astype(float), chosen.astype(float))


def _per_case(of: NDArray[np.intp], values: Bools, number: int) -> Floats:
    return np.asarray(np.bincount(of, values.astype(float), number), dtype=float)


def lesion_fraction(marks: One, chosen: Bools | None = None) -> Estimate:
    """Share of lesions marked at any rating; of the chosen lesions only, if given (L,)."""
    counted = marks.was_read[marks.of] if chosen is None else marks.was_read[marks.of] & chosen
    number = len(marks.truth)
    found = counted & np.isfinite(marks.ll)
    return ratio(_per_case(marks.of, found, number), _per_case(marks.of, counted, number))


def _nl_per_case(marks: One, *, healthy_only: bool) -> Estimate:
    chosen = marks.was_read & ~(healthy_only & marks.truth)
    return ratio(np.where(chosen, marks.counts, 0.0), chosen.astype(float))


FOMS = MappingProxyType(
    {
        fom.key: fom
        for fom in (
            Fom("wafroc", "wAFROC", lambda m: _afroc(m, weighted=True, all_cases=False)),
            Fom("wafroc1", "wAFROC1", lambda m: _afroc(m, weighted=True, all_cases=True)),
            Fom("afroc", "AFROC", lambda m: _afroc(m, weighted=False, all_cases=False)),
            Fom("afroc1", "AFROC1", lambda m: _afroc(m, weighted=False, all_cases=True)),
            Fom("hrauc", "Inferred ROC AUC", _hr_auc),
            Fom("hrse", "Case sensitivity", lambda m: _marked_cases(m, diseased=True), "diseased"),
            Fom("hrsp", "Case specificity", lambda m: _marked_cases(m, diseased=False), "healthy"),
            Fom("maxllf", "Lesion sensitivity (MaxLLF)", lesion_fraction, "diseased"),
            Fom(
                "maxnlf",
                "False positives per case without disease (MaxNLF)",
                lambda m: _nl_per_case(m, healthy_only=True),
                "healthy",
                higher_is_better=False,
            ),
            Fom("sensitivity", "Lesion sensitivity", lesion_fraction, "diseased"),
            Fom(
                "fp_per_case",
                "False positives per case",
                lambda m: _nl_per_case(m, healthy_only=False),
                "all",
                higher_is_better=False,
            ),
        )
    }
)


def evaluate(data: FrocData, fom: Fom) -> tuple[Floats, Floats, Bools]:
    """Figures of merit with their leave-one-out values.

    Returns
    -------
    foms : (I, J) array
        NaN where a reader read nothing in a modality.
    without : (R, K) array
        The value without each of the K cases that the figure of merit uses, a row for each of
        the R curves that exist, in the order of modality, then reader.
    read : (R, K) array of bool
        The cases of each curve.
    """
    chosen = fom.cases(data)
    if chosen.sum() < 2:
        raise DataError(
            f"{fom.title}: {int(chosen.sum())} cases have a part in it; it needs 2 at least."
        )
    counts = data.nl_count
    present = data.was_read.any(axis=2)
    pairs = [(int(i), int(j)) for i, j in np.argwhere(present)]
    found = [fom.compute(one(data, i, j, counts)) for i, j in pairs]
    foms = np.full(present.shape, np.nan)
    foms[present] = [each.value for each in found]
    without = np.stack([each.without for each in found])[:, chosen]
    return foms, without, np.asarray(data.was_read[present][:, chosen])


def jackknife(data: FrocData, fom: Fom) -> tuple[Floats, Floats]:
    """Figures of merit and their jackknife covariance.

    Returns
    -------
    foms : (I, J) array
        NaN where a reader read nothing in a modality.
    covariance : (I, J, I, J) array
        ``(K - 1)**2 / K`` times the sample covariance of the leave-one-out values over the K
        cases that the figure of merit uses; exactly 0 between two that share no case.
    """
    foms, without, read = evaluate(data, fom)
    covariance = np.full((foms.size, foms.size), np.nan)
    flat = np.flatnonzero(~np.isnan(foms))
    covariance[np.ix_(flat, flat)] = covariances.jackknife(without, read)
    return foms, covariance.reshape(*foms.shape, *foms.shape)


def covariance_of(without: Floats) -> Floats:
    """Jackknife covariance (n, n) of n estimates from their (n, K) leave-one-out values."""
    return covariances.jackknife(without, np.ones(without.shape, dtype=bool))
