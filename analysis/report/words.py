"""The report's statement: the answer to the study's question in a few sentences."""

from typing import Any

from analysis.report.plan import Plan
from analysis.report.sections import Localisation, Section
from analysis.results import MrmcResult
from analysis.words import count_text, in_sentence, interval_text, level_text, p_text

NAMES = {
    "superiority": "superior to",
    "non_inferiority": "non-inferior to",
    "equivalence": "equivalent to",
}


METHODS = {
    "or": "Obuchowski-Rockette",
    "dbm": "Dorfman-Berbaum-Metz",
    "ustat": "U-statistics",
}


def findings(
    result: MrmcResult | None,
    tree: dict[str, Any],
    parts: tuple[Localisation, Section],
    plan: Plan,
) -> list[str]:
    """A paragraph for each finding: accuracy first, then lesions, then time."""
    localisation, time = parts
    if result is None:
        lines = [f"The primary analysis could not be made: {tree['primary']['error']}."]
    else:
        lines = [_primary(result, tree["primary"], plan)]
    for name, each in localisation.results.items():
        rows = tree["localisation"]["foms"][name]["comparisons"]
        lines += [_difference(each.label, row, plan.alpha) for row in rows]
    if time.result is not None:
        lines.append(time.result.statement())
    return lines


def _primary(result: MrmcResult, tree: dict[str, Any], plan: Plan) -> str:
    means = dict(
        zip(result.modality_names, (each.estimate for each in result.modalities), strict=True)
    )
    lines = []
    for row, answer in zip(tree["comparisons"], tree["conclusions"], strict=True):
        test, reference = row["test"], row["reference"]
        values = f"{result.label} {means[test]:.3f} with {test}, {means[reference]:.3f} with "
        lines.append(f"{_verdict(answer)} ({values}{reference}). ")
        lines.append(_difference(result.label, row, plan.alpha) + " ")
    if not lines:
        lines = ["There is one arm only, so nothing was compared. "]
    readers = count_text(result.n_readers, "reader")
    cases = count_text(result.n_cases, "case")
    method = METHODS.get(result.method, result.method)
    return f"{''.join(lines)}{readers} and {cases} were analysed ({method})."


def _verdict(answer: dict[str, Any]) -> str:
    test, reference = answer["test"], answer["reference"]
    words = NAMES[answer["hypothesis"]]
    margin = f" by a margin of {answer['margin']:g}" if answer["margin"] else ""
    if answer["harm"] and not answer["shown"]:
        return f"Reading with {test} was less accurate than with {reference}"
    verb = "was" if answer["shown"] else "was not shown to be"
    return f"Reading with {test} {verb} {words} reading with {reference}{margin}"


def _difference(label: str, row: dict[str, Any], alpha: float) -> str:
    if row["estimate"] is None:
        return f"{label}: no difference could be estimated."
    ends = (row["ci_low"], row["ci_high"])
    interval = "no interval" if None in ends else interval_text(*ends)
    p_value = "p not defined" if row["p_value"] is None else p_text(row["p_value"])
    return (
        f"Difference in {in_sentence(label)}, {row['test']} minus {row['reference']}: "
        f"{row['estimate']:+z.3f} ({level_text(alpha)} {interval}, {p_value})."
    )
