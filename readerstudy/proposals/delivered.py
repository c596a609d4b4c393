"""Files of others that name lesions, matched with a study's examinations and put on a series.

That is the examination's T1c; or its CT, where there is no T1c or it is in T1c's place.

Another maker's results come in this way, and a reference standard drawn elsewhere. Files are read
and forgotten: they may name a patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.geometry import grid_digest
from readerstudy.imaging.models import Examination, SeriesRole
from readerstudy.proposals import bridge
from readerstudy.studies.models import Case, Study
from readerstudy.web.problems import Invalid

MAX_FILES = 500
MAX_LESIONS = 200  # of one examination
NAMES = {
    SeriesRole.T1C: "T1c",
    SeriesRole.CT: "CT",
}  # what lesions are outlined on, the first first
Named = dict[str, bridge.VendorResult | str]  # by Study Instance UID or case code


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of one examination's lesions; never what was found."""

    what: str
    is_taken: bool
    words: str


@dataclass(frozen=True)
class Located:
    """The lesions of one examination, on the grid of its T1c or CT."""

    what: str  # the case's code, or the examination's pseudonym
    examination: Examination
    series: str  # its id
    role: str
    grid: str  # its `imaging.geometry.grid_digest`, as it was when they were placed
    found: Sequence[bridge.Found]


def read(
    study: Study,
    files: Sequence[Path],
    *,
    names: Mapping[Path, str] | None = None,
    words: str = "",
) -> tuple[list[Located], list[Outcome]]:
    """Read SEG, SR (TID 1500), RT Structure Sets, NIfTI masks and tables about examinations.

    An examination is found by its Study Instance UID, the hospital's or ours; in a table and by the
    name of a NIfTI mask also by its case code.

    Parameters
    ----------
    files : sequence of Path
        A report and the Segmentation that it measures belong together.
    names : mapping
        What the files were called where they came from; by default as they are called now. Only a
        mask's is looked at, and none is kept: it may name a patient.
    words : str
        What readers are told of each lesion.

    Returns
    -------
    located : list of Located
    refused : list of Outcome
        Files and examinations that cannot be used, with the reason in words.

    Raises
    ------
    Invalid
        400 for no files or too many.
    """
    if not 0 < len(files) <= MAX_FILES:
        raise Invalid("proposals.files", f"Choose 1 to {MAX_FILES} files.")
    named, outcomes = _read(files, names or {})
    located: list[Located] = []
    for name, result in sorted(named.items()):
        one = _located(study, name, result, words)
        if isinstance(one, Outcome):
            outcomes.append(one)
        else:
            located.append(one)
    return located, outcomes


def _read(files: Sequence[Path], names: Mapping[Path, str]) -> tuple[Named, list[Outcome]]:
    """What the files say by examination, and what became of files that cannot be used."""
    numbers = {path: number for number, path in enumerate(files, start=1)}
    images = [path for path in files if bridge.is_vendor_image(path)]
    outcomes, usable = [], []
    for path, read in zip(images, bridge.read_vendor(images), strict=True):
        try:
            usable.append(bridge.named_vendor(read, names.get(path, path.name)))
        except bridge.UnusableResult as wrong:
            outcomes.append(_refused(numbers[path], str(wrong)))
    named: Named = dict(bridge.combine_vendor(usable))
    for path in (each for each in files if each not in set(images)):
        try:
            table = bridge.read_vendor_table(path)
        except bridge.UnusableResult as wrong:
            outcomes.append(_refused(numbers[path], str(wrong)))
            continue
        for name, result in table.items():
            named[name] = "two files are about it: deliver one" if name in named else result
    return named, outcomes


def _refused(number: int, words: str) -> Outcome:
    return Outcome(f"File {number}", is_taken=False, words=f"Not taken: {words}.")


def _located(
    study: Study, name: str, result: bridge.VendorResult | str, words: str
) -> Located | Outcome:
    """Results on a series of their examination, or why they cannot be there."""
    examination = _examination(study, name)
    if examination is None:
        # The name may be a hospital's UID: it is not repeated.
        why = "no examination of this study has its Study Instance UID, no case its code"
        return Outcome("Lesions", is_taken=False, words=f"Not taken: {why}.")
    what = _case_code(study, examination)
    try:
        return Located(what, examination, *_placed(study, examination, result, words))
    except bridge.UnusableResult as wrong:
        return Outcome(what, is_taken=False, words=f"Not taken: {wrong}.")


def _placed(
    study: Study, examination: Examination, result: bridge.VendorResult | str, words: str
) -> tuple[str, str, str, list[bridge.Found]]:
    """The series' id and role, its grid's digest, and the lesions on that grid."""
    if isinstance(result, str):
        raise bridge.UnusableResult(result)
    if len(result.lesions) > MAX_LESIONS:
        raise bridge.UnusableResult(f"they name more than {MAX_LESIONS} lesions")
    for series in (candidates := _series_of(study, examination, result)):
        try:
            found = bridge.place_vendor(result.lesions, series["geometry"], words)
        except bridge.UnusableResult:  # outside of it
            if series is candidates[-1]:
                raise
        else:
            break
    return str(series["id"]), series["role"], grid_digest(series["geometry"]), found


def _series_of(
    study: Study, examination: Examination, result: bridge.VendorResult
) -> Sequence[Mapping[str, Any]]:
    """The series that results may lie on: T1c, then CT where it is in T1c's place or alone.

    A case has one frame of reference: marks, standard and proposals are compared by their places.
    """
    packets = {each["role"]: each for each in imaging.series_for_packet(examination)}
    there = [packets[role] for role in NAMES if role in packets]
    if not there:
        raise bridge.UnusableResult("it has no T1c and no CT series that is ready")
    frame = there[0]["geometry"]["frame_of_reference"]
    # As where detectors run: what names no frame of reference contradicts none.
    there = [
        each for each in there if each["geometry"]["frame_of_reference"] in {frame, ""} or not frame
    ]
    names = " or ".join(NAMES[each["role"]] for each in there)
    # Each that it names: of one with lesions in two frames, those of the other would lie anywhere.
    named = [imaging.uids_of(study.collection, one) for one in result.frames_of_reference]
    if frame and not all(frame in each for each in named):
        words = f"they are in another frame of reference than the {names} series"
        raise bridge.UnusableResult(words)
    fit = [each for each in there if bridge.is_on_grid(result, each["geometry"])]
    if not fit:
        raise bridge.UnusableResult(
            f"the mask is not on the grid of the {names} series: NIfTI names no frame of reference,"
            " so nothing else says that it belongs there; export it on that grid, or as DICOM"
        )
    return fit


def _examination(study: Study, name: str) -> Examination | None:
    if "\0" in name:  # which PostgreSQL takes in no text
        return None
    own = Examination.objects.filter(collection=study.collection_id)
    case = Case.objects.filter(study=study, code=name).first()
    if case is not None:
        return own.filter(pk=case.examination_id).first()
    return own.filter(study_uid__in=imaging.uids_of(study.collection, name)).first()


def _case_code(study: Study, examination: Examination) -> str:
    case = Case.objects.filter(study=study, examination=examination).first()
    return case.code if case is not None else examination.patient
