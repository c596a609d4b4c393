"""Two independent opinions of a case, and what is done where they differ.

The record names cases and who acted, never what an opinion says: coordinators read it.
"""

from collections.abc import Sequence
from dataclasses import asdict

from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.studies.models import Case, Membership, Study
from readerstudy.studies.services.gate import changing, require_reason
from readerstudy.truth import selectors
from readerstudy.truth.models import Adjudication, Evidence, Opinion, Panel, StandardVersion
from readerstudy.truth.services.standards import LesionDraft, problems, write
from readerstudy.web.problems import Invalid, Problem, Refused, Unknown

TRUTH_READERS = (Membership.Role.TRUTH_READER,)
TWO = 2
NOTE_CHARACTERS = 150  # the column's width
How = StandardVersion.How


def set_panel(study: Study, *, opinions: int, adjudication: str, by: User) -> Panel:
    """Say how the standard comes about: from one opinion, or from two and who decides.

    Raises
    ------
    Problem
        400 for other values, 409 once an opinion was stated or the study is locked.
    """
    if opinions not in (1, TWO) or adjudication not in Panel.Adjudication.values:
        raise Invalid("truth.panel_values", "Choose one or two opinions, and who adjudicates.")
    with changing(study, "edit", by=by):
        if Opinion.objects.filter(case__study=study, withdrawn_at=None).exists():
            words = "Opinions were stated already: how they are settled does not change any more."
            raise Problem("truth.panel_begun", words)
        values = {"opinions": opinions, "adjudication": adjudication}
        panel, _ = Panel.objects.update_or_create(
            study=study, defaults={**values, "by": by, "at": timezone.now()}
        )
        record("truth.set_panel", subject=f"study:{study.pk}", by=by, study=study.pk, detail=values)
    return panel


def state_opinion(
    case: Case,
    *,
    status: str,
    lesions: Sequence[LesionDraft] = (),
    evidence: str,
    note: str = "",
    by: User,
) -> Opinion:
    """State a case's status and lesions, blind to any other opinion; the last one settles it.

    Two opinions agree when their status is the same and the study's matching rule pairs every
    lesion of one with one of the other; the standard is then the mean of each pair.

    Parameters
    ----------
    evidence : str
        A value of `Evidence`.

    Raises
    ------
    Problem
        400 with all that is wrong; 403 for who is no truth reader; 404 for a withdrawn case; 409
        when the same person stated it before, when all opinions are there, or after the lock.
    """
    _require_sound(status, lesions, evidence, note)
    with changing(case.study, "edit", by=by, roles=TRUTH_READERS):
        _require_open(case)
        panel, given = selectors.panel(case.study), selectors.opinions(case)
        if any(each.by_id == by.pk for each in given):
            raise Problem("truth.stated", "You stated this case already; withdraw that first.")
        if len(given) >= panel.opinions:
            raise Problem("truth.enough", "All opinions of this case are there already.")
        opinion = Opinion.objects.create(
            case=case, status=status, evidence=evidence, note=note.strip(), by=by,
            at=timezone.now(), lesions=[asdict(each) for each in lesions],
        )  # fmt: skip
        outcome = ""
        if len(given) + 1 == panel.opinions:
            outcome = _settle(case, [*given, opinion], by)
        _record("truth.state_opinion", case, by)  # last: the chain is locked after every row
        if outcome:
            _record(outcome, case, None)
    return opinion


def withdraw_opinion(opinion: Opinion, *, reason: str, by: User) -> Opinion:
    """Take back an own opinion, with a reason, while the case is not settled; its row stays.

    Raises
    ------
    Problem
        400 without a reason; 404 for another's; 409 once the case is settled, or when both
        opinions are there: an opinion that was compared with another stays as it was.
    """
    reason = require_reason(reason)
    with changing(opinion.case.study, "edit", by=by, roles=TRUTH_READERS):
        opinion.refresh_from_db(fields=["withdrawn_at"])
        if opinion.by_id != by.pk or opinion.withdrawn_at:
            raise Unknown
        standing = selectors.standing(opinion.case, by)
        if standing.is_settled or standing.is_disputed:
            words = "Both opinions are there and were compared: they stay as they were stated."
            raise Problem("truth.compared", words)
        opinion.withdrawn_at, opinion.withdrawn_reason = timezone.now(), reason
        opinion.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        _record("truth.withdraw_opinion", opinion.case, by, reason=reason)
    return opinion


def adjudicate(
    case: Case,
    *,
    status: str,
    lesions: Sequence[LesionDraft] = (),
    evidence: str,
    reason: str,
    by: User,
) -> Adjudication:
    """Decide a case whose two opinions differ, or propose a consensus to the other.

    A third truth reader's decision is the standard at once; a consensus once the other of the
    two has agreed (`confirm_consensus`).

    Raises
    ------
    Problem
        400 with all that is wrong; 403 for who may not decide it (the study says: a third, or the
        two themselves); 409 when nothing waits for a decision.
    """
    reason = require_reason(reason)
    _require_sound(status, lesions, evidence, "")
    with changing(case.study, "edit", by=by, roles=TRUTH_READERS):
        _require_open(case)
        panel = selectors.panel(case.study)
        first, second = _disputed(case, by)
        is_author = by.pk in (first.by_id, second.by_id)
        if is_author == (panel.adjudication == Panel.Adjudication.THIRD):
            words = "A third truth reader decides this case, neither of the two who stated it."
            if not is_author:
                words = "The two who stated this case decide it together."
            raise Refused("truth.not_yours_to_decide", words)
        made = Adjudication.objects.create(
            first=first, second=second, status=status, evidence=evidence, reason=reason, by=by,
            at=timezone.now(), lesions=[asdict(each) for each in lesions],
        )  # fmt: skip
        if panel.adjudication == Panel.Adjudication.THIRD:
            _decided(case, made, How.THIRD, by)
        _record("truth.adjudicate", case, by, how=panel.adjudication)
    return made


