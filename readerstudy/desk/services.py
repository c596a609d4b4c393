"""Mails: to coordinators what needs them, to readers that their cases wait.

No mail names an arm, an outcome, a case's content or a patient: mails are read by many eyes (F13).
"""

from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.desk.models import MailedNotice
from readerstudy.desk.notices import Notice, late, notices
from readerstudy.reads import worklist
from readerstudy.reads.models import Reminder
from readerstudy.studies.models import Membership, Reader, Study
from readerstudy.studies.selectors import study_for
from readerstudy.web.problems import Problem

A_DAY = timedelta(days=1)
Role = Membership.Role
REMINDER = """Dear %(name)s,

you take part in the reader study “%(study)s”, and your next step is open.
Sign in when you have an undisturbed hour:
%(link)s

Thank you.
"""


def mail_coordinators(study: Study) -> list[Notice]:
    """Mail the study's coordinators what is new of what needs them; each notice goes once.

    What does not hold any more is forgotten, so that it is mailed anew when it comes back.
    """
    with transaction.atomic():
        now_holds = {each.key[:200]: each for each in notices(study)}
        mailed = MailedNotice.objects.filter(study=study)
        mailed.exclude(key__in=now_holds).delete()
        known = set(mailed.values_list("key", flat=True))
        fresh = {key: each for key, each in now_holds.items() if key not in known}
        if not fresh:
            return []
        now = timezone.now()
        MailedNotice.objects.bulk_create(
            MailedNotice(study=study, key=key, at=now) for key in fresh
        )
        to = _coordinators(study)
        detail = {"notices": sorted(fresh), "to": len(to)}
        record("desk.mail_coordinators", subject=f"study:{study.pk}", by=None, study=study.pk,
               detail=detail)  # fmt: skip
        lines = [f"- {each.words}\n  {settings.SITE_URL}{each.href}" for each in fresh.values()]
        # Last, inside: a mail that cannot be sent leaves its notices to be mailed again.
        _send(_("%s: needs you") % study.name, "\n".join(lines), to)
    return list(fresh.values())


def remind(study: Study, *, reader_code: str, by: User) -> Reminder:
    """Mail a reader that their cases wait, at most once a day.

    Raises
    ------
    Problem
        404 or 403 for who does not coordinate the study; 409 when there is no such reader, no
        address, nothing to do for them now, or a reminder of today.
    """
    study = study_for(by, study.pk, Role.COORDINATOR)
    reader = (
        Reader.objects.filter(study=study, code=reader_code, withdrawn_at=None)
        .select_related("user", "study")
        .first()
    )
    if reader is None:
        raise Problem("desk.no_reader", "There is no such reader in the study.")
    if not reader.user.email:
        words = f"{reader.code} has no mail address: they add it on their profile."
        raise Problem("desk.no_address", words)
    if reader.reminders.filter(at__gt=timezone.now() - A_DAY).exists():
        raise Problem("desk.reminded", f"{reader.code} was reminded within the last day.")
    if not _can_go_on(reader):
        words = f"{reader.code} has nothing to do now: a washout, or a study that is not open."
        raise Problem("desk.nothing_to_do", words)
    return _remind(reader, by)


def remind_late(study: Study) -> list[Reminder]:
    """Remind readers who did nothing for a week, once a week at most; the platform's own act."""
    week = timezone.now() - 7 * A_DAY
    codes = [line.code for line in late(study)]
    waiting = Reader.objects.filter(study=study, code__in=codes).select_related("user", "study")
    return [
        _remind(reader, None)
        for reader in waiting
        if reader.user.email
        and not reader.reminders.filter(at__gt=week).exists()
        and _can_go_on(reader)
    ]


def _can_go_on(reader: Reader) -> bool:
    mine = worklist.worklist(reader.user)
    entry = next((each for each in mine if each["id"] == str(reader.study_id)), None)
    does = ("start", "training", "continue", "questionnaire")
    return entry is not None and entry["next"]["action"] in does


def _remind(reader: Reader, by: User | None) -> Reminder:
    with transaction.atomic():
        made = Reminder.objects.create(reader=reader, at=timezone.now(), by=by)
        record("desk.remind", subject=f"reader:{reader.pk}", by=by, study=reader.study_id,
               detail={"reader": reader.code})  # fmt: skip
        subject = _("%s: your cases wait") % reader.study.name
        named = {
            "name": reader.user,
            "study": reader.study.name,
            "link": f"{settings.SITE_URL}/reading/",
        }
        _send(subject, _(REMINDER) % named, [reader.user.email])
    return made


def _coordinators(study: Study) -> list[str]:
    members = Membership.objects.filter(study=study, role=Role.COORDINATOR, user__is_active=True)
    return sorted({each for each in members.values_list("user__email", flat=True) if each})


def _send(subject: str, body: str, to: list[str]) -> None:
    if to:
        one_line = " ".join(subject.split())  # a study's name has no say in the mail's headers
        send_mail(one_line, body, settings.DEFAULT_FROM_EMAIL, to)
