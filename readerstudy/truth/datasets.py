"""Published data sets: images through the one intake, their masks as reference standard."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray

from readerstudy.accounts.models import User
from readerstudy.imaging import layouts, nifti, selectors, store
from readerstudy.imaging.models import Series, SeriesRole
from readerstudy.imaging.refusals import Reason
from readerstudy.imaging.services import MADE_PREFIX, import_folder, make_ready
from readerstudy.proposals.delivered import Outcome
from readerstudy.studies.models import Case, Study
from readerstudy.studies.services import add_case
from readerstudy.truth import services
from readerstudy.truth.models import ReferenceStandard
from readerstudy.web.problems import Invalid, Problem

SAME_PLACE_MM = 0.05
SET = "images and standard."  # of whichever class: a delivery's report is read after the lock too
SEND_AGAIN = "Then send the volumes and the masks again: the masks were not kept."
# A sequence's Series Number, whichever others came with it: a repeat has the same files.
NUMBERS = {role: number for number, role in enumerate(layouts.DESCRIPTIONS, start=1)}
Take = Callable[[Path], Mapping[Reason, int]]
Written = Mapping[str, Sequence[Path]]
Mask = NDArray[np.bool_]


def import_dataset(
    study: Study,
    *,
    layout: str,
    root: Path,
    by: User,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Import every examination of a data set as a case of a draft; safe to repeat.

    Parameters
    ----------
    layout : str
        A key of `imaging.layouts.LAYOUTS`.
    progress : callable, optional
        Told after each examination how many are done, of how many.

    Returns
    -------
    list of Outcome
        For each examination what became of it, in words.

    Raises
    ------
    Problem
        400 for a layout that there is not or a folder without an examination; 403, 404, 409 as
        `studies.services.add_cases`.
    """
    if layout not in layouts.LAYOUTS:
        known = ", ".join(layouts.LAYOUTS)
        raise Invalid("truth.layout", f"There is no layout {layout}: it is one of {known}.")
    found = list(layouts.LAYOUTS[layout](root))
    if not found:
        raise Invalid("truth.no_cases", f"There is no examination of {layout} in {root.name}.")
    outcomes = []

    def take(folder: Path) -> Mapping[Reason, int]:
        report = import_folder(folder, collection=study.collection, by=by).report
        return {Reason[name]: count for name, count in report["refused"].items()}

    for number, each in enumerate(found, start=1):
        outcomes.append(import_case(study, layout, each, take=take, by=by))
        if progress:
            progress(number, len(found))
    return outcomes


def import_case(study: Study, layout: str, found: layouts.Case, *, take: Take, by: User) -> Outcome:
    """Import one examination as a case; safe to repeat.

    An examination is known by its name in its data set and the voxels of its T1c: other images
    under a name that came before are another examination.

    Parameters
    ----------
    take : callable
        Takes the DICOM files of a folder into the study's collection; answers how many were
        refused, by reason. With one refused there is no case, and no mask is set.

    Raises
    ------
    Problem
        500 and above, as OSError and MemoryError: a fault that passes. Try again.
    """
    try:
        words = _import(study, layout, found, take, by)
    except (nifti.NotAVolume, Problem) as why:
        if isinstance(why, Problem) and why.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise  # a fault of ours, which passes: it says nothing of these images
        return Outcome(found.name, is_taken=False, words=f"Not taken: {str(why).rstrip('.')}.")
    return Outcome(found.name, is_taken=True, words=words)


def _import(study: Study, layout: str, found: layouts.Case, take: Take, by: User) -> str:
    if "t1c" not in found.images:
        raise nifti.NotAVolume("it has no T1 with contrast")
    volumes = {role: nifti.read(path) for role, path in found.images.items()}
    mask = _mask(found.masks, volumes["t1c"])  # a mask that does not fit stops it before anything
    place = nifti.Place(layout, found.patient, found.name, nifti.digest(volumes["t1c"]))
    spool = store.spool_file().parent
    with tempfile.TemporaryDirectory(dir=spool, prefix=MADE_PREFIX) as folder:
        written = {
            role: nifti.write_series(
                volume, Path(folder) / "images" / role, place,
                description=layouts.DESCRIPTIONS[role], number=NUMBERS[role],
                sidecar=nifti.sidecar_of(found.images[role]),
            )
            for role, volume in volumes.items()
        }  # fmt: skip
        series = {role: _uids(study, paths) for role, paths in written.items()}
        _require_no_other(study, place, series)
        if refused := take(Path(folder) / "images"):
            told = " ".join(f"{count} of its slices: {why}" for why, count in refused.items())
            raise Invalid("truth.slices_refused", f"not every slice was stored. {told}")
        case = _case(study, place, series, by)
        done = _standard(case, mask, written["t1c"], place, Path(folder), by)
        held = [f" {SeriesRole(role).label}: {Reason.HELD}" for role in _held(study, series)]
        return f"{case.code}: {done}{''.join(held)}"


