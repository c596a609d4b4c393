"""`analysis.standalone`: a stand-alone algorithm against the average reader.

The algorithm's figure of merit is that of one fixed "reader" on the same cases. With
psi_j = theta_j - theta_AI, the mean psi is tested by a one-modality Obuchowski-Rockette analysis
(Hillis, Obuchowski and Berbaum, Acad Radiol 18:129-142, 2011; Chakraborty, *Observer Performance
Methods for Diagnostic Imaging*, CRC Press 2017, chapter 22, "1T-RRRC").
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.estimates import Estimate, comparison, estimate, f_test
from analysis.fom.registry import FigureOfMerit, parse
from analysis.multireader.estimation import Covariance, Job, Options, estimates
from analysis.multireader.intervals import with_intervals
from analysis.multireader.margins import check_reference, margin_tests
from analysis.multireader.obuchowski_rockette import Random, obuchowski_rockette, rounded
from analysis.multireader.preparation import prepare
from analysis.results import FomEstimate, MrmcResult
from analysis.tables import DataError, need_columns

Floats = NDArray[np.float64]
AI, READERS = "AI", "readers"
DEFAULTS = Options()


def standalone(
    reads: pd.DataFrame,
    ai: pd.DataFrame,
    *,
    fom: str | FigureOfMerit = "auc",
    covariance: Covariance = "jackknife",
    random: Random = "readers+cases",
    alpha: float = 0.05,
    margin: float | None = None,
    options: Options = DEFAULTS,
) -> MrmcResult:
    """Compare readers in one modality with an algorithm's ratings of the same cases.

    Parameters
    ----------
    reads
        Reads of one modality: reader, case, truth, rating (modality, if there, has one value).
    ai
        The algorithm's ratings: case, rating.
    fom, covariance, random, alpha, margin, options
        As in `analysis.mrmc`; the modalities' names are "readers" and "AI", so that
        ``Options(reference="readers")`` asks whether the AI is non-inferior to the readers.

    Returns
    -------
    MrmcResult
        With two "modalities", readers and AI, and one difference, readers minus AI.

    Raises
    ------
    DataError
        For tables that cannot be analysed, several modalities, or a case that one of the two
        tables does not have.
    """
    figure = parse(fom)
    dataset, warnings = prepare(_with_ai(reads, ai), method="or", missing=options.missing)
    if AI not in dataset.readers or len(dataset.readers) < 2:
        raise DataError("nothing to compare: the AI or every reader has too few cases of a class")
    check_reference(options.reference, (READERS, AI))
    job = Job(dataset, figure, covariance, random, alpha, options, warnings)
    values, matrix = estimates(job)
    own = np.array([name != AI for name in dataset.readers])
    found = with_intervals(_result(job, values, matrix, own), options.interval, figure.bounds)
    if margin is None:
        return found
    tests = margin_tests(
        found.differences,
        found.modality_names,
        margin=margin,
        alpha=alpha,
        reference=options.reference,
        higher_is_better=figure.higher_is_better,
    )
    return replace(found, margins=tests)


def beside_ai(reads: pd.DataFrame, ai: pd.DataFrame) -> pd.DataFrame:
    """One table of reads, the readers' in modality "readers" and the algorithm's in "AI".

    Raises
    ------
    DataError
        As `standalone`.
    """
    need_columns(reads, ["reader", "case", "truth", "rating"])
    need_columns(ai, ["case", "rating"], "the AI's table")
    modalities = list(reads["modality"].unique()) if "modality" in reads.columns else []
    if len(modalities) > 1:
        names = ", ".join(map(str, modalities))
        raise DataError(f"the reads have several modalities ({names}): choose the rows of one")
    readers = reads.assign(modality=READERS, case=reads["case"].astype(str))
    if (readers["reader"].astype(str) == AI).any():
        raise DataError(f"a reader is called {AI}, which is the algorithm's name here")
    truth = readers.drop_duplicates("case").set_index("case")["truth"]
    own = ai.assign(reader=AI, modality=AI, case=ai["case"].astype(str))
    own = own.assign(truth=own["case"].map(truth))
    strange = own[own["truth"].isna()]
    if not strange.empty:
        raise DataError(f"the AI rated case {strange['case'].iloc[0]}, which no reader has read")
    unrated = sorted(set(truth.index) - set(own["case"]))
    if unrated:
        raise DataError(f"the AI has no rating for case {unrated[0]} ({len(unrated)} such cases)")
    columns = ["reader", "modality", "case", "truth", "rating"]
    return pd.concat([readers[columns], own[columns]], ignore_index=True)


def _with_ai(reads: pd.DataFrame, ai: pd.DataFrame) -> Dataset:
    """One modality with the AI as one more reader."""
    return Dataset.from_table(beside_ai(reads, ai).assign(modality=READERS))


def _result(job: Job, values: Floats, matrix: Floats, own: NDArray[np.bool_]) -> MrmcResult:
    """Analyse readers minus AI, and each side by itself."""
    at = int(np.flatnonzero(~own)[0])
    less = matrix - matrix[at][None, :] - matrix[:, at][:, None] + matrix[at, at]
    beyond = _mean_of(values[own] - values[at], less[np.ix_(own, own)], job)
    mean = _mean_of(values[own], matrix[np.ix_(own, own)], job, job.bounds)
    ai_error = 0.0 if job.random == "readers" else float(np.sqrt(max(matrix[at, at], 0)))
    alone = estimate(values[at], ai_error, np.inf, job.alpha, job.bounds)
    value = rounded(beyond.estimate, values[None])
    difference = comparison((0, 1), value, beyond.std_error, beyond.df, job.alpha)
    readers = [name for name, keep in zip(job.dataset.readers, own, strict=True) if keep]
    foms = [
        FomEstimate(name, AI if name == AI else READERS, float(value), float(variance))
        for name, value, variance in zip(
            job.dataset.readers, values, np.diagonal(matrix), strict=True
        )
    ]
    return MrmcResult(
        fom=job.fom.name,
        label=job.fom.label,
        readers=tuple(readers),
        modality_names=(READERS, AI),
        foms=tuple(foms),
        modalities=(mean, alone),
        components={"var_ai": float(matrix[at, at])},
        test=f_test(difference.statistic**2, 1, difference.df),
        differences=(difference,),
        design="readers against stand-alone AI",
        method="or",
        covariance=job.covariance,
        random="cases" if len(readers) == 1 else job.random,
        n_cases=len(job.dataset.cases),
        alpha=job.alpha,
        adjusted=(difference.p_value,),
        warnings=tuple(job.warnings),
    )


def _mean_of(
    values: Floats, matrix: Floats, job: Job, bounds: tuple[float, float] | None = None
) -> Estimate:
    """Mean over readers of one modality's values."""
    found = obuchowski_rockette(
        values[None], matrix[None, :, None, :], random=job.random, alpha=job.alpha, bounds=bounds
    )
    return found.modalities[0]
