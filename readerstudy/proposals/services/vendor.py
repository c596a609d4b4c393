"""Another maker's AI: written down once; results come as files while a study is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.models import Examination
from readerstudy.proposals import bridge, selectors
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run, VendorDetector
from readerstudy.proposals.services.runs import MAX_PROPOSALS, keep, key_of
from readerstudy.studies.definition import DETECTOR
from readerstudy.studies.models import Case, Study
from readerstudy.studies.services.gate import changing
from readerstudy.web.problems import Invalid, Refused

MAX_FILES = 500
Named = dict[str, bridge.VendorResult | str]  # by Study Instance UID or case code


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of one examination's results; never what was found."""

    what: str
    is_taken: bool
    words: str


@dataclass(frozen=True)
class _Ready:
    """An examination's results that can be kept."""

    what: str
    examination: Examination
    found: Sequence[bridge.Found]


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
    study: Study, *, detector: str, files: Sequence[Path], by: User | None
) -> list[Outcome]:
    """Take what another maker's AI found on a draft's examinations: SEG, SR (TID 1500), CSV.

    An examination is found by its Study Instance UID, the hospital's or ours; in a table also by
    its case code. Results for an examination that has some replace them while the study is a
    draft. Files are read and forgotten: they may name a patient.

    Parameters
    ----------
    files : sequence of Path
        A report and the Segmentation that it measures belong into one delivery.

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
    if not 0 < len(files) <= MAX_FILES:
        raise Invalid("proposals.files", f"Choose 1 to {MAX_FILES} files.")
    with changing(study, "edit", by=by):
        pass  # refuse before anything is read
    named, outcomes = _read(files)
    words = f"As delivered by {known.maker}."
    ready: list[_Ready] = []
    for name, result in sorted(named.items()):
        one = _prepared(study, name, result, words)
        if isinstance(one, Outcome):
            outcomes.append(one)
        else:
            ready.append(one)
    with changing(study, "edit", by=by):
        outcomes += [_keep(study, detector, each, by) for each in ready]
    return outcomes


def _read(files: Sequence[Path]) -> tuple[Named, list[Outcome]]:
    """What the files say by examination, and what became of files that cannot be used."""
    numbers = {path: number for number, path in enumerate(files, start=1)}
    dicom = [path for path in files if _is_dicom(path)]
    outcomes, usable = [], []
    for path, read in zip(dicom, bridge.read_vendor(dicom), strict=True):
        if isinstance(read, str):
            outcomes.append(_refused(numbers[path], read))
        else:
            usable.append(read)
    named: Named = dict(bridge.combine_vendor(usable))
    for path in (each for each in files if each not in set(dicom)):
        try:
            table = bridge.read_vendor_table(path)
        except bridge.UnusableResult as wrong:
            outcomes.append(_refused(numbers[path], str(wrong)))
            continue
        for name, result in table.items():
            named[name] = "two files are about it: deliver one" if name in named else result
    return named, outcomes


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _refused(number: int, words: str) -> Outcome:
    return Outcome(f"File {number}", is_taken=False, words=f"Not taken: {words}.")


def _prepared(
    study: Study, name: str, result: bridge.VendorResult | str, words: str
) -> _Ready | Outcome:
    """Results on the T1c series of their examination, or why they cannot be there."""
    examination = _examination(study, name)
    if examination is None:
        # The name may be a hospital's UID: it is not repeated.
        why = "no examination of this study has its Study Instance UID, no case its code"
        return Outcome("Results", is_taken=False, words=f"Not taken: {why}.")
    what = _case_code(study, examination)
    try:
        return _Ready(what, examination, _placed(study, examination, result, words))
    except bridge.UnusableResult as wrong:
        return Outcome(what, is_taken=False, words=f"Not taken: {wrong}.")


def _placed(
    study: Study, examination: Examination, result: bridge.VendorResult | str, words: str
) -> list[bridge.Found]:
    if isinstance(result, str):
        raise bridge.UnusableResult(result)
    geometry = _t1c(examination)
    if geometry is None:
        raise bridge.UnusableResult("it has no T1c series that is ready")
    named = result.frames_of_reference
    frames = {each for frame in named for each in imaging.uids_of(study.collection, frame)}
    if frames and geometry["frame_of_reference"] not in frames:
        raise bridge.UnusableResult("they are in another frame of reference than the T1c series")
    if len(result.lesions) > MAX_PROPOSALS:
        raise bridge.UnusableResult(f"they name more than {MAX_PROPOSALS} lesions")
    return bridge.place_vendor(result.lesions, geometry, words)


def _examination(study: Study, name: str) -> Examination | None:
    own = Examination.objects.filter(collection=study.collection_id)
    case = Case.objects.filter(study=study, code=name).first()
    if case is not None:
        return own.filter(pk=case.examination_id).first()
    return own.filter(study_uid__in=imaging.uids_of(study.collection, name)).first()


def _case_code(study: Study, examination: Examination) -> str:
    case = Case.objects.filter(study=study, examination=examination).first()
    return case.code if case is not None else examination.patient


def _t1c(examination: Examination) -> Mapping[str, Any] | None:
    packets = imaging.series_for_packet(examination)
    return next((each["geometry"] for each in packets if each["role"] == "t1c"), None)


def _keep(study: Study, detector: str, ready: _Ready, by: User | None) -> Outcome:
    """Write the results of one examination, in place of earlier ones."""
    now = timezone.now()
    run, is_new = Run.objects.get_or_create(
        key=key_of(ready.examination, detector),
        defaults={
            "examination": ready.examination,
            "detector": detector,
            "source": "vendor",
            "state": Run.State.DONE,
            "queued_at": now,
            "done_at": now,
        },
    )
    if not is_new:
        ProposedLesion.objects.filter(run=run).delete()
        Run.objects.filter(pk=run.pk).update(done_at=now)
    keep(run, ready.found)
    # As of a detector's run, the record says that results are there, never how many lesions.
    detail = {"detector": detector, "study": str(study.pk), "replaced": not is_new}
    record("proposals.deliver", subject=f"run:{run.pk}", by=by, detail=detail)
    words = "Results taken." if is_new else "Results taken in place of the earlier ones."
    return Outcome(ready.what, is_taken=True, words=words)
