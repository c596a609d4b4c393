"""The one place that decides what a reader's browser receives.

With `results.freeze` the only module that may import `proposals.lesions`. In a control arm, in
the unaided stage of a second-reader arm, and on demand until the reader has asked, it does not
look at proposals at all: not a query, not a byte tells whether there are any (faults F1-F3).
"""

from base64 import b64encode
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Case as CaseOf
from django.db.models import Exists, F, Max, OuterRef, QuerySet, When
from django.utils import timezone
from django.utils.translation import get_language

from readerstudy.imaging import grants
from readerstudy.imaging import selectors as imaging
from readerstudy.proposals import selectors as proposals
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.reads import events, late, selectors, tripwire
from readerstudy.reads.models import Answer, Batch, Decision, Mark, Measurement, Read
from readerstudy.studies import definition
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Arm, Case, Question, Study
from readerstudy.studies.selectors import current_version, questions_of

OPENING_SECONDS = 300  # from a sitting's beginning to the first packet and its own token
TOKEN_SECONDS = 6 * 3600  # a sitting with its breaks; a turn that is over ends its token at once
MEANING = "I am the reader named here, and these marks, ratings and answers are my own findings."


def sees_proposals(read: Read) -> bool:
    """Whether this read, as it stands, may show proposals (R6)."""
    if read.arm.mode == Arm.Mode.CONTROL or read.stage == Read.Stage.UNAIDED:
        return False
    return read.arm.mode != Arm.Mode.ON_DEMAND or read.ai_from is not None


def _gate(read: Read) -> AbstractContextManager[None]:
    """The tripwire's gate, which judges the read by its own rule."""
    return tripwire.proposals_opened(
        mode=read.arm.mode, stage=read.stage, is_asked=read.ai_from is not None
    )


def packet(read: Read, *, number: int, of: int, read_only: bool) -> dict[str, Any]:
    """Everything that the browser receives for one read (docs/architecture.md, *Packet*).

    Parameters
    ----------
    number, of : int
        "Case 23 of 60": the reader's place in their own list.
    read_only : bool
        Another tab holds the read, or it is submitted.
    """
    shown = images(read.case)
    protocol = definition.locked(read.protocol_version.document)
    body: dict[str, Any] = {
        "read": {
            "id": str(read.id),
            "state": read.state,
            "stage": read.stage,
            "fence": read.lease_fence,
            "number": number,
            "of": of,
            "is_training": read.period == 0,
            **_test(read),
            "opened_at": read.opened_at.isoformat(),
            "idle_limit_s": idle_limit_s(read),
            "read_only": read_only,
            "events_schema": events.SCHEMA,
            "late_key": late.key_of(read.id),
        },
        "session": _session(read),
        "case": {"code": read.case.code},
        "token": shown.token(turn(read.allocation_id)),
        "token_expires_at": (timezone.now() + timedelta(seconds=TOKEN_SECONDS)).isoformat(),
        "series": shown.series,
        "prior": shown.prior,
        "hanging": protocol["hanging"],
        "mark_scale": protocol["mark_scale"],
        "questions": [_question(each) for each in questions_of(read.protocol_version)],
        "draft": _draft(read),
        "meaning": MEANING,
    }
    if sees_proposals(read):
        with _gate(read):
            body["ai"] = _ai(read)
    elif read.arm.mode == Arm.Mode.ON_DEMAND:
        body["ai"] = {"mode": read.arm.mode, "state": "not_asked"}
    return body


def _test(read: Read) -> dict[str, Any]:
    """Which case of a test it is: said before it is read, and of nothing else."""
    place = selectors.place_in_test(read)
    return {} if place is None else {"test": {"number": place[0], "of": place[1]}}


@dataclass(frozen=True, slots=True)
class Images:
    """What a case shows: its series, and its prior examination if it has one."""

    series: list[dict[str, Any]]
    prior: dict[str, Any] | None  # days between (None: not known), series

    @property
    def all(self) -> list[dict[str, Any]]:
        """The series of both, the case's own first."""
        return [*self.series, *(self.prior["series"] if self.prior else [])]

    def token(self, grant: UUID, seconds: int = TOKEN_SECONDS) -> str:
        """An imaging token that opens these series and no others, until the grant is ended."""
        return grants.issue([each["id"] for each in self.all], seconds=seconds, grant=grant)


def turn(allocation_id: UUID) -> UUID:
    """The grant of a reader's turn at a case: tokens of both stages, and fetched ahead, have it.

    It tells nothing: a hash of the allocation's random key.
    """
    return uuid5(allocation_id, "images")


def images(case: Case) -> Images:
    """The images of a case, in every arm alike: it looks at no arm, proposal or standard."""
    series = imaging.series_for_packet(case.examination_id)
    if case.prior_id is None:
        return Images(series, None)
    prior = {"days": case.prior_days, "series": imaging.series_for_packet(case.prior_id)}
    return Images(series, prior)


