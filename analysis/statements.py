"""Results in a paragraph of plain words, as a paper's results section has them."""

from collections.abc import Sequence

from analysis.estimates import Comparison
from analysis.results import MarginTest, MrmcResult
from analysis.words import (
    count_text,
    in_sentence,
    interval_text,
    level_text,
    list_text,
    p_text,
)

METHODS = {
    "or": "the Obuchowski-Rockette method",
    "dbm": "the Dorfman-Berbaum-Metz method",
    "ustat": "U-statistics",
}
COVARIANCES = {
    "jackknife": "jackknife covariances",
    "delong": "DeLong covariances",
    "unbiased": "unbiased covariances",
    "bootstrap": "bootstrap covariances",
    "mle": "V-statistic (MLE) variances",
    "sample": "the variance of the readers' own results",
}
RANDOM = {
    "readers+cases": "readers and cases random",
    "readers": "readers random and cases fixed",
    "cases": "cases random and readers fixed",
}


def mrmc_statement(result: MrmcResult) -> str:
    """Say what was compared, what came out, and how sure it is."""
    parts = [_averages(result)]
    if result.n_modalities == 2:
        parts.append(_difference(result, result.differences[0]))
    elif result.n_modalities > 2:
        parts.append(_several(result))
    parts.extend(_margin(each, result.alpha) for each in _shown(result))
    parts.append(_method(result))
    if result.warnings:
        parts.append(f"Note: {'; '.join(result.warnings)}.")
    return " ".join(parts)


def _averages(result: MrmcResult) -> str:
    level = level_text(result.alpha)
    each = [
        f"{one.estimate:.3f} with {name} ({level} {interval_text(one.ci_low, one.ci_high)})"
        for name, one in zip(result.modality_names, result.modalities, strict=True)
    ]
    return (
        f"Over {count_text(result.n_readers, 'reader')} and {result.n_cases} cases the mean "
        f"{in_sentence(result.label)} was {list_text(each)}."
    )


def _difference(result: MrmcResult, each: Comparison) -> str:
    a, b = result.modality_names[each.a], result.modality_names[each.b]
    verdict = "differed" if each.p_value < result.alpha else "did not differ significantly"
    return (
        f"The modalities {verdict}: {a} minus {b} was {each.estimate:+z.3f} "
        f"({level_text(result.alpha)} {interval_text(each.ci_low, each.ci_high)}; "
        f"{p_text(each.p_value)})."
    )


def _several(result: MrmcResult) -> str:
    test = result.test
    found = [
        f"{result.modality_names[each.a]} and {result.modality_names[each.b]} "
        f"({each.estimate:+z.3f}, adjusted {p_text(p)})"
        for each, p in zip(result.differences, result.adjusted, strict=True)
        if p < result.alpha
    ]
    pairs = f"differences were found between {list_text(found)}" if found else "no pair differed"
    return (
        f"Over all {result.n_modalities} modalities: {p_text(test.p_value)}; "
        f"after {_adjustment(result)} {pairs}."
    )


def _adjustment(result: MrmcResult) -> str:
    if result.adjustment == "none":
        return "no adjustment for multiplicity"
    return f"{result.adjustment.capitalize()} adjustment"


def _shown(result: MrmcResult) -> Sequence[MarginTest]:
    """With both directions there, the one that favours its test modality."""
    sign = 1 if result.extra.get("higher_is_better", True) else -1
    pairs = {(each.test, each.reference) for each in result.margins}
    return [
        each
        for each in result.margins
        if (each.reference, each.test) not in pairs or sign * each.estimate >= 0
    ]


def _margin(each: MarginTest, alpha: float) -> str:
    verdict = "was" if each.noninferior else "was not shown to be"
    extra = " and equivalent" if each.equivalent else ""
    return (
        f"{each.test} {verdict} non-inferior{extra} to {each.reference} by a margin of "
        f"{each.margin:g} (one-sided {p_text(each.p_noninferior)}, level {alpha / 2:g})."
    )


def _method(result: MrmcResult) -> str:
    spread = COVARIANCES.get(result.covariance, result.covariance)
    return (
        f"Analysed by {METHODS.get(result.method, result.method)} with {spread}, "
        f"{RANDOM.get(result.random, result.random)}; design {result.design}."
    )
