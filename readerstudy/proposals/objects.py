"""What detectors found on an examination as DICOM SEG and SR: told to nobody while it is blinded.

Only what sends a study's results, after it is unblinded, may import this (pyproject.toml).
"""

from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.models import Examination, SeriesRole
from readerstudy.imaging.services import Sendable
from readerstudy.proposals import bridge
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run


def of(examination: Examination, *, name: str) -> list[Sendable]:
    """A SEG and an SR of each detector that ran, an SR alone of one that found nothing.

    `name` says of which case.
    """
    packets = {each["role"]: each for each in imaging.series_for_packet(examination)}
    files = imaging.paths_by_role(examination)
    has_t1c = examination.series.filter(role=SeriesRole.T1C).exists()
    made = []
    for run in Run.objects.filter(examination=examination, state=Run.State.DONE):
        role = run.grid_role
        if role == SeriesRole.T1C and not has_t1c:
            role = SeriesRole.CT  # as a release kept it that knew T1c only
        packet, paths = packets.get(role), files.get(role, [])
        if packet is None or len(paths) != packet["frames"]:
            continue  # a SEG refers to every frame of its grid
        lesions = ProposedLesion.objects.filter(run=run)
        found = [
            bridge.Found(
                centroid_mm=(each.centroid_mm[0], each.centroid_mm[1], each.centroid_mm[2]),
                diameter_mm=each.diameter_mm,
                volume_mm3=each.volume_mm3,
                probability=each.probability,
                uncertainty=each.uncertainty,
                contours_mm=each.contours_mm,
                explanation={},
                classification=each.classification,
            )
            for each in lesions
        ]
        objects = bridge.as_dicom(
            found, packet["geometry"], paths,
            detector=run.detector, weights_sha256=run.weights_sha256,
            moment=run.done_at or run.queued_at,
        )  # fmt: skip
        made += [Sendable(f"{name}: {run.detector} ({kind})", data) for kind, data in objects]
    return made