def confirm_consensus(adjudication: Adjudication, *, by: User) -> Adjudication:
    """Agree to what the other proposed: it is the standard from now on.

    Raises
    ------
    Problem
        403 for the proposer and for who stated neither opinion; 409 when it was settled, or when
        a later proposal took its place.
    """
    case = adjudication.first.case
    with changing(case.study, "edit", by=by, roles=TRUTH_READERS):
        first, second = _disputed(case, by)
        if by.pk not in (first.by_id, second.by_id) or by.pk == adjudication.by_id:
            raise Refused("truth.not_yours_to_confirm", "The other of the two agrees, or not.")
        newest = selectors.proposed_consensus(case)
        if newest is None or newest.pk != adjudication.pk:
            raise Problem("truth.other_proposal", "There is a newer proposal: look at that one.")
        adjudication.confirmed_by, adjudication.confirmed_at = by, timezone.now()
        adjudication.save(update_fields=["confirmed_by", "confirmed_at"])
        _decided(case, adjudication, How.CONSENSUS, by)
        _record("truth.confirm_consensus", case, by)
    return adjudication


def _settle(case: Case, given: Sequence[Opinion], by: User) -> str:
    """Make the standard of what was stated, where it needs no decision; what to record of it."""
    first = given[0]
    if len(given) == 1:
        drafts = [LesionDraft(**each) for each in first.lesions]
        write(case, status=first.status, lesions=drafts, source=_source(given), by=by,
              how=How.OPINION)  # fmt: skip
        return ""
    rule = selectors.matching_rule(case.study)
    joined = _joined(first, given[1], rule)
    if joined is None:
        return "truth.opinions_differ"
    source = f"Two independent opinions that agree: {_source(given)}"
    write(case, status=first.status, lesions=joined, source=source[:200], by=by,
          how=How.AGREEMENT, rule=rule)  # fmt: skip
    return "truth.opinions_agree"


def _joined(first: Opinion, second: Opinion, rule: dict[str, object]) -> list[LesionDraft] | None:
    """The mean of each pair of lesions; None where the opinions differ."""
    from readerstudy.truth import bridge  # the web process needs no statistics to start

    one, two = selectors.stated(first), selectors.stated(second)
    pairs = bridge.pairs(one[1], two[1], rule)
    if one[0] != two[0] or not len(pairs) == len(one[1]) == len(two[1]):
        return None
    return [_mean(LesionDraft(**first.lesions[i]), LesionDraft(**second.lesions[j]))
            for i, j in pairs]  # fmt: skip


def _mean(one: LesionDraft, two: LesionDraft) -> LesionDraft:
    return LesionDraft(
        x_mm=(one.x_mm + two.x_mm) / 2,
        y_mm=(one.y_mm + two.y_mm) / 2,
        z_mm=(one.z_mm + two.z_mm) / 2,
        diameter_mm=(one.diameter_mm + two.diameter_mm) / 2,
        kind=one.kind if one.kind == two.kind else "",
    )


def _decided(case: Case, made: Adjudication, how: StandardVersion.How, by: User) -> None:
    source = f"Two independent opinions, {how.label.lower()}: {Evidence(made.evidence).label}"
    drafts = [LesionDraft(**each) for each in made.lesions]
    write(case, status=made.status, lesions=drafts, source=source[:200], by=by, how=how,
          rule=selectors.matching_rule(case.study))  # fmt: skip


def _source(given: Sequence[Opinion]) -> str:
    each = [
        f"{Evidence(one.evidence).label}{f' ({one.note})' if one.note else ''}" for one in given
    ]
    return "; ".join(dict.fromkeys(each))[:200]


def _disputed(case: Case, by: User) -> tuple[Opinion, Opinion]:
    if not selectors.standing(case, by).is_disputed:
        raise Problem("truth.not_disputed", "Nothing of this case waits for a decision.")
    first, second = selectors.opinions(case)
    return first, second


def _require_open(case: Case) -> None:
    case.refresh_from_db(fields=["withdrawn_at"])
    if case.withdrawn_at:
        raise Unknown


def _require_sound(status: str, lesions: Sequence[LesionDraft], evidence: str, note: str) -> None:
    found = problems(status, lesions, "as stated")
    if evidence not in Evidence.values:
        found.append("Say what the status rests on.")
    if len(note) > NOTE_CHARACTERS:
        found.append(f"The note has at most {NOTE_CHARACTERS} characters.")
    if found:
        raise Invalid("truth.opinion", " ".join(found), problems=found)


def _record(action: str, case: Case, by: User | None, *, reason: str = "", how: str = "") -> None:
    detail = {"case": case.code} | ({"how": how} if how else {})
    record(action, subject=f"case:{case.pk}", by=by, study=case.study_id, detail=detail,
           reason=reason)  # fmt: skip
