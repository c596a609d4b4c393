"""What proposals say to "ready to lock?" (C1, C8) and to "still what was locked?" (A3)."""

from collections.abc import Mapping

from readerstudy.proposals import selectors
from readerstudy.proposals.models import Run
from readerstudy.studies import integrity
from readerstudy.studies.models import Study
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