def _uids(study: Study, paths: Sequence[Path]) -> set[str]:
    """The Series Instance UID of files that we made, and what the collection makes of it."""
    uid = pydicom.dcmread(paths[0], stop_before_pixels=True).SeriesInstanceUID
    return selectors.uids_of(study.collection, uid)


def _held(study: Study, series: Mapping[str, set[str]]) -> list[str]:
    """The sequences that wait until a person has looked at them."""
    return [role for role, uids in series.items() if selectors.is_held(study.collection, uids)]


def _require_no_other(study: Study, place: nifti.Place, series: Mapping[str, set[str]]) -> None:
    """Refuse a sequence of which the examination has other images: two would be read as one's."""
    names = selectors.uids_of(study.collection, place.uid())
    there = Series.objects.filter(
        examination__collection=study.collection_id, examination__study_uid__in=names
    )
    for role, uids in series.items():
        if other := there.filter(role=role).exclude(series_uid__in=uids).first():
            words = f"its {other.get_role_display()} is stored already, with other images"
            raise Invalid("truth.other_images", words)


def _standard(
    case: Case, mask: Mask | None, t1c: Sequence[Path], place: nifti.Place, folder: Path, by: User
) -> str:
    """Set what the mask says as the case's standard; what became of it, in words."""
    if mask is None:
        return "images only, no mask."
    source = f"{place.dataset}: the published segmentation"
    if not mask.any():
        status = ReferenceStandard.Status.NON_DISEASED
        services.set_standard(case, status=status, source=source, by=by)
        return SET
    drawn = _segmentation(mask, t1c, place, folder / "seg.dcm")
    (outcome,) = services.set_from_files(case.study, files=[drawn], source=source, by=by)
    if not outcome.is_taken:
        return f"images taken, standard not: {outcome.words}"
    return SET


def _case(study: Study, place: nifti.Place, series: Mapping[str, set[str]], by: User) -> Case:
    """The examination's case, made where there is none; none without its T1c."""
    names = selectors.uids_of(study.collection, place.uid())
    examination = study.collection.examinations.filter(study_uid__in=names).first()
    if examination is not None and examination.ready_at is None:
        make_ready(examination)  # of a delivery that is not closed yet
    if "t1c" in _held(study, series):
        words = f"its T1 with contrast is held. {Reason.HELD} {SEND_AGAIN}"
        raise Invalid("truth.held", words)
    packed = Series.objects.filter(series_uid__in=series["t1c"], examination=examination)
    if examination is None or not packed.exclude(pack_sha256="").exists():
        raise Invalid("truth.not_ready", "its T1 with contrast could not be stored")
    case = Case.objects.filter(study=study, examination=examination).first()
    return case or add_case(study, examination=examination, by=by)


def _mask(paths: Sequence[Path], t1c: nifti.Volume) -> Mask | None:
    """All masks together on the grid of the T1c; None where there is none.

    Raises
    ------
    NotAVolume
        For a mask on another grid.
    """
    whole: Mask | None = None
    for path in paths:
        mask = nifti.read(path)
        same = mask.voxels.shape == t1c.voxels.shape and np.allclose(
            mask.affine, t1c.affine, atol=SAME_PLACE_MM
        )
        if not same:
            raise nifti.NotAVolume("a mask is not on the grid of the T1c")
        here = np.asarray(mask.voxels) > 0
        whole = here if whole is None else whole | here
    return whole


def _segmentation(mask: Mask, sources: Sequence[Path], place: nifti.Place, target: Path) -> Path:
    """The mask as a DICOM Segmentation on the series' slices, as others' drawings come in."""
    import highdicom as hd  # slow to load, and few processes import a data set
    from pydicom.sr.codedict import codes

    images = [pydicom.dcmread(path) for path in sources]
    algorithm = hd.AlgorithmIdentificationSequence(
        name=place.dataset, version="published", family=codes.DCM.ManualProcessing
    )
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Metastases",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=algorithm,
    )
    made = hd.seg.Segmentation(
        source_images=images,
        pixel_array=np.moveaxis(mask, (0, 1, 2), (2, 1, 0)).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        series_instance_uid=place.uid("seg"),
        series_number=99,
        sop_instance_uid=place.uid("seg", "1"),
        instance_number=1,
        manufacturer="Readerstudy",
        manufacturer_model_name="import_dataset",
        software_versions="1",
        device_serial_number="1",
    )
    made.save_as(target)
    return target
