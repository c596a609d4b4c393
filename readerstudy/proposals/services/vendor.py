"""Another maker's AI: written down once; results come as files while a study is made."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.proposals import bridge, delivered, selectors
from readerstudy.proposals.delivered import Located, Outcome
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run, VendorDetector
from readerstudy.proposals.services.runs import keep, key_of
from readerstudy.studies.definition import DETECTOR
from readerstudy.studies.models import Study
from readerstudy.studies.services.gate import changing
from readerstudy.web.problems import Invalid, Refused


def register(*, name: str, version: str, maker: str, statement: str, by: User) -> VendorDetector:
    """Write down another maker's AI, so that an arm can name it.

    Raises
    ------
    Problem
        403 for who keeps no detectors; 400 with everything that is wrong.
    """
    if not (by.is_staff or by.creates_studies):
        raise Refused("proposals.role", "Only who creates studies writes detectors down.")
    values = {
        "name": name.strip(), "version": version.strip(),
        "maker": maker.strip(), "statement": " ".join(statement.split()),
    }  # fmt: skip
    if found := _problems(values):
        raise Invalid("proposals.vendor", " ".join(found), problems=found)
    try:
        with transaction.atomic():
            made = VendorDetector.objects.create(**values, by=by, created_at=timezone.now())
            record("proposals.register", subject=f"detector:{made}", by=by, detail=values)
    except IntegrityError:
        words = f"{name}@{version} is written down already; a new version has a new number."
        raise Invalid("proposals.vendor", words, problems=[words]) from None
    return made


def _problems(values: Mapping[str, str]) -> list[str]:
    found = []
    value = f"{values['name']}@{values['version']}"
    if not DETECTOR.fullmatch(value):
        found.append("Name and version are letters, digits, dots, dashes, without spaces.")
    if value in bridge.known_detectors():
        found.append(f"{value} is a detector that runs here; choose another name.")
    if not values["maker"]:
        found.append("Say who makes it.")
    if not values["statement"]:
        found.append("Say what readers shall be told about it, as its intended use and limits.")
    for field in VendorDetector._meta.get_fields():  # noqa: SLF001 -- Django's documented way
        limit = getattr(field, "max_length", None)
        if limit and len(values.get(field.name, "")) > limit:
            found.append(f"The {field.name} has at most {limit} characters.")
    return found


def deliver(
    study: Study,
    *,
    detector: str,
    files: Sequence[Path],
    names: Mapping[Path, str] | None = None,
    by: User | None,
) -> list[Outcome]:
    """Take what another maker's AI found on a draft's examinations (`delivered.read`).

    Results for an examination that has some replace them while the study is a draft.

    Raises
    ------
    Problem
        400 for an unknown detector, no files or too many; 403, 404, 409 as any edit of a study.
    """
    known = selectors.vendor_detector(detector)
    if known is None:
        words = (
            f"{detector or 'No detector'} is not written down as another maker's: see Detectors."
        )
        raise Invalid("proposals.unknown_vendor", words)
    with changing(study, "edit", by=by):
        pass  # refuse before anything is read
    located, outcomes = delivered.read(
        study, files, names=names, words=f"As delivered by {known.maker}."
    )
    with changing(study, "edit", by=by):
        outcomes += [_keep(study, detector, each, by) for each in located]
    return outcomes


def _keep(study: Study, detector: str, located: Located, by: User | None) -> Outcome:
    """Write the results of one examination, in place of earlier ones."""
    now = timezone.now()
    run, is_new = Run.objects.get_or_create(
        key=key_of(located.examination, detector),
        defaults={
            "examination": located.examination,
            "detector": detector,
            "source": "vendor",
            "grid_role": located.role,
            "state": Run.State.DONE,
            "queued_at": now,
            "done_at": now,
        },
    )
    if not is_new:
        ProposedLesion.objects.filter(run=run).delete()
        Run.objects.filter(pk=run.pk).update(done_at=now, grid_role=located.role)
    keep(run, located.found)
    # As of a detector's run, the record says that results are there, never how many lesions.
    detail = {"detector": detector, "study": str(study.pk), "replaced": not is_new}
    record("proposals.deliver", subject=f"run:{run.pk}", by=by, detail=detail)
    words = "Results taken." if is_new else "Results taken in place of the earlier ones."
    return Outcome(located.what, is_taken=True, words=words)
