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
    for case, state in selectors.without_proposals(study):
        waiting.setdefault(state, []).append(case.code)
    found = []
    for state, codes in sorted(waiting.items()):
        more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
        words = f"No AI proposals yet ({state}): {', '.join(codes[:SHOWN])}{more}; "
        words += f"{_NEXT.get(state, 'wait for them')}."
        found.append(Missing("proposals.not_there", words, Step.CASES))
    unknown = selectors.unknown_detectors(study)
    if unknown and waiting:
        words = f"Not installed here: {', '.join(unknown)}. Choose a detector that is, or ask the "
        words += "administrator."
        found.append(Missing("proposals.unknown_detector", words, Step.ARMS))
    return found


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
