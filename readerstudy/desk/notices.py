"""What needs a coordinator, in one list: on the studies page, on a study's, and by mail (C4, C7).

Codes, dates and counts; never an arm, a score of the study's own cases, or what a proposal says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from readerstudy.proposals import selectors as proposals
from readerstudy.proposals.models import Run
from readerstudy.reads import live
from readerstudy.reads import progress as reading
from readerstudy.reads.progress import ReaderProgress, Standing
from readerstudy.studies import readiness
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import current_version

LATE = timedelta(days=7)
RECENT = timedelta(days=7)
MAY_BE_LATE = (Standing.NOT_STARTED, Standing.BETWEEN, Standing.PAUSED)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something for a coordinator to do."""

    key: str  # stable while it lasts, so that it is mailed once
    words: str
    href: str
    is_urgent: bool = False


def notices(study: Study) -> list[Notice]:
    """All that needs the study's coordinators now, the urgent first."""
    makers = {
        Study.State.DRAFT: (_impossible, _failed_proposals),
        Study.State.READY: (_halted, _to_start),
        Study.State.RUNNING: (
            _halted, _undecided, _stuck, _late, _reported, _all_read,
        ),
        Study.State.CLOSED: (_undecided, _stuck),
    }  # fmt: skip
    found = [each for make in makers.get(Study.State(study.state), ()) for each in make(study)]
    return sorted(found, key=lambda each: not each.is_urgent)


def late(study: Study) -> list[ReaderProgress]:
    """Readers who could read and did nothing for a week."""
    version = current_version(study)
    if study.state != Study.State.RUNNING or version is None:
        return []
    since = timezone.now() - LATE
    return [
        line
        for line in reading.progress(study)
        if line.standing in MAY_BE_LATE
        and line.place.planned
        and not line.is_simulated
        and (line.last_activity or version.locked_at) < since
    ]


def _page(name: str, study: Study) -> str:
    return reverse(f"desk:{name}", args=[study.pk])


def _halted(study: Study) -> Iterator[Notice]:
    if study.halted_reason:
        words = _("Suspended, so nothing is served to readers: %s") % study.halted_reason
        yield Notice("halted", words, _page("progress", study), is_urgent=True)


def _impossible(study: Study) -> Iterator[Notice]:
    """C7: the design cannot be filled with these readers and cases."""
    for each in readiness.missing(study):
        if each.code == "studies.design_impossible":
            yield Notice(f"design:{each.words}", each.words, _page("arms", study), is_urgent=True)


def _failed_proposals(study: Study) -> Iterator[Notice]:
    failed = proposals.runs_of(study).filter(state=Run.State.QUARANTINED).count()
    if failed:
        words = ngettext(
            "The detector failed on %d examination: retry it, or declare it without.",
            "The detector failed on %d examinations: retry them, or declare them without.",
            failed,
        )
        yield Notice(f"failed:{failed}", words % failed, _page("cases", study))


def _to_start(study: Study) -> Iterator[Notice]:
    words = _("Locked, and not open yet: readers wait until you open it.")
    yield Notice("to-start", words, _page("lock", study))


def _undecided(study: Study) -> Iterator[Notice]:
    for each in reading.waiting_for_decision(study):
        words = _("%(code)s did not pass training (%(right)d of %(of)d): decide how to go on.")
        said = words % {"code": each.reader.code, "right": each.right, "of": each.of}
        yield Notice(f"training:{each.pk}", said, _page("progress", study), is_urgent=True)


def _stuck(study: Study) -> Iterator[Notice]:
    for each in live.live(study):
        if each.is_stuck:
            words = _("%(code)s has case %(case)s open and has done nothing for half an hour.")
            said = words % {"code": each.code, "case": each.case}
            yield Notice(f"stuck:{each.code}:{each.case}", said, _page("progress", study))


def _late(study: Study) -> Iterator[Notice]:
    for line in late(study):
        words = _("%s could read and has done nothing for a week.") % line.code
        yield Notice(f"late:{line.code}:{line.place.done}", words, _page("progress", study))


def _reported(study: Study) -> Iterator[Notice]:
    for each in reading.problem_reports(study).filter(at__gt=timezone.now() - RECENT):
        words = _("%(code)s reported a problem with case %(case)s.")
        said = words % {"code": each.read.reader.code, "case": each.read.case.code}
        yield Notice(f"report:{each.pk}", said, _page("progress", study) + "#reports")


def _all_read(study: Study) -> Iterator[Notice]:
    lines = [each for each in reading.progress(study) if each.standing != Standing.WITHDRAWN]
    if lines and all(each.standing == Standing.DONE for each in lines):
        words = _("Every reader has read every case: the study can be closed.")
        yield Notice("all-read", words, _page("progress", study))