def images_ahead(
    allocation: Allocation | None, *, roles: Sequence[str] = (), seconds: int = TOKEN_SECONDS
) -> dict[str, Any]:
    """A row's series and a token for them, before its read is there: their existence, no more.

    Those of `roles` come first, in their order; a prior's come after the case's own.
    """
    if allocation is None:
        return {"token": "", "series": []}
    shown = images(allocation.case)
    own = {each["id"] for each in shown.series}

    def place(series: dict[str, Any]) -> tuple[bool, int]:
        return series["id"] not in own, [*roles, series["role"]].index(series["role"])

    token = shown.token(turn(allocation.pk), seconds)
    return {"token": token, "series": sorted(shown.all, key=place)}


def first_images(study: Study, allocation: Allocation | None) -> dict[str, Any]:
    """Those of a sitting's first case, as the protocol hangs them, for while its read is opened.

    Their token shows the case without a read whose clock runs, so it lives no longer than that.
    """
    version = None if allocation is None else current_version(study)
    document = {} if version is None else version.document
    roles = definition.locked(document)["hanging"]["roles"]
    return images_ahead(allocation, roles=roles, seconds=OPENING_SECONDS)


def idle_limit_s(read: Read) -> int:
    """The idle limit of the protocol version that the read was opened under (D1)."""
    document = read.protocol_version.document
    return int(document.get("idle_limit_s", read.reader.study.idle_limit_s))


def _session(read: Read) -> dict[str, int]:
    """How long the reader has been sitting, and the protocol's limit in minutes (0: none)."""
    found = selectors.sitting_of(read.reader)
    elapsed = timezone.now() - found.began if found else timedelta()
    return {
        "elapsed_s": int(elapsed.total_seconds()),
        "limit_min": read.reader.study.session_limit_min,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "text": question.text,
        "help": question.help,
        "kind": question.kind,
        "choices": question.choices,
        "low_label": question.low_label,
        "high_label": question.high_label,
        "minimum": question.minimum,
        "maximum": question.maximum,
        "is_required": question.is_required,
        "is_primary": question.is_primary,
        "shown_if": question.shown_if,
    }


def _draft(read: Read) -> dict[str, Any]:
    batches = Batch.objects.filter(read=read).order_by()
    tabs = batches.values_list("tab").annotate(last=Max(F("first_seq") + F("count") - 1))
    last_seq = {str(tab): seq for tab, seq in tabs}
    if _is_untouched(read):
        drafted: dict[str, Any] = {"marks": [], "measures": [], "answers": {}}
        return {**drafted, "no_lesion_said": False, "last_seq": last_seq}
    answers = Answer.objects.filter(read=read).select_related("question")
    return {
        "marks": [_mark(each) for each in Mark.objects.filter(read=read, is_removed=False)],
        "measures": [
            _measure(each) for each in Measurement.objects.filter(read=read, is_removed=False)
        ],
        "answers": {each.question.key: each.value for each in answers},
        "no_lesion_said": read.no_lesion_said,
        "last_seq": last_seq,
    }


def _is_untouched(read: Read) -> bool:
    """Whether a read was just opened: events are the only way into a draft (decision 0004).

    A second stage begins with what was drafted in the first.
    """
    return read.last_event_at is None and read.stage != Read.Stage.AIDED


def _mark(mark: Mark) -> dict[str, Any]:
    return {
        "mark_id": str(mark.mark_id),
        "number": mark.number,
        "position_mm": [mark.x_mm, mark.y_mm, mark.z_mm],
        "diameter_mm": mark.diameter_mm,
        "rating": mark.rating,
        "mask": mark.mask,
        "threshold_percent": mark.threshold_percent,
        "series": str(mark.series),
        "proposal": str(mark.proposal) if mark.proposal else None,
    }


def _measure(measure: Measurement) -> dict[str, Any]:
    return {
        "measure_id": str(measure.measure_id),
        "tool": measure.tool,
        "series": str(measure.series),
        "points_mm": measure.points_mm,
        "values": measure.values,
    }


def _ai(read: Read) -> dict[str, Any]:
    """The proposals of the arm's detector; a run that is not done is "not available" (B8)."""
    name, _, version = read.arm.detector.partition("@")
    run = _shown_run(read)
    lesions = ProposedLesion.objects.filter(run=run) if run else ProposedLesion.objects.none()
    decisions = [] if read.last_event_at is None else Decision.objects.filter(read=read)
    level, kinds = explanation_level(read), tells_kinds(read)
    return {
        "mode": read.arm.mode,
        "detector": {
            "name": name,
            "version": version,
            "banner": proposals.banner(read.arm.detector),
        },
        "state": "ready" if run else "not_available",
        "explanations": level,
        "proposals": [_proposal(each, level, kinds=kinds) for each in lesions],
        "decisions": {str(each.proposal): each.kind for each in decisions},
    }


