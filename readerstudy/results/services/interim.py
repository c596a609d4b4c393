"""A blinded look at data that are not locked (S2): as the plan says, counted, recorded.

The letters of masked arms are drawn once by the system's own random source and are in no answer
but one: after unblinding, the page says which letter was which arm.
"""

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from readerstudy.audit.services import canonical, record
from readerstudy.reads import progress
from readerstudy.results import selectors
from readerstudy.results.freeze import interim_rows
from readerstudy.results.models import InterimLook, InterimMask
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import roles
from readerstudy.studies.services.gate import changing, require_reason
from readerstudy.web.problems import Problem, Refused

if TYPE_CHECKING:
    from readerstudy.accounts.models import User

LETTERS = "ABCDEFGHIJ"


def look(study: Study, *, reason: str, by: "User") -> InterimLook:
    """Compute and keep the next blinded look.

    Raises
    ------
    Problem
        400 without a reason; 403 for who is not the statistician; 404 for who has no part in the
        study; 409 when the plan foresees none or no more, when too little was read, when the
        study is not running or closed, or when the data do not carry an estimate yet.
    """
    reason = require_reason(reason)
    plan = _foreseen(study)
    with changing(study, "look", by=by, roles=selectors.STATISTICIAN):
        made = InterimLook.objects.filter(study=study).count()
        if made >= plan["looks"]:
            words = f"The plan foresees {plan['looks']} looks, and all were taken."
            raise Problem("results.no_look_left", words)
        _require_enough(study, plan.get("after_percent", 0))
        numbers = _numbers(study, plan["form"])
        digest = hashlib.sha256(canonical(numbers)).hexdigest()
        taken = InterimLook.objects.create(
            study=study, number=made + 1, form=plan["form"], numbers=numbers,
            numbers_sha256=digest, reason=reason, by=by, at=timezone.now(),
        )  # fmt: skip
        detail = {"number": taken.number, "of": plan["looks"], "form": taken.form}
        record("results.look", subject=f"look:{taken.pk}", by=by, study=study.pk, reason=reason,
               detail={**detail, "numbers_sha256": digest})  # fmt: skip
    return taken


def _foreseen(study: Study) -> dict[str, Any]:
    plan: dict[str, Any] | None = study.analysis_plan.get("interim")
    if not plan:
        words = (
            "The analysis plan foresees no interim look: data are analysed once they are locked."
        )
        raise Problem("results.no_interim", words)
    return plan


def _require_enough(study: Study, percent: int) -> None:
    places = [line.place for line in progress.progress(study)]
    done, planned = sum(each.done for each in places), sum(each.planned for each in places)
    if not planned or 100 * done < percent * planned:
        words = f"The plan foresees a look once {percent} % of the reads are signed."
        raise Problem("results.too_early", words)


def _numbers(study: Study, form: str) -> dict[str, Any]:
    from readerstudy.results import masking  # the web process needs no statistics to start

    rows = interim_rows(study)
    if form == "pooled":
        return masking.pooled_look(rows)
    return masking.masked_look(rows, _letters(study), is_paired=_is_paired(study))


def _letters(study: Study) -> dict[str, str]:
    keys = list(study.arms.order_by("key").values_list("key", flat=True))
    drawn = list(LETTERS[: len(keys)])
    secrets.SystemRandom().shuffle(drawn)
    kept, _ = InterimMask.objects.get_or_create(
        study=study, defaults={"letters": dict(zip(keys, drawn, strict=True))}
    )
    letters: dict[str, str] = kept.letters
    return letters


def _is_paired(study: Study) -> bool:
    return study.design != Study.Design.PARALLEL


def require_seer(user: "User", study: Study) -> None:
    """Refuse whom the plan does not name: the statistician, and analysts where it says so.

    Raises
    ------
    Refused
        403.
    """
    held = roles(user, study)
    seers = {selectors.Role.STATISTICIAN}
    if study.analysis_plan.get("interim", {}).get("seen_by_analysts"):
        seers.add(selectors.Role.ANALYST)
    if not held & seers:
        raise Refused("results.not_for_you", "Interim looks are for those whom the plan names.")
