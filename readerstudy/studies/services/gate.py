"""The one way into a change of a study: its row locked, the actor's role and the state checked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction

from readerstudy.accounts.models import User
from readerstudy.studies import lifecycle
from readerstudy.studies.models import Membership, Study
from readerstudy.studies.selectors import ADMINISTRATOR, roles
from readerstudy.web.problems import Invalid, Problem, Refused, Unknown

Role = Membership.Role
COORDINATOR = (Role.COORDINATOR,)
COORDINATOR_OR_ADMINISTRATOR = (Role.COORDINATOR, ADMINISTRATOR)


@contextmanager
def changing(
    study: Study, verb: str, *, by: User | None, roles: Sequence[str] = COORDINATOR
) -> Iterator[None]:
    """Open a transaction on the study's locked row, for `verb` of the lifecycle.

    Two coordinators who act at once queue here, and `study` is read anew once the row is locked:
    the second sees what the first has done. The lock is NO KEY: rows that refer to the study are
    checked at the commits of others, when those hold the audit chain's lock.

    Parameters
    ----------
    by : User or None
        None is the platform itself.
    roles : sequence of str
        Who may do it.

    Raises
    ------
    Problem
        404 for who has no part in the study, 403 for another role, 409 `studies.state` when the
        study's state does not allow the verb.
    """
    with transaction.atomic():
        try:
            study.refresh_from_db(from_queryset=Study.objects.select_for_update(no_key=True))
        except Study.DoesNotExist:
            raise Unknown from None
        if by is not None:
            _require_role(by, study, roles)
        if not lifecycle.allows(study.state, verb):
            words = lifecycle.words(study.state, verb)
            raise Problem("studies.state", words, state=study.state)
        yield


def _require_role(by: User, study: Study, allowed: Sequence[str]) -> None:
    held = roles(by, study)
    if not held:
        raise Unknown
    if not held & set(allowed):
        needed = " or ".join(name.replace("_", " ") for name in allowed)
        raise Refused("studies.role", f"This needs the role of {needed} in the study.")


def require_password(by: User, password: str) -> None:
    """Ask who they are once more (A2).

    Raises
    ------
    Refused
        403 `studies.wrong_password`.
    """
    if not by.check_password(password):
        raise Refused("studies.wrong_password", "The password is not right. Nothing was changed.")


def require_reason(reason: str) -> str:
    """The reason, without which the change is refused."""
    if not reason.strip():
        raise Invalid("studies.reason", "Say why: the reason is kept with the change.")
    return reason.strip()


def require_no_problems(code: str, found: Sequence[str]) -> None:
    """Refuse a value with everything that is wrong with it."""
    if found:
        raise Invalid(code, " ".join(found), problems=list(found))
