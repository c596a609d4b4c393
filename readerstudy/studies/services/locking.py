"""Lock a study: protocol document, its hash, and the allocation, made once; then amendments."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Q
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging.models import Examination
from readerstudy.studies import (
    assembly,
    definition,
    lifecycle,
    protocol,
    randomisation,
    randomness,
    readiness,
)
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.definition import QuestionDraft
from readerstudy.studies.models import ProtocolVersion, Question, Study
from readerstudy.studies.readiness import Missing
from readerstudy.studies.scales import call_problems
from readerstudy.studies.selectors import current_version, question_draft, questions, study_for
from readerstudy.studies.services.defining import IDLE_LIMITS_S, add_question_rows
from readerstudy.studies.services.gate import (
    COORDINATOR,
    changing,
    require_no_problems,
    require_password,
    require_reason,
)
from readerstudy.web.problems import Invalid, Problem

BATCH = 2000


def check(study: Study, *, by: User) -> list[Missing]:
    """All that keeps the study from being locked, for its coordinator (C1)."""
    return readiness.missing(study_for(by, study.pk, *COORDINATOR))


def lock(study: Study, *, password: str, by: User) -> ProtocolVersion:
    """Lock the protocol and make the allocation, once, in one transaction (C1, C9, A2).

    Two coordinators who lock at once queue on the study's row; the second is told that it is
    locked. The allocation's hash is published at once, its rows are shown to nobody.

    Raises
    ------
    Problem
        403 `studies.wrong_password`; 409 `studies.not_ready` with the whole list of what is
        missing; 409 `studies.state` when it was locked before.
    """
    require_password(by, password)
    with changing(study, "lock", by=by):
        _hold_examinations(study)
        if found := readiness.missing(study):
            words = f"{len(found)} thing{'s' * (len(found) > 1)} to settle before the lock."
            raise Problem("studies.not_ready", words, missing=[each.as_dict() for each in found])
        version = _write_version(study, number=1, reason="", by=by)
        made = _allocate(study, version)
        version.allocation_sha256 = made.sha256
        version.save(update_fields=["allocation_sha256"])
        study.state = lifecycle.next_state(study.state, "lock")
        study.save(update_fields=["state"])
        detail = {
            "version": version.number,
            "protocol_sha256": version.sha256,
            "allocation_sha256": made.sha256,
            "method": made.method,
        }
        _record("studies.lock", study, by, detail)
    return version


def _hold_examinations(study: Study) -> None:
    """Let files that are being taken in end first; those that come now wait, and are refused."""
    held = Examination.objects.select_for_update(no_key=True).order_by("pk")
    shown = Q(pk__in=study.cases.values("examination")) | Q(pk__in=study.cases.values("prior"))
    list(held.filter(shown).values_list("pk"))


def amend(
    study: Study,
    *,
    reason: str,
    password: str,
    questions: Sequence[QuestionDraft] | None = None,
    analysis_plan: Mapping[str, Any] | None = None,
    summary: str | None = None,
    idle_limit_s: int | None = None,
    by: User,
) -> ProtocolVersion:
    """Make a new protocol version with a reason (C2).

    What is None stays. Reads that are open or done keep the version they were opened under (D1);
    arms, design, cases and detectors are never amended, and neither is the primary rating: the
    comparison stays the one that was allocated.

    Raises
    ------
    Problem
        400 without a reason or for values that cannot be taken, 403 for a wrong password, 409 in
        a state without amendments or when nothing would change.
    """
    reason = require_reason(reason)
    require_password(by, password)
    with changing(study, "amend", by=by):
        last = current_version(study)
        if last is None:
            raise Problem("studies.not_locked", "Lock the study first.")
        if questions is not None:
            _amend_questions(study, questions, version=last.number + 1)
        _amend_fields(study, analysis_plan, summary, idle_limit_s)
        version = _write_version(study, number=last.number + 1, reason=reason, by=by)
        if _content(version) == _content(last):
            raise Problem("studies.no_change", "Nothing differs from the version in force.")
        version.allocation_sha256 = last.allocation_sha256
        version.save(update_fields=["allocation_sha256"])
        detail = {"version": version.number, "protocol_sha256": version.sha256}
        detail["previous_sha256"] = last.sha256
        _record("studies.amend", study, by, detail, reason)
    return version


def _content(version: ProtocolVersion) -> dict[str, Any]:
    """What a version says, whichever release wrote it."""
    said = definition.locked(version.document)
    return {name: said[name] for name in said if name not in ("format", "software")}


def _write_version(study: Study, *, number: int, reason: str, by: User) -> ProtocolVersion:
    document = assembly.document(study)
    return ProtocolVersion.objects.create(
        study=study,
        number=number,
        document=document,
        sha256=protocol.sha256(document),
        reason=reason,
        locked_by=by,
        locked_at=timezone.now(),
    )


def _allocate(study: Study, version: ProtocolVersion) -> AllocationList:
    plan, seed = assembly.plan(study), randomness.new_seed()
    table = randomisation.allocate(plan, seed)
    made = AllocationList.objects.create(
        study=study,
        protocol_version=version,
        method=randomisation.METHOD,
        seed=seed,
        sha256=randomisation.commitment(table.rows, seed),
        inputs=asdict(plan),
        balance=randomisation.balance(plan, table),
        made_at=timezone.now(),
    )
    readers = {reader.code: reader for reader in study.readers.all()}
    cases = {case.code: case for case in study.cases.all()}
    arms = {arm.key: arm for arm in study.arms.all()}
    Allocation.objects.bulk_create(
        (
            Allocation(
                list=made,
                reader=readers[row.reader],
                case=cases[row.case],
                arm=arms[row.arm],
                period=row.period,
                sequence=row.sequence,
                position=row.position,
            )
            for row in table.rows
        ),
        batch_size=BATCH,
    )
    return made


def _amend_questions(study: Study, drafts: Sequence[QuestionDraft], *, version: int) -> None:
    """Retire the rows that change and add the new ones; rows that stay keep their identity."""
    require_no_problems("studies.questions", definition.question_problems(drafts))
    now = {row.key: row for row in questions(study)}
    primary = [question_draft(row) for row in now.values() if row.is_primary]
    if [each for each in drafts if each.is_primary] != primary:
        raise Invalid("studies.primary_question", "The primary rating stays as it was locked.")
    places = {each.key: place for place, each in enumerate(drafts, start=1)}
    kept = {
        each.key
        for each in drafts
        if each.key in now
        and question_draft(now[each.key]) == each
        and now[each.key].position == places[each.key]
    }
    retired = [row.pk for key, row in now.items() if key not in kept]
    Question.objects.filter(pk__in=retired).update(last_version=version - 1)
    changed = [each for each in drafts if each.key not in kept]
    add_question_rows(study, changed, version=version, places=places)


def _amend_fields(
    study: Study,
    plan: Mapping[str, Any] | None,
    summary: str | None,
    idle_limit_s: int | None,
) -> None:
    if plan is not None:
        found = protocol.plan_problems(dict(plan)) or call_problems(plan, questions(study))
        require_no_problems("studies.plan", found)
        study.analysis_plan = dict(plan)
    if summary is not None:
        study.summary = summary.strip()
    if idle_limit_s is not None:
        low, high = IDLE_LIMITS_S
        if not low <= idle_limit_s <= high:
            raise Invalid("studies.idle_limit", f"The idle limit lies between {low} and {high} s.")
        study.idle_limit_s = idle_limit_s
    study.save(update_fields=["analysis_plan", "summary", "idle_limit_s"])


def _record(action: str, study: Study, by: User, detail: dict[str, Any], reason: str = "") -> None:
    record(
        action,
        subject=f"study:{study.pk}",
        by=by,
        study=study.pk,
        detail=detail,
        reason=reason,
    )
