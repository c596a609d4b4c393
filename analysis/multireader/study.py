"""`analysis.mrmc`: a multi-reader multi-case ROC study from its table of reads to its result."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.fom.registry import FigureOfMerit, parse
from analysis.multireader.components import named_parts
from analysis.multireader.dbm import dbm
from analysis.multireader.designs import Design, Reads
from analysis.multireader.estimation import (
    Covariance,
    Job,
    NotFiniteError,
    Options,
    estimates,
    left_out,
)
from analysis.multireader.intervals import check_interval, with_intervals
from analysis.multireader.margins import check_reference, margin_tests
from analysis.multireader.multiplicity import adjust
from analysis.multireader.nested import parallel_arms
from analysis.multireader.obuchowski_rockette import Inference, Random, obuchowski_rockette
from analysis.multireader.preparation import prepare
from analysis.multireader.ustatistics import by_normal, ustatistics
from analysis.results import MrmcResult, fom_estimates
from analysis.tables import DataError

__all__ = ["Method", "Options", "mrmc"]

Floats = NDArray[np.float64]
Method = Literal["or", "dbm", "ustat"]


DEFAULTS = Options()


def mrmc(
    table: pd.DataFrame | Dataset,
    *,
    fom: str | FigureOfMerit = "auc",
    method: Method = "or",
    covariance: Covariance | None = None,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    margin: float | None = None,
    options: Options = DEFAULTS,
) -> MrmcResult:
    """Compare modalities on a ROC figure of merit.

    Parameters
    ----------
    table
        One row a read: reader, modality, case, truth (0/1), rating; or a `Dataset`. A read that
        was not made is a row that is not there.
    fom
        ``auc`` or another name that `analysis.fom.parse` takes, as ``pauc:fpf=0..0.3``.
    method
        ``or`` Obuchowski-Rockette, ``dbm`` Dorfman-Berbaum-Metz, ``ustat`` U-statistics.
    covariance
        Of the figures of merit given the readers: ``jackknife`` (the default) for any,
        ``bootstrap`` for any, ``delong`` and ``unbiased`` for the AUC. `dbm` always has the
        jackknife, `ustat` the unbiased moments (or ``mle``, their V-statistic counterpart).
    random
        ``readers+cases``, ``readers`` (cases fixed) or ``cases`` (readers fixed).
    alpha
        Intervals are two-sided 1 - alpha.
    margin
        Above 0: test non-inferiority and equivalence by this margin too.
    options
        See `Options`.

    Raises
    ------
    DataError
        For a table that cannot be analysed (the row and what is wrong with it), or a combination
        of options that does not exist (and which one to use).

    Examples
    --------
    >>> from analysis.io.tables import read_table
    >>> result = mrmc(read_table("tests/data/reference/vandyke.csv"))
    >>> round(result.differences[0].estimate, 4)
    -0.0438
    """
    figure = parse(fom)
    chosen = covariance or ("unbiased" if method == "ustat" else "jackknife")
    _check(figure, method, chosen, alpha)
    check_interval(options.interval)
    dataset = table if isinstance(table, Dataset) else Dataset.from_table(table)
    check_reference(options.reference, dataset.modalities)
    dataset, warnings = prepare(dataset, method=method, missing=options.missing)
    job = Job(dataset, figure, chosen, random, alpha, options, warnings)
    found = _found(job, method)
    _tell_unused(covariance, found.covariance, method, warnings)
    p_values = [each.p_value for each in found.inference.differences]
    result = MrmcResult(
        fom=figure.name,
        label=figure.label,
        readers=dataset.readers,
        modality_names=dataset.modalities,
        foms=fom_estimates(found.foms, dataset.modalities, dataset.readers, found.variances),
        modalities=found.inference.modalities,
        components=found.inference.components,
        test=found.inference.test,
        differences=found.inference.differences,
        design=found.design,
        method=method,
        covariance=found.covariance,
        random=found.inference.random,
        n_cases=len(dataset.cases),
        alpha=alpha,
        adjusted=adjust(p_values, options.adjustment),
        adjustment=options.adjustment,
        within_readers=found.inference.readers,
        margins=()
        if margin is None
        else margin_tests(
            found.inference.differences,
            dataset.modalities,
            margin=margin,
            alpha=alpha,
            reference=options.reference,
            higher_is_better=figure.higher_is_better,
        ),
        extra={
            "n_diseased": int(dataset.truth.sum()),
            "higher_is_better": figure.higher_is_better,
            **found.extra,
        },
        warnings=(*warnings, *found.inference.warnings),
    )
    return with_intervals(result, options.interval, figure.bounds)


@dataclass(frozen=True)
class _Found:
    foms: Floats
    variances: Floats
    inference: Inference
    design: str
    covariance: str
    extra: dict[str, Any] = field(default_factory=dict)


def _check(figure: FigureOfMerit, method: str, covariance: str, alpha: float) -> None:
    if method not in _METHODS:
        raise DataError(f"method is {method!r}; it must be one of {', '.join(_METHODS)}")
    if covariance not in get_args(Covariance):
        known = ", ".join(get_args(Covariance))
        raise DataError(f"covariance is {covariance!r}; it must be one of {known}")
    if not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha}; it must lie between 0 and 1")
    if not figure.is_auc and (method == "ustat" or covariance in ("delong", "unbiased")):
        raise DataError(
            f"{'U-statistics' if method == 'ustat' else covariance} is for the AUC; for "
            f"{figure.label} use method 'or' with covariance 'jackknife' or 'bootstrap'"
        )
    if covariance == "mle" and method != "ustat":
        raise DataError("covariance 'mle' is for method 'ustat'")


def _tell_unused(asked: str | None, used: str, method: str, warnings: list[str]) -> None:
    """Say that a covariance that was asked for is none of the method's."""
    if method != "or" and asked not in (None, used):
        warnings.append(f"covariance {asked} is not for method {method}; its own was used, {used}")


