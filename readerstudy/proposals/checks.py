"""What proposals say to "ready to lock?" (C1, C8) and to "still what was locked?" (A3)."""

from collections.abc import Iterable, Mapping

from readerstudy.proposals import selectors
from readerstudy.proposals.models import Run
from readerstudy.studies import integrity
from readerstudy.studies.models import Case, Study
from readerstudy.studies.readiness import Missing, Step, check

SHOWN = 5  # codes named in one line
_NEXT: Mapping[str, str] = {
    Run.State.QUARANTINED: "try them again, or declare these cases without proposals",
    Run.State.FAILED: "they are tried again by themselves; wait",
    selectors.NOT_STARTED: "they are asked for once a case's images are ready; wait",
}


@check
def proposals(study: Study) -> list[Missing]:
    """Every case of an AI arm has its proposals, or is declared without."""
    waiting: dict[str, list[str]] = {}
    delivered: dict[str, list[str]] = {}
    vendors = set(selectors.vendor_detectors())
    for case, detector, state in selectors.without_proposals(study):
        if detector in vendors:
            delivered.setdefault(detector, []).append(case.code)
        else:
            waiting.setdefault(state, []).append(case.code)
    found = [
        Missing(
            "proposals.not_delivered",
            f"No results of {detector} yet: {_some(codes)}; its maker's results are delivered on"
            " the Cases page.",
            Step.CASES,
        )
        for detector, codes in sorted(delivered.items())
    ]
    for state, codes in sorted(waiting.items()):
        words = f"No AI proposals yet ({state}): {_some(codes)}; "
        words += f"{_NEXT.get(state, 'wait for them')}."
        found.append(Missing("proposals.not_there", words, Step.CASES))
    unknown = selectors.unknown_detectors(study)
    if unknown and waiting:
        words = f"Not installed here: {', '.join(unknown)}. Choose a detector that is, or ask the "
        words += "administrator."
        found.append(Missing("proposals.unknown_detector", words, Step.ARMS))
    return found


@check
def kinds(study: Study) -> list[Missing]:
    """Every case whose readers are told of kinds of lesion has them from one head."""
    told = selectors.kinds_of_cases(study)
    back = "or take the kinds of lesion back on the Protocol page"
    found = []
    if makers := sorted({run.detector for _, run in told if run.source == "vendor"}):
        words = f"Kinds of lesion are not told of {', '.join(makers)}, another maker's: choose a"
        words += f" detector that runs here, {back}."
        found.append(Missing("proposals.kinds_of_vendor", words, Step.ARMS))
    told = [(case, run) for case, run in told if run.source != "vendor"]
    if waiting := _codes_of(case for case, run in told if not run.kinds_sha256):
        words = f"Kinds of lesion were not asked for yet: {_some(waiting)}; the detector runs again"
        words += f" by itself: wait, {back}."
        found.append(Missing("proposals.kinds_not_there", words, Step.CASES))
    if lacking := _codes_of(case for case, run in told if run.kinds_lack):
        words = "Kinds of lesion need T1c, T1, T2 and FLAIR, which are not all there: "
        words += f"{_some(lacking)}. Withdraw these cases, declare them without proposals, {back}."
        found.append(Missing("proposals.kinds_lack_series", words, Step.CASES))
    heads = {(run.kinds_head, run.kinds_sha256) for _, run in told if run.kinds_sha256}
    if len(heads) > 1:
        named = "; ".join(f"{name} ({sha[:8]})" for name, sha in sorted(heads))
        words = f"Kinds of lesion were told by several heads: {named}. Those of an older one are"
        words += f" made again by themselves: wait, {back}."
        found.append(Missing("proposals.kinds_of_several", words, Step.CASES))
    return found


def _codes_of(cases: Iterable[Case]) -> list[str]:
    return sorted({case.code for case in cases})


def _some(codes: list[str]) -> str:
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return f"{', '.join(codes[:SHOWN])}{more}"


@integrity.also
def weights(study: Study) -> list[str]:
    """Name a detector whose runs on this study were not all made by the weights of its card."""
    found = []
    for detector in selectors.detectors_of(study):
        used = selectors.weights_used(study, detector)
        known = selectors.weights_of(detector)
        if len(used) > 1 or (used and known and used != {known}):
            found.append(f"Proposals of {detector} were made by other weights than its card's.")
    return found


@integrity.also
def heads(study: Study) -> list[str]:
    """Say so where kinds of lesion that readers are told were not all told by one head."""
    told = {(run.kinds_head, run.kinds_sha256) for _, run in selectors.kinds_of_cases(study)}
    return ["Kinds of lesion were not all told by one head."] if len(told) > 1 else []
