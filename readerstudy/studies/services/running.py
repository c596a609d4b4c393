"""Move a study through its states, and stop or resume its reading."""

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.studies import integrity, lifecycle
from readerstudy.studies.models import Membership, Study
from readerstudy.studies.selectors import ADMINISTRATOR
from readerstudy.studies.services.gate import changing, require_reason
from readerstudy.web.problems import Problem

Role = Membership.Role
# Who makes which move; the statistician's moves are called by `results`.
MOVERS: dict[str, tuple[str, ...]] = {
    "start": (Role.COORDINATOR,),
    "close": (Role.COORDINATOR, Role.STATISTICIAN),
    "freeze": (Role.STATISTICIAN,),
    "unblind": (Role.STATISTICIAN, Role.COORDINATOR, ADMINISTRATOR),  # two persons: `results`
    "archive": (Role.COORDINATOR, ADMINISTRATOR),
}


def start(study: Study, *, by: User) -> Study:
    """Open a locked study for reading, after its integrity was checked (A3).

    Raises
    ------
    Problem
        409 `studies.integrity` with what differs from what was locked.
    """
    if found := integrity.check(study):
        words = "The study is not what was locked. Tell the administrator; do not start it."
        raise Problem("studies.integrity", words, problems=found)
    return move(study, "start", by=by)


def close(study: Study, *, reason: str = "", by: User) -> Study:
    """End the reading: no read is opened any more; open ones may still be submitted."""
    return move(study, "close", reason=reason, by=by)


def archive(study: Study, *, reason: str = "", by: User) -> Study:
    """Put a study away; it stays readable."""
    return move(study, "archive", reason=reason, by=by)


def move(study: Study, verb: str, *, reason: str = "", by: User) -> Study:
    """Make one move of `lifecycle.MOVES`; `results` freezes and unblinds by it.

    Raises
    ------
    Problem
        403 or 404 for who may not, 409 `studies.state` where the move does not exist.
    """
    with changing(study, verb, by=by, roles=MOVERS[verb]):
        before = study.state
        study.state = lifecycle.next_state(before, verb)
        study.save(update_fields=["state"])
        _record(f"studies.{verb}", study, by, {"from": before, "to": study.state}, reason)
    return study


def halt(study: Study, *, reason: str, by: User | None) -> Study:
    """Stop serving a study (A3); nothing of it is changed. The platform itself is `by` None."""
    return _set_halted(study, "studies.halt", require_reason(reason), reason, by)


def resume(study: Study, *, reason: str, by: User) -> Study:
    """Serve a halted study again, once its integrity holds.

    Raises
    ------
    Problem
        409 `studies.integrity` while it does not.
    """
    if found := integrity.check(study):
        words = "The study still differs from what was locked."
        raise Problem("studies.integrity", words, problems=found)
    return _set_halted(study, "studies.resume", "", require_reason(reason), by)


def _set_halted(study: Study, action: str, halted: str, reason: str, by: User | None) -> Study:
    with changing(study, "halt", by=by, roles=(Role.COORDINATOR, ADMINISTRATOR)):
        study.halted_reason = halted
        study.save(update_fields=["halted_reason"])
        _record(action, study, by, {}, reason)
    return study


def _record(
    action: str, study: Study, by: User | None, detail: dict[str, str], reason: str
) -> None:
    record(
        action,
        subject=f"study:{study.pk}",
        by=by,
        study=study.pk,
        detail=detail,
        reason=reason,
    )