def _found(job: Job, method: Method) -> _Found:
    """Analyse; with half a case more on each side where the figure of merit is not finite."""
    try:
        return _METHODS[method](job)
    except NotFiniteError:
        if job.fom.corrected is None:
            raise
        job.warnings.append(
            f"{job.fom.label} is infinite for some reader (a fraction is 0): half a case was "
            "added to each side of the threshold for every reader"
        )
        return _METHODS[method](replace(job, fom=job.fom.corrected))


def _by_or(job: Job) -> _Found:
    """Obuchowski-Rockette in whatever design the reads have."""
    values, matrix = estimates(job)
    I, J = job.shape
    foms, covariance = values.reshape(I, J), matrix.reshape(I, J, I, J)
    design = Reads(job.dataset.read).design()
    analyse = parallel_arms if design is Design.READERS_NESTED else obuchowski_rockette
    inference = analyse(foms, covariance, random=job.random, alpha=job.alpha, bounds=job.bounds)
    if inference.negative and job.covariance == "unbiased":
        job.warnings.append(
            "the unbiased variance of the differences is negative, as it can be in small studies; "
            "DeLong's, which cannot be, is used in its place"
        )
        return _by_or(replace(job, covariance="delong"))
    variances = np.diagonal(matrix).reshape(I, J)
    nested = design is Design.READERS_NESTED
    names = job.dataset.modalities, job.dataset.readers
    extra = {} if nested else named_parts(foms, covariance, *names)
    return _Found(foms, variances, inference, design.value, job.covariance, extra)


def _by_dbm(job: Job) -> _Found:
    if not job.dataset.complete:
        raise DataError(
            "DBM needs every reader to read every case in every modality; use method 'or', or "
            "missing='complete-cases'"
        )
    values, without = left_out(job)
    I, J = job.shape
    foms = values.reshape(I, J)
    inference = dbm(
        foms,
        without.reshape(I, J, -1),
        random=job.random,
        alpha=job.alpha,
        bounds=job.bounds,
    )
    K = without.shape[1]
    variances = ((K - 1) ** 2 / K * without.var(axis=1, ddof=1)).reshape(I, J)
    return _Found(foms, variances, inference, Design.CROSSED.value, "jackknife")


def _by_ustat(job: Job) -> _Found:
    biased = job.covariance == "mle"
    found = ustatistics(
        job.dataset.ratings,
        job.dataset.truth,
        biased=biased,
        random=job.random,
        alpha=job.alpha,
        names=job.dataset.modalities,
    )
    placed = placements.placements(job.curves, job.dataset.truth)
    foms = placements.empirical_auc(placed, job.dataset.truth).reshape(job.shape)
    moments = found.moments.biased if biased else found.moments.unbiased
    kinds = {"cases": "delong", "readers": "sample"}
    extra = {
        "moments": moments,
        "coefficients": found.moments.coefficients,
        "normal": by_normal(found.inference, job.dataset.modalities, job.alpha),
    }
    return _Found(
        foms,
        np.einsum("jii->ij", found.moments.by_reader),
        found.inference,
        Reads(job.dataset.read).design().value,
        kinds.get(found.inference.random, "mle" if biased else "unbiased"),
        extra,
    )


_METHODS: dict[str, Callable[[Job], _Found]] = {"or": _by_or, "dbm": _by_dbm, "ustat": _by_ustat}