def _shown_run(read: Read) -> Run | None:
    """The run whose proposals the read shows; behind the gate."""
    if read.case.declared_without_proposals:
        return None
    return proposals.done_run(read.case.examination_id, read.arm.detector)


def explanation_level(read: Read) -> str:
    """How much this reader is told of proposals, by the protocol that the read was opened under."""
    levels = definition.locked(read.protocol_version.document)["explanations"]
    return str(levels[read.reader.experience])


def tells_kinds(read: Read) -> bool:
    """Whether what kind of lesion a proposal may be is told with it, by the read's protocol."""
    return bool(definition.locked(read.protocol_version.document)["lesion_classification"])


def kind_told(read: Read, lesion: ProposedLesion) -> str:
    """The level at which a read tells the kind of a proposal; empty where it does not."""
    is_told = sees_proposals(read) and tells_kinds(read)
    level = explanation_level(read) if is_told else ""
    return level if level and _words(lesion.classification, level) else ""


def heat_maps(read: Read) -> dict[str, Any] | None:
    """Heat maps of the proposals that the read shows, by their id; None where it has none to see.

    None does not tell why: a control arm, an unaided stage, proposals that were not asked for and a
    level of explanation without heat maps are answered alike, all but the last without a query of
    what is hidden.
    """
    if not _sees_all(read):
        return None
    with _gate(read):
        run = _shown_run(read)
        rows = ProposalHeatMap.objects.filter(lesion__run=run) if run else []
        return {
            str(each.lesion_id): {
                "method": each.method,
                "shares": each.shares,
                "levels": each.levels,
            }
            for each in rows
        }


def known_lesions(read: Read) -> dict[str, Any] | None:
    """Pictures of the synthetic lesions that proposals are compared with; None as of heat maps.

    `pictures`: each that any proposal needs, once; `nearest`: which, by the proposal's id.
    """
    if not _sees_all(read):
        return None
    with _gate(read):
        run = _shown_run(read)
        shown = ProposedLesion.objects.filter(run=run) if run else []
        why = {str(each.id): each.explanation for each in shown}
    nearest = {proposal: proposals.known_rows(each) for proposal, each in why.items()}
    of_rows = {row: why[proposal] for proposal, rows in nearest.items() for row in rows}
    pictures = {}
    for row, explanation in sorted(of_rows.items()):  # all of one run, so of one table
        kind, diameter_mm, png = proposals.known_lesion(explanation, row)
        told = {"kind": kind, "diameter_mm": diameter_mm, "png": b64encode(png).decode()}
        pictures[str(row)] = told
    return {"pictures": pictures, "nearest": nearest}


def _sees_all(read: Read) -> bool:
    """Whether the read may show proposals, and what belongs to the whole of an explanation."""
    return sees_proposals(read) and explanation_level(read) == "full"


def _proposal(lesion: ProposedLesion, level: str, *, kinds: bool) -> dict[str, Any]:
    told = kinds and level != "none"
    return {
        "id": str(lesion.id),
        "label": lesion.label,
        "centroid_mm": lesion.centroid_mm,
        "diameter_mm": lesion.diameter_mm,
        "volume_mm3": lesion.volume_mm3,
        "probability": lesion.probability,
        "uncertainty": lesion.uncertainty,
        "contours_mm": lesion.contours_mm,
        "explanation": _words(lesion.explanation, level),
        **({"kind": _words(lesion.classification, level)} if told else {}),
        "has_heat_map": lesion.has_heat_map and level == "full",
        "has_known_lesions": level == "full" and bool(proposals.known_rows(lesion.explanation)),
    }


def _words(told: dict[str, Any], level: str) -> str:
    """The words of a level in the reader's language, where there are any, else in English."""
    own = told.get(get_language() or "", told)
    return str(own.get(level, ""))


def owns(read: Read, proposal_id: str) -> bool:
    """Whether a proposal is one that this read shows."""
    if not sees_proposals(read):
        return False
    shown = ProposedLesion.objects.filter(
        pk=proposal_id, run__examination=read.case.examination_id, run__detector=read.arm.detector
    )
    with _gate(read):
        return shown.exists()


def seen_by(proposal_id: UUID, *, before: datetime) -> QuerySet[Any]:  # of reads
    """The reads whose browser was sent a proposal before an instant, and `since` when (H6).

    One query. A study is locked only when its proposals are there, so that a read that may show
    them is sent them as it is opened, or on demand as they are asked for.
    """
    lesion = ProposedLesion.objects.filter(
        pk=proposal_id,
        run__examination=OuterRef("case__examination"),
        run__detector=OuterRef("arm__detector"),
    )
    since = CaseOf(When(arm__mode=Arm.Mode.ON_DEMAND, then="ai_from"), default="opened_at")
    reads = Read.objects.annotate(since=since).filter(Exists(lesion), since__lt=before)
    reads = reads.exclude(arm__mode=Arm.Mode.CONTROL).exclude(stage=Read.Stage.UNAIDED)
    return reads.select_related("reader__study", "case").order_by("since")
