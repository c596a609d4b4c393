"""`analysis.froc`: compare modalities on a free-response figure of merit."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import Fom, evaluate, jackknife
from analysis.freeresponse.named import fom_named
from analysis.multireader.components import named_parts
from analysis.multireader.dbm import dbm
from analysis.multireader.designs import Design, Reads
from analysis.multireader.intervals import Interval, with_intervals
from analysis.multireader.margins import check_reference, margin_tests
from analysis.multireader.multiplicity import adjust
from analysis.multireader.nested import parallel_arms
from analysis.multireader.obuchowski_rockette import Inference, Random, obuchowski_rockette
from analysis.results import MarginTest, MrmcResult, fom_estimates
from analysis.tables import DataError

Floats = NDArray[np.float64]
Method = Literal["or", "dbm"]


@dataclass(frozen=True)
class Options:
    """The options of `froc`, which describes them."""

    method: Method = "or"
    random: Random = "readers+cases"
    alpha: float = 0.05
    margin: float | None = None
    reference: str | None = None
    adjustment: str = "holm"
    interval: Interval = "wald"

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise DataError(f"method is {self.method!r}; it must be or, or dbm")


DEFAULTS = Options()


def froc(  # noqa: PLR0913  the choices of an analysis, all named
    marks: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    fom: str = "wafroc",
    method: Method = "or",
    random: Random = "readers+cases",
    alpha: float = 0.05,
    margin: float | None = None,
    reference: str | None = None,
    adjustment: str = "holm",
    interval: Interval = "wald",
    reads: pd.DataFrame | None = None,
) -> MrmcResult:
    """Compare modalities on a free-response figure of merit.

    Parameters
    ----------
    marks : DataFrame
        A row a mark: reader, modality, case, lesion (0: non-lesion localisation), rating.
    truth : DataFrame
        A row a lesion: case, truth, lesion, and if known weight and diameter_mm; one row with
        lesion 0 for a case without.
    fom : str
        wafroc, wafroc1, afroc, afroc1, hrauc, hrse, hrsp, maxllf, maxnlf, sensitivity (by lesion),
        fp_per_case, ``froc:fp=1`` or ``lesion_sensitivity:mm=3..5``; see `named.fom_named`.
    method : {"or", "dbm"}
        Obuchowski-Rockette, or Dorfman-Berbaum-Metz (needs every read of every case).
    random : {"readers+cases", "readers", "cases"}
        What the conclusion is about (RRRC, RRFC, FRRC).
    alpha : float
        Intervals are two-sided 1 - alpha.
    margin, reference
        Above 0: test non-inferiority and equivalence by this margin too, to the reference
        modality (both directions of every pair when None).
    adjustment : str
        Of p-values over pairs of modalities: holm, hochberg, bonferroni or none.
    interval : {"wald", "logit"}
        Of one modality by itself, where the figure of merit lies between 0 and 1.
    reads : DataFrame, optional
        reader, modality, case of every read made; needed when not every reader read every case
        in every modality.

    Returns
    -------
    MrmcResult
        With jackknife covariances, cases removed with all their marks. Intervals of one modality
        are cut to the figure of merit's range; those of differences are not.

    Raises
    ------
    DataError
        When the tables cannot be analysed; the text names the row.

    Examples
    --------
    >>> marks = pd.read_csv("tests/data/reference/federica_marks.csv")
    >>> truth = pd.read_csv("tests/data/reference/federica_truth.csv")
    >>> round(froc(marks, truth, fom="wafroc").test.p_value, 9)
    0.000117105
    """
    data = FrocData.from_tables(marks, truth, reads)
    options = Options(method, random, alpha, margin, reference, adjustment, interval)
    return froc_of(data, fom, options)


def froc_of(data: FrocData, fom: str, options: Options = DEFAULTS) -> MrmcResult:
    """`froc` for data that are arrays already."""
    chosen = fom_named(fom)
    check_reference(options.reference, data.modalities)
    data, warnings = _comparable(data)
    design = Reads(data.was_read).design()
    foms, covariance = jackknife(data, chosen)
    found = _infer(data, chosen, design, (foms, covariance), options)
    result = MrmcResult(
        fom=chosen.key,
        label=chosen.title,
        readers=data.readers,
        modality_names=data.modalities,
        foms=fom_estimates(foms, data.modalities, data.readers, np.einsum("ijij->ij", covariance)),
        modalities=found.modalities,
        components=found.components,
        test=found.test,
        differences=found.differences,
        design=design.value,
        method=options.method,
        covariance="jackknife",
        random=found.random,
        n_cases=int(chosen.cases(data).sum()),
        alpha=options.alpha,
        adjusted=adjust([each.p_value for each in found.differences], options.adjustment),
        adjustment=options.adjustment,
        within_readers=found.readers,
        margins=_margins(found, data.modalities, options, chosen),
        extra={
            "higher_is_better": chosen.higher_is_better,
            "n_lesions": len(data.lesion_id),
            **_parts(design, options, (foms, covariance), data),
        },
        warnings=(*data.warnings, *warnings, *found.warnings),
    )
    return with_intervals(result, options.interval, chosen.bounds)


def _parts(
    design: Design, options: Options, estimates: tuple[Floats, Floats], data: FrocData
) -> dict[str, Any]:
    """The mean squares of Obuchowski-Rockette, where there is a table of modality by reader."""
    if options.method != "or" or design is Design.READERS_NESTED:
        return {}
    return named_parts(*estimates, data.modalities, data.readers)


def _infer(
    data: FrocData,
    fom: Fom,
    design: Design,
    estimates: tuple[Floats, Floats],
    options: Options,
) -> Inference:
    if options.method == "dbm":
        if not data.was_read.all():
            raise DataError(
                "DBM needs every reader to read every case in every modality; use method 'or'"
            )
        foms, without, _ = evaluate(data, fom)
        shaped = without.reshape(*foms.shape, -1)
        return dbm(foms, shaped, random=options.random, alpha=options.alpha, bounds=fom.bounds)
    analyse = parallel_arms if design is Design.READERS_NESTED else obuchowski_rockette
    return analyse(*estimates, random=options.random, alpha=options.alpha, bounds=fom.bounds)


def _margins(
    found: Inference, modalities: tuple[str, ...], options: Options, fom: Fom
) -> tuple[MarginTest, ...]:
    if options.margin is None:
        return ()
    return margin_tests(
        found.differences,
        modalities,
        margin=options.margin,
        alpha=options.alpha,
        reference=options.reference,
        higher_is_better=fom.higher_is_better,
    )


def _comparable(data: FrocData) -> tuple[FrocData, tuple[str, ...]]:
    """Keep the readers who read in every modality, unless each reads in one only; say so.

    Raises
    ------
    DataError
        When neither design is there.
    """
    present = data.was_read.any(axis=2)
    whole = np.asarray(present.all(axis=0), dtype=bool)
    missing = int((~data.was_read[present]).sum())
    words = (
        f"{missing} of {int(present.sum()) * len(data.cases)} reads were not made: each figure of "
        "merit uses the cases that its reader read, and the jackknife runs over all cases."
    )
    noted = (words,) if missing else ()
    if whole.all() or Reads(data.was_read).design() is Design.READERS_NESTED:
        return data, noted
    if not whole.any():
        raise DataError(
            "No reader read in every modality, and the modalities' readers are not all different "
            "people: there is nothing to compare."
        )
    out = [name for name, kept in zip(data.readers, whole, strict=True) if not kept]
    words = f"Left out, because not in every modality: reader {', '.join(out)}."
    return data.with_readers(whole), (words, *noted)
